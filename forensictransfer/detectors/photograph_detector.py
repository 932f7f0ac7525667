"""A detector that learns from photographs alone, by the camera that took them, and never sees a fake."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np

from forensictransfer.core.errors import ErrorCode, UserError, first_line
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
    _fits = "as its settings have it"

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

    def load_pretrained(self, path: Path) -> None:
        """Take the weights of a file; a `.keras` model that `unlike` has nothing against is taken whole, of any size.

        Raises UserError if the file holds something else.
        """
        if not path.name.endswith(".keras"):
            super().load_pretrained(path)
            return
        expected = f"{path}: expected a saved '{self.name}' model"
        try:
            model = keras.models.load_model(path, compile=False)
            other = self.unlike(model)
        except (ValueError, OSError, KeyError, TypeError, AttributeError) as error:  # the last of one never called
            raise UserError(f"{expected}: {first_line(error)}", code=ErrorCode.WEIGHTS_UNSUITABLE) from error
        if other is not None:
            raise UserError(f"{expected}, {other}", code=ErrorCode.WEIGHTS_UNSUITABLE)
        self.take(model)

    def unlike(self, model: keras.Model) -> str | None:
        """Say what a saved model would have to be, or None for one that this detector can be: one of its shapes."""
        own, given = ((one.input_shape, one.output_shape) for one in (self.model, model))
        return None if given == own else f"{own[0]} to {own[1]}, got {given[0]} to {given[1]}"

    def take(self, model: keras.Model) -> None:
        """Go on with another model; what was made of the one before is dropped."""
        self.model = self.trainer = model
        self._made.clear()

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


def photograph_detector(kind: type[Any]) -> type[PhotographDetector]:
    """Return the same class, for a training on photographs. Raises UserError for one that learns otherwise."""
    if not issubclass(kind, PhotographDetector):
        raise UserError(
            f"'{kind.name}' does not learn from photographs alone; train it on a domain, --source DOMAIN",
            code=ErrorCode.DETECTOR_UNSUITABLE,
        )
    return kind
