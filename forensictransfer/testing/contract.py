"""The tests of a detector, chosen by what its class says that it can do."""

from __future__ import annotations

from typing import Any, ClassVar

from forensictransfer.detectors.base import Detector
from forensictransfer.detectors.loading import detector_class
from forensictransfer.testing.evidence import EvidenceTests
from forensictransfer.testing.learning import AdaptationTests, FitTests, GradientTests
from forensictransfer.testing.networks import NetworkTests

# For which values of `trains` a group of tests is meant.
_GROUPS: dict[type, tuple[str, ...]] = {
    EvidenceTests: ("gradient", "fit", "photographs", "none"),
    NetworkTests: ("gradient", "fit"),
    AdaptationTests: ("gradient", "fit"),
    GradientTests: ("gradient",),
    FitTests: ("fit",),
}


class DetectorContract(GradientTests, FitTests, AdaptationTests, NetworkTests, EvidenceTests):
    """Tests of the detector registered as `name`; a subclass that names it has those that its tags call for.

    Networks are made for crops of `side` pixels and trained in batches of `batch`. The images are made up: reals are
    noise, fakes the same noise smoothed, a trace that any detector learns in a few steps. Override `side` for a
    detector that wants larger crops, `half_forged` for one that looks for another trace, `write_preset` for one that is
    built from a preset. `abstains`: whether it may find in the pixels of an image that it does not apply to that.
    """

    name: ClassVar[str] = ""
    side: ClassVar[int] = 64
    batch: ClassVar[int] = 16
    abstains: ClassVar[bool] = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if not cls.name:
            return
        kind = detector_class(cls.name)
        for group, meant in _GROUPS.items():
            for name, test in vars(group).items():
                # A test that somebody overrides, or sets to None, is theirs.
                if name.startswith("test_") and name not in vars(cls) and getattr(cls, name) in (test, None):
                    wanted = kind.trains in meant and getattr(test, "wanted", _always)(kind)
                    setattr(cls, name, test if wanted else None)


def _always(kind: type[Detector]) -> bool:
    return True
