"""How an abstention does on a test split: how many images it decides, and how many of these wrongly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forensictransfer.evaluation.abstention import UNSURE, Abstention
from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.evaluation.metrics import ScoredImages
from forensictransfer.evaluation.resampling import Floats, drawn_counts, percentiles

ERRORS = (0.05, 0.1, 0.2)  # at which every evaluation says what would be decided

# decided: share of images that are called real or fake; wrong_real, wrong_fake: share of the reals (fakes) that are
# called the other; wrong_decided: share of the decided images that are called the other; left_open: share that is left
# open whatever its score. All are means over the two classes, so that they count alike.
MEASURES = ("decided", "wrong_real", "wrong_fake", "wrong_decided", "left_open")


@dataclass(frozen=True)
class Abstained:
    """What is decided at one share of errors allowed, by the names of MEASURES, as means over the draws.

    wrong_decided is undefined where nothing is decided. reals, fakes: calibration images of a draw, the fewest.
    """

    error: float
    reals: int
    fakes: int
    metrics: dict[str, Estimate]


def measure_abstention(
    draws: Sequence[ScoredImages],
    limits: Sequence[Abstention],
    *,
    resamples: int,
    seed: int,
    left_open: NDArray[np.bool_] | None = None,
) -> Abstained:
    """Measure what some draws decide of the same test images, with 95 % intervals over groups and draws.

    limits: of each draw, all for the same error. left_open: bool (d, n), what is left open for another reason.
    """
    labels = np.asarray(draws[0].labels)
    calls = np.stack([one.calls(draw.scores) for one, draw in zip(limits, draws, strict=True)])
    if left_open is None:
        left_open = np.zeros(calls.shape, bool)
    decided = (calls != UNSURE) & ~left_open
    wrong = decided & (calls != labels)
    names, group_of = np.unique(np.asarray(draws[0].groups), return_inverse=True)
    whole = _values(decided, wrong, left_open, labels, np.ones((1, labels.size)), np.full((1, len(draws)), 1.0))
    images = drawn_counts(np.random.default_rng([seed, 0]), resamples, len(names))[:, group_of.reshape(-1)]
    weights = drawn_counts(np.random.default_rng([seed, 1]), resamples, len(draws))
    resampled = _values(decided, wrong, left_open, labels, images, weights)
    metrics = {}
    for name in MEASURES:
        value = float(whole[name][0])
        metrics[name] = Estimate(None if np.isnan(value) else value, *percentiles(resampled[name]), len(names))
    return Abstained(limits[0].error, min(o.reals for o in limits), min(o.fakes for o in limits), metrics)


def _values(
    decided: NDArray[np.bool_],
    wrong: NDArray[np.bool_],
    left_open: NDArray[np.bool_],
    labels: NDArray[Any],
    images: Floats,
    draws: Floats,
) -> dict[str, Floats]:
    """Compute each measure of calls (d, n) for rows of weights of images (b, n) and of draws (b, d)."""

    def share(of: NDArray[np.bool_], label: int) -> Floats:
        counted = images * (labels == label)
        with np.errstate(invalid="ignore", divide="ignore"):
            by_draw = (counted @ of.T.astype(np.float64)) / counted.sum(axis=1, keepdims=True)
            return np.asarray((by_draw * draws).sum(axis=1) / draws.sum(axis=1))

    real, fake = (share(wrong, label) for label in (0, 1))
    every, open_ = ((share(one, 0) + share(one, 1)) / 2 for one in (decided, left_open))
    with np.errstate(invalid="ignore", divide="ignore"):
        of_decided = np.where(every > 0, (real + fake) / 2 / np.where(every > 0, every, 1), np.nan)
    return dict(zip(MEASURES, (every, real, fake, of_decided, open_), strict=True))
