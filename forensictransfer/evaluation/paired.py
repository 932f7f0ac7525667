"""The difference of two balanced accuracies that were measured on the same images after the same draws of shots."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forensictransfer.evaluation.estimate import Estimate

Bools = NDArray[np.bool_]


def paired_difference(
    labels: NDArray[np.int64],
    groups: Sequence[str],
    first: Bools,
    second: Bools,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> Estimate:
    """Subtract the balanced accuracy of the second from that of the first: mean over draws, 95 % interval over both.

    In each resample whole groups of images are drawn with replacement, and with them the draws of shots, both alike for
    the first and the second, as in `metrics.summarise_draws`: what is hard or lucky for both cancels.

    Args:
        labels: (n,), real = 0, fake = 1. groups: (n,).
        first, second: (draws, n), whether an image is called fake, in the order of `labels`.
        resamples, seed: of the bootstrap.
    Returns:
        The difference as a fraction; no interval where a class stands in fewer than two groups, no value without both
        classes or without a draw.
    """
    names, group_of = np.unique(np.asarray(groups), return_inverse=True)
    draws, n_groups = len(first), names.size
    right = (first == (labels == 1)).astype(np.float64) - (second == (labels == 1))
    gained = np.zeros((2, n_groups, draws))
    counted = np.zeros((2, n_groups))
    for label in (0, 1):
        of_class = np.flatnonzero(labels == label)
        np.add.at(gained[label], group_of[of_class], right[:, of_class].T)
        np.add.at(counted[label], group_of[of_class], 1)
    if not draws or not counted.any(axis=1).all():
        return Estimate(None, None, None, n_groups)
    value = float(np.mean([gained[label].sum(axis=0) / counted[label].sum() for label in (0, 1)]))
    if np.count_nonzero(counted, axis=1).min() < 2:
        return Estimate(value, None, None, n_groups)
    of_groups = _counts(np.random.default_rng([seed, 0]), resamples, n_groups)
    of_draws = _counts(np.random.default_rng([seed, 1]), resamples, draws) / draws
    with np.errstate(invalid="ignore", divide="ignore"):
        by_class = [
            ((of_groups @ gained[label]) * of_draws).sum(axis=1) / (of_groups @ counted[label]) for label in (0, 1)
        ]
    found = np.mean(by_class, axis=0)
    low, high = np.percentile(found[np.isfinite(found)], [2.5, 97.5])  # a resample of few groups may lack a class
    return Estimate(value, float(low), float(high), n_groups)


def _counts(rng: np.random.Generator, rows: int, n: int) -> NDArray[np.float64]:
    """Draw how often each of n things is drawn in n draws with replacement, (rows, n)."""
    return rng.multinomial(n, np.full(n, 1 / n), rows).astype(np.float64)
