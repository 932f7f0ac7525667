"""Tails of the binomial distribution: how often so many hits are chance."""

from __future__ import annotations

import numpy as np
from scipy.special import betainc, gammaln

_TINY = 1e-280  # below this the tail is computed by its logarithm


def log10_tail(trials: np.ndarray, hits: np.ndarray, chance: np.ndarray | float) -> np.ndarray:
    """Compute log10 P(at least `hits` of `trials`) for hits of probability `chance`; arrays of one shape, or scalars.

    Far out, where the probability is below 1e-280, an upper bound: the geometric series on its first term.
    """
    n, k, p = np.broadcast_arrays(np.asarray(trials, float), np.asarray(hits, float), np.asarray(chance, float))
    result = np.zeros(n.shape)
    some = (k > 0) & (p < 1)
    n, k, p = n[some], k[some], p[some]
    tail = betainc(k, np.maximum(n - k + 1, 1), p)
    with np.errstate(divide="ignore"):
        logarithm = np.log10(tail)
    far = (tail < _TINY) & (k > n * p)
    n, k, p = n[far], k[far], p[far]
    first = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + k * np.log(p) + (n - k) * np.log1p(-p)
    ratio = (n - k) / (k + 1) * p / (1 - p)
    logarithm[far] = (first - np.log1p(-ratio)) / np.log(10)
    result[some] = logarithm
    return result
