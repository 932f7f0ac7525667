"""The paired difference of two balanced accuracies."""

from __future__ import annotations

import numpy as np
import pytest

from forensictransfer.evaluation.metrics import ScoredImages, summarise_draws
from forensictransfer.evaluation.paired import PairedTest

LABELS = np.tile([0, 1], 40)
GROUPS = [f"g{i // 2:02d}" for i in range(80)]


def calls(right: float, seed: int, draws: int = 3) -> np.ndarray:
    """Verdicts on LABELS, a share of them right."""
    hits = np.random.default_rng(seed).uniform(size=(draws, len(LABELS))) < right
    return np.where(hits, LABELS == 1, LABELS == 0)


def test_the_difference_of_one_verdict_by_hand() -> None:
    """Of two reals and two fakes the first is right on all, the second calls a fake real: 1 - 3/4."""
    labels = np.array([0, 0, 1, 1])
    first, second = np.array([[False, False, True, True]]), np.array([[False, False, True, False]])
    found = PairedTest(labels, ["a", "b", "a", "b"], 1, resamples=200).balanced_accuracy(first, second)
    assert found.value == pytest.approx(0.25)
    assert (found.low, found.high, found.n) == (0.0, 0.5, 2), "both fakes may be the one that is missed, or neither"
    turned = PairedTest(labels, ["a", "b", "a", "b"], 1, resamples=200).balanced_accuracy(second, first)
    assert (turned.value, turned.low, turned.high) == (-0.25, -0.5, 0.0)


def test_against_a_constant_verdict_it_is_the_accuracy_less_one_half() -> None:
    found = calls(0.8, 0)
    difference = PairedTest(LABELS, GROUPS, 3, resamples=4000).balanced_accuracy(found, np.zeros_like(found))
    draws = [
        ScoredImages(GROUPS, LABELS, GROUPS, row.astype(float), row.astype(float), 0.5, draw)
        for draw, row in enumerate(found)
    ]
    accuracy = summarise_draws(draws, resamples=4000).metrics["balanced_accuracy"]
    assert accuracy.value is not None and accuracy.low is not None and accuracy.high is not None
    assert difference.value == pytest.approx(accuracy.value - 0.5)
    assert difference.low == pytest.approx(accuracy.low - 0.5, abs=0.01)
    assert difference.high == pytest.approx(accuracy.high - 0.5, abs=0.01)


def test_what_is_alike_cancels() -> None:
    """Two classifiers that are both right on 60 % differ by nothing, surely; others of 60 % may differ."""
    same, other = calls(0.6, 1), calls(0.6, 2)
    nothing = PairedTest(LABELS, GROUPS, 3).balanced_accuracy(same, same)
    assert (nothing.value, nothing.low, nothing.high) == (0.0, 0.0, 0.0)
    something = PairedTest(LABELS, GROUPS, 3).balanced_accuracy(same, other)
    assert something.low is not None and something.high is not None and something.low < 0 < something.high


def test_the_difference_of_two_areas_by_hand() -> None:
    """The first ranks all four pairs right, the second ties one of them and loses another: 1 - 2.5/4."""
    labels = np.array([0, 0, 1, 1])
    first, second = np.array([[0.0, 1.0, 2.0, 3.0]]), np.array([[0.0, 2.0, 2.0, 1.0]])
    found = PairedTest(labels, ["a", "b", "a", "b"], 1, resamples=200).auc(first, second)
    assert found.value == pytest.approx(0.375)
    assert found.low is not None and found.low >= 0


def test_against_no_ranking_it_is_the_area_less_one_half() -> None:
    scores = np.random.default_rng(3).normal(size=(3, 80)) + LABELS
    difference = PairedTest(LABELS, GROUPS, 3, resamples=4000).auc(scores, np.zeros((3, 80)))
    draws = [
        ScoredImages(GROUPS, LABELS, GROUPS, row, 1 / (1 + np.exp(-row)), 0.5, draw) for draw, row in enumerate(scores)
    ]
    area = summarise_draws(draws, resamples=4000).metrics["auc"]
    assert area.value is not None and area.low is not None and area.high is not None
    assert difference.value == pytest.approx(area.value - 0.5)
    assert difference.low == pytest.approx(area.low - 0.5, abs=0.01)
    assert difference.high == pytest.approx(area.high - 0.5, abs=0.01)


def test_where_nothing_can_be_said() -> None:
    one, both = np.array([[True, False]]), ["a", "b"]
    for labels, draws in ((np.array([0, 1]), 1), (np.array([1, 1]), 1), (np.array([0, 1]), 0)):
        test = PairedTest(labels, both, draws)
        for found in (
            test.balanced_accuracy(one[:draws], ~one[:draws]),
            test.auc(one[:draws].astype(float), one[:draws].astype(float)),
        ):
            assert (found.low, found.high) == (None, None)
            assert (found.value is None) == (labels.min() == 1 or not draws), "no reals, or no draw in common"
