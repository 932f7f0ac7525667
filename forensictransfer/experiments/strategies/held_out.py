"""What fits without a shot's group say of that shot: scores that a threshold or a spread can be taken from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forensictransfer.detectors.discriminant import LinearScore, class_means, linear_score
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

    The weights of background, shots and ridge stay those of all shots.
    """
    return _Solved(shots, background).held_out(folds)


def discriminant_and_held_out(
    shots: DividedShots, background: Background, folds: Sequence[np.ndarray] | None
) -> tuple[LinearScore, np.ndarray | None]:
    """Fit the discriminant of `head` and, where there are folds, score each shot as `held_out_scores` does, at once."""
    solved = _Solved(shots, background)
    return solved.score(), None if folds is None else solved.held_out(folds)


class _Solved:
    """M^-1 X' of all shots X, with M = (1 - share) (0.9 S_0 + 0.1 v I) + ridge I.

    Any fit to some of the shots is a combination of its columns, which Q = X M^-1 X' alone tells: with W = A X the rest
    less its means and d = X'e the difference of these, (M + c W'W)^-1 d is M^-1 X' (e - A' (I / c + A Q A')^-1 A Q e)
    (Woodbury). So a fold costs no more than a system of 2k equations.
    """

    def __init__(self, shots: DividedShots, background: Background) -> None:
        self.shots = shots
        self.solved = background.solve(shots.features.T, 1 - shots.share, None, shots.ridge)
        self.products = shots.features @ self.solved

    def score(self) -> LinearScore:
        """Fit the discriminant to all shots, in divided features."""
        combined, _ = self._combination(np.arange(len(self.shots.labels)))
        return linear_score(self.solved @ combined, class_means(self.shots.features, self.shots.labels))

    def held_out(self, folds: Sequence[np.ndarray]) -> np.ndarray:
        """Score each shot by the discriminant of the others, (2k,)."""
        found = np.empty(len(self.products))
        for fold in folds:
            combined, middle = self._combination(np.setdiff1d(np.arange(len(found)), fold))
            direction = self.products @ combined
            found[fold] = direction[fold] - middle @ direction
        return found

    def _combination(self, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find a, (2k,), for which M^-1 X'a is the fit to the shots `rest`, and b for which X'b is their middle."""
        labels = self.shots.labels[rest]
        of_class = np.zeros((2, len(self.products)))
        for label in (0, 1):
            of_class[label, rest] = (labels == label) / (labels == label).sum()
        difference, middle = of_class[1] - of_class[0], of_class.mean(axis=0)
        freedom = len(rest) - 2
        if not self.shots.own or freedom <= 0:
            return difference, middle
        means = of_class[:, rest]

        def centred(rows: np.ndarray) -> np.ndarray:
            less: np.ndarray = rows - (means @ rows)[labels]
            return less

        matrix = centred(centred(self.products[np.ix_(rest, rest)]).T)
        matrix[np.diag_indices(len(rest))] += freedom / self.shots.own
        inner = np.linalg.solve(matrix, centred(self.products[rest] @ difference))
        difference[rest] -= centred(inner)
        return difference, middle
