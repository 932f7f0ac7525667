"""A decision: how energies and features become a score, where fake begins, and how sure that is. Plain numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from forensictransfer.detectors.evidence import Tiles
from forensictransfer.evaluation.thresholds import fit_slope, probability, threshold_rule


@dataclass(frozen=True)
class Decision:
    """Fake is called when score > threshold; the probability of fake is sigmoid(slope (score - threshold)).

    The score is a_1 - a_0, or features @ weights + bias where a strategy has put weights (d,) in its place, plus
    `spread` times its standard deviation among the image's tiles: a forgery of a small part moves the mean of all tiles
    little, but tells one from the others.
    `rule` names what picked the threshold, `chosen_on` the images that the rule saw.
    """

    weights: np.ndarray | None = None
    bias: float = 0.0
    threshold: float = 0.0
    slope: float = 1.0
    rule: str = "zero"
    chosen_on: str = "nothing"
    spread: float = 0.0

    def scores(self, energies: np.ndarray, features: np.ndarray, tiles: Tiles | None = None) -> np.ndarray:
        """Compute the score of each image, float64 (n,), from energies (n, 2) and features (n, d).

        tiles: of the same images, where `spread` is not 0.
        """
        means = self.tile_scores(energies, features)
        if not self.spread:
            return means
        if tiles is None:
            raise ValueError("Decision: expected the tiles of the images, which its spread asks for")
        return means + self.spread * tiles.deviations(self.tile_scores)

    def tile_scores(self, energies: np.ndarray, features: np.ndarray) -> np.ndarray:
        """Compute the score of each tile by itself, float64 (n,), from energies (n, 2) and features (n, d)."""
        if self.weights is None:
            return np.asarray(energies[:, 1] - energies[:, 0], np.float64)
        return np.asarray(features, np.float64) @ self.weights + self.bias

    def probabilities(self, scores: np.ndarray) -> np.ndarray:
        """Compute the probability of fake of each score, (n,) in [0, 1]."""
        return probability(scores, self.threshold, self.slope)

    def fitted(
        self, rule: str, scores: np.ndarray, labels: np.ndarray, chosen_on: str, weights: np.ndarray | None = None
    ) -> Decision:
        """Keep the score, with the threshold that `rule` picks on labelled scores and the slope fitted there.

        weights: how many images each score counts for, None: 1.
        """
        threshold = threshold_rule(rule)(scores, labels, None, weights)
        slope = fit_slope(scores, labels, threshold, weights)
        return replace(self, threshold=threshold, slope=slope, rule=rule, chosen_on=chosen_on)
