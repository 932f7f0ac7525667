"""The descriptor that `shots only` goes by, the same beside every run: chosen here and nowhere else. No TensorFlow."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from forensictransfer.core.settings import EvaluateSettings

if TYPE_CHECKING:
    from forensictransfer.detectors.base import Detector
    from forensictransfer.detectors.trainable import TrainableDetector

# A detector whose features owe nothing to training.
DESCRIPTOR = "rich_model"
# Whatever the run's own are: so the numbers beside all detectors of a table are one and the same.
CROP = 128
SCORING = EvaluateSettings(stride=64, max_tiles=64)


def is_descriptor(detector: Detector, options: EvaluateSettings, descriptor: TrainableDetector) -> bool:
    """Tell whether a run's detector, by these settings, has the very features of the descriptor, which is at hand."""
    alike = (options.stride, options.max_tiles) == (SCORING.stride, SCORING.max_tiles)
    # A run of an earlier version may have other features by the same name.
    return alike and detector.name == DESCRIPTOR and getattr(detector, "architecture", None) == descriptor.architecture


def build_descriptor() -> TrainableDetector:
    """Build the descriptor, whose weights are not used. Python's random numbers, which Keras seeds them by, stay."""
    from forensictransfer.detectors.loading import trainable_class

    state = random.getstate()
    try:
        return trainable_class(DESCRIPTOR).create(CROP)
    finally:
        random.setstate(state)
