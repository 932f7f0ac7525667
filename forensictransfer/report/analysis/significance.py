"""Which strategies differ by more than chance: comparisons paired over draws, within cells and over pairs of domains.

What is independent and what is not:

- Draws of one cell take other shots, the same for every strategy, which is why differences are paired. They share the
  trained network and the test images, and their shots overlap where the target has few. A test over draws asks whether
  the difference would stay with other shots of this target, and nothing about other test images, other trainings or
  other domains.
- Pairs of domains share sources (one network for all targets) and targets (the same shots and test images for all
  sources). The tests over pairs treat pairs as exchangeable all the same, which makes their p values too small as a
  statement about domains that were not measured.
- All p values are two-sided, and corrected by Holm for all comparisons of their kind in the sweep (S. Holm, "A Simple
  Sequentially Rejective Multiple Test Procedure", 1979), which needs no independence between the comparisons. With a
  handful of draws and hundreds of cells, hardly any single cell can stand after that; the tests over pairs can.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.report.analysis.series import Pair, bootstrap_mean
from forensictransfer.results.cells import Cell
from forensictransfer.results.sweep import SweepResults

EXACT_UP_TO = 16  # pairs: 65,536 ways to flip their signs
FLIPS = 20_000
LEVEL = 0.05
_SAME = 1e-9  # differences of accuracies closer than this are equal but for rounding


@dataclass(frozen=True)
class Comparison:
    """first - second in one metric, as fractions.

    difference: the mean and its 95 % interval. p: two-sided, None where nothing can be said (a single draw or pair).
    corrected: p after Holm over all comparisons made with this one. n: draws (within a cell) or pairs. differences: the
    n values; pairs: whose they are, empty within a cell. source, target, seed: None for comparisons over pairs. least:
    a bound that the corrected p cannot fall below, however large the differences (two pairs: 0.5; no p: 1).
    """

    detector: str
    shots: int
    first: str
    second: str
    difference: Estimate
    p: float | None
    corrected: float | None
    differences: tuple[float, ...]
    pairs: tuple[Pair, ...] = ()
    source: str | None = None
    target: str | None = None
    seed: int | None = None
    least: float = 1.0

    @property
    def tellable(self) -> bool:
        """Whether any differences could have brought the corrected p value below 0.05."""
        return self.p is not None and self.least < LEVEL

    @property
    def n(self) -> int:
        """How many differences the test rests on."""
        return len(self.differences)

    @property
    def significant(self) -> bool:
        """Whether the corrected p value is below 0.05."""
        return self.corrected is not None and self.corrected < LEVEL


def within_cells(results: SweepResults, metric: str = "balanced_accuracy") -> tuple[Comparison, ...]:
    """Compare each two strategies in each cell (detector, source, target, shots, seed), over the draws that both have.

    Paired t interval and test (see `paired_t`), df = draws - 1.
    """
    found = []
    for (detector, source, target, shots, seed), strategies in _draw_values(results, metric).items():
        for first, second in _two_of(results, strategies):
            a, b = strategies[first], strategies[second]
            draws = [draw for draw in a if draw in b]
            if not draws:
                continue
            differences = tuple(a[draw] - b[draw] for draw in draws)
            difference, p = paired_t(differences)
            found.append(
                Comparison(
                    detector,
                    shots,
                    first,
                    second,
                    difference,
                    p,
                    None,
                    differences,
                    source=source,
                    target=target,
                    seed=seed,
                )
            )
    return _corrected(found)


def over_pairs(results: SweepResults, metric: str = "balanced_accuracy") -> tuple[Comparison, ...]:
    """Compare each two strategies at each number of shots, over the pairs that both were measured on.

    A pair is a source and a target. Its difference is the mean over the draws and seeds that both have. p: sign-flip
    permutation test (`sign_flip`); interval: bootstrap over pairs. An interval and a p value near 0.05 need not agree,
    since they are made differently.
    """
    grouped: dict[tuple[str, int, str, str], dict[Pair, list[float]]] = {}
    for (detector, source, target, shots, _), strategies in _draw_values(results, metric).items():
        for first, second in _two_of(results, strategies):
            a, b = strategies[first], strategies[second]
            differences = [a[draw] - b[draw] for draw in a if draw in b]
            if differences:
                key = (detector, shots, first, second)
                grouped.setdefault(key, {}).setdefault((source, target), []).append(float(np.mean(differences)))
    found = []
    for (detector, shots, first, second), by_pair in grouped.items():
        values = tuple(float(np.mean(seeds)) for seeds in by_pair.values())
        p = sign_flip(values)
        found.append(
            Comparison(detector, shots, first, second, bootstrap_mean(values), p, None, values, tuple(by_pair))
        )
    found.sort(key=lambda c: (results.detectors.index(c.detector), c.shots))
    return _bounded(_corrected(found))


def gains(comparisons: Iterable[Comparison], strategy: str) -> tuple[Comparison, ...]:
    """Turn the comparisons that `strategy` is in so that it comes first: its gain over each other strategy.

    p values stay as they are, corrected for all comparisons and not for these alone.
    """
    return tuple(c if c.first == strategy else _turned(c) for c in comparisons if strategy in (c.first, c.second))


def paired_t(differences: Sequence[float]) -> tuple[Estimate, float | None]:
    """Compute the mean of paired differences with the 95 % t interval, and the two-sided p value, df = n - 1.

    One difference: no interval and no p. All differences 0: p = 1. All equal but not 0: t is infinite, and p would be 0
    on the strength of two or three draws, so the sign-flip test stands in, p = 2 / 2^n, the least that n differences of
    one sign can give without the assumption of a normal distribution. In both cases the interval has zero width, which
    means that no draw differed, not certainty.
    """
    x = np.asarray(differences, np.float64)
    mean = float(x.mean())
    if x.size < 2:
        return Estimate(mean, None, None, x.size), None
    if np.ptp(x) < _SAME:
        return Estimate(mean, mean, mean, x.size), 1.0 if abs(mean) < _SAME else 2.0 ** (1 - x.size)
    found = stats.ttest_1samp(x, 0.0)
    interval = found.confidence_interval(0.95)
    return Estimate(mean, float(interval.low), float(interval.high), x.size), float(found.pvalue)


def sign_flip(differences: Sequence[float]) -> float | None:
    """Compute the two-sided p value of the mean under random flips of the differences' signs; None for one difference.

    The null hypothesis is that a difference is as likely as its negative. p is twice the share of flips whose mean lies
    at least as far out on the side of the observed one, at most 1. Up to 16 differences all 2^n flips are counted,
    which is exact, so p >= 2 / 2^n; beyond, 20,000 random flips with a fixed seed, and the share is
    (flips + 1) / (20,000 + 1), so that p is never 0. R. A. Fisher, "The Design of Experiments", 1935.
    """
    x = np.asarray(differences, np.float64)
    if x.size < 2:
        return None
    # Whole numbers, so that rounding does not make equal sums differ.
    x = np.round(x / _SAME)
    if not x.any():
        return 1.0
    found = stats.permutation_test(
        (x,),
        lambda values, axis: np.mean(values, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=2**x.size if x.size <= EXACT_UP_TO else FLIPS,
        batch=10_000,
        alternative="two-sided",
        rng=np.random.default_rng(0),
    )
    return float(found.pvalue)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Correct p values by Holm's step-down method, in the order given.

    None stays None and does not count as a comparison.

    Of m values sorted up, the i-th (from 0) becomes the largest of (m - j) p_j for j <= i, at most 1.
    """
    known = [i for i, p in enumerate(p_values) if p is not None]
    order = sorted(known, key=lambda i: (p_values[i], i))
    corrected: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * float(p_values[i] or 0.0)))
        corrected[i] = largest
    return corrected


