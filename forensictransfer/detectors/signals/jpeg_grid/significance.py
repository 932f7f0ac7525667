"""Count how many false alarms a share of votes would be: the a-contrario test of a grid.

Where there is no grid, each origin gets one vote in 64, and votes of neighbours are not independent: one very smooth
block can have the votes of all its 64 pixels. So votes are counted one in 64. The number of false alarms (NFA) of an
event is the number of tests times its probability by chance; an event that is kept at NFA < e happens less than e
times per image where there is no grid (Desolneux, Moisan, Morel: Meaningful Alignments, 2000).
"""

from __future__ import annotations

import numpy as np

from forensictransfer.detectors.signals.binomial import log10_tail
from forensictransfer.detectors.signals.jpeg_grid.votes import ORIGINS

CHANCE = 1 / ORIGINS


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
