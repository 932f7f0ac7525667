"""What a detector costs: parameters, and multiply-adds to score one crop.

For the default crop the numbers of the built-in detectors are known, so that they can be listed without building the
networks; a test builds them and compares.
"""

from __future__ import annotations

from dataclasses import dataclass

from forensictransfer.core.settings import DataSettings
from forensictransfer.detectors.registry import detectors


@dataclass(frozen=True)
class Cost:
    """Parameters, and multiply-adds to score one crop of `crop` pixels."""

    crop: int
    parameters: int
    multiply_adds: int


DEFAULT_CROP = DataSettings().crop
KNOWN = {
    "ft-res": Cost(128, 198_518, 20_170_752),
    "ft": Cost(128, 198_083, 22_413_312),
    "ft-statistics": Cost(128, 200_548, 33_203_968),
    "cooccurrence": Cost(128, 677, 1_025_900),
    "rich_model": Cost(128, 2_791, 3_981_842),
    "gan_fingerprint": Cost(128, 16_385, 983_040),
    "residual_cnn": Cost(128, 3_741, 59_420_324),
    "constrained_conv": Cost(128, 730_340, 230_197_816),
    "meso4": Cost(128, 15_785, 15_011_856),
    "mesoinception4": Cost(128, 16_437, 14_274_576),
    "xception": Cost(128, 20_863_529, 1_475_908_000),
    "mobilenet": Cost(128, 939_697, 18_180_080),
    "pairwise": Cost(128, 246_953, 58_998_656),
    "ddt": Cost(128, 2_795_488, 457_973_760),
    "prototypes": Cost(128, 2_803_840, 457_981_952),
}


def cost_of(name: str, crop: int) -> Cost | None:
    """Find what a registered detector costs for crops of `crop` pixels, or the smallest that it takes.

    None for one that is no network on crops, and for one whose network is the user's own preset.
    """
    if crop == DEFAULT_CROP and name in KNOWN:
        return KNOWN[name]
    entry = detectors()[name]
    return None if entry.needs_preset or entry.declared in ("none", "photographs") else measured_cost(name, crop)


def measured_cost(name: str, crop: int) -> Cost | None:
    """Build the detector and count; None for one that is no network. Takes a second or more for each."""
    from forensictransfer.core.backend import import_tensorflow

    import_tensorflow()
    from forensictransfer.detectors.arithmetic import arithmetic
    from forensictransfer.detectors.loading import detector_class
    from forensictransfer.detectors.trainable import TrainableDetector

    kind = detector_class(name)
    if not issubclass(kind, TrainableDetector):
        return None
    detector = kind.create(max(crop, kind.smallest))
    return Cost(detector.crop, detector.model.count_params(), arithmetic(detector).encoder)
