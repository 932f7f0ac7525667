"""Local forgeries: what an image's tiles differ by counts where shots that were left out say so."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from forensictransfer.core.settings import load_settings
from forensictransfer.detectors.evidence import Analysis, Tiles
from forensictransfer.evaluation.decision import Decision
from forensictransfer.evaluation.pooling import SPREAD
from forensictransfer.experiments.strategies.base import Adapted, FewShotTask, SourceKnowledge, strategy
from forensictransfer.experiments.strategies.held_out import HeldOut
from forensictransfer.experiments.strategies.pooling import chosen_spread

LABELS = np.tile([0, 1], 10)
RANKED = np.arange(20) % 7.0


def held_out(scores: np.ndarray, deviations: np.ndarray | None) -> HeldOut:
    return HeldOut(scores, None if deviations is None else tuple(np.array([[-one, one]]) for one in deviations))


def test_what_is_asked_for_and_what_there_is() -> None:
    nothing = held_out(np.zeros(20), None)
    for pooling, told, tiled, expected in (
        ("mean", held_out(np.zeros(20), 1.0 * LABELS), True, 0.0),
        ("spread", None, True, SPREAD),
        ("spread", None, False, 0.0),
        ("auto", None, True, 0.0),
        ("auto", nothing, True, 0.0),
        ("auto", held_out(RANKED, 1.0 * LABELS), True, SPREAD),
        ("auto", held_out(RANKED, 1.0 * LABELS), False, 0.0),
        ("auto", held_out(RANKED, 1.0 * (1 - LABELS)), True, 0.0),
    ):
        assert chosen_spread(pooling, told, LABELS, tiled=tiled) == expected


def images(rng: np.random.Generator, labels: np.ndarray, *, local: bool) -> Analysis:
    """Nine tiles each; of a fake one of them, or all, lie elsewhere in the first of three features."""
    tiles = rng.normal(size=(len(labels), 9, 3)) + rng.normal(size=(len(labels), 1, 3))
    tiles[labels == 1, : 1 if local else None, 0] += 9 if local else 2
    counts = np.full(len(labels), 9)
    features = tiles.mean(axis=1).astype(np.float32)
    rows = tiles.reshape(-1, 3).astype(np.float32)
    return Analysis(np.zeros((len(labels), 2)), features, Tiles(np.zeros((len(rows), 2)), rows, counts))


def adapted(analysis: Analysis, strategy_name: str = "head", **settings: Any) -> Adapted:
    rng = np.random.default_rng(9)
    source = SourceKnowledge(
        np.zeros((60, 2)), images(rng, np.zeros(60, int), local=False).features, np.tile([0, 1], 30)
    )
    shots: Any = SimpleNamespace(labels=LABELS, groups=[str(i) for i in range(20)])
    detector: Any = SimpleNamespace(feature_blocks={"one": slice(0, 2), "two": slice(2, 3)})
    asked = {"adapt.strategy": strategy_name, **{f"adapt.{name}": one for name, one in settings.items()}}
    chosen = load_settings(None, asked)
    return strategy(strategy_name)(FewShotTask(detector, shots, analysis, source, chosen, 0))


def right(decision: Decision, seen: np.ndarray, test: Analysis, labels: np.ndarray) -> float:
    decided = decision.fitted("midpoint", seen, LABELS, "shots held out")
    scores = decided.scores(test.energies, test.features, test.tiles)
    return float(np.mean((scores > decided.threshold) == labels))


@pytest.mark.parametrize("name", ["head", "fused"])
@pytest.mark.parametrize("local", [True, False])
def test_a_forgery_of_one_tile_in_nine_is_found_by_what_the_tiles_differ_by(local: bool, name: str) -> None:
    rng, labels = np.random.default_rng(0), np.tile([0, 1], 200)
    shots, test = images(rng, LABELS, local=local), images(rng, labels, local=local)
    found, mean = adapted(shots, name), adapted(shots, name, pooling="mean")
    assert found.decision.spread == (SPREAD if local else 0.0) and mean.decision.spread == 0.0
    np.testing.assert_array_equal(found.decision.weights, mean.decision.weights)
    assert found.held_out is not None and mean.held_out is not None
    reached, by_mean = (
        right(one.decision, one.held_out, test, labels) for one in (found, mean) if one.held_out is not None
    )
    if local:
        assert reached > by_mean + 0.1
    else:
        assert reached == by_mean > 0.75


def test_without_tiles_it_is_the_mean() -> None:
    analysis = images(np.random.default_rng(0), LABELS, local=True)
    assert adapted(Analysis(analysis.energies, analysis.features)).decision.spread == 0.0


def test_the_threshold_need_not_see_shots_held_out() -> None:
    found = adapted(images(np.random.default_rng(0), LABELS, local=True), held_out=False)
    assert found.decision.spread == SPREAD and found.held_out is None
