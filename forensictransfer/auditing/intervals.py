"""Areas under the ROC curve and accuracies with 95 % intervals over groups, in a time that hardly grows with images.

The images of one group (a photograph and its fakes) are not independent, so the group is what is counted. The variance
of an AUC is that of N. A. Obuchowski, "Nonparametric Analysis of Clustered ROC Curve Data" (1997), an extension of
DeLong and others (1988) to clusters; an accuracy is resampled group by group (percentile bootstrap).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.stats import norm, rankdata

from forensictransfer.evaluation.estimate import Estimate

RESAMPLES = 1000


class Interval(NamedTuple):
    """A value with its 95 % interval; error: its standard error, for other intervals."""

    value: float
    low: float
    high: float
    error: float = 0.0

    def excludes(self, value: float, looks: int = 1) -> bool:
        """Tell whether the value differs from another by more than chance, at 5 % over that many looks (Bonferroni)."""
        return abs(self.value - value) > norm.isf(0.025 / max(looks, 1)) * max(self.error, 1e-12)

    def wider(self, factor: float) -> Interval:
        """Keep the value, with an interval so many times as wide, within 0 and 1."""
        low, high = (self.value + factor * (end - self.value) for end in (self.low, self.high))
        return Interval(self.value, max(low, 0.0), min(high, 1.0), factor * self.error)

    @property
    def estimate(self) -> Estimate:
        """The value and its interval as results hold them."""
        return Estimate(self.value, self.low, self.high)


def auc(scores: np.ndarray, labels: np.ndarray, groups: np.ndarray, strata: np.ndarray | None = None) -> Interval:
    """Estimate P(score of a fake > score of a real) + half the ties, with an interval over groups.

    Args:
        scores, labels (0 real, 1 fake), groups: (n,), both classes among them.
        strata: (n,); only images of one stratum are compared, as where each fold has its own scores. A group lies in
            one stratum. Strata without both classes are skipped.
    Raises: ValueError where no stratum has both classes.
    """
    pieces = [np.arange(len(scores))] if strata is None else [np.flatnonzero(strata == s) for s in np.unique(strata)]
    parts = [(rows, *_placements(scores[rows], labels[rows])) for rows in pieces if len(np.unique(labels[rows])) == 2]
    if not parts:
        raise ValueError("expected real and fake images in one stratum at least")
    pairs = np.array([float((labels[rows] == 1).sum()) * float((labels[rows] == 0).sum()) for rows, *_ in parts])
    shares = pairs / pairs.sum()
    value = float(shares @ [found for _, found, _ in parts])
    influence = np.zeros(int(groups.max()) + 1)
    for share, (rows, _, placed) in zip(shares, parts, strict=True):
        influence += share * np.bincount(groups[rows], placed, len(influence))
    clusters = len(np.unique(groups))
    error = math.sqrt(float((influence**2).sum()) * clusters / max(clusters - 1, 1))
    seen = min(len(np.unique(groups[labels == label])) for label in (0, 1))
    return _bounded(value, error, seen)


def _placements(scores: np.ndarray, labels: np.ndarray) -> tuple[float, np.ndarray]:
    """Compute the AUC, and for each image how far it moves it.

    That is its placement less the AUC, over the size of its class.
    """
    fake = labels == 1
    n_fake, n_real = int(fake.sum()), int((~fake).sum())
    among_all = rankdata(scores)
    below = np.empty(len(scores))  # share of the other class that it stands right to
    below[fake] = (among_all[fake] - rankdata(scores[fake])) / n_real
    below[~fake] = 1 - (among_all[~fake] - rankdata(scores[~fake])) / n_fake
    value = float(below[fake].mean())
    return value, (below - value) / np.where(fake, n_fake, n_real)


def _bounded(value: float, error: float, seen: int) -> Interval:
    """Build an interval on the log odds, which stays within 0 and 1.

    Where no error was seen, the rule of three: 3 / n.
    """
    if error < 1e-9:
        if value in (0.0, 1.0):
            room = min(1.0, 3 / max(seen, 1))
            return Interval(value, value if value == 0 else 1 - room, value if value == 1 else room, error)
        return Interval(value, value, value, error)
    inner = min(max(value, 1e-6), 1 - 1e-6)
    odds = math.log(inner / (1 - inner))
    width = min(float(norm.isf(0.025)) * error / (inner * (1 - inner)), 40.0)
    low, high = (1 / (1 + math.exp(-place)) for place in (odds - width, odds + width))
    return Interval(value, min(low, value), max(high, value), error)


def balanced_accuracy(called: np.ndarray, labels: np.ndarray, groups: np.ndarray, *, seed: int = 0) -> Interval:
    """Estimate the mean of the shares of reals called real and fakes called fake, with a bootstrap interval.

    The interval is over groups. called, labels: 0 or 1, (n,), both classes among the labels. Where every image is right
    (wrong), the interval is that of the rule of three.
    """
    right = (called == labels).astype(float)
    of_group = np.unique(groups, return_inverse=True)[1]
    n_groups = int(of_group.max()) + 1
    counted = [kind for label in (0, 1) for kind in (right * (labels == label), labels == label)]
    sums = np.stack([np.bincount(of_group, kind, n_groups) for kind in counted])
    value = float((sums[0].sum() / sums[1].sum() + sums[2].sum() / sums[3].sum()) / 2)
    seen = min(int((sums[row] > 0).sum()) for row in (1, 3))
    if value in (0.0, 1.0):
        return _bounded(value, 0.0, seen)
    rng = np.random.default_rng(seed)
    values = []
    step = max(1, 2_000_000 // n_groups)
    for first in range(0, RESAMPLES, step):
        weights = _drawn(rng, min(step, RESAMPLES - first), n_groups)
        right_real, real, right_fake, fake = sums @ weights.T
        with np.errstate(invalid="ignore", divide="ignore"):
            values.append((right_real / real + right_fake / fake) / 2)
    found = np.concatenate(values)
    found = found[np.isfinite(found)]
    low, high = np.percentile(found, [2.5, 97.5]) if found.size else (0.0, 1.0)
    return Interval(value, float(low), float(high), float(found.std()) if found.size else 1.0)


def _drawn(rng: np.random.Generator, rows: int, n: int) -> np.ndarray:
    """Draw how often each of n groups is drawn in n draws with replacement, (rows, n)."""
    picks = rng.integers(0, n, size=(rows, n)) + n * np.arange(rows)[:, None]
    return np.bincount(picks.ravel(), minlength=rows * n).reshape(rows, n).astype(float)
