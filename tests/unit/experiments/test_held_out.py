"""Shots left out in pairs, and scored by fits to the others without a refit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from forensictransfer.detectors.evidence import Tiles
from forensictransfer.experiments.strategies.background import Background
from forensictransfer.experiments.strategies.held_out import HeldOut, SolvedShots, balanced_folds, weighted_mean
from forensictransfer.experiments.strategies.shots import DividedShots
from tests.discriminants import fitted_to_all, known, made_up, written_out

GROUPS = ["a", "a", "b", "c", "d", "e", "f", "g"]  # labels 0 1 0 1 0 1 0 1


@pytest.mark.parametrize("dimensions", [5, 40], ids=["fewer than images", "more than images"])
def test_shots_left_out_are_scored_as_by_a_refit(dimensions: int) -> None:
    features, labels = made_up(1, 8, dimensions)
    background = known(2, dimensions).background
    shots = DividedShots.of(features, labels, background, 20)
    folds = balanced_folds(labels, GROUPS)
    assert folds is not None
    solved = SolvedShots(shots, background)
    np.testing.assert_allclose(solved.score().weights, fitted_to_all(shots, background), rtol=1e-8)
    rng = np.random.default_rng(0)
    tiles = [features[i] + rng.normal(size=(1 + i % 3, dimensions)) for i in range(8)]
    found = solved.held_out(
        folds, Tiles(np.zeros((0, 2)), np.concatenate(tiles), np.array([len(part) for part in tiles]))
    )
    assert found.deviations is not None
    for shot in range(8):
        with_it = [fold for fold in folds if shot in fold]
        scores = [written_out(shots, background, fold)[fold.tolist().index(shot)] for fold in with_it]
        assert found.scores[shot] == pytest.approx(np.mean(scores))
        local = [written_out(shots, background, fold, tiles[shot] / background.scale).std() for fold in with_it]
        assert found.deviations[shot] == pytest.approx(np.mean(local))


def test_a_weighted_mean_of_scores_is_that_of_their_tiles_too() -> None:
    one = HeldOut(np.array([1.0, 2.0]), (np.array([[0.0, 2.0]]), np.array([[1.0, 5.0], [3.0, 3.0]])))
    two = HeldOut(np.array([5.0, 6.0]), (np.array([[8.0, 2.0]]), np.array([[3.0, 3.0], [1.0, 5.0]])))
    found = weighted_mean([one, two], np.array([0.75, 0.25]))
    assert found.scores.tolist() == [2.0, 3.0] and found.tiles is not None and found.deviations is not None
    assert [part.tolist() for part in found.tiles] == [[[2.0, 2.0]], [[1.5, 4.5], [2.5, 3.5]]]
    assert found.deviations.tolist() == [0.0, 1.0], "what differs in both ways cancels; a mean over folds"
    assert found.divided(2.0).pooled(2.0).tolist() == [1.0, 2.5] and found.pooled(0.0).tolist() == [2.0, 3.0]
    assert weighted_mean([one, HeldOut(two.scores)], np.array([0.5, 0.5])).tiles is None


def test_a_group_of_reals_is_left_out_with_one_of_fakes_and_a_group_of_both_alone() -> None:
    folds = balanced_folds(np.tile([0, 1], 4), GROUPS)
    assert folds is not None
    listed = [fold.tolist() for fold in folds]
    assert listed == [[0, 1], [2, 3], [4, 5], [6, 7], [2, 5], [4, 7], [6, 3], [2, 7], [4, 3], [6, 5]]


@given(
    shots=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1)), min_size=4, max_size=14),
)
def test_each_shot_is_left_out_and_both_classes_remain(shots: list[tuple[int, int]]) -> None:
    labels, groups = np.array([label for _, label in shots]), [str(group) for group, _ in shots]
    folds = balanced_folds(labels, groups)
    if folds is None:
        return
    assert set(np.concatenate(folds).tolist()) == set(range(len(shots)))
    for fold in folds:
        assert not {groups[i] for i in fold} & {groups[i] for i in range(len(shots)) if i not in fold}
        assert set(np.delete(labels, fold)) == {0, 1}


def test_nothing_is_left_out_where_a_class_would_be_empty() -> None:
    assert balanced_folds(np.array([0, 1]), ["a", "b"]) is None
    assert balanced_folds(np.array([0, 1, 0, 1]), ["a", "a", "a", "b"]) is None
    assert balanced_folds(np.array([0, 1, 0, 1]), ["a", "a", "b", "b"]) is not None


def test_without_a_difference_shots_left_out_do_not_rank_the_wrong_way_round() -> None:
    """One at a time, the mean of a class moves away from each of its own."""
    rng, ranked = np.random.default_rng(0), []
    labels = np.tile([0, 1], 5)
    for _ in range(60):
        features = rng.normal(size=(10, 200))
        background = Background(np.zeros((0, 200)), np.ones(200))
        solved = SolvedShots(DividedShots.of(features, labels, background, 0), background)
        folds = balanced_folds(labels, [str(i) for i in range(10)])
        assert folds is not None
        ranked.append(
            [roc_auc_score(labels, solved.held_out(one).scores) for one in (folds, [np.array([i]) for i in range(10)])]
        )
    paired, single = np.mean(ranked, axis=0)
    assert single < 0.35 and abs(paired - 0.5) < 0.1
