"""The strategies without a gradient, against numbers worked out by hand. What holds for all is in contract/."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensictransfer.core.errors import UserError
from forensictransfer.detectors.base import Analysis
from forensictransfer.evaluation.decision import Decision
from forensictransfer.experiments.strategies.base import FewShotTask, SourceKnowledge, strategy
from forensictransfer.experiments.strategies.linear import source_variance
from forensictransfer.experiments.strategies.stopping import stop_rule

# Class means (1, 0) and (4, 3).
SHOTS = np.array([[0, 0], [4, 2], [2, 0], [4, 4]], np.float32)
LABELS = np.array([0, 1, 0, 1])
# Within either class the deviations are (1, 2) and (-1, -2): covariance [[1, 2], [2, 4]].
SOURCE = np.array([[0, 0], [2, 4], [1, 1], [3, 5]], np.float32)
SOURCE_LABELS = np.array([0, 0, 1, 1])
NONE = np.zeros((0, 2), np.float32)


def task(features: np.ndarray, labels: np.ndarray, source: np.ndarray = SOURCE) -> FewShotTask:
    energies = np.zeros((len(features), 2), np.float32)
    shots: Any = SimpleNamespace(labels=labels)
    knowledge = SourceKnowledge(np.zeros((len(source), 2), np.float32), source, SOURCE_LABELS)
    detector: Any = None
    settings: Any = None
    return FewShotTask(detector, shots, Analysis(energies, features), knowledge, settings, draw=0)


def decision(name: str, *args: Any) -> Decision:
    adapted = strategy(name)(task(*args))
    assert not adapted.changed and not adapted.history
    return adapted.decision


def scores(name: str, at: Any, *args: Any) -> np.ndarray:
    return decision(name, *args).scores(NONE, np.asarray(at, np.float32))


def test_head_by_hand() -> None:
    """Shots spread by (+-1, 0) and (0, +-1), the source by v = 1.001 in both features: L = I / 2v, S = (2 L + 4) / 6.

    In features divided by sqrt(v): w = (3, 3) / sqrt(v) / S; in the features themselves 18 / (1 + 4 v), twice.
    """
    even = np.array([[0, 0], [2, 2], [1, 1], [3, 3]], np.float32)
    found = decision("head", SHOTS, LABELS, even)
    np.testing.assert_allclose(found.weights, [18 / 5.004, 18 / 5.004], rtol=1e-6)
    at = np.array([[2.5, 1.5], [3.5, 1.5]])  # half-way between the means the score is 0
    np.testing.assert_allclose(found.scores(NONE, at), [0, 18 / 5.004], atol=1e-6)


def test_the_spread_of_several_sources_is_the_mean_of_theirs() -> None:
    """However far apart they lie, and however many images each has."""
    far, one = SOURCE + np.array([100, -50]), task(SHOTS, LABELS)
    features = np.concatenate([SOURCE, far, far]).astype(np.float32)
    labels, numbers = np.tile(SOURCE_LABELS, 3), np.repeat([0, 1, 1], 4)
    knowledge = SourceKnowledge(np.zeros((12, 2), np.float32), features, labels, numbers)
    np.testing.assert_allclose(source_variance(replace(one, source=knowledge)), source_variance(one), rtol=1e-5)
    mixed = SourceKnowledge(np.zeros((12, 2), np.float32), features, labels)
    assert source_variance(replace(one, source=mixed)).min() > 100 * source_variance(one).max()


def test_head_turns_away_from_where_the_shots_spread() -> None:
    """The means differ in the first feature alone, the shots of a class along the diagonal."""
    shots = np.array([[-2, -2], [3, -2], [2, 2], [7, 2]], np.float32)
    head, prototype = (decision(name, shots, LABELS).weights for name in ("head", "prototype"))
    assert head is not None and prototype is not None
    assert head[0] > 0 > head[1]
    assert prototype[0] > 0 == prototype[1]


def test_head_at_one_shot_is_the_prototype() -> None:
    """One shot of each class has no spread, so that the source's variances decide alone; the unit is another one."""
    head, prototype = (scores(name, SOURCE, SHOTS[:2], LABELS[:2]) for name in ("head", "prototype"))
    np.testing.assert_allclose(2 * head, prototype, rtol=1e-9)


def test_prototype_by_hand() -> None:
    """Variances within the source's classes are 1 and 4, raised by 0.0025: score = sum (d_0^2 - d_1^2) / s^2."""
    a, b = 1.0025, 4.0025
    at = [[1, 0], [4, 3], [2.5, 1.5], [4, 0]]
    expected = [-(9 / a + 9 / b), 9 / a + 9 / b, 0, 9 / a - 9 / b]
    np.testing.assert_allclose(scores("prototype", at, SHOTS, LABELS), expected, atol=1e-5)


def test_threshold_keeps_the_score() -> None:
    assert decision("threshold", SHOTS, LABELS) == Decision()


@pytest.mark.parametrize("name", ["head", "prototype"])
@given(order=st.permutations(range(4)))
def test_the_order_of_the_shots_does_not_matter(name: str, order: list[int]) -> None:
    at = SHOTS + 0.5
    shuffled = scores(name, at, SHOTS[order], LABELS[order])
    np.testing.assert_allclose(shuffled, scores(name, at, SHOTS, LABELS), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["head", "prototype"])
def test_channels_that_never_fire_do_no_harm(name: str) -> None:
    def with_dead(features: np.ndarray) -> np.ndarray:
        return np.pad(features, ((0, 0), (0, 1)))

    found = scores(name, with_dead(SHOTS), with_dead(SHOTS), LABELS, with_dead(SOURCE))
    assert np.isfinite(found).all()
    assert ((found > 0) == LABELS).all()
    nothing = scores(name, np.zeros((1, 2)), np.zeros((2, 2), np.float32), LABELS[:2], np.zeros((4, 2), np.float32))
    assert nothing.tolist() == [0.0], "features that are all nought rank nothing"


def test_the_plateau_is_seen_in_the_losses_on_the_shots() -> None:
    """30 steps no better by 1 % than the 30 before them; what came earlier does not count."""
    plateau = stop_rule("plateau")
    assert not plateau([1.0] * 59), "too few to say"
    assert plateau([1.0] * 60) and plateau([1.0] * 30 + [0.995] * 30)
    assert not plateau([1.0] * 30 + [0.98] * 30)
    assert plateau([9.0] * 100 + [1.0] * 60)
    falling = [0.99**step for step in range(200)]
    assert not any(plateau(falling[:step]) for step in range(200))
    assert not stop_rule("steps")([1.0] * 1000)
    with pytest.raises(UserError, match="'plato'", check=lambda error: error.code == "name-unknown"):
        stop_rule("plato")


def test_unknown_names_are_refused_with_the_nearest() -> None:
    with pytest.raises(UserError, match="'protoype'.*'prototype'", check=lambda error: error.code == "name-unknown"):
        strategy("protoype")
