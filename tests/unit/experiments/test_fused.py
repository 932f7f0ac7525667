"""The strategy `fused`: standardised by shots left out, against refits written out; several blocks, several runs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from forensictransfer.core.settings import load_settings
from forensictransfer.detectors.base import Analysis
from forensictransfer.evaluation.decision import Decision
from forensictransfer.experiments.strategies.base import FewShotTask, SourceKnowledge, strategy
from forensictransfer.experiments.strategies.held_out import SolvedShots, balanced_folds
from forensictransfer.experiments.strategies.shots import DividedShots
from tests.discriminants import fitted_to_all, known, made_up, written_out

NONE = np.zeros((0, 2), np.float32)
BLOCKS = {"one": slice(0, 4), "two": slice(4, 9)}


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
