"""Fingerprints of generators: the mean noise of fakes less that of reals, and the correlation with it.

f(x): the noise of a crop (`layers.LocalWienerResidual`), each pixel a feature, in units of its own deviation,

    z = w . f + b,   w = (m_1 - m_0) / d,   b = -w . (m_0 + m_1) / 2

with m_c the mean of class c, its fingerprint, and d the number of pixels: z is the correlation with the fingerprint of
the fakes less that with what reals have in the same places, about its middle. A fingerprint lies in the pixel grid: the
tiles of an image begin at multiples of 8, of a stride of 64 when their means are taken, so what has a period that
divides the stride adds up, and all of it in images no larger than the crop.

With k shots, `prototype` makes their means the fingerprints, and `head` weighs the pixels besides. One value for each
pixel and one: 16,385 parameters for crops of 128.

Source: F. Marra, D. Gragnaniello, L. Verdoliva, G. Poggi, "Do GANs leave artificial fingerprints?", 2018: 512 images of
a generator make a fingerprint, and an image is of that with which it correlates most. Ours: reals have one too, since
faces that were aligned leave their mean in the noise; the denoiser is a local Wiener filter (docs/detectors.md).
"""

from __future__ import annotations

from typing import ClassVar

import keras
import numpy as np

from forensictransfer.detectors.base import Trains
from forensictransfer.detectors.discriminant import class_means, linear_score
from forensictransfer.detectors.layers import LocalWienerResidual
from forensictransfer.detectors.networks.logit import LogitDetector


class GanFingerprint(LogitDetector):
    """The mean noise of each class, and the correlation with their difference."""

    name: ClassVar[str] = "gan_fingerprint"
    trains: ClassVar[Trains] = "fit"
    equal_units: ClassVar[bool] = True
    half_features: ClassVar[bool] = True

    @classmethod
    def network(cls, image: keras.KerasTensor) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Build the noise and a dense layer, whose weights `fit_features` sets."""
        features = LocalWienerResidual(name="noise")(image)
        return features, keras.layers.Dense(1, name="logit")(features)

    def fit_features(self, features: np.ndarray, labels: np.ndarray) -> None:
        """Set the last layer to the difference of the fingerprints of features (n, d) and labels (n,)."""
        means = class_means(features.astype(np.float64), labels)
        self.set_classifier(*linear_score((means[1] - means[0]) / features.shape[1], means))
