"""Decisions: numbers by hand, and back from JSON to the same verdicts."""

from __future__ import annotations

import json

import numpy as np
import pytest

from forensictransfer.detectors.evidence import Analysis, Tiles
from forensictransfer.evaluation.decision import Decision
from forensictransfer.evaluation.thresholds import THRESHOLD_RULES
from forensictransfer.results.formats.decision import DecisionFile

ENERGIES = np.array([[0.9, 0.1], [0.25, 0.75], [0.5, 0.5]], np.float32)
FEATURES = np.array([[1.0, 2.0], [3.0, 4.0], [0.0, -1.0]], np.float32)


def test_the_score_is_the_fake_energy_less_the_real_one() -> None:
    scores = Decision().scores(ENERGIES, FEATURES)
    np.testing.assert_allclose(scores, [-0.8, 0.5, 0.0], atol=1e-7)
    assert scores.dtype == np.float64
    assert (scores > Decision().threshold).tolist() == [False, True, False]  # a tie is called real


def test_weights_put_a_linear_score_in_its_place() -> None:
    decision = Decision(weights=np.array([2.0, -1.0]), bias=0.5)
    assert decision.scores(ENERGIES, FEATURES).tolist() == [0.5, 2.5, 1.5]


TILES = Tiles(
    np.array([[0, 9], [1, 2], [2, 7], [5, 5]], np.float32),
    np.array([[1, 2], [3, 4], [5, 0], [0, -1]], np.float32),
    np.array([1, 2, 1]),
)


def test_a_spread_adds_what_the_tiles_of_an_image_differ_by() -> None:
    """The second image's tiles have scores 2 and 10: deviation 4. One tile differs from nothing."""
    weights = np.array([2.0, -1.0])
    np.testing.assert_allclose(TILES.deviations(Decision(weights=weights).tile_scores), [0, 4, 0])
    assert [len(tiles) for tiles in TILES] == [1, 2, 1]
    decision = Decision(weights=weights, bias=0.5, spread=2.0)
    assert decision.scores(ENERGIES, FEATURES, TILES).tolist() == [0.5, 10.5, 1.5]
    assert decision.tile_scores(ENERGIES, FEATURES).tolist() == [0.5, 2.5, 1.5]
    with pytest.raises(ValueError, match="tiles"):
        decision.scores(ENERGIES, FEATURES)


def test_without_weights_it_is_the_energies_of_tiles_that_differ() -> None:
    """The second image's tiles have scores 1 and 5: deviation 2."""
    decision = Decision(spread=2.0)
    expected = Decision().scores(ENERGIES, FEATURES) + np.array([0, 4, 0])
    np.testing.assert_allclose(decision.scores(ENERGIES, FEATURES, TILES), expected)
    chosen = Analysis(ENERGIES, FEATURES, TILES).subset([2, 1])
    np.testing.assert_allclose(decision.scores(chosen.energies, chosen.features, chosen.tiles), expected[[2, 1]])


def test_the_probability_is_a_half_at_the_threshold() -> None:
    decision = Decision(threshold=0.2, slope=3.0)
    scores = np.array([0.2, 0.2 + np.log(3) / 3, 0.2 - np.log(3) / 3])
    np.testing.assert_allclose(decision.probabilities(scores), [0.5, 0.75, 0.25])


@pytest.mark.parametrize("rule", sorted(THRESHOLD_RULES))
def test_fitting_changes_where_fake_begins_and_nothing_else(rule: str) -> None:
    before = Decision(weights=np.array([1.0, 0.0]), bias=-2.0)
    scores, labels = np.array([0.0, 1.0, 3.0, 4.0]), np.array([0, 0, 1, 1])
    after = before.fitted(rule, scores, labels, "shots")
    assert after.threshold == pytest.approx(0.0 if rule == "zero" else 2.0)
    assert (after.rule, after.chosen_on, after.bias) == (rule, "shots", -2.0)
    assert after.weights is before.weights and after.slope > 0
    assert before.threshold == 0.0 and before.rule == "zero"


@pytest.mark.parametrize("weights", [None, np.array([0.1, -1 / 3])])
def test_the_same_verdicts_come_back_from_json(weights: np.ndarray | None) -> None:
    decision = Decision(
        weights=weights, bias=1 / 7, threshold=0.1 + 0.2, slope=np.pi, rule="midpoint", chosen_on="shots", spread=2.0
    )
    again = DecisionFile.model_validate(json.loads(DecisionFile.of(decision).model_dump_json())).decision()
    assert DecisionFile.of(again) == DecisionFile.of(decision)
    scores = decision.scores(ENERGIES, FEATURES, TILES)
    np.testing.assert_array_equal(again.scores(ENERGIES, FEATURES, TILES), scores)
    np.testing.assert_array_equal(again.probabilities(scores), decision.probabilities(scores))


def test_a_file_from_before_there_was_a_spread_means_the_mean() -> None:
    about = {"weights": [1.0], "bias": 0.0, "threshold": 0.0, "slope": 1.0, "rule": "zero", "chosen_on": "shots"}
    assert DecisionFile.model_validate(about).decision().spread == 0.0
