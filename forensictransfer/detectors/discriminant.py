"""Linear discriminants of few images in many dimensions: a shrunk covariance, solved among the images."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.linalg

_LEAST_SHRINKAGE = 1e-3


class LinearScore(NamedTuple):
    """score = features . weights + bias, 0 half-way between the class means. weights: float64 (d,)."""

    weights: np.ndarray
    bias: float


def discriminant(features: np.ndarray, labels: np.ndarray) -> LinearScore:
    """Fit a linear discriminant with equal priors and a Ledoit-Wolf covariance.

    weights = S^-1 (m_1 - m_0), m_c the mean of class c, S the estimate of the covariance about the class means. Where
    features do not vary within the classes (one image of each shows no covariance) S is the identity.

    features: (n, d); labels: (n,), real = 0, fake = 1, both present.

    Sources: R. A. Fisher, "The use of multiple measurements in taxonomic problems", 1936; O. Ledoit, M. Wolf, "A
    well-conditioned estimator for large-dimensional covariance matrices", 2004.
    """
    x = np.asarray(features, np.float64)
    means = class_means(x, labels)
    within = x - means[labels]
    gram = gram_matrix(within)
    found = ledoit_wolf(gram, within.shape[1])
    direction = means[1] - means[0]
    if found.variance == 0.0:
        return linear_score(direction, means)
    weight = (1 - found.shrinkage) / len(within)
    ridge = found.shrinkage * found.variance
    products = gram if len(gram) <= within.shape[1] else products_of(within)
    return linear_score(solve(within, direction, ridge=ridge, weight=weight, products=products), means)


def class_means(features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Compute the mean features of reals and of fakes, (2, d), from features (n, d) and labels (n,) of both classes."""
    return np.stack([features[labels == label].mean(axis=0) for label in (0, 1)])


def linear_score(weights: np.ndarray, means: np.ndarray) -> LinearScore:
    """Build the score weights . x, shifted so that it is 0 half-way between the class means (2, d)."""
    return LinearScore(weights, -float(weights @ means.sum(axis=0)) / 2)


class Shrinkage(NamedTuple):
    """A Ledoit-Wolf estimate: (1 - shrinkage) B'B / n + shrinkage variance I for centred rows B (n, d)."""

    shrinkage: float
    variance: float


def ledoit_wolf(gram: np.ndarray, dimensions: int) -> Shrinkage:
    """Estimate the shrinkage of centred rows B (n, d) by Ledoit and Wolf (2004) from their products B B', (n, n).

    The same number as from the covariance (d, d), whose squared entries have the same sum, but at least 0.001: what
    does not vary in any row, or with fewer rows than dimensions, could not be solved for.
    """
    n = len(gram)
    variance = float(np.trace(gram)) / n / dimensions
    if variance == 0.0:
        return Shrinkage(1.0, 0.0)
    squares = float(np.square(gram).sum()) / n**2
    spread = (squares - dimensions * variance**2) / dimensions
    noise = (float(np.square(np.diag(gram)).sum()) / n - squares) / (n * dimensions)
    shrinkage = 1.0 if spread <= 0 else min(max(noise, 0.0), spread) / spread
    return Shrinkage(max(shrinkage, _LEAST_SHRINKAGE), variance)


def gram_matrix(rows: np.ndarray) -> np.ndarray:
    """Compute the products of rows (n, d) with each other, (n, n)."""
    found: np.ndarray = rows @ rows.T
    return found


def products_of(rows: np.ndarray) -> np.ndarray:
    """Compute B B' of rows B (n, d), or B'B where there are fewer dimensions than rows: what `solve` works on."""
    n, dimensions = rows.shape
    found: np.ndarray = rows.T @ rows if dimensions < n else gram_matrix(rows)
    return found


def solve(rows: np.ndarray, direction: np.ndarray, *, ridge: float, weight: float, products: np.ndarray) -> np.ndarray:
    """Compute (ridge I + weight B'B)^-1 d for rows B (n, d), in whichever of n and d dimensions is the smaller.

    direction: (d,), or several as columns (d, r). ridge: above 0. products: `products_of(rows)`, which many solutions
    can share; it stays as it is.
    """
    matrix = weight * products
    matrix[np.diag_indices(len(matrix))] += ridge
    factor = scipy.linalg.cho_factor(matrix, lower=True, overwrite_a=True, check_finite=False)
    if rows.shape[1] < len(rows):
        primal: np.ndarray = scipy.linalg.cho_solve(factor, direction, check_finite=False)
        return primal
    inner = scipy.linalg.cho_solve(factor, rows @ direction, check_finite=False)
    dual: np.ndarray = (direction - weight * (rows.T @ inner)) / ridge
    return dual
