"""When what an image's tiles differ by counts: by how much farther it sets the classes apart."""

from __future__ import annotations

import numpy as np
import pytest

from forensictransfer.evaluation.pooling import SPREAD, separation, spread_that_separates


def test_the_classes_lie_apart_in_units_of_the_deviation_within_them() -> None:
    """Means 2 and 5; variances 2 (1, 3) and 8 (3, 7): 3 over the root of 5."""
    assert separation(np.array([1.0, 3.0, 7.0, 3.0]), np.array([0, 0, 1, 1])) == pytest.approx(3 / np.sqrt(5))


@pytest.mark.parametrize("shots", [2, 5, 50])
def test_a_gain_above_the_margin_alone_counts(shots: int) -> None:
    """Each class is two points a distance of 2 apart in both scores, so that a shift of all fakes is the gain."""
    labels = np.repeat([0, 1], shots * 2)
    points = np.tile([0.0, 2.0], 2 * shots)
    unit = points[: 2 * shots].std(ddof=1)
    margin = 0.6 * np.sqrt(2 / (2 * shots)) * unit
    for share, expected in ((0.9, 0.0), (1.1, SPREAD)):
        deviations = share * margin / SPREAD * labels
        assert spread_that_separates(points, deviations, labels) == expected
    assert spread_that_separates(points, np.zeros(len(labels)), labels) == 0.0


def test_one_image_of_a_class_tells_nothing() -> None:
    labels = np.array([0, 0, 1])
    assert spread_that_separates(np.zeros(3), 9.0 * labels, labels) == 0.0


def test_scores_without_any_variation_are_no_error() -> None:
    labels = np.array([0, 0, 1, 1])
    with np.errstate(all="raise"):
        assert spread_that_separates(np.zeros(4), np.zeros(4), labels) == 0.0


def test_of_several_domains_the_mean_of_their_gains_decides() -> None:
    """Together they would hide it: the second domain's scores lie a thousand higher."""
    labels, domains = np.tile([0, 1], 20), np.repeat([0, 1], 20)
    means, deviations = np.arange(40) % 7 + 1000.0 * domains, 2.0 * labels
    assert spread_that_separates(means, deviations, labels) == 0.0
    assert spread_that_separates(means, deviations, labels, domains) == SPREAD
    one_image_of_a_class = np.where(np.arange(40) < 3, 2, domains)
    assert spread_that_separates(means, deviations, labels, one_image_of_a_class) == SPREAD
