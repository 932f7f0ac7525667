"""Differences of two classifiers that were measured on the same images after the same draws of shots."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forensictransfer.evaluation.estimate import Estimate

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


class PairedTest:
    """Images with labels and groups that two classifiers were tested on.

    A difference is the mean over draws, with a 95 % interval over images and draws: in each resample whole groups of
    images are drawn with replacement, and with them the draws of shots, both alike for the first and the second, as in
    `metrics.summarise_draws`: what is hard or lucky for both cancels. There is no interval where a class stands in
    fewer than two groups, and no value without both classes or without a draw.
    """

    def __init__(
        self, labels: NDArray[np.int64], groups: Sequence[str], draws: int, *, resamples: int = 1000, seed: int = 0
    ) -> None:
        """Resample the groups (n,) of images with the labels (n,), real = 0, fake = 1, and so many draws."""
        names, group_of = np.unique(np.asarray(groups), return_inverse=True)
        self._of_class = [np.flatnonzero(labels == label) for label in (0, 1)]
        self._labels, self._draws, self._groups = labels, draws, int(names.size)
        # (groups, images of a class), a one for the group of each image
        self._members = [
            (group_of[of_class] == np.arange(names.size)[:, None]).astype(np.float64) for of_class in self._of_class
        ]
        self._counts = [members.sum(axis=1) for members in self._members]
        self._weights = _resampled(np.random.default_rng([seed, 0]), resamples, self._groups)
        self._draw_weights = _resampled(np.random.default_rng([seed, 1]), resamples, draws) / max(draws, 1)

    def balanced_accuracy(self, first: Bools, second: Bools) -> Estimate:
        """Subtract the balanced accuracy of the second from the first's.

        first, second: (draws, n), whether an image is called fake.
        """
        fake = self._labels == 1
        gained = (first == fake).astype(np.float64) - (second == fake)
        by_class = []
        for of_class, members, counts in zip(self._of_class, self._members, self._counts, strict=True):
            by_group = members @ gained[:, of_class].T  # (groups, draws)
            by_class.append((self._weights @ by_group, self._weights @ counts, by_group.sum(axis=0), counts.sum()))
        with np.errstate(invalid="ignore", divide="ignore"):
            value = np.mean([total / n for _, _, total, n in by_class], axis=0)
            drawn = np.mean([totals / n[:, None] for totals, n, _, _ in by_class], axis=0)
        return self._estimate(value, drawn)

    def auc(self, first: Floats, second: Floats) -> Estimate:
        """Subtract the AUC of the second from the first's; ties count one half.

        first, second: (draws, n), scores, high for fakes.
        """
        values, drawn = [], []
        real, fake = self._of_class
        with np.errstate(invalid="ignore", divide="ignore"):
            pairs = (self._weights @ self._counts[0]) * (self._weights @ self._counts[1])
            for one, other in zip(first, second, strict=True):
                wins = _wins(one[real], one[fake]) - _wins(other[real], other[fake])
                by_groups = self._members[0] @ wins @ self._members[1].T
                values.append(np.float64(wins.sum()) / wins.size)
                drawn.append(((self._weights @ by_groups) * self._weights).sum(axis=1) / pairs)
        return self._estimate(np.array(values), np.array(drawn).T)

    def _estimate(self, values: Floats, drawn: Floats) -> Estimate:
        """Average the differences (draws,), with the percentiles of the resamples (resamples, draws)."""
        if not self._draws or not all(of_class.size for of_class in self._of_class):
            return Estimate(None, None, None, self._groups)
        value = float(values.mean())
        if min(np.count_nonzero(counts) for counts in self._counts) < 2:
            return Estimate(value, None, None, self._groups)
        found = (drawn * self._draw_weights).sum(axis=1)
        # A resample of few groups may lack a class.
        low, high = np.percentile(found[np.isfinite(found)], [2.5, 97.5])
        return Estimate(value, float(low), float(high), self._groups)


def _wins(real: Floats, fake: Floats) -> Floats:
    """Count for each real and fake whether the fake has the higher score, (reals, fakes)."""
    return (fake > real[:, None]) + 0.5 * (fake == real[:, None])


def _resampled(rng: np.random.Generator, rows: int, n: int) -> Floats:
    """Draw how often each of n things is drawn in n draws with replacement, (rows, n)."""
    if not n:
        return np.zeros((rows, 0))
    picks = rng.integers(0, n, size=(rows, n)) + n * np.arange(rows)[:, None]
    return np.bincount(picks.ravel(), minlength=rows * n).reshape(rows, n).astype(np.float64)
