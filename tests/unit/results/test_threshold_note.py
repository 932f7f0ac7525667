"""A result whose scores are good and whose threshold is not says so."""

from __future__ import annotations

import pytest
from scipy.stats import norm

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.results.formats.metrics import Metrics
from forensictransfer.results.threshold_note import attainable, threshold_note, threshold_notes
from tests.documents import metrics_of


def metrics(accuracy: tuple[float | None, ...], auc: tuple[float | None, ...]) -> Metrics:
    return metrics_of("b", metrics={"balanced_accuracy": Estimate(*accuracy), "auc": Estimate(*auc)})


@pytest.mark.parametrize("distance", [0.0, 0.5, 1.0, 2.9])
def test_the_best_threshold_of_two_normal_classes(distance: float) -> None:
    auc = float(norm.cdf(distance / 2**0.5))
    assert attainable(auc) == pytest.approx(norm.cdf(distance / 2))
    assert attainable(1.0) == 1.0


def test_a_threshold_that_calls_everything_fake_is_noted() -> None:
    """AUC 0.98: distance 2.904, of which half is 1.452: 92.7 %."""
    (line,) = threshold_notes([metrics((0.5, 0.48, 0.53), (0.98, 0.96, 0.99))] * 2)
    assert line.startswith("note: b: ")
    assert "AUC 0.980" in line
    assert "50.0 %, about 93 % possible" in line
    assert "adapt --strategy threshold" in line


@pytest.mark.parametrize(
    ("accuracy", "auc"),
    [
        ((0.90, 0.88, 0.92), (0.98, 0.96, 0.99)),  # good enough
        ((0.5, 0.45, 0.55), (0.56, 0.45, 0.66)),  # chance in both
        ((0.5, 0.45, 0.55), (0.80, 0.55, 0.95)),  # too few images to say
        ((0.3, 0.2, 0.4), (0.2, 0.1, 0.3)),  # worse than chance: no threshold helps
        ((None, None, None), (0.98, 0.96, 0.99)),
        ((0.5, 0.48, 0.53), (None, None, None)),
    ],
)
def test_other_results_are_not(accuracy: tuple[float | None, ...], auc: tuple[float | None, ...]) -> None:
    assert threshold_note(metrics(accuracy, auc)) is None
