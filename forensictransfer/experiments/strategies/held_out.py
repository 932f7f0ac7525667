"""What fits without a shot's group say of that shot: scores that a threshold or a spread can be taken from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forensictransfer.experiments.strategies.background import Background
from forensictransfer.experiments.strategies.shots import DividedShots


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
