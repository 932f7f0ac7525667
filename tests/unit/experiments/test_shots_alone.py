"""The classifier of the shots alone, checked by hand and against the covariance written out."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf

from forensictransfer.core.settings import AdaptSettings
from forensictransfer.detectors.evidence import Analysis
from forensictransfer.evaluation.decision import Decision
from forensictransfer.experiments.strategies.shots_alone import DISCRIMINANT, NEAREST_MEAN, classifier_of, fit_shots

OPTIONS = AdaptSettings()


def fitted(features: np.ndarray, labels: np.ndarray) -> Decision:
    analysis = Analysis(np.zeros((len(features), 2)), features)
    return fit_shots(analysis, labels, [str(i) for i in range(len(labels))], OPTIONS).decision


def scores(features: np.ndarray, labels: np.ndarray, x: np.ndarray) -> np.ndarray:
    return fitted(features, labels).scores(np.zeros((len(x), 2)), x)


def test_one_shot_of_each_class_gives_the_nearest_mean() -> None:
    """Real (0, 0), fake (2, 0): the score is x_0 - 1, whatever x_1 is, in a unit of its own."""
    found = scores(
        np.array([[0.0, 0.0], [2.0, 0.0]]), np.array([0, 1]), np.array([[0.0, 5.0], [1.0, -3.0], [3.0, 0.0]])
    )
    np.testing.assert_allclose(found / found[2], [-0.5, 0.0, 1.0])
    assert classifier_of(1) == NEAREST_MEAN and classifier_of(2) == DISCRIMINANT


def test_classes_that_differ_in_a_quiet_and_in_a_loud_feature() -> None:
    """Both features differ by 4 between the classes; within them only the second varies, so it counts less."""
    x = np.array([[0, 0], [0, 2], [4, 4], [4, 6]], float)
    decision = fitted(x, np.array([0, 0, 1, 1]))
    assert decision.weights is not None
    assert decision.weights[0] > decision.weights[1] > 0
    assert decision.scores(np.zeros((1, 2)), np.array([[2.0, 3.0]])) == pytest.approx([0.0]), (
        "half-way between the means"
    )


def test_classes_without_any_spread_give_the_nearest_mean() -> None:
    x = np.repeat([[0.0, 0.0], [2.0, 0.0]], 3, axis=0)
    found = scores(x, np.repeat([0, 1], 3), np.array([[1.5, 9.0], [2.0, -4.0]]))
    np.testing.assert_allclose(found / found[1], [0.5, 1.0])
    assert found[1] > 0


def test_with_more_features_than_images_it_is_the_discriminant_of_the_shrunk_covariance() -> None:
    rng = np.random.default_rng(0)
    labels = np.tile([0, 1], 6)
    x = rng.normal(size=(12, 40)) + labels[:, None] * 0.5
    means = np.stack([x[labels == label].mean(axis=0) for label in (0, 1)])
    covariance, shrinkage = ledoit_wolf(x - means[labels], assume_centered=True)
    assert 0.001 < shrinkage < 1
    weights = np.linalg.solve(covariance, means[1] - means[0])
    test = rng.normal(size=(5, 40))
    found, expected = scores(x, labels, test), (test - means.mean(axis=0)) @ weights
    assert found[0] * expected[0] > 0
    np.testing.assert_allclose(found / found[0], expected / expected[0], rtol=1e-8)
