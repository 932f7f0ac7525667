"""robustness/<domain>.json: what is left of a run's accuracy when pictures are compressed, scaled or filtered."""

from __future__ import annotations

from typing import ClassVar

from forensictransfer.core.values import Integer, Number
from forensictransfer.data.counts import Counts
from forensictransfer.results.formats.document import Document, Part
from forensictransfer.results.formats.metrics import StoredEstimate


class CorruptedTest(Part):
    """The test images of a domain after one corruption at one level.

    name, level: of `evaluation.corruptions`; "clean" and 0 for the images as they are. balanced_accuracy, auc: with
    their 95 % intervals. accuracy_change, auc_change: against the clean images, paired over images and draws; None of
    the clean ones. turned_fake: share of the real images called real before that are called fake now; turned_real: of
    the fakes called fake; None where none was called so. not_applied: images that the detector no longer applies to,
    which are left out on both sides.
    """

    name: str
    level: Number
    n: Counts
    balanced_accuracy: StoredEstimate
    auc: StoredEstimate
    accuracy_change: StoredEstimate | None = None
    auc_change: StoredEstimate | None = None
    turned_fake: Number | None = None
    turned_real: Number | None = None
    not_applied: Integer = 0


class Robustness(Document):
    """A run on a domain's test split, clean and corrupted; draws: of shots, all on the same images."""

    WHAT: ClassVar[str] = "a test of robustness"

    detector: str
    source: str
    target: str
    run_target: str | None
    strategy: str | None
    shots: Integer | None
    draws: Integer
    fingerprint: str
    tests: tuple[CorruptedTest, ...]

    @property
    def clean(self) -> CorruptedTest:
        """The images as they are."""
        return self.tests[0]
