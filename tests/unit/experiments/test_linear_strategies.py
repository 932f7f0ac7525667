"""The strategies without a gradient, against numbers worked out by hand. What holds for all is in contract/."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.covariance import ledoit_wolf

from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import load_settings
from forensictransfer.detectors.base import Analysis
from forensictransfer.evaluation.decision import Decision
from forensictransfer.experiments.strategies.background import MOST_ROWS
from forensictransfer.experiments.strategies.base import FewShotTask, SourceKnowledge, strategy
from forensictransfer.experiments.strategies.stopping import stop_rule

# Class means (1, 0) and (4, 3).
SHOTS = np.array([[0, 0], [4, 2], [2, 0], [4, 4]], np.float32)
LABELS = np.array([0, 1, 0, 1])
# Within either class the deviations are (1, 2) and (-1, -2): covariance [[1, 2], [2, 4]].
SOURCE = np.array([[0, 0], [2, 4], [1, 1], [3, 5]], np.float32)
SOURCE_LABELS = np.array([0, 0, 1, 1])
NONE = np.zeros((0, 2), np.float32)


def task(
    features: np.ndarray, labels: np.ndarray, source: np.ndarray = SOURCE, background_shots: int = 20
) -> FewShotTask:
    energies = np.zeros((len(features), 2), np.float32)
    shots: Any = SimpleNamespace(labels=labels, groups=[str(number) for number in range(len(labels))])
    knowledge = SourceKnowledge(np.zeros((len(source), 2), np.float32), source, SOURCE_LABELS)
    detector: Any = None
    settings = load_settings(None, {"adapt.background_shots": background_shots})
    return FewShotTask(detector, shots, Analysis(energies, features), knowledge, settings, draw=0)


def decision(name: str, *args: Any) -> Decision:
    adapted = strategy(name)(task(*args))
    assert not adapted.changed and not adapted.history
    return adapted.decision


def scores(name: str, at: Any, *args: Any) -> np.ndarray:
    return decision(name, *args).scores(NONE, np.asarray(at, np.float32))


def dense(share: float, features: np.ndarray, labels: np.ndarray, source: np.ndarray) -> np.ndarray:
    """The covariance of `head`, written out: the share of the background, the rest of the shots."""
    within = source - np.stack([source[label == SOURCE_LABELS].mean(axis=0) for label in (0, 1)])[SOURCE_LABELS]
    variance = within.var(axis=0)
    scale = np.sqrt(variance + 1e-3 * variance.mean() + 1e-12)
    content = np.cov(within / scale, rowvar=False, bias=True)
    found = share * (0.9 * content + 0.1 * np.trace(content) / len(content) * np.eye(len(content)))
    if share < 1:
        own = (features - np.stack([features[labels == label].mean(axis=0) for label in (0, 1)])[labels]) / scale
        found += (1 - share) * ledoit_wolf(own, assume_centered=True)[0] * len(own) / (len(own) - 2)
    divided: np.ndarray = np.outer(scale, scale) * found
    return divided


@pytest.mark.parametrize("dimensions", [2, 3, 40], ids=["fewer than images", "about as many", "more than images"])
@pytest.mark.parametrize(("name", "factor"), [("head", 1), ("prototype", 2)])
def test_scores_by_the_covariance_written_out(name: str, factor: int, dimensions: int) -> None:
    rng = np.random.default_rng(dimensions)
    source, shots = (rng.normal(size=(4, dimensions)) @ rng.normal(size=(dimensions, dimensions)) for _ in range(2))
    covariance = dense(20 / 22 if name == "head" else 1.0, shots, LABELS, source)
    direction = shots[LABELS == 1].mean(axis=0) - shots[LABELS == 0].mean(axis=0)
    found = decision(name, shots, LABELS, source)
    np.testing.assert_allclose(found.weights, factor * np.linalg.solve(covariance, direction), rtol=1e-6)
    half_way = shots.reshape(2, 2, dimensions).mean(axis=(0, 1))[None]
    np.testing.assert_allclose(found.scores(NONE, half_way), [0], atol=1e-6 * np.abs(found.weights).max())


def test_without_weight_the_background_lends_its_unit_alone() -> None:
    """`adapt.background_shots` 0: the Ledoit-Wolf covariance of the shots, in the background's units."""
    rng = np.random.default_rng(0)
    source, shots = rng.normal(size=(4, 9)), rng.normal(size=(8, 9))
    labels = np.tile([0, 1], 4)
    found = decision("head", shots, labels, source, 0)
    direction = shots[labels == 1].mean(axis=0) - shots[labels == 0].mean(axis=0)
    expected = np.linalg.solve(dense(1e-15, shots, labels, source), direction)
    np.testing.assert_allclose(found.weights, expected, rtol=1e-5)


def test_the_background_of_several_sources_is_the_mean_of_theirs() -> None:
    """However far apart they lie, and however many images each has."""
    one = SourceKnowledge(np.zeros((4, 2), np.float32), SOURCE, SOURCE_LABELS)
    far = SOURCE + np.array([100, -50])
    features = np.concatenate([SOURCE, far, far]).astype(np.float32)
    labels, numbers = np.tile(SOURCE_LABELS, 3), np.repeat([0, 1, 1], 4)
    several = SourceKnowledge(np.zeros((12, 2), np.float32), features, labels, numbers)
    np.testing.assert_allclose(several.background.scale, one.background.scale, rtol=1e-5)
    covariances = [known.background.rows.T @ known.background.rows for known in (several, one)]
    np.testing.assert_allclose(covariances[0], covariances[1], rtol=1e-5)
    mixed = SourceKnowledge(np.zeros((12, 2), np.float32), features, labels)
    assert mixed.background.scale.min() > 10 * one.background.scale.max()


