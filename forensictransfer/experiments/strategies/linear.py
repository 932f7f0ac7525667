"""Strategies without a gradient: a new threshold, or a linear score on the features that the detector gives anyway."""

from __future__ import annotations

import numpy as np
from sklearn.covariance import ledoit_wolf

from forensictransfer.evaluation.decision import Decision
from forensictransfer.experiments.strategies.base import Adapted, FewShotTask

_PRIOR_SHOTS = 4  # weight of the source's variances beside the shots', as in the threshold rule `midpoint`


def threshold(task: FewShotTask) -> Adapted:
    """Keep the score a_1 - a_0; what is re-fitted on the shots is the threshold, by the rule in the settings."""
    return Adapted(Decision())


def head(task: FewShotTask) -> Adapted:
    """Adapt by a linear discriminant on the features, whose covariance is shrunk so far that a few shots are enough.

    score = w . (x - (m_0 + m_1) / 2), w = S^-1 (m_1 - m_0), with m_c the mean of the shots of class c, all features
    divided by their standard deviation within the source's classes. S mixes what 2k shots show with the source's unit
    variances, which count as much as 4 shots: S = ((2k - 2) L + 4 I) / (2k - 2 + 4), L the Ledoit-Wolf estimate from
    the shots about their class means. At k = 1 it is `prototype`.

    Sources: R. A. Fisher, "The use of multiple measurements in taxonomic problems", 1936; O. Ledoit, M. Wolf, "A
    well-conditioned estimator for large-dimensional covariance matrices", 2004.
    """
    features, labels = task.analysis.features.astype(np.float64), task.shots.labels
    means = class_means(features, labels)
    scale = np.sqrt(source_variance(task))
    freedom = len(features) - 2
    covariance = _PRIOR_SHOTS * np.eye(len(scale))
    if freedom > 0:
        covariance += freedom * ledoit_wolf((features - means[labels]) / scale, assume_centered=True)[0]
    covariance /= freedom + _PRIOR_SHOTS
    return Adapted(linear_decision(np.linalg.solve(covariance, (means[1] - means[0]) / scale) / scale, means))


def prototype(task: FewShotTask) -> Adapted:
    """Adapt by the nearest class mean: score = d(x, m_0)^2 - d(x, m_1)^2 with m_c the mean of the shots of class c.

    Distances are Euclidean in features divided by their standard deviation within the source's classes. The score is
    linear in x: 2 (m_1 - m_0) . x / s^2 + constant.

    Source: J. Snell, K. Swersky, R. Zemel, "Prototypical Networks for Few-shot Learning", 2017.
    """
    means = class_means(task.analysis.features.astype(np.float64), task.shots.labels)
    return Adapted(linear_decision(2 * (means[1] - means[0]) / source_variance(task), means))


def source_variance(task: FewShotTask) -> np.ndarray:
    """Compute the variance of each feature within the source's classes, float64 (d,).

    Of several sources it is the mean of theirs: how far their means lie apart is no spread of either. It is kept off
    zero: a channel may be dead.
    """
    found = []
    for rows in task.source.by_source():
        source, labels = task.source.features[rows].astype(np.float64), task.source.labels[rows]
        found.append((source - class_means(source, labels)[labels]).var(axis=0))
    variance: np.ndarray = np.mean(found, axis=0)
    return variance + 1e-3 * variance.mean() + 1e-12


def class_means(features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Compute the mean features of reals and of fakes, (2, d), from features (n, d) and labels (n,) of both classes."""
    return np.stack([features[labels == label].mean(axis=0) for label in (0, 1)])


def linear_decision(weights: np.ndarray, means: np.ndarray) -> Decision:
    """Build the decision by the score weights . x, shifted so that it is 0 half-way between the class means (2, d)."""
    return Decision(weights=weights, bias=-float(weights @ means.sum(axis=0)) / 2)
