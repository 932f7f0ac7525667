"""Strategies without a gradient: a new threshold, or a linear score on the features that the detector gives anyway."""

from __future__ import annotations

import numpy as np

from forensictransfer.decision import Decision
from forensictransfer.strategies.base import Adapted, FewShotTask


def threshold(task: FewShotTask) -> Adapted:
    """Keep the score a_1 - a_0; what is re-fitted on the shots is the threshold, by the rule in the settings."""
    return Adapted(Decision())


def head(task: FewShotTask) -> Adapted:
    """Linear discriminant on the features, with a covariance that the shots alone could never estimate.

    w = S^-1 (m_1 - m_0), score = w . (x - (m_0 + m_1) / 2), with m_c the mean of the shots of class c. S is the
    covariance within classes, pooled over the n_s images of the source and the 2k shots in proportion to what each
    knows, then shrunk towards its diagonal: S = (1 - g) P + g diag(P), P = (n_s' S_s + 2k S_t) / (n_s' + 2k).
    The source's images count as n_s' = min(n_s, d) of d features: enough to make P regular, few enough that shots of
    another domain can outvote them.

    Source: J. H. Friedman, "Regularized Discriminant Analysis", 1989 (shrinkage of both kinds).
    """
    features, labels = task.analysis.features.astype(np.float64), task.shots.labels
    means = class_means(features, labels)
    within_shots = features - means[labels]
    source = task.source.features.astype(np.float64)
    within_source = source - class_means(source, task.source.labels)[task.source.labels]
    weight = min(len(source), source.shape[1])
    pooled = weight * (within_source.T @ within_source) / len(source) + within_shots.T @ within_shots
    pooled /= weight + len(features)
    shrunk = (1 - SHRINKAGE) * pooled + SHRINKAGE * np.diag(np.diag(pooled))
    shrunk += 1e-9 * np.trace(shrunk) / len(shrunk) * np.eye(len(shrunk))
    return Adapted(linear_decision(np.linalg.solve(shrunk, means[1] - means[0]), means))


SHRINKAGE = 0.1


def prototype(task: FewShotTask) -> Adapted:
    """Nearest class mean: score = d(x, m_0)^2 - d(x, m_1)^2 with m_c the mean of the shots of class c.

    Distances are Euclidean in features divided by their standard deviation within the source's classes. The score is
    linear in x: 2 (m_1 - m_0) . x / s^2 + constant.

    Source: J. Snell, K. Swersky, R. Zemel, "Prototypical Networks for Few-shot Learning", 2017.
    """
    means = class_means(task.analysis.features.astype(np.float64), task.shots.labels)
    source = task.source.features.astype(np.float64)
    within = source - class_means(source, task.source.labels)[task.source.labels]
    variance = within.var(axis=0)
    variance += 1e-3 * variance.mean() + np.finfo(np.float64).tiny
    return Adapted(linear_decision(2 * (means[1] - means[0]) / variance, means))


def class_means(features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Mean features of reals and of fakes, (2, d), from features (n, d) and labels (n,) of both classes."""
    return np.stack([features[labels == label].mean(axis=0) for label in (0, 1)])


def linear_decision(weights: np.ndarray, means: np.ndarray) -> Decision:
    """The score weights . x, shifted so that it is 0 half-way between the class means (2, d)."""
    return Decision(weights=weights, bias=-float(weights @ means.sum(axis=0)) / 2)
