"""Evidence fused: several linear discriminants, each in units of its own leave-one-out error, make one score."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from forensictransfer.evaluation.decision import Decision
from forensictransfer.experiments.strategies import holds_out
from forensictransfer.experiments.strategies.background import Background
from forensictransfer.experiments.strategies.base import Adapted, FewShotTask, SourceKnowledge
from forensictransfer.experiments.strategies.held_out import SolvedShots, balanced_folds
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
    tells it.
    """
    scores, first = [], 0
    members = getattr(task.detector, "members", (task.detector,))
    for detector, known in zip(members, (task.source, *task.others), strict=True):
        width = len(known.background.scale)
        features = task.analysis.features[:, first : first + width]
        scores.append(_score_of_run(task, features, known, detector.feature_blocks.values()))
        first += width
    shares = _shares(scores)
    weights = np.concatenate([share * score.weights for share, score in zip(shares, scores, strict=True)])
    decision = Decision(weights=weights, bias=float(shares @ [score.bias for score in scores]))
    left_out = [score.held_out for score in scores if score.held_out is not None]
    if not holds_out(task.settings.adapt) or len(left_out) < len(scores):
        return Adapted(decision)
    return Adapted(decision, held_out=shares @ np.stack(left_out))


@dataclass(frozen=True)
class Standardised:
    """A linear score of some features, of deviation 1 within the classes.

    held_out: (2k,), of each shot by the fit without its group; None where nothing could be left out. separation: the
    difference of the means of both classes among these, 1 where there are none.
    """

    weights: np.ndarray
    bias: float
    held_out: np.ndarray | None
    separation: float = 1.0


def _score_of_run(
    task: FewShotTask, features: np.ndarray, known: SourceKnowledge, blocks: Collection[slice]
) -> Standardised:
    """Fuse the blocks of one run's features."""
    labels, background = task.shots.labels, known.background
    folds = balanced_folds(labels, task.shots.groups)
    columns = [slice(0, features.shape[1]), *(blocks if len(blocks) > 1 else ())]
    fits = []
    for part in columns:
        there = background.part(part)
        shots = DividedShots.of(features[:, part], labels, there, task.settings.adapt.background_shots)
        solved = SolvedShots(shots, there)
        score, held_out = solved.score(), None if folds is None else solved.held_out(folds).scores
        weights = np.zeros(features.shape[1])
        weights[part] = score.weights / there.scale
        fits.append(standardised(weights, score.bias, held_out, labels, background))
    if len(fits) == 1:
        return fits[0]
    shares = _shares(fits)
    left_out = [fit.held_out for fit in fits if fit.held_out is not None]
    together = shares @ np.stack(left_out) if left_out else None
    weights = shares @ np.stack([fit.weights for fit in fits])
    return standardised(weights, float(shares @ [fit.bias for fit in fits]), together, labels, background)


def standardised(
    weights: np.ndarray, bias: float, held_out: np.ndarray | None, labels: np.ndarray, background: Background
) -> Standardised:
    """Divide a score by its deviation within the classes: of the shots left out, or else of the background."""
    if held_out is None:
        unit = float(np.linalg.norm(background.rows @ (weights * background.scale))) or 1.0
        return Standardised(weights / unit, bias / unit, None)
    real, fake = (held_out[labels == label] for label in (0, 1))
    unit = float(np.sqrt((real.var() + fake.var()) / 2)) or 1.0
    return Standardised(weights / unit, bias / unit, held_out / unit, float(fake.mean() - real.mean()) / unit)


def _shares(scores: Sequence[Standardised]) -> np.ndarray:
    """Share out what each score counts for; one that does not separate the shots left out keeps a little."""
    separations = np.maximum([score.separation for score in scores], _LEAST_SEPARATION)
    shares: np.ndarray = separations / separations.sum()
    return shares
