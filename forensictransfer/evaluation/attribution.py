"""Which of some generators made an image, or none of them, and how often that is right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.evaluation.resampling import drawn_counts, percentiles

NONE = -1  # of these generators


def attribute(strengths: np.ndarray, thresholds: np.ndarray) -> NDArray[np.int64]:
    """Name the generator whose fingerprint each image bears most strongly of those above their thresholds.

    strengths: (n, g), one column for each generator, NaN where it does not apply. thresholds: (g,); inf for one that is
    left out.
    Returns: (n,), the column, or NONE.
    """
    borne = strengths > thresholds
    best = np.where(borne, strengths, -np.inf).argmax(axis=1)
    return np.where(borne.any(axis=1), best, NONE)


def share(
    hits: Sequence[bool] | NDArray[np.bool_], groups: Sequence[str], *, resamples: int = 1000, seed: int = 0
) -> Estimate:
    """Estimate a share of images with its 95 % interval over groups.

    Whole groups are resampled. Where all images agree no resample differs, and the interval is the exact one of as many
    independent images as there are groups; of fewer than two groups there is none.
    """
    hit = np.asarray(hits, np.float64)
    if not hit.size:
        return Estimate(None, None, None, 0)
    names, group_of = np.unique(np.asarray(groups), return_inverse=True)
    value, count = float(hit.mean()), names.size
    if count < 2:
        return Estimate(value, None, None, count)
    if value in (0.0, 1.0):
        reach = 1 - 0.025 ** (1 / count)
        return Estimate(value, max(0.0, value - reach), min(1.0, value + reach), count)
    drawn = drawn_counts(np.random.default_rng(seed), resamples, count)
    found = drawn @ np.bincount(group_of, hit) / (drawn @ np.bincount(group_of))
    return Estimate(value, *percentiles(found), count)
