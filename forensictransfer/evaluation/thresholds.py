"""Where fake begins and how sure that is: threshold rules and the slope that turns a score into a probability.

A detector's score is high for fakes, and fake is called when score > threshold. Every rule is a named function of
labelled scores (the shots of the target, or a validation split of the source), never of a target's test data.
Weights, 1 where none are given, say how many images a score counts for: of several sources each is to count alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forensictransfer.core.errors import ErrorCode, UserError, nearest

Floats = NDArray[np.float64]


class ThresholdRule(Protocol):
    """A function of labelled scores (n,), of groups and of weights that gives a threshold."""

    def __call__(
        self,
        scores: ArrayLike,
        labels: ArrayLike,
        groups: Sequence[str] | None = None,
        weights: ArrayLike | None = None,
    ) -> float:
        """Pick the threshold."""
        ...


_PRIOR_IMAGES = 4.0  # weight of the pooled variance in `midpoint`
_FLATTEST = 1e-3  # least slope, times the largest |score - threshold|


def zero(
    scores: ArrayLike, labels: ArrayLike, groups: Sequence[str] | None = None, weights: ArrayLike | None = None
) -> float:
    """Call an image fake if a_1 > a_0, as in the paper.

    The threshold is 0 on the score a_1 - a_0, whatever the labelled scores are.
    """
    return 0.0


def balanced(
    scores: ArrayLike, labels: ArrayLike, groups: Sequence[str] | None = None, weights: ArrayLike | None = None
) -> float:
    """Choose the threshold that calls most of the labelled images right, both classes counting alike.

    threshold = middle of the widest interval of t, between the lowest and the highest score, on which
    (share of reals with score <= t + share of fakes with score > t) / 2 is largest; of equally wide ones that nearest
    to 0. Where no t does better than a constant answer (0.5), the scores rank nothing and the rule is `midpoint`.
    scores, labels: (n,), both classes present; groups: (n,), images of one group and class then share one vote.
    """
    x, y, w = _checked(scores, labels, groups, weights)
    order = np.argsort(x, kind="stable")
    values, first = np.unique(x[order], return_index=True)
    signed = (np.where(y == 1, -1.0, 1.0) * w / _class_totals(y, w))[order]
    # quality[i]: balanced accuracy of a threshold in [values[i], values[i + 1])
    quality = 0.5 + np.add.reduceat(signed, first).cumsum()[:-1] / 2
    if values.size < 2 or quality.max() <= 0.5 + 1e-9:
        return midpoint(x, y, groups, weights)
    best = np.concatenate([[False], quality >= quality.max() - 1e-9, [False]])
    change = np.flatnonzero(np.diff(best.astype(int)))
    low, high = values[change[::2]], values[change[1::2]]
    width = high - low
    middles = low / 2 + high / 2
    middles = np.where(middles < high, middles, low)[width >= width.max()]  # neighbouring floats round up
    return float(middles[np.argmin(np.abs(middles))])


def midpoint(
    scores: ArrayLike, labels: ArrayLike, groups: Sequence[str] | None = None, weights: ArrayLike | None = None
) -> float:
    """Put the threshold between the class means, as many standard deviations from one as from the other.

    Works from one image per class.

    threshold = (s_1 m_0 + s_0 m_1) / (s_0 + s_1), where two Gaussians (m_c, s_c) err equally often; (m_0 + m_1) / 2 if
    both s_c are 0. A variance from a handful of images is hardly known, so each is drawn towards the pooled one s^2 as
    if 4 more images had shown that: s_c^2 = ((n_c - 1) v_c + 4 s^2) / (n_c - 1 + 4). (Simulated Gaussians with an
    equal-error accuracy of 93 % and ratios of s up to 4: 91 % instead of 86 % at 2 images per class, and no loss up to
    50.)
    scores, labels: (n,), both classes present; groups: (n,), images of one group and class then share one vote.
    """
    x, y, w = _checked(scores, labels, groups, weights)
    means, squares, freedom = [], [], []
    for label in (0, 1):
        of_class, weight = x[y == label], w[y == label]
        means.append(float(np.average(of_class, weights=weight)))
        squares.append(float((weight * (of_class - means[-1]) ** 2).sum()))
        freedom.append(max(float(weight.sum()) - 1, 0.0))
    pooled = sum(squares) / sum(freedom) if sum(freedom) > 1e-9 else 0.0
    spread = [
        float(np.sqrt((square + _PRIOR_IMAGES * pooled) / (free + _PRIOR_IMAGES)))
        for square, free in zip(squares, freedom, strict=True)
    ]
    if pooled == 0 or sum(spread) == 0:
        return means[0] / 2 + means[1] / 2
    share = spread[0] / (spread[0] + spread[1])
    return means[0] + share * (means[1] - means[0])


FALSE_ALARMS = 0.05  # share of photographs that may be called fake where there are only photographs to go by
_MEDIAN_PROBABILITY = 0.1  # of fake, of the photograph in the middle


def by_false_alarms(scores: ArrayLike, rate: float = FALSE_ALARMS) -> tuple[float, float]:
    """Choose threshold and slope by the scores of photographs alone, (n,): there is no fake to see.

    threshold = the least score that at most `rate` of them are above, all of them where n < 1 / rate; slope: so that
    the median photograph has the probability 0.1, since only fakes tell how fast doubt turns into certainty.
    Raises ValueError without finite scores.
    """
    x = np.sort(np.asarray(scores, np.float64))
    if not x.size or not np.isfinite(x).all():
        raise ValueError("expected finite scores of photographs")
    threshold = float(x[x.size - 1 - int(rate * x.size)])
    reach = threshold - float(np.median(x))
    return threshold, float(np.log(1 / _MEDIAN_PROBABILITY - 1)) / reach if reach > 0 else 1.0


THRESHOLD_RULES: dict[str, ThresholdRule] = {"zero": zero, "balanced": balanced, "midpoint": midpoint}


def threshold_rule(name: str) -> ThresholdRule:
    """Find the named threshold rule. Raises UserError for an unknown name."""
    if name not in THRESHOLD_RULES:
        raise UserError(
            f"unknown threshold rule '{name}': expected {', '.join(THRESHOLD_RULES)}{nearest(name, THRESHOLD_RULES)}",
            code=ErrorCode.NAME_UNKNOWN,
        )
    return THRESHOLD_RULES[name]


def fit_slope(scores: ArrayLike, labels: ArrayLike, threshold: float, weights: ArrayLike | None = None) -> float:
    """Fit how fast doubt turns into certainty around the threshold: a > 0 of p = 1 / (1 + exp(-a (score - threshold))).

    Minimises the cross-entropy to Platt's softened labels (n_1 + 1) / (n_1 + 2) for fakes and 1 / (n_0 + 2) for reals,
    n_c images of class c: a is finite for separable shots and the more cautious the fewer they are (at k = 1 the two
    shots get 1/3 and 2/3). The classes count alike, so p is the probability of fake where both are equally frequent.
    Scores that rank the images the wrong way round give the least slope, p about 0.5 everywhere. In units of 1 / score.
    Source: J. Platt, "Probabilistic outputs for support vector machines", 1999.
    """
    from scipy.special import expit  # here: the names of the rules are read by every --help, scipy takes 0.3 s

    x, y, w = _checked(scores, labels, None, weights)
    x = x - threshold
    scale = float(np.abs(x).max())
    if scale < np.finfo(np.float64).tiny * 1e6:
        return 1.0
    x = x / scale
    counts = _class_totals(y, w)
    target = np.where(y == 1, (counts + 1) / (counts + 2), 1 / (counts + 2))

    def gradient(a: float) -> float:
        return float((w * ((expit(a * x) - target) * x / counts)).sum())

    low, high = _FLATTEST, _FLATTEST
    while gradient(high) < 0 and high < 1e12:  # convex: the gradient rises and ends above zero
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if gradient(middle) < 0 else (low, middle)
    return (low + high) / 2 / scale


def probability(scores: ArrayLike, threshold: float, slope: float) -> Floats:
    """Compute the probability of fake in [0, 1], 0.5 at the threshold: 1 / (1 + exp(-slope (score - threshold)))."""
    from scipy.special import expit

    return np.asarray(expit(slope * (np.asarray(scores, dtype=np.float64) - threshold)))


def _checked(
    scores: ArrayLike, labels: ArrayLike, groups: Sequence[str] | None, weights: ArrayLike | None
) -> tuple[Floats, NDArray[np.int64], Floats]:
    """Check scores and labels and give them votes (n,): 1 each, or 1 / (images of the same group and class).

    Each is multiplied by its weight.
    """
    x, y = np.asarray(scores, dtype=np.float64), np.asarray(labels)
    if x.ndim != 1 or x.shape != y.shape or (groups is not None and len(groups) != x.size):
        raise ValueError(f"expected scores, labels and groups of one shape (n,), got {x.shape} and {y.shape}")
    if not np.isin(y, (0, 1)).all() or np.unique(y).size != 2:
        raise ValueError(f"expected labels 0 (real) and 1 (fake), both present, got {np.unique(y).tolist()[:5]}")
    if not np.isfinite(x).all():
        raise ValueError("expected finite scores")
    y = y.astype(np.int64)
    given = np.ones(x.size) if weights is None else np.asarray(weights, np.float64)
    if given.shape != x.shape or not (np.isfinite(given) & (given > 0)).all():
        raise ValueError("expected a positive weight for each score")
    if groups is None:
        return x, y, given
    numbers = np.unique(np.asarray(groups), return_inverse=True)[1].reshape(-1)
    _, inverse, sizes = np.unique(2 * numbers + y, return_inverse=True, return_counts=True)
    return x, y, given / sizes[inverse.reshape(-1)]


def _class_totals(y: NDArray[np.int64], w: Floats) -> Floats:
    """Sum up for each image the votes of its class, (n,)."""
    return np.where(y == 1, w[y == 1].sum(), w[y == 0].sum())
