"""Co-occurrences of third-order residuals and a shrinkage classifier: no gradient, seconds to fit.

f(x): 676 square roots of frequencies of runs of four residuals (`layers.ResidualCooccurrence`), q = 1 and 4, T = 2.

    z = w . f + b,   w = S^-1 (m_1 - m_0),   b = -w . (m_0 + m_1) / 2

with m_c the mean of class c and S the Ledoit-Wolf estimate of the covariance within the classes (linear discriminant
analysis). With shots, `head` does the same on them. 677 parameters.

Sources: D. Cozzolino, D. Gragnaniello, L. Verdoliva, "Image forgery detection through residual-based local descriptors
and block-matching", 2014 (the descriptor, first in the image forensics challenge of IEEE, 2013); O. Ledoit, M. Wolf, "A
well-conditioned estimator for large-dimensional covariance matrices", 2004. Steps and square root were chosen on the
train and validation splits of five domains, for the mean accuracy with 10 and 50 shots (docs/detectors.md).
"""

from __future__ import annotations

from typing import ClassVar

import keras
import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from forensictransfer.detectors.base import Trains
from forensictransfer.detectors.layers import ResidualCooccurrence
from forensictransfer.detectors.networks.logit import LogitDetector


class Cooccurrence(LogitDetector):
    """The descriptor of residuals with a linear discriminant."""

    name: ClassVar[str] = "cooccurrence"
    trains: ClassVar[Trains] = "fit"
    equal_units: ClassVar[bool] = True

    @classmethod
    def network(cls, image: keras.KerasTensor) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Build the descriptor and a dense layer, whose weights `fit_features` sets."""
        features = ResidualCooccurrence(name="cooccurrence")(image)
        return features, keras.layers.Dense(1, name="logit")(features)

    def fit_features(self, features: np.ndarray, labels: np.ndarray) -> None:
        """Set the last layer to the discriminant of features (n, 676) and labels (n,) of both classes."""
        # Equal priors: the score must not depend on how many images of a class there are.
        found = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", priors=[0.5, 0.5])
        found.fit(features.astype(np.float64), labels)
        self.set_classifier(found.coef_[0], found.intercept_[0])
