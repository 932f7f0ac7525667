"""What fits without a shot's group say of that shot: scores that a threshold or a spread can be taken from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from forensictransfer.detectors.discriminant import LinearScore, class_means, linear_score
from forensictransfer.detectors.evidence import Tiles
from forensictransfer.experiments.strategies.background import Background
from forensictransfer.experiments.strategies.shots import DividedShots

_ROUNDS = 3


def balanced_folds(labels: np.ndarray, groups: Sequence[str]) -> list[np.ndarray] | None:
    """List the shots that are left out together, by their places: a group of reals with one of fakes.

    Without one image of one class alone, the mean of its class would lie farther from it than that of the other class,
    and among few shots the scores left out would rank the classes the wrong way round. Each group has three partners
    in turn. A group of both classes is left out by itself. None where without one of them a class would be empty.
    """
    places: dict[str, list[int]] = {}
    for place, group in enumerate(groups):
        places.setdefault(group, []).append(place)
    of_both = [found for found in places.values() if len(set(labels[found])) == 2]
    real, fake = ([one for one in places.values() if set(labels[one]) == {label}] for label in (0, 1))
    longest = max(len(real), len(fake)) if real and fake else 0
    pairs = [
        real[i % len(real)] + fake[(i + turn) % len(fake)]
        for turn in range(min(_ROUNDS, len(real), len(fake)))
        for i in range(longest)
    ]
    alone = [] if pairs else [*real, *fake]
    folds = [np.array(found) for found in (*of_both, *pairs, *alone)]
    left = [np.delete(labels, fold) for fold in folds]
    return folds if all((rest == label).any() for rest in left for label in (0, 1)) else None


class HeldOut(NamedTuple):
    """What fits without its group say of each shot.

    scores: (2k,), means over the folds that leave it out. tiles: of each shot the scores of its t tiles in each of the
    r folds that leave it out, (r, t), up to a constant of the fold; None where there are no tiles.
    """

    scores: np.ndarray
    tiles: tuple[np.ndarray, ...] | None = None

    @property
    def deviations(self) -> np.ndarray | None:
        """How much the score of each shot varies among its tiles, (2k,), the mean over its folds; None: no tiles."""
        return None if self.tiles is None else np.array([found.std(axis=1).mean() for found in self.tiles])

    def pooled(self, spread: float) -> np.ndarray:
        """Add `spread` deviations among the tiles to the scores, (2k,)."""
        return self.scores if not spread or self.deviations is None else self.scores + spread * self.deviations

    def divided(self, unit: float) -> HeldOut:
        """Express all scores in another unit."""
        return HeldOut(self.scores / unit, None if self.tiles is None else tuple(one / unit for one in self.tiles))


def weighted_mean(found: Sequence[HeldOut], shares: np.ndarray) -> HeldOut:
    """Take the weighted mean of several scores of the same shots, left out in the same folds.

    shares: (m,), which sum to 1. Tiles are those of one detector, or not given by one at least.
    """
    together = shares @ np.stack([one.scores for one in found])
    tiles = [one.tiles for one in found if one.tiles is not None]
    if len(tiles) < len(found):
        return HeldOut(together)
    return HeldOut(together, tuple(np.tensordot(shares, np.stack(parts), 1) for parts in zip(*tiles, strict=True)))


class SolvedShots:
    """M^-1 X' of all shots X, with M = (1 - share) (0.9 S_0 + 0.1 v I) + ridge I.

    Any fit to some of the shots is a combination of its columns, which Q = X M^-1 X' alone tells: with W = A X the rest
    less its means and d = X'e the difference of these, (M + c W'W)^-1 d is M^-1 X' (e - A' (I / c + A Q A')^-1 A Q e)
    (Woodbury). So a fold costs no more than a system of 2k equations. The weights of background, shots and ridge stay
    those of all shots.
    """

    def __init__(self, shots: DividedShots, background: Background) -> None:
        self.shots = shots
        self.scale = background.scale
        self.solved = background.solve(shots.features.T, 1 - shots.share, shots.ridge)
        self.products = shots.features @ self.solved

    def score(self) -> LinearScore:
        """Fit the discriminant to all shots, in divided features."""
        combined, _ = self._combination(np.arange(len(self.shots.labels)))
        return linear_score(self.solved @ combined, class_means(self.shots.features, self.shots.labels))

    def held_out(self, folds: Sequence[np.ndarray], tiles: Tiles | None = None) -> HeldOut:
        """Score each shot by the discriminants of the others; each is in one of the folds at least.

        tiles: of the shots, features as the detector gives them.
        """
        n = len(self.products)
        scores, times = np.zeros(n), np.zeros(n)
        of_tiles: list[list[np.ndarray]] = [[] for _ in range(n)]
        local = None
        if tiles is not None:
            by_unit = self.solved / self.scale[:, None]
            local = [part.astype(np.float64) @ by_unit for part in tiles]
        for fold in folds:
            combined, middle = self._combination(np.setdiff1d(np.arange(n), fold))
            direction = self.products @ combined
            scores[fold] += direction[fold] - middle @ direction
            times[fold] += 1
            if local is not None:
                for shot in fold:
                    of_tiles[shot].append(local[shot] @ combined)
        return HeldOut(scores / times, None if local is None else tuple(map(np.stack, of_tiles)))

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
