"""How good the verdicts are: eight numbers on a test split, each with a 95 % interval that respects the photographs.

Labels are real = 0 and fake = 1; fake is called when score > threshold. With P fakes and N reals:

    accuracy_real, accuracy_fake   share of the reals (fakes) that are called real (fake)
    balanced_accuracy              mean of the two: 0.5 for a constant answer whatever the class sizes
    auc                            area under the ROC by trapezia: P(score of a fake > score of a real) + half the ties
    average_precision              sum over distinct scores of (recall step) x (precision there), fake = positive
    equal_error_rate               where the ROC, joined by straight lines, crosses FPR = 1 - TPR
    tpr_at_5_fpr                   the largest TPR of any threshold whose FPR is <= 0.05 (no interpolation)
    ece                            expected calibration error: 10 equal-width bins on the probability of fake,
                                   sum over bins of (share of images) x |mean probability - share of fakes|.
                                   Few images raise it (its bootstrap even more): compare it at equal n only.

Intervals are percentile bootstrap intervals (2.5 and 97.5 %). Images of one photograph are not independent, so whole
groups are resampled; where an adaptation was repeated with other shots, draws are resampled too, crossed with the
groups (A. B. Owen, "The pigeonhole bootstrap", 2007: slightly too wide rather than too narrow, given enough draws; a
handful of draws shows little of how much draws can differ). An interval of zero width means that no resample differed,
for instance that no error was seen at all; it does not mean certainty.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forensictransfer.core.values import FieldsByKey
from forensictransfer.data.counts import Counts
from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.evaluation.resampling import Floats, drawn_counts, percentiles

METRICS = (
    "balanced_accuracy",
    "accuracy_real",
    "accuracy_fake",
    "auc",
    "average_precision",
    "equal_error_rate",
    "tpr_at_5_fpr",
    "ece",
)
MAX_FPR = 0.05
ECE_BINS = 10
_ONE_CLASS = {"accuracy_real": (0,), "accuracy_fake": (1,), "ece": ()}  # the others need both classes
_BLOCK = 100_000  # weights (resamples x images) at once: few enough for the processor's cache


@dataclass(frozen=True, eq=False)
class ScoredImages:
    """n images with what one draw of shots says of them.

    names, groups: (n,); labels: (n,), real = 0, fake = 1; scores: (n,), high for fakes; probabilities: (n,) of fake;
    fake is called above `threshold`; energies: (n, 2), a_0 and a_1, None where nothing asks for them. draw: its number.
    """

    names: Sequence[str]
    labels: NDArray[Any]
    groups: Sequence[str]
    scores: Floats
    probabilities: Floats
    threshold: float
    draw: int = 0
    energies: Floats | None = None


@dataclass(frozen=True)
class DrawSummary(FieldsByKey):
    """The threshold and the metrics of one draw; a metric is None where it is undefined."""

    draw: int
    threshold: float
    metrics: Mapping[str, float | None]


@dataclass(frozen=True)
class Summary(FieldsByKey):
    """The metrics of some images by name, and those of each draw behind them."""

    n: Counts
    metrics: Mapping[str, Estimate]
    per_draw: tuple[DrawSummary, ...]


def metric_values(
    labels: ArrayLike, scores: ArrayLike, probabilities: ArrayLike, threshold: float, weights: ArrayLike | None = None
) -> dict[str, Floats]:
    """Compute each metric of METRICS for images counted `weights` times: one value per row of weights (NaN: undefined).

    labels, scores, probabilities: (n,); weights: (b, n), not negative, None for one row of ones. A metric is NaN in a
    row in which a class that it needs has no weight.
    """
    y, s, p = _checked(labels, scores, probabilities, threshold)
    w = np.ones((1, y.size)) if weights is None else np.asarray(weights, dtype=np.float64)
    fake = y == 1
    n_fake, n_real = w[:, fake].sum(axis=1), w[:, ~fake].sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        accuracy_real = w[:, ~fake & (s <= threshold)].sum(axis=1) / n_real
        accuracy_fake = w[:, fake & (s > threshold)].sum(axis=1) / n_fake
        values = {
            "balanced_accuracy": (accuracy_real + accuracy_fake) / 2,
            "accuracy_real": accuracy_real,
            "accuracy_fake": accuracy_fake,
            **_ranking(fake, s, w, n_real, n_fake),
            "ece": _ece(y, p, w),
        }
    return {name: values[name] for name in METRICS}


def summarise(
    labels: ArrayLike,
    scores: ArrayLike,
    probabilities: ArrayLike,
    groups: Sequence[str],
    threshold: float,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> Summary:
    """Measure one set of predictions, with 95 % intervals over groups.

    A value is None where a class is missing; low and high are None where a class that the metric needs stands in fewer
    than two groups.
    Raises ValueError for labels other than 0 and 1, scores that are not finite, probabilities outside [0, 1].
    """
    names = [str(number) for number in range(len(groups))]
    arrays = np.asarray(labels), np.asarray(scores, np.float64), np.asarray(probabilities, np.float64)
    images = ScoredImages(names, arrays[0], groups, arrays[1], arrays[2], threshold)
    return summarise_draws([images], resamples=resamples, seed=seed)


def summarise_draws(draws: Sequence[ScoredImages], *, resamples: int = 1000, seed: int = 0) -> Summary:
    """Measure the same images scored after several draws of shots: mean over draws, 95 % interval over both.

    In each resample the groups are resampled once for all draws, and the draws are resampled with them. With one draw
    this is `summarise`. Raises ValueError if the draws do not hold the same images in the same order.
    """
    labels, group_of, n_groups = _same_images(draws)
    point = [metric_values(d.labels, d.scores, d.probabilities, float(d.threshold)) for d in draws]
    resampled = {name: np.empty((len(draws), resamples)) for name in METRICS}
    group_rng, draw_rng = np.random.default_rng([seed, 0]), np.random.default_rng([seed, 1])
    step = max(1, _BLOCK // labels.size)
    for first in range(0, resamples, step):
        size = min(step, resamples - first)
        weights = np.take(drawn_counts(group_rng, size, n_groups), group_of, axis=1)
        for row, d in enumerate(draws):
            values = metric_values(d.labels, d.scores, d.probabilities, float(d.threshold), weights)
            for name in METRICS:
                resampled[name][row, first : first + size] = values[name]
    draw_weights = drawn_counts(draw_rng, resamples, len(draws)).T / len(draws)
    metrics = {}
    for name in METRICS:
        value = float(np.mean([values[name][0] for values in point]))
        low, high = None, None
        if _has_interval(name, labels, group_of):
            low, high = percentiles((resampled[name] * draw_weights).sum(axis=0))
        metrics[name] = Estimate(_plain(value), low, high, n_groups)
    return Summary(
        n=Counts(int((labels == 0).sum()), int((labels == 1).sum()), n_groups),
        metrics=metrics,
        per_draw=tuple(
            DrawSummary(d.draw, float(d.threshold), {name: _plain(float(values[name][0])) for name in METRICS})
            for d, values in zip(draws, point, strict=True)
        ),
    )


def _ranking(fake: NDArray[np.bool_], s: Floats, w: Floats, n_real: Floats, n_fake: Floats) -> dict[str, Floats]:
    """Compute the four metrics that depend on the order of the scores alone, from the weighted ROC; w: (b, n)."""
    order = np.argsort(-s, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(s[order]) != 0, True))  # equal scores are passed in one step
    sorted_w, sorted_fake = np.take(w, order, axis=1), fake[order]
    start = np.zeros((w.shape[0], 1))
    total = np.hstack([start, np.cumsum(sorted_w, axis=1)[:, ends]])
    tp = np.hstack([start, np.cumsum(sorted_w * sorted_fake, axis=1)[:, ends]])
    fp = total - tp
    steps = np.diff(tp, axis=1)
    auc = (np.diff(fp, axis=1) * (tp[:, 1:] + tp[:, :-1])).sum(axis=1) / (2 * n_real * n_fake)
    precision = tp[:, 1:] / np.where(total[:, 1:] > 0, total[:, 1:], 1)
    average_precision = (steps * precision).sum(axis=1) / n_fake + 0 * n_real
    allowed = fp <= (MAX_FPR * n_real + 1e-9)[:, None]
    tpr = np.where(allowed, tp, 0).max(axis=1) / n_fake + 0 * n_real
    missing = ~((n_real > 0) & (n_fake > 0))
    eer = _equal_error(fp / n_real[:, None], tp / n_fake[:, None])
    values = {"auc": auc, "average_precision": average_precision, "equal_error_rate": eer, "tpr_at_5_fpr": tpr}
    return {name: np.where(missing, np.nan, value) for name, value in values.items()}


def _equal_error(fpr: Floats, tpr: Floats) -> Floats:
    """Find the FPR where the line between two ROC points crosses FPR = 1 - TPR; the ROC from (0, 0) to (1, 1)."""
    above = fpr + tpr - 1  # rises from -1 to 1
    after = np.argmax(above >= 0, axis=1)  # never the first point, but for rows of NaN
    before = np.maximum(after - 1, 0)
    rows = np.arange(fpr.shape[0])
    a, b = above[rows, before], above[rows, after]
    share = -a / np.where(b > a, b - a, 1)
    return fpr[rows, before] + share * (fpr[rows, after] - fpr[rows, before])


def _ece(y: NDArray[np.int64], p: Floats, w: Floats) -> Floats:
    """Compute the expected calibration error over ECE_BINS equal-width bins [i/10, (i+1)/10), the last one closed."""
    bins = np.minimum((p * ECE_BINS).astype(int), ECE_BINS - 1)
    gaps = w @ np.where(bins[:, None] == np.arange(ECE_BINS), (p - y)[:, None], 0.0)
    return np.abs(gaps).sum(axis=1) / w.sum(axis=1)


def _has_interval(name: str, labels: NDArray[np.int64], group_of: NDArray[np.int64]) -> bool:
    """Tell whether resampling groups can say anything: each class the metric needs stands in two groups or more."""
    needed = [group_of[labels == c] for c in _ONE_CLASS.get(name, (0, 1))] or [group_of]
    return all(np.unique(groups).size >= 2 for groups in needed)


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else value


def _checked(
    labels: ArrayLike, scores: ArrayLike, probabilities: ArrayLike, threshold: float
) -> tuple[NDArray[np.int64], Floats, Floats]:
    y, s, p = np.asarray(labels), np.asarray(scores, dtype=np.float64), np.asarray(probabilities, dtype=np.float64)
    if y.ndim != 1 or y.size == 0 or s.shape != y.shape or p.shape != y.shape:
        raise ValueError(
            f"expected labels, scores and probabilities of one shape (n,), got {y.shape} {s.shape} {p.shape}"
        )
    if not np.isin(y, (0, 1)).all():
        raise ValueError(f"expected labels 0 (real) and 1 (fake), got {np.unique(y).tolist()[:5]}")
    if not np.isfinite(s).all() or not math.isfinite(threshold):
        raise ValueError("expected finite scores and a finite threshold")
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("expected probabilities in [0, 1]")
    return y.astype(np.int64), s, p


def _same_images(draws: Sequence[ScoredImages]) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Find the labels, the group numbers (in the order of the groups' names) and the number of groups of all draws.

    Raises ValueError where they do not share them.
    """
    if not draws:
        raise ValueError("expected at least one draw")
    keys = [(list(d.names), list(d.groups), np.asarray(d.labels).tolist()) for d in draws]
    if any(len(field) != len(keys[0][0]) for key in keys for field in key):
        raise ValueError("expected as many names and groups as labels")
    if any(key != keys[0] for key in keys[1:]):
        raise ValueError("expected the same images, groups and labels in the same order in every draw")
    names, group_of = np.unique(np.asarray(keys[0][1]), return_inverse=True)
    return np.asarray(keys[0][2]).astype(np.int64), group_of.reshape(-1), int(names.size)
