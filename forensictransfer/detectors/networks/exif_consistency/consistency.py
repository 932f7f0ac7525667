"""From the consistency of all pairs of patches to what the image agrees in, and what does not.

Mean shift: row i of the matrix says how consistent each patch is with patch i. The rows are moved to the mean of the
rows near them until they gather; where most of them meet, the mode, is the image's own view of itself, and 1 less it
the inconsistency of each patch. Near is within the 10 % quantile of the distances, as in the authors' code.

Normalised cut: the matrix is the weight of a graph's edges; the second smallest eigenvector of its Laplacian, cut where
the cut is least, divides the patches in two; the smaller part is what does not belong.

Sources: Huh and others, 2018; J. Shi, J. Malik, "Normalized cuts and image segmentation", 2000.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist

_STEPS = 5  # of the mean shift
_NEAR = 10  # percent of the distances
_CUTS = 24  # places on the eigenvector that are tried
_LEAST = 0.02  # share of the patches of the smaller part


def consensus(matrix: np.ndarray) -> np.ndarray:
    """Find the mode of the rows of a consistency matrix (n, n) by mean shift: float64 (n,) in [0, 1]."""
    points = matrix.astype(np.float64)
    near = max(float(np.percentile(cdist(points, points), _NEAR)), 1e-5)
    for _ in range(_STEPS):
        points = _moved(points, near)
    # A hair wider: points that have met differ in the last digits.
    numbers = (cdist(points, points) <= near * (1 + 1e-9)).sum(axis=1)
    mode: np.ndarray = points[numbers == numbers.max()].mean(axis=0)
    return mode


def _moved(points: np.ndarray, near: float) -> np.ndarray:
    """Move each point (n, d) to the mean of those near it."""
    neighbours = (cdist(points, points) <= near).astype(np.float64)
    moved: np.ndarray = neighbours @ points / neighbours.sum(axis=1, keepdims=True)
    return moved


def normalised_cut(matrix: np.ndarray) -> tuple[np.ndarray, float]:
    """Divide the patches of a consistency matrix (n, n) in two: bool (n,), True for the smaller part; and the cut.

    The cut is in [0, 2]: the weight between the parts over that of all of each; 1 and more where nothing divides them.
    """
    weights = np.clip((matrix + matrix.T) / 2, 1e-6, None).astype(np.float64)
    degree = weights.sum(axis=1)
    scaled = weights / np.sqrt(np.outer(degree, degree))
    _, vectors = np.linalg.eigh(scaled)
    second = vectors[:, -2] / np.sqrt(degree)
    best, part = np.inf, np.zeros(len(matrix), bool)
    for level in np.quantile(second, np.linspace(_LEAST, 1 - _LEAST, _CUTS)):
        chosen = second > level
        if not chosen.any() or chosen.all():
            continue
        between = float(chosen @ (weights @ ~chosen))
        cut = between / float(degree[chosen].sum()) + between / float(degree[~chosen].sum())
        if cut < best:
            best, part = cut, chosen
    return (part if 2 * part.sum() <= len(part) else ~part), min(best, 2.0)
