"""The strategy `fused`: standardised by shots left out, against refits written out; several blocks, several runs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from forensictransfer.core.settings import load_settings
from forensictransfer.detectors.base import Analysis
from forensictransfer.detectors.evidence import Tiles
from forensictransfer.evaluation.decision import Decision
from forensictransfer.experiments.strategies.background import Background
from forensictransfer.experiments.strategies.base import FewShotTask, SourceKnowledge, strategy
from forensictransfer.experiments.strategies.held_out import SolvedShots, balanced_folds
from forensictransfer.experiments.strategies.shots import DividedShots

NONE = np.zeros((0, 2), np.float32)
BLOCKS = {"one": slice(0, 4), "two": slice(4, 9)}


def made_up(seed: int, rows: int, dimensions: int) -> tuple[np.ndarray, np.ndarray]:
    """Features of two classes in turn, further apart in the first column."""
    rng = np.random.default_rng(seed)
    labels = np.tile([0, 1], rows // 2)
    features = rng.normal(size=(rows, dimensions)) @ rng.normal(size=(dimensions, dimensions))
    features[:, 0] += 2 * labels
    return features, labels


def known(seed: int, dimensions: int, rows: int = 20) -> SourceKnowledge:
    features, labels = made_up(seed, rows, dimensions)
    return SourceKnowledge(np.zeros((rows, 2)), features, labels)


def task(
    features: np.ndarray,
    labels: np.ndarray,
    *sources: SourceKnowledge,
    blocks: Any = (),
    groups: Any = None,
) -> FewShotTask:
    groups = [f"g{i}" for i in range(len(labels))] if groups is None else groups
    shots: Any = SimpleNamespace(labels=labels, groups=groups)
    members = [SimpleNamespace(feature_blocks=dict(blocks)) for _ in sources]
    detector: Any = SimpleNamespace(members=members) if len(members) > 1 else members[0]
    analysis = Analysis(np.zeros((len(labels), 2)), features)
    return FewShotTask(detector, shots, analysis, sources[0], load_settings(None, {}), 0, sources[1:])


def decided(name: str, *args: Any, **options: Any) -> Decision:
    return strategy(name)(task(*args, **options)).decision


def discriminant_of(shots: DividedShots, background: Any, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights, and the middle of the class means, of a fit to the shots `rest` by the covariance written out.

    The weights of background, shots and ridge are those of all shots.
    """
    x, y = shots.features[rest], shots.labels[rest]
    means = np.stack([x[y == label].mean(axis=0) for label in (0, 1)])
    content, one = background.rows.T @ background.rows, np.eye(x.shape[1])
    covariance = (1 - shots.share) * (0.9 * content + 0.1 * np.trace(content) / len(one) * one) + shots.ridge * one
    within = x - means[y]
    covariance += shots.own / (len(rest) - 2) * within.T @ within
    return np.linalg.solve(covariance, means[1] - means[0]), means.mean(axis=0)


def fitted_to_all(shots: DividedShots, background: Any) -> np.ndarray:
    return discriminant_of(shots, background, np.arange(len(shots.labels)))[0]


def written_out(shots: DividedShots, background: Any, fold: np.ndarray, at: np.ndarray | None = None) -> np.ndarray:
    """Scores of the shots in `fold`, or of other features, by a fit to the others."""
    weights, middle = discriminant_of(shots, background, np.setdiff1d(np.arange(len(shots.labels)), fold))
    found: np.ndarray = ((shots.features[fold] if at is None else at) - middle) @ weights
    return found


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
    found = solved.held_out(folds, Tiles(np.concatenate(tiles), np.array([len(part) for part in tiles])))
    assert found.deviations is not None
    for shot in range(8):
        with_it = [fold for fold in folds if shot in fold]
        scores = [written_out(shots, background, fold)[fold.tolist().index(shot)] for fold in with_it]
        assert found.scores[shot] == pytest.approx(np.mean(scores))
        local = [written_out(shots, background, fold, tiles[shot] / background.scale).std() for fold in with_it]
        assert found.deviations[shot] == pytest.approx(np.mean(local))


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


