"""How the scores of an image's tiles become one in an adaptation: as the settings ask, or as the shots tell."""

from __future__ import annotations

import numpy as np

from forensictransfer.evaluation.pooling import SPREAD, spread_that_separates
from forensictransfer.experiments.strategies import AUTO, MEAN
from forensictransfer.experiments.strategies.held_out import HeldOut


def chosen_spread(pooling: str, held_out: HeldOut | None, labels: np.ndarray, *, tiled: bool) -> float:
    """Choose how many standard deviations among its tiles are added to an image's mean score: 0 or SPREAD.

    By `auto` shots that were left out of the fit tell (`spread_that_separates`); where none could be, it is the mean.
    labels: (2k,); tiled: whether tiles are known.
    """
    if pooling == MEAN or not tiled:
        return 0.0
    if pooling != AUTO:
        return SPREAD
    if held_out is None or held_out.deviations is None:
        return 0.0
    return spread_that_separates(held_out.scores, held_out.deviations, labels)
