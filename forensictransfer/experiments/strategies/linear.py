"""Strategies without a gradient: a new threshold, or a linear score on the features that the detector gives anyway."""

from __future__ import annotations

import numpy as np

from forensictransfer.detectors.discriminant import LinearScore, class_means, linear_score
from forensictransfer.evaluation.decision import Decision
from forensictransfer.experiments.strategies import holds_out
from forensictransfer.experiments.strategies.base import Adapted, FewShotTask
from forensictransfer.experiments.strategies.held_out import group_folds, held_out_scores
from forensictransfer.experiments.strategies.shots import DividedShots


def threshold(task: FewShotTask) -> Adapted:
    """Keep the score a_1 - a_0; what is re-fitted on the shots is the threshold, by the rule in the settings."""
    return Adapted(Decision())


def head(task: FewShotTask) -> Adapted:
    """Adapt by a linear discriminant on the features, whose covariance within classes the background helps to estimate.

    score = w . (x - (m_0 + m_1) / 2), w = S^-1 (m_1 - m_0), with m_c the mean of the k shots of class c. What varies
    with a photograph's content varies much alike everywhere, and hundreds of images of the source (or of
    `adapt.background`) show it better than 2k shots: S = a L + (1 - a) (0.9 S_0 + 0.1 v I), a = k / (k + b), all
    features divided by the background's units (`Background.of`); S_0 is the background's covariance, v its mean
    variance, L the Ledoit-Wolf estimate from the shots about their class means, b `adapt.background_shots`. At k = 1 it
    is `prototype`; with b = 0 the shots alone count, k > 1.

    Sources: R. A. Fisher, "The use of multiple measurements in taxonomic problems", 1936; O. Ledoit, M. Wolf, "A
    well-conditioned estimator for large-dimensional covariance matrices", 2004; B. Hariharan, J. Malik, D. Ramanan,
    "Discriminative Decorrelation for Clustering and Classification", 2012 (one covariance for all classes).
    """
    background = task.source.background
    if len(task.shots.labels) <= 2:
        return prototype(task)
    shots = DividedShots.of(task.analysis.features, task.shots.labels, background, task.settings.adapt.background_shots)
    folds = group_folds(shots.labels, task.shots.groups) if holds_out(task.settings.adapt) else None
    held_out = None if folds is None else held_out_scores(shots, background, folds)
    return Adapted(_decision(shots.score(background), background.scale), held_out=held_out)


def prototype(task: FewShotTask) -> Adapted:
    """Adapt by the nearest class mean: score = d(x, m_0)^2 - d(x, m_1)^2 with m_c the mean of the shots of class c.

    Distances are those under the background's covariance (Mahalanobis): d(x, y)^2 = (x - y)' S^-1 (x - y) with S = 0.9
    S_0 + 0.1 v I as in `head`. The score is linear in x: 2 S^-1 (m_1 - m_0) . x + constant.

    Source: J. Snell, K. Swersky, R. Zemel, "Prototypical Networks for Few-shot Learning", 2017 (with the covariance:
    P. Bateni and others, "Improved Few-Shot Visual Classification", 2020).
    """
    background = task.source.background
    means = class_means(task.analysis.features / background.scale, task.shots.labels)
    return Adapted(_decision(linear_score(2 * background.solve(means[1] - means[0], 1.0), means), background.scale))


def _decision(score: LinearScore, scale: np.ndarray) -> Decision:
    """Build the decision by a score of features that were divided by `scale`."""
    return Decision(weights=score.weights / scale, bias=score.bias)