_Key = tuple[str, str, str, int, int]


def _draw_values(results: SweepResults, metric: str) -> dict[_Key, dict[str, dict[int, float]]]:
    """Find the metric where it is defined, by cell (detector, source, target, shots, seed), strategy and draw."""
    found: dict[_Key, dict[str, dict[int, float]]] = {}
    for cell in _adapted(results):
        draws = results.draws[cell.run, cell.on]
        values = {d.draw: value for d in draws if (value := d.metrics.get(metric)) is not None}
        key = (cell.detector, cell.source, cell.on, cell.shots, cell.seed)
        found.setdefault(key, {})[cell.strategy] = values
    return found


def _adapted(results: SweepResults) -> list[Cell]:
    return [cell for cell in results.cells if cell.adapted_to is not None and cell.aimed and not cell.own]


def _two_of(results: SweepResults, strategies: Iterable[str]) -> list[tuple[str, str]]:
    return list(itertools.combinations([name for name in results.strategies if name in set(strategies)], 2))


def _corrected(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    values = holm([c.p for c in comparisons])
    return tuple(replace(c, corrected=value) for c, value in zip(comparisons, values, strict=True))


def least_p(n: int) -> float:
    """Compute the smallest p value that `sign_flip` can give for n differences, all of one sign."""
    return 2.0 ** (1 - n) if n <= EXACT_UP_TO else 2.0 / (FLIPS + 1)


def _bounded(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Fill in `least`: Holm multiplies the smallest p by the number of comparisons, and no other falls below that."""
    tested = [c.n for c in comparisons if c.p is not None]
    family = min(1.0, len(tested) * min(map(least_p, tested), default=0.0))
    return tuple(replace(c, least=max(family, least_p(c.n))) if c.p is not None else c for c in comparisons)


def _turned(c: Comparison) -> Comparison:
    value, low, high = c.difference.value, c.difference.low, c.difference.high
    measured = Estimate(
        None if value is None else -value, None if high is None else -high, None if low is None else -low
    )
    return replace(c, first=c.second, second=c.first, difference=measured, differences=tuple(-x for x in c.differences))
