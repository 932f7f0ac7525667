"""A detector that learns from photographs alone, by the camera that took them, and never sees a fake."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.settings import Settings
from forensictransfer.data.cameras.photographs import CameraPhotographs
from forensictransfer.detectors.base import Trains
from forensictransfer.detectors.with_model import ModelDetector


class PhotographDetector(ModelDetector):
    """A Keras model trained on photographs by camera (`train --photos`); it examines whole images by itself.

    A new one gives `build`, `compile`, `draw` and `examine`; its evidence is that of a detector that learns nothing:
    score, map and features of whole images.

    Attributes:
        fewest: photographs that a camera needs to be learned from.
        by_camera: whether it has to know which photographs are of one camera; if not, any photographs will do.
    """

    trains: ClassVar[Trains] = "photographs"
    fewest: ClassVar[int] = 2
    by_camera: ClassVar[bool] = True

    @classmethod
    def create(cls, crop: int) -> PhotographDetector:
        """Build a fresh detector by the default settings (Keras' global seed)."""
        return cls.build(Settings())

    @classmethod
    def create_from(cls, settings: Settings, weights: Path) -> PhotographDetector:
        """Build a detector that begins with the weights of a file. Raises UserError if these cannot be its weights."""
        detector = cls.build(settings)
        detector.load_pretrained(weights)
        return detector

    @classmethod
    def check(cls, settings: Settings) -> None:
        """Raise UserError for settings that it cannot be trained by."""

    @classmethod
    def smallest_photograph(cls, settings: Settings) -> int:
        """Shorter side of the smallest photographs that are learned from, pixels."""
        return settings.data.crop

    @classmethod
    @abstractmethod
    def build(cls, settings: Settings) -> PhotographDetector:
        """Build a detector with fresh weights (Keras' global seed)."""

    @abstractmethod
    def compile(self, learning_rate: float) -> None:
        """Set optimiser, losses and metrics for `keras.Model.fit` on `trainer`."""

    @abstractmethod
    def draw(self, photographs: CameraPhotographs, settings: Settings, rng: np.random.Generator) -> tuple[Any, Any]:
        """Draw one batch: inputs and targets as the model's `fit` takes them, the same for the same `rng`."""

    def prepare(self, photographs: CameraPhotographs, settings: Settings) -> None:
        """Fit a fresh network to what the photographs to learn from tell; called before the first step, resumed or not.

        By default nothing depends on them.
        """

    def conclude(self, photographs: CameraPhotographs, settings: Settings) -> None:
        """Set what the photographs held out decide; called with the best weights. By default nothing is."""

    _fits = "as its settings have it"


def photograph_detector(kind: type[Any]) -> type[PhotographDetector]:
    """Return the same class, for a training on photographs. Raises UserError for one that learns otherwise."""
    if not issubclass(kind, PhotographDetector):
        raise UserError(
            f"'{kind.name}' does not learn from photographs alone; train it on a domain, --source DOMAIN",
            code=ErrorCode.DETECTOR_UNSUITABLE,
        )
    return kind
