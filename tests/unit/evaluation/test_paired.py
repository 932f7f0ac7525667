"""The paired difference of two balanced accuracies."""

from __future__ import annotations

import numpy as np
import pytest

from forensictransfer.evaluation.metrics import ScoredImages, summarise_draws
from forensictransfer.evaluation.paired import paired_difference

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
    found = paired_difference(labels, ["a", "b", "a", "b"], first, second, resamples=200)
    assert found.value == pytest.approx(0.25)
    assert (found.low, found.high, found.n) == (0.0, 0.5, 2), "both fakes may be the one that is missed, or neither"
    turned = paired_difference(labels, ["a", "b", "a", "b"], second, first, resamples=200)
    assert (turned.value, turned.low, turned.high) == (-0.25, -0.5, 0.0)


def test_against_a_constant_verdict_it_is_the_accuracy_less_one_half() -> None:
    found = calls(0.8, 0)
    difference = paired_difference(LABELS, GROUPS, found, np.zeros_like(found), resamples=4000)
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
    nothing = paired_difference(LABELS, GROUPS, same, same)
    assert (nothing.value, nothing.low, nothing.high) == (0.0, 0.0, 0.0)
    something = paired_difference(LABELS, GROUPS, same, other)
    assert something.low is not None and something.high is not None and something.low < 0 < something.high


def test_where_nothing_can_be_said() -> None:
    one = np.array([[True, False]])
    assert paired_difference(np.array([0, 1]), ["a", "b"], one, ~one).low is None, "one group of either class"
    assert paired_difference(np.array([1, 1]), ["a", "b"], one, ~one).value is None, "no reals"
    assert paired_difference(np.array([0, 1]), ["a", "b"], one[:0], one[:0]).value is None, "no draw in common"