def test_one_block_is_head_in_other_units() -> None:
    features, labels = made_up(3, 10, 9)
    head, fused = (decided(name, features, labels, known(4, 9)) for name in ("head", "fused"))
    assert head.weights is not None and fused.weights is not None
    ratio = fused.weights / head.weights
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-9)
    assert ratio[0] > 0 and fused.bias == pytest.approx(head.bias * ratio[0])


def deviation(held_out: np.ndarray, labels: np.ndarray) -> float:
    return float(np.sqrt((held_out[labels == 0].var() + held_out[labels == 1].var()) / 2))


def separation(held_out: np.ndarray, labels: np.ndarray) -> float:
    between = float(held_out[labels == 1].mean() - held_out[labels == 0].mean())
    return max(0.05, between / deviation(held_out, labels))


def test_blocks_and_all_of_them_count_for_how_well_they_tell_shots_left_out() -> None:
    features, labels = made_up(5, 10, 9)
    source = known(6, 9)
    weights, held_out, counts = [], [], []
    for part in (slice(0, 9), *BLOCKS.values()):
        background = source.background.part(part)
        shots = DividedShots.of(features[:, part], labels, background, 20)
        left_out = np.zeros(10)
        for i in range(10):
            folds = [[i, (i + 1 - 2 * (i % 2) + (2 - 4 * (i % 2)) * turn) % 10] for turn in range(3)]
            left_out[i] = np.mean([written_out(shots, background, np.array(fold))[0] for fold in folds])
        unit = deviation(left_out, labels)
        weights.append(np.zeros(9))
        weights[-1][part] = fitted_to_all(shots, background) / background.scale / unit
        held_out.append(left_out / unit)
        counts.append(separation(left_out, labels))
    assert min(counts) == 0.05 < max(counts), "one tells nothing and counts for a little"
    expected = np.average(weights, axis=0, weights=counts)
    expected /= deviation(np.average(held_out, axis=0, weights=counts), labels)
    np.testing.assert_allclose(decided("fused", features, labels, source, blocks=BLOCKS).weights, expected, rtol=1e-7)


def test_several_runs_count_likewise_whatever_the_units_of_their_features() -> None:
    features, labels = made_up(7, 12, 9)
    few = features[:, :2]
    sources = known(8, 9), known(9, 2)
    scores, counts = [], []
    for x, source in zip((features, few), sources, strict=True):
        scores.append(decided("fused", x, labels, source).scores(NONE, x))
        shots = DividedShots.of(x, labels, source.background, 20)
        folds = balanced_folds(labels, [f"g{i}" for i in range(12)])
        assert folds is not None
        counts.append(separation(SolvedShots(shots, source.background).held_out(folds).scores, labels))
    together = np.concatenate([features, few], axis=1)
    found = decided("fused", together, labels, *sources).scores(NONE, together)
    np.testing.assert_allclose(found, np.average(scores, axis=0, weights=counts), rtol=1e-9)
    huge = SourceKnowledge(sources[1].energies, 1e4 * sources[1].features, sources[1].labels)
    together[:, 9:] *= 1e4
    again = decided("fused", together, labels, sources[0], huge).scores(NONE, together)
    np.testing.assert_allclose(again, found, rtol=1e-6)


def test_at_one_shot_the_background_lends_the_units() -> None:
    """Of each run, its score has deviation 1 over the source's images about the means of their classes."""
    features, labels = made_up(10, 2, 9)
    source = known(11, 9)
    weights = decided("fused", features, labels, source, blocks=BLOCKS).weights
    assert weights is not None
    within = source.features - source.features.reshape(10, 2, 9).mean(axis=0)[source.labels]
    assert np.sqrt(np.square(within @ weights).mean()) == pytest.approx(1, rel=1e-6)


def test_features_that_are_all_nought_rank_nothing() -> None:
    nothing = SourceKnowledge(np.zeros((4, 2)), np.zeros((4, 9)), np.array([0, 0, 1, 1]))
    for k in (1, 2):
        found = decided("fused", np.zeros((2 * k, 9)), np.tile([0, 1], k), nothing, blocks=BLOCKS)
        assert found.scores(NONE, np.zeros((1, 9))).tolist() == [0.0]
