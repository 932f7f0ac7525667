"""Evidence fused: several linear discriminants, each in units of its own leave-one-out error, make one score."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from forensictransfer.detectors.evidence import Tiles
from forensictransfer.evaluation.decision import Decision
from forensictransfer.experiments.strategies import holds_out, pools
from forensictransfer.experiments.strategies.background import Background
from forensictransfer.experiments.strategies.base import Adapted, FewShotTask, SourceKnowledge
from forensictransfer.experiments.strategies.held_out import HeldOut, SolvedShots, balanced_folds, weighted_mean
from forensictransfer.experiments.strategies.pooling import chosen_spread
from forensictransfer.experiments.strategies.shots import DividedShots

_LEAST_SEPARATION = 0.05


def fused(task: FewShotTask) -> Adapted:
    """Adapt by the weighted mean of standardised linear scores: of the blocks of the features, or of several runs.

    Each block that the detector names (`feature_blocks`), and all its features together, get the discriminant of
    `head`. A score is divided by its standard deviation within the classes, as shots show it that were left out of the
    fit: a group of reals together with one of fakes. It counts for the distance of the class means of these shots in
    that unit, as the log-likelihood ratio of independent normal scores has it. The mean of a run's scores is
    standardised likewise, then the mean is taken over the runs. At one shot (or one group) per class nothing can be
    left out: the deviation of the background is taken, and all count alike. All of it is linear, so that one decision
    tells it. Of one run, what the tiles of an image differ by counts as in `head` (`chosen_spread`).
    """
    scores, first, options = [], 0, task.settings.adapt
    members = getattr(task.detector, "members", (task.detector,))
    # Of several runs no tiles are kept: each cuts its own.
    tiles = task.analysis.tiles if pools(options) else None
    for detector, known in zip(members, (task.source, *task.others), strict=True):
        width = len(known.background.scale)
        features = task.analysis.features[:, first : first + width]
        scores.append(_score_of_run(task, features, known, detector.feature_blocks.values(), tiles))
        first += width
    shares = _shares(scores)
    weights = np.concatenate([share * score.weights for share, score in zip(shares, scores, strict=True)])
    decision = Decision(weights=weights, bias=float(shares @ [score.bias for score in scores]))
    held_out = _together(scores, shares)
    spread = chosen_spread(options.pooling, held_out, task.shots.labels, tiled=tiles is not None)
    decision = replace(decision, spread=spread)
    if not holds_out(options) or held_out is None:
        return Adapted(decision)
    return Adapted(decision, held_out=held_out.pooled(spread))


@dataclass(frozen=True)
class Standardised:
    """A linear score of some features, of deviation 1 within the classes.

    held_out: of the shots by fits without their groups; None where nothing could be left out. separation: the
    difference of the means of both classes among these, 1 where there are none.
    """

    weights: np.ndarray
    bias: float
    held_out: HeldOut | None
    separation: float = 1.0


def _score_of_run(
    task: FewShotTask, features: np.ndarray, known: SourceKnowledge, blocks: Collection[slice], tiles: Tiles | None
) -> Standardised:
    """Fuse the blocks of one run's features. tiles: of the shots, where what they differ by may count."""
    labels, background = task.shots.labels, known.background
    folds = balanced_folds(labels, task.shots.groups)
    columns = [slice(0, features.shape[1]), *(blocks if len(blocks) > 1 else ())]
    fits = []
    for part in columns:
        there = background.part(part)
        shots = DividedShots.of(features[:, part], labels, there, task.settings.adapt.background_shots)
        solved = SolvedShots(shots, there)
        local = None if tiles is None else Tiles(tiles.energies, tiles.features[:, part], tiles.counts)
        score, held_out = solved.score(), None if folds is None else solved.held_out(folds, local)
        weights = np.zeros(features.shape[1])
        weights[part] = score.weights / there.scale
        fits.append(standardised(weights, score.bias, held_out, labels, background))
    if len(fits) == 1:
        return fits[0]
    shares = _shares(fits)
    weights = shares @ np.stack([fit.weights for fit in fits])
    bias = float(shares @ [fit.bias for fit in fits])
    return standardised(weights, bias, _together(fits, shares), labels, background)


def _together(scores: Sequence[Standardised], shares: np.ndarray) -> HeldOut | None:
    """Fuse what is said of the shots left out; None where one of the scores has nothing to say."""
    left_out = [score.held_out for score in scores if score.held_out is not None]
    return None if len(left_out) < len(scores) else weighted_mean(left_out, shares)


def standardised(
    weights: np.ndarray, bias: float, held_out: HeldOut | None, labels: np.ndarray, background: Background
) -> Standardised:
    """Divide a score by its deviation within the classes: of the shots left out, or else of the background."""
    if held_out is None:
        unit = float(np.linalg.norm(background.rows @ (weights * background.scale))) or 1.0
        return Standardised(weights / unit, bias / unit, None)
    real, fake = (held_out.scores[labels == label] for label in (0, 1))
    unit = float(np.sqrt((real.var() + fake.var()) / 2)) or 1.0
    return Standardised(weights / unit, bias / unit, held_out.divided(unit), float(fake.mean() - real.mean()) / unit)


def _shares(scores: Sequence[Standardised]) -> np.ndarray:
    """Share out what each score counts for; one that does not separate the shots left out keeps a little."""
    separations = np.maximum([score.separation for score in scores], _LEAST_SEPARATION)
    shares: np.ndarray = separations / separations.sum()
    return shares
