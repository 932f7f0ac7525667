"""Made-up features of two classes, and the discriminant of `head` with its covariance written out."""

from __future__ import annotations

from typing import Any

import numpy as np

from forensictransfer.experiments.strategies.base import SourceKnowledge
from forensictransfer.experiments.strategies.shots import DividedShots


def made_up(seed: int, rows: int, dimensions: int) -> tuple[np.ndarray, np.ndarray]:
    """Features of two classes in turn, further apart in the first column."""
    rng = np.random.default_rng(seed)
    labels = np.tile([0, 1], rows // 2)
    features = rng.normal(size=(rows, dimensions)) @ rng.normal(size=(dimensions, dimensions))
    features[:, 0] += 2 * labels
    return features, labels


def known(seed: int, dimensions: int, rows: int = 20) -> SourceKnowledge:
    features, labels = made_up(seed, rows, dimensions)
    return SourceKnowledge(np.zeros((rows, 2)), features, labels)


def discriminant_of(shots: DividedShots, background: Any, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights, and the middle of the class means, of a fit to the shots `rest` by the covariance written out.

    The weights of background, shots and ridge are those of all shots.
    """
    x, y = shots.features[rest], shots.labels[rest]
    means = np.stack([x[y == label].mean(axis=0) for label in (0, 1)])
    content, one = background.rows.T @ background.rows, np.eye(x.shape[1])
    covariance = (1 - shots.share) * (0.9 * content + 0.1 * np.trace(content) / len(one) * one) + shots.ridge * one
    within = x - means[y]
    covariance += shots.own / (len(rest) - 2) * within.T @ within
    return np.linalg.solve(covariance, means[1] - means[0]), means.mean(axis=0)


def fitted_to_all(shots: DividedShots, background: Any) -> np.ndarray:
    return discriminant_of(shots, background, np.arange(len(shots.labels)))[0]


def written_out(shots: DividedShots, background: Any, fold: np.ndarray, at: np.ndarray | None = None) -> np.ndarray:
    """Scores of the shots in `fold`, or of other features, by a fit to the others."""
    weights, middle = discriminant_of(shots, background, np.setdiff1d(np.arange(len(shots.labels)), fold))
    found: np.ndarray = ((shots.features[fold] if at is None else at) - middle) @ weights
    return found
