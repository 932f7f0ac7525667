"""Discriminants solved among the images, against the same by the covariance written out."""

import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf
from sklearn.covariance import ledoit_wolf_shrinkage as shrinkage_of
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from forensictransfer.detectors.discriminant import discriminant, gram_matrix, products_of, solve
from forensictransfer.detectors.discriminant import ledoit_wolf as from_gram


def images(n: int, dimensions: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n + dimensions)
    labels = np.arange(n) % 2
    return rng.normal(size=(n, dimensions)) @ rng.normal(size=(dimensions, dimensions)) + labels[:, None], labels


@pytest.mark.parametrize(("n", "dimensions"), [(40, 5), (12, 12), (10, 60)])
def test_shrinkage_is_that_of_the_covariance(n: int, dimensions: int) -> None:
    rows = images(n, dimensions)[0]
    found = from_gram(gram_matrix(rows), dimensions)
    assert found.shrinkage == pytest.approx(max(shrinkage_of(rows, assume_centered=True), 1e-3), rel=1e-9)
    assert found.variance == pytest.approx(np.square(rows).mean())


@pytest.mark.parametrize(("n", "dimensions"), [(40, 5), (10, 60)], ids=["primal", "dual"])
def test_solving_among_the_images_is_solving(n: int, dimensions: int) -> None:
    rows, direction = images(n, dimensions)[0], np.arange(dimensions, dtype=float)
    expected = np.linalg.solve(0.3 * np.eye(dimensions) + 0.7 * rows.T @ rows, direction)
    products = products_of(rows)
    assert len(products) == min(n, dimensions)
    for right, left in ((direction, expected), (np.outer(direction, [1, -2]), np.outer(expected, [1, -2]))):
        found = solve(rows, right, ridge=0.3, weight=0.7, products=products)
        np.testing.assert_allclose(found, left, rtol=1e-8)


@pytest.mark.parametrize(("n", "dimensions"), [(40, 5), (10, 60)])
def test_the_discriminant_is_that_of_scikit_learn(n: int, dimensions: int) -> None:
    """Which pools the covariances of the classes one by one: given the same covariance, the same direction."""
    x, labels = images(n, dimensions)
    found = discriminant(x, labels)
    means = np.stack([x[labels == label].mean(axis=0) for label in (0, 1)])
    covariance = ledoit_wolf(x - means[labels], assume_centered=True)[0]
    np.testing.assert_allclose(found.weights, np.linalg.solve(covariance, means[1] - means[0]), rtol=1e-6)
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", priors=[0.5, 0.5]).fit(x, labels)
    scores = x @ found.weights + found.bias
    assert np.corrcoef(scores, theirs.decision_function(x))[0, 1] > 0.95


def test_without_spread_the_nearer_mean_decides() -> None:
    found = discriminant(np.array([[0.0, 0.0], [2.0, 4.0]]), np.array([0, 1]))
    np.testing.assert_allclose(found.weights, [2, 4])
    assert found.bias == -10
