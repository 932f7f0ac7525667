"""The strategies without a gradient, against numbers worked out by hand. What holds for all is in contract/."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensictransfer.decision import Decision
from forensictransfer.detectors.base import Analysis
from forensictransfer.errors import UserError
from forensictransfer.strategies.base import FewShotTask, SourceKnowledge, strategy

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
    """Pooled: (2 [[1, 2], [2, 4]] + diag(2, 2)) / 6 = [[4, 4], [4, 10]] / 6; shrunk by 0.1: [[4, 3.6], [3.6, 10]] / 6.

    w = S^-1 (3, 3) = 6 / 27.04 (19.2, 1.2); half-way between the means, at (2.5, 1.5), the score is 0.
    """
    found = decision("head", SHOTS, LABELS)
    np.testing.assert_allclose(found.weights, [6 * 19.2 / 27.04, 6 * 1.2 / 27.04], rtol=1e-6)
    np.testing.assert_allclose(found.scores(NONE, np.array([[2.5, 1.5], [3.5, 1.5]])), [0, 6 * 19.2 / 27.04], atol=1e-6)


def test_head_at_one_shot_lives_on_the_sources_covariance() -> None:
    """One shot per class has no spread: pooled = 2 [[1, 2], [2, 4]] / 4, shrunk [[1, 1.8], [1.8, 4]] / 2."""
    found = decision("head", SHOTS[:2], LABELS[:2])
    expected = 2 * np.array([4 * 4 - 1.8 * 2, -1.8 * 4 + 2]) / (4 - 1.8**2)
    np.testing.assert_allclose(found.weights, expected, rtol=1e-6)


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


def test_unknown_names_are_refused_with_the_nearest() -> None:
    with pytest.raises(UserError, match="unknown strategy 'protoype'.*perhaps you meant 'prototype'"):
        strategy("protoype")
