"""Resampling with replacement, and the interval that it gives."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def drawn_counts(rng: np.random.Generator, rows: int, n: int) -> Floats:
    """Draw how often each of n things is drawn in n draws with replacement, (rows, n)."""
    picks = rng.integers(0, n, size=(rows, n)) + n * np.arange(rows)[:, None]
    return np.bincount(picks.ravel(), minlength=rows * n).reshape(rows, n).astype(np.float64)


def percentiles(values: Floats) -> tuple[float | None, float | None]:
    """Find the 2.5 and 97.5 % percentiles of the resamples in which the metric is defined."""
    defined = values[~np.isnan(values)]
    if defined.size == 0:
        return None, None
    low, high = np.percentile(defined, [2.5, 97.5])
    return float(low), float(high)
