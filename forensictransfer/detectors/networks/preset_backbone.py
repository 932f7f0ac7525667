"""A backbone of the user's own, frozen, with a linear discriminant on what several of its stages give.

f(x): of four stages of the backbone (levels of its feature pyramid, or blocks of its encoder), evenly spread but never
the last, the mean and the standard deviation of each channel over all positions,

    z = sum_i w_i f_i / s_i + b,   w = S^-1 (m_1 - m_0)

with s_i the deviation of feature i within the classes, m_c the mean of class c of f / s, and S the Ledoit-Wolf estimate
of the covariance within the classes. With shots, `head` does the same with a covariance that the source helps to
estimate. Crops are taken as they are, never resized: what tells a forgery are traces of single pixels.

The backbone is a preset of Keras Hub in a folder on this machine, with its own scaling of colours. The run's
`model.keras` holds the part of it that leads to the last of the four stages, once; adaptations keep no further copy.

Sources: U. Ojha, Y. Li, Y. J. Lee, "Towards Universal Fake Image Detectors that Generalize Across Generative Models",
2023 (features of a frozen CLIP, a linear classifier; there images are resized, cropped and read at the last layer
alone); D. Cozzolino, G. Poggi, R. Corvi, M. Niessner, L. Verdoliva, "Raising the Bar of AI-generated Image Detection
with CLIP", 2024 (the same with few images).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate, pairwise
from pathlib import Path
from typing import ClassVar

import keras
import numpy as np

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.detectors.base import Trains
from forensictransfer.detectors.discriminant import class_means, discriminant
from forensictransfer.detectors.layers import BackboneStatistics
from forensictransfer.detectors.networks.logit import LogitDetector
from forensictransfer.detectors.networks.presets import backbone_statistics
from forensictransfer.detectors.trainable import TrainableDetector

_STATISTICS = "statistics"


class PresetBackbone(LogitDetector):
    """Statistics of several stages of a frozen backbone from a preset folder, with a linear discriminant."""

    name: ClassVar[str] = "backbone"
    trains: ClassVar[Trains] = "fit"
    needs_preset: ClassVar[bool] = True

    @classmethod
    def network(cls, image: keras.KerasTensor) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Raise UserError: there is no network without a preset."""
        raise UserError(
            f"'{cls.name}' is built from a preset of Keras Hub: name its folder, --weights FOLDER",
            code=ErrorCode.DETECTOR_UNSUITABLE,
        )

    @classmethod
    def create_from(cls, crop: int, weights: Path) -> TrainableDetector:
        """Build the detector on the backbone of a preset, whose folder is `weights`. Raises UserError."""
        cls.check_crop(crop)
        image = keras.Input((crop, crop, 3), dtype="uint8", name="image")
        features = backbone_statistics(weights, crop, _STATISTICS)(image)
        return cls.assembled(image, features, keras.layers.Dense(1, name="logit")(features))

    @property
    def feature_blocks(self) -> Mapping[str, slice]:
        """The columns of each stage, means and deviations."""
        places = pairwise(accumulate((2 * width for width in self._statistics.widths), initial=0))
        return {f"stage {number}": slice(*place) for number, place in enumerate(places, start=1)}

    def feature_weights(self) -> list[np.ndarray] | None:
        """Return the digest of the backbone, which stands for its weights: reading these takes longer than a fit."""
        return [np.asarray(self._statistics.digest)]

    def fit_features(self, features: np.ndarray, labels: np.ndarray) -> None:
        """Set the last layer to the discriminant of features (n, d), each in its unit, and labels (n,)."""
        within = features - class_means(features, labels)[labels]
        variance = np.square(within, dtype=np.float64).mean(axis=0)
        # Kept off zero: a channel may be dead.
        scale = np.sqrt(variance + 1e-6 * variance.mean() + 1e-12)
        found = discriminant(features / scale, labels)
        self.set_classifier(found.weights / scale, found.bias)

    @property
    def _statistics(self) -> BackboneStatistics:
        return self.model.get_layer(_STATISTICS)
