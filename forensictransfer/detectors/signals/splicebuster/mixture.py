"""Divide the blocks of one image into what is usual in it and what is not: PCA, then EM with two classes.

Source: Cozzolino, Poggi, Verdoliva: Splicebuster: a new blind image splicing detector, WIFS 2015.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

DIMENSIONS = 10  # the authors have 25; on images of a fifth of a megapixel there are too few blocks for these
_STEPS = 30  # of EM at most
_TOLERANCE = 1e-3  # mean log-likelihood, nats
_RIDGE = 0.02  # of the mean variance, added to each: neighbouring blocks are nearly the same
_LEAST = 0.02  # share of the smaller class
_FIRST = 0.9  # quantile of the distance to all blocks beyond which a block begins in the second class


@dataclass(frozen=True, eq=False)
class Mixture:
    """What EM has found. distance: squared Mahalanobis distance of each block to the usual ones, and to the others.

    share: of the others. gain: mean log-likelihood of a block above that by a single Gaussian, nats.
    """

    usual: np.ndarray
    other: np.ndarray
    share: float
    gain: float


def reduced(features: np.ndarray, dimensions: int = DIMENSIONS) -> np.ndarray:
    """Project features (n, d) on their principal components, float64 (n, at most `dimensions`)."""
    centred = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    found: np.ndarray = centred @ vectors[:, ::-1][:, :dimensions]
    return found


class _Gaussian:
    def __init__(self, points: np.ndarray, weights: np.ndarray, ridge: float) -> None:
        total = weights.sum()
        self.mean = weights @ points / total
        centred = points - self.mean
        covariance = (centred.T * weights) @ centred / total + ridge * np.eye(points.shape[1])
        self._factor = np.linalg.cholesky(covariance)
        self._constant = -np.log(np.diag(self._factor)).sum() - points.shape[1] / 2 * np.log(2 * np.pi)

    def distances(self, points: np.ndarray) -> np.ndarray:
        solved = np.linalg.solve(self._factor, (points - self.mean).T)
        squares: np.ndarray = np.square(solved).sum(axis=0)
        return squares

    def logs(self, points: np.ndarray) -> np.ndarray:
        return self._constant - self.distances(points) / 2


def two_gaussians(points: np.ndarray) -> Mixture:
    """Fit two Gaussians to points (n, d); the larger class is what is usual."""
    ridge = _RIDGE * float(points.var(axis=0).mean())
    alone = _Gaussian(points, np.ones(len(points)), ridge)
    distance = alone.distances(points)
    second = (distance > np.quantile(distance, _FIRST)).astype(float)
    before = -np.inf
    for _ in range(_STEPS):
        share = float(np.clip(second.mean(), _LEAST, 1 - _LEAST))
        classes = (_Gaussian(points, 1 - second + 1e-9, ridge), _Gaussian(points, second + 1e-9, ridge))
        logs = np.stack([np.log(1 - share) + classes[0].logs(points), np.log(share) + classes[1].logs(points)])
        total = np.logaddexp(*logs)
        second = np.exp(logs[1] - total)
        if total.mean() - before < _TOLERANCE:
            break
        before = float(total.mean())
    share = float(second.mean())
    gain = float(total.mean() - alone.logs(points).mean())
    distances = [one.distances(points) for one in classes]
    if share > 0.5:
        return Mixture(distances[1], distances[0], 1 - share, gain)
    return Mixture(distances[0], distances[1], share, gain)


def gaussian_and_outliers(points: np.ndarray) -> Mixture:
    """Fit a Gaussian and outliers of one density anywhere in the range of the points (n, d)."""
    ridge = _RIDGE * float(points.var(axis=0).mean())
    alone = _Gaussian(points, np.ones(len(points)), ridge)
    flat = -float(np.log(np.ptp(points, axis=0) + 1e-6).sum())
    inlier = np.ones(len(points))
    share, before = 0.1, -np.inf
    for _ in range(_STEPS):
        usual = _Gaussian(points, inlier + 1e-9, ridge)
        logs = np.stack([np.log(1 - share) + usual.logs(points), np.full(len(points), np.log(share) + flat)])
        total = np.logaddexp(*logs)
        inlier = np.exp(logs[0] - total)
        share = float(np.clip(1 - inlier.mean(), 1e-6, 0.5))
        if total.mean() - before < _TOLERANCE:
            break
        before = float(total.mean())
    gain = float(total.mean() - alone.logs(points).mean())
    return Mixture(usual.distances(points), np.full(len(points), np.nan), share, gain)
