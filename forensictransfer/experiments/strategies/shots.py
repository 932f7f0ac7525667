"""The shots of a draw as `head` and `fused` see them: in the background's units, with what they show of covariance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from forensictransfer.detectors.discriminant import class_means, gram_matrix, ledoit_wolf
from forensictransfer.experiments.strategies.background import Background


class DividedShots(NamedTuple):
    """Shots in features divided by the background's units, and what their covariance counts for in `head`.

    features: float64 (2k, d); labels: (2k,). The covariance is S = (1 - share) (0.9 S_0 + 0.1 v I) + weight W'W + ridge
    I with W the shots less their class means, weight = own / (2k - 2); at k = 1 share, own and ridge are 0.
    """

    features: np.ndarray
    labels: np.ndarray
    share: float
    own: float
    ridge: float

    @classmethod
    def of(
        cls, features: np.ndarray, labels: np.ndarray, background: Background, background_shots: int
    ) -> DividedShots:
        """Divide features (2k, d) as the detector gives them, and estimate what the shots show of their covariance."""
        divided = features / background.scale
        freedom = len(divided) - 2
        if freedom <= 0:
            return cls(divided, labels, 0.0, 0.0, 0.0)
        shots = len(divided) / 2
        share = shots / (shots + background_shots)
        within = divided - class_means(divided, labels)[labels]
        found = ledoit_wolf(gram_matrix(within), within.shape[1])
        if share == 1 and found.variance == 0:  # nothing is known at all: the nearest mean
            return cls(divided, labels, 0.0, 0.0, 0.0)
        ridge = share * found.shrinkage * found.variance * len(divided) / freedom + (share == 1) * 1e-12
        return cls(divided, labels, share, share * (1 - found.shrinkage), ridge)
