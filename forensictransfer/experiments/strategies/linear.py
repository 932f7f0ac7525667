"""Strategies without a gradient: a new threshold, or a linear score on the features that the detector gives anyway."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from forensictransfer.core.settings import AdaptSettings
from forensictransfer.detectors.discriminant import LinearScore, class_means, linear_score
from forensictransfer.detectors.evidence import Analysis
from forensictransfer.evaluation.decision import Decision
from forensictransfer.experiments.strategies import AUTO, MEAN
from forensictransfer.experiments.strategies.background import Background
from forensictransfer.experiments.strategies.base import Adapted, FewShotTask
from forensictransfer.experiments.strategies.held_out import SolvedShots, balanced_folds
from forensictransfer.experiments.strategies.pooling import chosen_spread
from forensictransfer.experiments.strategies.shots import DividedShots


def threshold(task: FewShotTask) -> Adapted:
    """Keep the score, pooled as the run does; what is fitted again is the threshold, by the rule in the settings."""
    return Adapted(Decision(spread=task.source.spread))


def head(task: FewShotTask) -> Adapted:
    """Adapt by a linear discriminant on the features, whose covariance within classes the background helps to estimate.

    score = w . (x - (m_0 + m_1) / 2), w = S^-1 (m_1 - m_0), with m_c the mean of the k shots of class c. What varies
    with a photograph's content varies much alike everywhere, and hundreds of images of the source (or of
    `adapt.background`) show it better than 2k shots: S = a L + (1 - a) (0.9 S_0 + 0.1 v I), a = k / (k + b), all
    features divided by the background's units (`Background.of`); S_0 is the background's covariance, v its mean
    variance, L the Ledoit-Wolf estimate from the shots about their class means, b `adapt.background_shots`. At k = 1 it
    is `prototype`; with b = 0 the shots alone count, k > 1. What the tiles of an image differ by counts too, where
    shots that were left out tell that this helps (`chosen_spread`).

    Sources: R. A. Fisher, "The use of multiple measurements in taxonomic problems", 1936; O. Ledoit, M. Wolf, "A
    well-conditioned estimator for large-dimensional covariance matrices", 2004; B. Hariharan, J. Malik, D. Ramanan,
    "Discriminative Decorrelation for Clustering and Classification", 2012 (one covariance for all classes).
    """
    if len(task.shots.labels) <= 2:
        return prototype(task)
    options, shots = task.settings.adapt, task.shots
    background = task.source.background
    return discriminate(task.analysis, shots.labels, shots.groups, background, options, weight=options.background_shots)


def discriminate(
    analysis: Analysis,
    labels: np.ndarray,
    groups: Sequence[str],
    background: Background,
    options: AdaptSettings,
    *,
    weight: int,
) -> Adapted:
    """Fit the discriminant of `head`, choose how tiles are pooled, and score each shot by a fit without its group.

    weight: shots per class whose covariance counts as much as the background's. options: `pooling`, `held_out`.
    """
    shots = DividedShots.of(analysis.features, labels, background, weight)
    tiles = None if options.pooling == MEAN else analysis.tiles
    choosing = options.pooling == AUTO and tiles is not None and int(tiles.counts.max(initial=0)) > 1
    folds = balanced_folds(labels, groups) if choosing or options.held_out else None
    solved = SolvedShots(shots, background)
    held_out = None if folds is None else solved.held_out(folds, tiles)
    spread = chosen_spread(options.pooling, held_out, labels, tiled=tiles is not None)
    decision = replace(_decision(solved.score(), background.scale), spread=spread)
    if held_out is None or not options.held_out:
        return Adapted(decision)
    return Adapted(decision, held_out=held_out.pooled(spread))


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
