"""Count how many false alarms a share of votes would be: the a-contrario test of a grid.

Where there is no grid, each origin gets one vote in 64, and votes of neighbours are not independent: one very smooth
block can have the votes of all its 64 pixels. So votes are counted one in 64. The number of false alarms (NFA) of an
event is the number of tests times its probability by chance; an event that is kept at NFA < e happens less than e
times per image where there is no grid (Desolneux, Moisan, Morel: Meaningful Alignments, 2000).
"""

from __future__ import annotations

import numpy as np
from scipy.special import betainc, gammaln

from forensictransfer.detectors.signals.jpeg_grid.votes import ORIGINS

CHANCE = 1 / ORIGINS
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


def log10_nfa(
    pixels: np.ndarray | float,
    votes: np.ndarray | float,
    log10_tests: float,
    chance: np.ndarray | float = CHANCE,
) -> np.ndarray:
    """Compute log10 of the number of false alarms of `votes` for one origin among `pixels`, both counted one in 64.

    chance: the probability of such a vote where there is no grid; where it is larger than 1 / 64, patterns of another
    period have been seen.
    """
    trials, hits = np.floor(np.asarray(pixels) / ORIGINS), np.floor(np.asarray(votes) / ORIGINS)
    return log10_tests + log10_tail(trials, np.minimum(hits, trials), np.maximum(chance, CHANCE))
