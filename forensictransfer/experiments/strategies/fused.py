"""Evidence fused: several linear discriminants, each in units of its own leave-one-out error, make one score."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from forensictransfer.evaluation.decision import Decision
from forensictransfer.experiments.strategies.background import Background
from forensictransfer.experiments.strategies.base import Adapted, FewShotTask, SourceKnowledge
from forensictransfer.experiments.strategies.linear import DividedShots

_LEAST_SEPARATION = 0.05


def fused(task: FewShotTask) -> Adapted:
    """Adapt by the weighted mean of standardised linear scores: of the blocks of the features, or of several runs.

    Each block that the detector names (`feature_blocks`), and all its features together, get the discriminant of
    `head`. A score is divided by its standard deviation within the classes, as shots show it that were left out of the
    fit: each group of shots once. It counts for the distance of the class means of these shots in that unit, as the
    log-likelihood ratio of independent normal scores has it. The mean of a run's scores is standardised likewise, then
    the mean is taken over the runs. At one shot (or one group) per class nothing can be left out: the deviation of the
    background is taken, and all count alike. All of it is linear, so that one decision tells it.
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
    return Adapted(Decision(weights=weights, bias=float(shares @ [score.bias for score in scores])))


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
    folds = group_folds(labels, task.shots.groups)
    columns = [slice(0, features.shape[1]), *(blocks if len(blocks) > 1 else ())]
    fits = []
    for part in columns:
        there = background.part(part)
        shots = DividedShots.of(features[:, part], labels, there, task.settings.adapt.background_shots)
        score = shots.score(there)
        held_out = None if folds is None else held_out_scores(shots, there, folds)
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


def group_folds(labels: np.ndarray, groups: Sequence[str]) -> list[np.ndarray] | None:
    """List the shots of each group, by their places; None where without one of them a class would be empty."""
    places: dict[str, list[int]] = {}
    for place, group in enumerate(groups):
        places.setdefault(group, []).append(place)
    folds = [np.array(found) for found in places.values()]
    left = [np.delete(labels, fold) for fold in folds]
    return folds if all((rest == label).any() for rest in left for label in (0, 1)) else None


def held_out_scores(shots: DividedShots, background: Background, folds: Sequence[np.ndarray]) -> np.ndarray:
    """Score each shot by the discriminant of the others, (2k,): each fold left out once, without a refit.

    The weights of background, shots and ridge stay those of all shots. With M = (1 - share) (0.9 S_0 + 0.1 v I) + ridge
    I solved once for all shots X, Q = X M^-1 X' holds all that a fit needs: for W = A X, the rest less its means, (M +
    c W'W)^-1 is M^-1 - M^-1 W' (I / c + A Q A')^-1 W M^-1 (Woodbury), and every product with a shot is one of Q.
    """
    products = shots.features @ background.solve(shots.features.T, 1 - shots.share, None, shots.ridge)
    found = np.empty(len(shots.labels))
    for fold in folds:
        rest = np.setdiff1d(np.arange(len(found)), fold)
        of_class = np.stack([(shots.labels == label) / (shots.labels[rest] == label).sum() for label in (0, 1)])
        of_class[:, fold] = 0.0
        centred = (np.eye(len(found)) - of_class[shots.labels])[rest]
        freedom, inner = len(rest) - 2, products
        if shots.own and freedom > 0:
            across = centred @ products
            matrix = across @ centred.T
            matrix[np.diag_indices(len(rest))] += freedom / shots.own
            inner = products - across.T @ np.linalg.solve(matrix, across)
        direction = inner @ (of_class[1] - of_class[0])
        found[fold] = direction[fold] - of_class.mean(axis=0) @ direction
    return found
