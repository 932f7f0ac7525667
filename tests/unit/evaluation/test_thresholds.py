"""Threshold rules and slopes: by hand, and by the properties that their users rely on."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensictransfer.core.errors import UserError
from forensictransfer.data.balance import balanced_weights
from forensictransfer.evaluation.thresholds import (
    THRESHOLD_RULES,
    balanced,
    fit_slope,
    midpoint,
    probability,
    threshold_rule,
    zero,
)

FITTED = [balanced, midpoint]
SCORE = st.integers(-1000, 1000).map(lambda i: i / 10)
TWO_CLASSES = st.tuples(st.lists(SCORE, min_size=1, max_size=12), st.lists(SCORE, min_size=1, max_size=12))
Sides = tuple[list[float], list[float]]


def joined(sides: Sides) -> tuple[np.ndarray, np.ndarray]:
    reals, fakes = sides
    return np.array([*reals, *fakes]), np.array([0] * len(reals) + [1] * len(fakes))


def balanced_accuracy(scores: np.ndarray, labels: np.ndarray, threshold: float) -> float:
    return float((scores[labels == 0] <= threshold).mean() + (scores[labels == 1] > threshold).mean()) / 2


def test_rules_by_name() -> None:
    assert list(THRESHOLD_RULES) == ["zero", "balanced", "midpoint"]
    assert threshold_rule("balanced") is balanced
    with pytest.raises(UserError, match="'balance'.*'balanced'", check=lambda error: error.code == "name-unknown"):
        threshold_rule("balance")


def test_zero_is_the_paper() -> None:
    assert zero([3.0, 9.0], [0, 1]) == 0.0


def test_balanced_by_hand() -> None:
    assert balanced([1, 2, 5, 6], [0, 0, 1, 1]) == 3.5
    # best: both reals below and 2 of 3 fakes above, between 3 and 7
    assert balanced([1, 3, 2, 7, 8], [0, 0, 1, 1, 1]) == 5
    # two best intervals, [-5, -4) and [4, 8): the wider one
    assert balanced([-5, -4, 4, 8], [0, 1, 0, 1]) == 6
    # equally wide: the one nearer to zero
    assert balanced([-5, -1, 4, 8], [0, 1, 0, 1]) == -3
    # 2 real and fake at once changes nothing: one interval from 1 to 4
    assert balanced([1, 1, 2, 2, 4, 4], [0, 0, 0, 1, 1, 1]) == 2.5
    # classes count alike however many images they have
    assert balanced([0, 1, 2, 3, 4, 3.5, 9], [0, 0, 0, 0, 0, 1, 1]) == 3.25


@pytest.mark.parametrize("rule", FITTED)
def test_weights_count_images_more_than_once(rule: Any) -> None:
    scores, labels = np.array([0.0, 2, 3, 1, 4, 5]), np.array([0, 0, 0, 1, 1, 1])
    weights = np.array([1, 2, 1, 3, 1, 1])
    repeated = np.repeat(np.arange(6), weights)
    assert rule(scores, labels, None, weights) == pytest.approx(rule(scores[repeated], labels[repeated]))
    assert rule(scores, labels, None, np.ones(6)) == rule(scores, labels)
    # The classes hold 4 and 5 images: so softly are they called real and fake, whoever weighs them.
    slope, other = fit_slope(scores, labels, 2.5, weights), fit_slope(scores[repeated], labels[repeated], 2.5)
    assert slope == pytest.approx(other)
    with pytest.raises(ValueError, match="weight"):
        rule(scores, labels, None, np.zeros(6))


def test_the_balanced_rule_weighs_domains_alike() -> None:
    """Nine pairs of one domain ask for a threshold near 0, a pair of another for one near 10."""
    scores = np.array([-1.0] * 9 + [9] + [1] * 6 + [12] * 3 + [11])
    labels = np.repeat([0, 1], 10)
    weights = balanced_weights(labels, np.array(([0] * 9 + [1]) * 2))
    assert balanced(scores, labels) == 0
    assert balanced(scores, labels, None, weights) == 10


def test_midpoint_by_hand() -> None:
    assert midpoint([1, 3], [0, 1]) == 2  # k = 1
    assert midpoint([1, 1, 3, 3], [0, 0, 1, 1]) == 2  # no spread at all
    # variances 2 and 18, pooled 10: s_0^2 = (2 + 40) / 5, s_1^2 = (18 + 40) / 5
    s0, s1 = math.sqrt(42 / 5), math.sqrt(58 / 5)
    assert midpoint([-1, 1, 7, 13], [0, 0, 1, 1]) == pytest.approx(10 * s0 / (s0 + s1))


def test_midpoint_makes_classes_err_equally_often() -> None:
    rng = np.random.default_rng(0)
    scores, labels = np.r_[rng.normal(0, 1, 4000), rng.normal(8, 3, 4000)], np.repeat([0, 1], 4000)
    assert midpoint(scores, labels) == pytest.approx(2, abs=0.1)


def test_midpoint_of_two_shots_is_better_for_pooling() -> None:
    """Balanced accuracy where 93.3 % is the most: means 0 and 4.5, deviations 1 and 2, two images per class."""
    rng = np.random.default_rng(0)
    accuracy = {"pooled": 0.0, "plain": 0.0}
    for _ in range(400):
        reals, fakes = rng.normal(0, 1, 2), rng.normal(4.5, 2, 2)
        s0, s1 = reals.std(ddof=1), fakes.std(ddof=1)
        plain = (s1 * reals.mean() + s0 * fakes.mean()) / (s0 + s1)
        for name, t in (("pooled", midpoint(*joined((list(reals), list(fakes))))), ("plain", plain)):
            accuracy[name] += (math.erfc(-t / math.sqrt(2)) + math.erfc((t - 4.5) / math.sqrt(8))) / 4 / 400
    assert accuracy["pooled"] > accuracy["plain"] + 0.03


@pytest.mark.parametrize("rule", FITTED)
@settings(max_examples=60, deadline=None)
@given(sides=TWO_CLASSES, shift=st.integers(-50, 50), scale=st.sampled_from([0.25, 0.5, 2.0, 8.0]))
def test_threshold_moves_with_the_scores(rule, sides: Sides, shift: int, scale: float) -> None:
    scores, labels = joined(sides)
    t, scaled, shifted = (rule(s, labels) for s in (scores, scale * scores, scores + shift))
    assert scaled == pytest.approx(scale * t, abs=1e-9)
    if rule is midpoint:
        assert shifted == pytest.approx(t + shift, abs=1e-7)
    elif balanced_accuracy(scores, labels, t) > 0.5:  # ties are broken towards zero, so only the quality is the same
        assert balanced_accuracy(scores + shift, labels, shifted) == pytest.approx(balanced_accuracy(scores, labels, t))


@pytest.mark.parametrize("rule", FITTED)
@settings(max_examples=60, deadline=None)
@given(sides=TWO_CLASSES, gap=st.floats(0.01, 10), seed=st.integers(0, 99))
def test_separable_shots_are_told_apart(rule, sides: Sides, gap: float, seed: int) -> None:
    reals, fakes = sides
    lift = max(reals) - min(fakes) + gap
    fakes = [score + lift for score in fakes]
    scores, labels = joined((reals, fakes))
    t = rule(scores, labels)
    assert np.mean(reals) < t < np.mean(fakes)
    if rule is balanced:
        assert t == pytest.approx((max(reals) + min(fakes)) / 2)
        assert balanced_accuracy(scores, labels, t) == 1
    order = np.random.default_rng(seed).permutation(labels.size)
    assert rule(scores[order], labels[order]) == pytest.approx(t)


@settings(max_examples=80, deadline=None)
@given(sides=TWO_CLASSES)
def test_balanced_is_best_of_all_thresholds_or_midpoint(sides: Sides) -> None:
    scores, labels = joined(sides)
    distinct = np.unique(scores)
    best = max(balanced_accuracy(scores, labels, t) for t in [distinct[0] - 1, *distinct])
    t = balanced(scores, labels)
    if best > 0.5 + 1e-9:
        assert balanced_accuracy(scores, labels, t) == pytest.approx(best)
    else:
        assert t == midpoint(scores, labels)


@settings(max_examples=60, deadline=None)
@given(sides=TWO_CLASSES)
def test_midpoint_lies_between_the_class_means(sides: Sides) -> None:
    low, high = sorted((np.mean(sides[0]), np.mean(sides[1])))
    assert low - 1e-9 <= midpoint(*joined(sides)) <= high + 1e-9


@pytest.mark.parametrize("rule", FITTED)
def test_images_of_one_group_share_one_vote(rule) -> None:
    scores, labels = np.array([0.0, 1.0, 5.0, 2.0, 6.5, 9.0]), np.array([0, 0, 0, 1, 1, 1])
    copies = [1, 1, 1, 4, 1, 1]
    groups = list(np.repeat(list("abcdef"), copies))
    found = rule(np.repeat(scores, copies), np.repeat(labels, copies), groups)
    assert found == pytest.approx(rule(scores, labels))
    assert found != pytest.approx(rule(np.repeat(scores, copies), np.repeat(labels, copies)))


@pytest.mark.parametrize("rule", [*FITTED, lambda s, y: fit_slope(s, y, 0.0)])
@pytest.mark.parametrize(
    ("scores", "labels"), [([1, 2], [1, 1]), ([1, 2], [0, 2]), ([1, math.nan], [0, 1]), ([1], [0, 1])]
)
def test_wrong_arrays_are_refused(rule, scores: list[float], labels: list[int]) -> None:
    with pytest.raises(ValueError, match="expected"):
        rule(scores, labels)


def test_slope_of_one_shot_per_class_gives_one_third_and_two_thirds() -> None:
    slope = fit_slope([-2.0, 2.0], [0, 1], 0.0)
    assert probability([-2.0, 0.0, 2.0], 0.0, slope) == pytest.approx([1 / 3, 1 / 2, 2 / 3])


def test_slope_finds_the_true_one() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(1, 2, 20000)
    scores = np.r_[scores, 2 - scores]  # as many reals as fakes
    labels = (rng.random(40000) < probability(scores, 1.0, 1.7)).astype(int)
    assert fit_slope(scores, labels, 1.0) == pytest.approx(1.7, rel=0.05)


@settings(max_examples=60, deadline=None)
@given(sides=TWO_CLASSES, scale=st.sampled_from([1e-6, 0.1, 3.0, 1e6]), threshold=SCORE)
def test_slope_is_positive_finite_and_follows_the_scale(sides: Sides, scale: float, threshold: float) -> None:
    scores, labels = joined(sides)
    slope = fit_slope(scores, labels, threshold)
    assert 0 < slope < math.inf
    if (scores != threshold).any():
        assert fit_slope(scale * scores, labels, scale * threshold) == pytest.approx(slope / scale, rel=1e-6)
    p = probability(np.sort(scores), threshold, slope)
    assert (np.diff(p) >= 0).all() and (p >= 0).all() and (p <= 1).all()
    assert ((p > 0.5) <= (np.sort(scores) > threshold)).all()


def test_more_separable_shots_make_it_surer_but_never_certain() -> None:
    slopes = [fit_slope([-1.0] * k + [1.0] * k, [0] * k + [1] * k, 0.0) for k in (1, 5, 50)]
    assert slopes == sorted(slopes)
    assert probability([1.0], 0.0, slopes[2]) == pytest.approx(51 / 52)


def test_scores_that_rank_the_wrong_way_round_say_nothing() -> None:
    slope = fit_slope([1.0, 2.0, -1.0, -2.0], [0, 0, 1, 1], 0.0)
    assert slope > 0
    assert probability([-2.0, 2.0], 0.0, slope) == pytest.approx([0.5, 0.5], abs=1e-3)
