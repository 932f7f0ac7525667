"""Shares and rates with their 95 % intervals, as tables of benchmarks have them."""

from __future__ import annotations

from scipy.stats import binomtest


def share(hits: int, trials: int) -> str:
    """Write hits of trials with the exact 95 % interval (Clopper, Pearson), %."""
    if not trials:
        return "-"
    low, high = binomtest(hits, trials).proportion_ci(0.95)
    return f"{hits} of {trials} [{100 * low:.1f}, {100 * high:.1f}]"


def rate(hits: int, trials: int, times: int = 100) -> str:
    """Write how many hits there are in a hundred trials, or in `times`, with the same interval."""
    if not trials:
        return "-"
    low, high = binomtest(hits, trials).proportion_ci(0.95)
    return f"{times * hits / trials:.3g} [{times * low:.1f}, {times * high:.1f}]"
