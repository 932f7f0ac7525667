"""AUCs, accuracies and folds of an audit against numbers worked out by hand, and against what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from forensictransfer.auditing.folds import fold_of, sample
from forensictransfer.auditing.intervals import Interval, auc, balanced_accuracy


def test_an_auc_by_hand() -> None:
    scores, labels = np.array([1.0, 2, 3, 2, 4, 3]), np.array([0, 0, 0, 1, 1, 1])
    # Fakes 2, 4, 3 against reals 1, 2, 3: (1 + 1/2) + 3 + (2 + 1/2) of 9 pairs.
    found = auc(scores, labels, np.arange(6))
    assert found.value == pytest.approx(7 / 9)
    # Placements of fakes 1/2, 1, 5/6 and of reals 1, 5/6, 1/2, less 7/9, squared, over 3^2, times 6 / 5.
    spread = sum((p - 7 / 9) ** 2 for p in (0.5, 1, 5 / 6)) * 2
    assert found.error == pytest.approx((spread / 9 * 6 / 5) ** 0.5)
    assert 0 < found.low < found.value < found.high < 1


def test_pairs_of_one_group_count_as_one() -> None:
    """The same images twice, the copies in the groups of their originals: no more is known than before."""
    rng = np.random.default_rng(3)
    labels = np.repeat([0, 1], 40)
    scores, groups = rng.normal(labels, 1), np.arange(80)
    once = auc(scores, labels, groups)
    twice = auc(np.tile(scores, 2), np.tile(labels, 2), np.tile(groups, 2))
    apart = auc(np.tile(scores, 2), np.tile(labels, 2), np.arange(160))
    assert twice.value == pytest.approx(once.value)
    assert twice.error == pytest.approx(once.error)
    assert apart.error == pytest.approx(once.error / 2**0.5, rel=0.02)
    # A real and its fake in one group: what they share cancels out.
    base = rng.normal(0, 5, 60)
    paired = auc(np.r_[base, base + 0.5], np.repeat([0, 1], 60), np.tile(np.arange(60), 2))
    alone = auc(np.r_[base, base + 0.5], np.repeat([0, 1], 60), np.arange(120))
    assert paired.error < alone.error / 3


def test_intervals_hold_what_they_promise() -> None:
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(300):
        labels = np.repeat([0, 1], 50)
        found = auc(rng.normal(0.5 * labels, 1), labels, np.arange(100))
        inside += found.low <= 0.6382 <= found.high  # Phi(0.5 / sqrt 2)
    assert 0.92 <= inside / 300 <= 0.98


def test_where_no_error_was_seen_the_rule_of_three_speaks() -> None:
    labels = np.repeat([0, 1], [60, 40])
    found = auc(labels * 1.0, labels, np.arange(100))
    assert found[:3] == (1.0, pytest.approx(1 - 3 / 40), 1.0)
    assert auc(-labels * 1.0, labels, np.arange(100))[:3] == (0.0, 0.0, pytest.approx(3 / 40))
    assert balanced_accuracy(labels, labels, np.arange(100))[:3] == (1.0, pytest.approx(1 - 3 / 40), 1.0)
    assert auc(np.zeros(100), labels, np.arange(100))[:3] == (0.5, 0.5, 0.5)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 1)), min_size=2, max_size=40))
def test_the_auc_is_that_of_scikit_learn(rows: list[tuple[int, int]]) -> None:
    scores, labels = (np.array(column) for column in zip(*rows, strict=True))
    if len(set(labels.tolist())) < 2:
        with pytest.raises(ValueError, match="real and fake"):
            auc(scores, labels, np.arange(len(rows)))
        return
    found = auc(scores, labels, np.arange(len(rows)) // 2)
    assert found.value == pytest.approx(roc_auc_score(labels, scores))
    assert 0 <= found.low <= found.value + 1e-12 and found.value - 1e-12 <= found.high <= 1


def test_strata_are_judged_by_themselves() -> None:
    """Scores that are only comparable within a fold: shifting a fold changes nothing."""
    rng = np.random.default_rng(1)
    labels, folds = np.tile([0, 1], 50), np.repeat(np.arange(5), 20)
    scores = rng.normal(labels, 1)
    plain = auc(scores, labels, np.arange(100), folds)
    shifted = auc(scores + 100 * folds, labels, np.arange(100), folds)
    assert plain == shifted
    assert plain.value == pytest.approx(
        np.mean([roc_auc_score(labels[folds == f], scores[folds == f]) for f in range(5)])
    )


def test_a_balanced_accuracy_by_hand() -> None:
    labels = np.array([0, 0, 0, 0, 1, 1])
    called = np.array([0, 0, 0, 1, 1, 0])
    found = balanced_accuracy(called, labels, np.arange(6))
    assert found.value == (3 / 4 + 1 / 2) / 2
    assert found == balanced_accuracy(called, labels, np.arange(6))
    assert found.low < found.value < found.high


def test_a_wider_interval_stays_within_bounds() -> None:
    assert Interval(0.9, 0.8, 0.96, 0.05).wider(2)[:] == (0.9, pytest.approx(0.7), 1.0, 0.1)
    assert not Interval(0.6, 0.5, 0.7, 0.05).excludes(0.5, looks=40)
    assert Interval(0.6, 0.5, 0.7, 0.05).excludes(0.5)


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 12)), min_size=1, max_size=60), st.randoms())
def test_folds_keep_groups_whole_whatever_the_order(rows: list[tuple[int, int]], random: object) -> None:
    labels, groups = (np.array(column) for column in zip(*rows, strict=True))
    folds = fold_of(labels, groups)
    order = np.random.default_rng(0).permutation(len(rows))
    again = fold_of(labels[order], groups[order])
    fewest = min(len(np.unique(groups[labels == label])) for label in (0, 1))
    assert (folds is None) == (fewest < 2)
    if folds is not None and again is not None:
        assert (folds[order] == again).all()
        assert all(len(set(folds[groups == group].tolist())) == 1 for group in groups)
        assert folds.max() < min(5, fewest)


def test_folds_have_their_share_of_either_class() -> None:
    labels = np.repeat([0, 1], [300, 100])
    folds = fold_of(labels, np.arange(400))
    assert folds is not None
    assert all((labels[folds == fold] == 1).sum() == 20 for fold in range(5))


def test_a_sample_is_balanced_and_deterministic() -> None:
    labels, groups = np.tile([0, 1], 500), np.repeat(np.arange(500), 2)
    rows = sample(labels, groups, 100)
    assert len(rows) == 100 and (np.diff(rows) > 0).all()
    assert (labels[rows] == 0).sum() == 50
    assert set(groups[rows[labels[rows] == 0]]) == set(groups[rows[labels[rows] == 1]])
    assert (rows == sample(labels, groups, 100)).all()
    assert len(sample(labels, groups, 5000)) == 1000
