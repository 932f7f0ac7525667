"""Shares with their 95 % intervals, as tables of benchmarks have them."""

from __future__ import annotations

from scipy.stats import binomtest


def share(hits: int, trials: int) -> str:
    """Write hits of trials with the exact 95 % interval (Clopper, Pearson), %."""
    if not trials:
        return "-"
    low, high = binomtest(hits, trials).proportion_ci(0.95)
    return f"{hits} of {trials} [{100 * low:.1f}, {100 * high:.1f}]"