def test_a_large_source_is_thinned_out_and_its_variances_are_not() -> None:
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(3 * MOST_ROWS, 3)) * [1, 5, 25], np.tile([0, 1], 3 * MOST_ROWS // 2)
    background = SourceKnowledge(np.zeros((len(labels), 2)), features, labels).background
    assert background.rows.shape == (MOST_ROWS, 3)
    variance = features.var(axis=0)
    np.testing.assert_allclose(background.scale, np.sqrt(variance + 1e-3 * variance.mean()), rtol=0.001)
    np.testing.assert_allclose(background.rows.T @ background.rows, np.diag([0.83, 1, 1]), atol=0.1)


def test_features_in_one_unit_keep_their_proportions() -> None:
    """Variances 1 and 9 about the class means: the unit is the root of 5."""
    source = np.array([[1, 3], [-1, -3], [1, -3], [-1, 3]], np.float32)
    known = SourceKnowledge(np.zeros((4, 2)), source, SOURCE_LABELS, equal_units=True)
    np.testing.assert_allclose(known.background.scale, np.sqrt(5.005))
    covariance = known.background.rows.T @ known.background.rows
    np.testing.assert_allclose(np.diag(covariance), np.array([1, 9]) / 5.005)


def test_photographs_given_instead_are_the_background() -> None:
    rng = np.random.default_rng(0)
    photographs = (rng.normal(size=(50, 2)) * [3, 7],)
    photographs = tuple(features - features.mean(axis=0) for features in photographs)
    known = SourceKnowledge(np.zeros((4, 2)), SOURCE, SOURCE_LABELS, photographs=photographs)
    np.testing.assert_allclose(known.background.scale, photographs[0].std(axis=0), rtol=0.01)


def test_shots_held_out_show_where_the_threshold_of_head_belongs() -> None:
    """Fakes that vary more than reals pull their own mean along the weights: fitted to them, the threshold is off."""
    rng = np.random.default_rng(0)
    spread, shift = np.array([1.0, 3.0])[:, None], np.array([0.0, 0.6])[:, None]

    def images(labels: np.ndarray) -> np.ndarray:
        return (rng.normal(size=(len(labels), 400)) * spread[labels] + shift[labels]).astype(np.float32)

    labels, tested = np.tile([0, 1], 10), np.tile([0, 1], 500)
    settings = load_settings(None, {"adapt.held_out": True, "adapt.strategy": "head", "adapt.background_shots": 1000})
    source = rng.normal(size=(200, 400)).astype(np.float32)
    knowledge = SourceKnowledge(np.zeros((200, 2)), source, np.tile([0, 1], 100))
    shots: Any = SimpleNamespace(labels=labels, groups=[str(number) for number in range(20)])
    features, detector = images(labels), cast(Any, None)
    analysis = Analysis(np.zeros((20, 2), np.float32), features)
    adapted = strategy("head")(FewShotTask(detector, shots, analysis, knowledge, settings, draw=0))
    assert adapted.held_out is not None
    test = adapted.decision.scores(NONE, images(tested))
    right = []
    for seen in (adapted.held_out, adapted.decision.scores(NONE, features)):
        threshold = adapted.decision.fitted("midpoint", seen, labels, "shots").threshold
        right.append(float(np.mean((test > threshold) == tested)))
    assert right[0] > right[1] + 0.1


def test_head_turns_away_from_where_the_shots_spread() -> None:
    """The means differ in the first feature alone, the shots of a class along the diagonal."""
    shots = np.array([[-2, -2], [3, -2], [2, 2], [7, 2]], np.float32)
    even = np.array([[1, 1], [-1, -1], [1, -1], [-1, 1]], np.float32)
    head, prototype = (decision(name, shots, LABELS, even).weights for name in ("head", "prototype"))
    assert head is not None and prototype is not None
    assert head[0] > 0 > head[1]
    assert prototype[0] > 0 == pytest.approx(prototype[1], abs=1e-12)


def test_head_at_one_shot_is_the_prototype() -> None:
    """One shot of each class has no spread, so that the background decides alone."""
    head, prototype = (scores(name, SOURCE, SHOTS[:2], LABELS[:2]) for name in ("head", "prototype"))
    np.testing.assert_array_equal(head, prototype)


def test_prototype_by_hand() -> None:
    """Variances within the source's classes are 1/2 and 2 without covariance, 0.00125 is added to the unit.

    S is 0.9 of them and 0.1 of their mean: score = sum (d_0^2 - d_1^2) / S.
    """
    even = np.array([[1, 0], [-1, 0], [0, 2], [0, -2]], np.float32)
    units = np.array([0.50125, 2.00125])
    variances = np.array([0.5, 2.0]) / units
    a, b = units * (0.9 * variances + 0.1 * variances.mean())
    at = [[1, 0], [4, 3], [2.5, 1.5], [4, 0]]
    expected = [-(9 / a + 9 / b), 9 / a + 9 / b, 0, 9 / a - 9 / b]
    np.testing.assert_allclose(scores("prototype", at, SHOTS, LABELS, even), expected, atol=1e-5)


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
    assert (found.argsort() == scores(name, SHOTS, SHOTS, LABELS).argsort()).all()
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
