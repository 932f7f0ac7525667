"""Whether an image is like those that are known: distances by hand, and how many like them are called unlike."""

from __future__ import annotations

import numpy as np
import pytest

from forensictransfer.evaluation.familiarity import AXES, Directions, Familiarity


def directions(dimensions: int = 40, rows: int = 200, seed: int = 0) -> Directions:
    """The first axes of photographs whose features vary less and less."""
    rng = np.random.default_rng(seed)
    spread = np.linspace(3, 0.5, dimensions)
    found = Directions.of(rng.normal(0, 1, (rows, dimensions)) * spread / np.sqrt(rows), np.full(dimensions, 2.0))
    assert found is not None
    return found


def images(n: int, mean: float = 0.0, dimensions: int = 40, seed: int = 1) -> np.ndarray:
    """Images like those photographs, whose means lie `mean` away in every feature."""
    rng = np.random.default_rng(seed)
    return 2.0 * (rng.normal(0, 1, (n, dimensions)) * np.linspace(3, 0.5, dimensions) + mean)


def test_axes_are_those_of_the_covariance() -> None:
    rng = np.random.default_rng(2)
    rows = rng.normal(0, 1, (60, 40)) * np.linspace(2, 0.5, 40)
    found = Directions.of(rows, np.ones(40))
    assert found is not None
    values, vectors = np.linalg.eigh(rows.T @ rows)
    np.testing.assert_allclose(found.variances, values[-AXES:], rtol=1e-4)
    np.testing.assert_allclose(np.abs(np.sum(found.axes.T * vectors[:, -AXES:], axis=0)), 1, rtol=1e-3)
    assert found.rest == pytest.approx(values[:-AXES].sum(), rel=1e-5)


def test_distances_by_hand() -> None:
    """Along an axis squares over its variance, a sixteenth each; across all of them over what is left."""
    known = directions()
    found = Familiarity.fitted(known, images(40), np.zeros(40, int))
    assert found is not None
    along = found.means[0] + 3 * np.sqrt(known.variances[5]) * known.axes[5]
    across = np.linalg.svd(known.axes)[2][-1] * np.sqrt(known.rest)
    squares = found._squares(np.stack([found.means[0], along, found.means[0] + across]))
    np.testing.assert_allclose(squares[:, 0], [0, 9 / AXES, 1], atol=1e-4)


def test_known_images_are_compared_with_the_others_of_their_class() -> None:
    known, features, classes = directions(), images(30), np.repeat([0, 1], 15)
    found = Familiarity.fitted(known, features, classes)
    assert found is not None
    expected = []
    for i in range(30):
        means = [features[(classes == c) & (np.arange(30) != i)].mean(axis=0) / 2 for c in (0, 1)]
        alone = Familiarity(known, np.array(means, np.float32), np.zeros(0))
        expected.append(alone._squares(features[i : i + 1] / 2).min())
    np.testing.assert_allclose(found.distances, np.sort(expected), rtol=1e-4)


def test_images_of_another_kind_are_unlike_and_of_the_same_hardly_ever() -> None:
    """Of images like them at most one in twenty on average, of those whose features lie elsewhere nearly all."""
    shares = []
    for seed in range(40):
        features = images(40, seed=seed)
        found = Familiarity.fitted(directions(), features, np.repeat([0, 1], 20))
        assert found is not None
        shares.append(found.unlike(images(200, seed=1000 + seed)).mean())
    assert np.mean(shares) <= 0.05 + 2.6 * np.std(shares) / np.sqrt(40)
    assert found.unlike(images(100, mean=4.0, seed=7)).mean() > 0.95
    assert found.p_values(images(1, mean=100.0))[0] == pytest.approx(1 / 41)


def test_images_held_out_say_how_far_is_usual() -> None:
    """A network knows its own images better than any other; those it has not seen are compared with their classes."""
    known, own, others = directions(), images(60) * 0.2, images(80, seed=5)
    found = Familiarity.learned(known, own, np.repeat([0, 1], 30), others)
    assert found is not None and len(found.distances) == 80
    assert found.unlike(images(400, seed=6)).mean() < 0.12
    by_itself = Familiarity.fitted(known, own, np.repeat([0, 1], 30))
    assert by_itself is not None and by_itself.unlike(images(400, seed=6)).mean() > 0.9
    assert Familiarity.learned(known, own, np.repeat([0, 1], 30), others[:18]) is None


def test_too_little_to_tell() -> None:
    assert Directions.of(np.random.default_rng(0).normal(0, 1, (200, 20)), np.ones(20)) is None, "20 features"
    assert Directions.of(np.random.default_rng(0).normal(0, 1, (20, 99)), np.ones(99)) is None, "20 photographs"
    assert Directions.of(np.zeros((99, 99)), np.ones(99)) is None, "nothing varies"
    assert Familiarity.fitted(directions(), images(18), np.zeros(18, int)) is None, "fewer than 19 images"
