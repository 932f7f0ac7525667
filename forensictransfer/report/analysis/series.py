"""What grows with the shots: series of one pair, heat matrices, averages over pairs, and what adaptation forgets.

A pair is a source and a target, and its value the mean over draws of shots and over seeds. Intervals over pairs are
95 % percentile bootstrap intervals: pairs are drawn with replacement 10,000 times. They say how much the mean depends
on which pairs were measured. Pairs that share a source or a target are alike, which the bootstrap does not know, and
what a pair's own value owes to its test images and shots is in them only as far as it makes pairs differ. So for
domains that are not in the sweep they are too narrow, and with a handful of pairs they say little.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.results.cells import ZERO_SHOT, Cell
from forensictransfer.results.sweep import SweepResults

RESAMPLES = 10_000
OVER_PAIRS = "95 % intervals: bootstrap over source-target pairs"
OVER_SEEDS = (
    "Values are means over seeds, and intervals are the means of the seeds' intervals: they cover test photographs and "
    "draws of shots, not how much trainings differ; for that see the range over seeds."
)
Pair = tuple[str, str]


@dataclass(frozen=True)
class Point:
    """A pair at one number of shots.

    measured: the mean over seeds. With one seed its interval is the cell's own (bootstrap over groups and draws); with
    several, low and high are the means of theirs: an interval for a run of any one seed, which does not shrink with the
    number of seeds, since they share test images, and does not show how seeds differ. per_seed shows that, in the order
    of `seeds`.
    """

    shots: int
    measured: Estimate
    seeds: tuple[int, ...]
    per_seed: tuple[float, ...]
    draws: int


@dataclass(frozen=True)
class Average:
    """The mean over pairs at one number of shots, the pairs that are in it, and the value of each."""

    shots: int
    measured: Estimate
    pairs: tuple[Pair, ...]
    per_pair: tuple[float, ...]


@dataclass(frozen=True)
class Forgetting:
    """How a source's own test changed by adaptation: the mean over pairs of after - before, as fractions.

    before, after: the means over the same pairs.
    """

    detector: str
    strategy: str
    shots: int
    change: Estimate
    before: float
    after: float
    pairs: tuple[Pair, ...]
    per_pair: tuple[float, ...]


def series(
    results: SweepResults, detector: str, source: str, target: str, strategy: str, metric: str
) -> tuple[Point, ...]:
    """Measure a pair by shots, rising: first zero-shot (k = 0), which all strategies start from.

    Numbers of shots that were not measured, or at which the metric is undefined, are left out.
    """
    found = _by_shots(results, detector, strategy, metric)
    return tuple(
        _point(shots, by_pair[source, target], metric)
        for shots, by_pair in found.items()
        if (source, target) in by_pair
    )


def common_pairs(results: SweepResults, detector: str, metric: str) -> tuple[Pair, ...]:
    """Find the pairs that every strategy has at every number of shots that it was measured at; all, if there are none.

    Means over different pairs must not stand side by side: some pairs are far easier than others.
    """
    sets = [
        set(by_pair)
        for strategy in results.strategies
        for by_pair in _by_shots(results, detector, strategy, metric).values()
        if by_pair
    ]
    common = set.intersection(*sets) if sets else set()
    every = list(dict.fromkeys(pair for pairs in sets for pair in sorted(pairs)))
    return tuple(sorted(common)) if common else tuple(every)


def average(results: SweepResults, detector: str, strategy: str, metric: str) -> tuple[Average, ...]:
    """Compute the mean over the pairs of `common_pairs` by shots, k = 0 being zero-shot."""
    kept = set(common_pairs(results, detector, metric))
    found = {
        shots: {pair: _mean(cells, metric) for pair, cells in by_pair.items() if pair in kept}
        for shots, by_pair in _by_shots(results, detector, strategy, metric).items()
    }
    return tuple(
        Average(shots, bootstrap_mean(list(values.values())), tuple(values), tuple(values.values()))
        for shots, values in found.items()
        if values
    )


def forgetting(
    results: SweepResults, detector: str, strategy: str, metric: str = "balanced_accuracy"
) -> tuple[Forgetting, ...]:
    """Subtract the source's own test before adaptation from the same after it, by target, shots and seed.

    After adaptation the test lacks images that share a photograph with the shots, so it may hold a few images fewer.
    """
    before_it = [c for c in results.cells if c.detector == detector and _before(c)]
    starts = {(c.source, c.on, c.seed): _value(c, metric) for c in before_it}
    found: dict[int, dict[Pair, list[tuple[float, float]]]] = {}
    for cell in results.cells:
        if cell.adapted_to is None or not cell.own or (cell.detector, cell.strategy) != (detector, strategy):
            continue
        before, after = starts.get((cell.source, cell.on, cell.seed)), _value(cell, metric)
        if before is not None and after is not None:
            of_pair = found.setdefault(cell.shots, {}).setdefault((cell.source, cell.adapted_to), [])
            of_pair.append((before, after))
    return tuple(_forgotten(detector, strategy, shots, found[shots]) for shots in sorted(found))


def bootstrap_mean(values: Sequence[float]) -> Estimate:
    """Compute the mean of at least one value with the 95 % percentile bootstrap interval; a single value has none."""
    x = np.asarray(values, np.float64)
    mean = float(x.mean())
    if x.size < 2:
        return Estimate(mean, None, None, x.size)
    # scipy's bootstrap of equal values is their mean, less its rounding.
    if np.ptp(x) == 0:
        return Estimate(mean, mean, mean, x.size)
    found = stats.bootstrap(
        (x,), np.mean, n_resamples=RESAMPLES, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    return Estimate(mean, float(found.low), float(found.high), x.size)


def _forgotten(detector: str, strategy: str, shots: int, by_pair: dict[Pair, list[tuple[float, float]]]) -> Forgetting:
    means = np.array([np.mean(values, axis=0) for values in by_pair.values()])  # (pairs, 2): before, after
    changes = tuple((means[:, 1] - means[:, 0]).tolist())
    before, after = means.mean(axis=0).tolist()
    return Forgetting(detector, strategy, shots, bootstrap_mean(changes), before, after, tuple(by_pair), changes)


def _point(shots: int, cells: Sequence[Cell], metric: str) -> Point:
    per_seed = tuple(value for cell in cells if (value := _value(cell, metric)) is not None)
    found = [cell.metrics[metric] for cell in cells]
    low, high = (_mean_or_none([getattr(m, end) for m in found]) for end in ("low", "high"))
    measured = Estimate(float(np.mean(per_seed)), low, high, found[0].n if len(found) == 1 else None)
    return Point(shots, measured, tuple(cell.seed for cell in cells), per_seed, cells[0].draws)


def _mean_or_none(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None


def _by_shots(results: SweepResults, detector: str, strategy: str, metric: str) -> dict[int, dict[Pair, list[Cell]]]:
    """Sort the cells in which the metric is defined, one per seed, by shots, rising (0: zero-shot), and by pair.

    Pairs are in the order of the matrix.
    """
    found: dict[tuple[int, Pair], list[Cell]] = {}
    for cell in results.cells:
        wanted = (detector, ZERO_SHOT if cell.shots == 0 else strategy)
        if not cell.aimed or cell.own or (cell.detector, cell.strategy) != wanted or _value(cell, metric) is None:
            continue
        found.setdefault((cell.shots, (cell.source, cell.on)), []).append(cell)
    pairs = [(source, target) for source in results.sources for target in results.targets]
    rising = sorted({shots for shots, _ in found})
    return {k: {pair: _by_seed(found[k, pair]) for pair in pairs if (k, pair) in found} for k in rising}


def _own(results: SweepResults, detector: str, source: str, metric: str) -> list[Cell]:
    """Find the source's own tests before adaptation in which the metric is defined, one per seed."""
    of_source = (c for c in results.cells if _before(c) and (c.detector, c.source) == (detector, source))
    return _by_seed(c for c in of_source if _value(c, metric) is not None)


def _before(cell: Cell) -> bool:
    return cell.own and cell.adapted_to is None


def _by_seed(cells: Iterable[Cell]) -> list[Cell]:
    return sorted(cells, key=lambda cell: cell.seed)


def _value(cell: Cell, metric: str) -> float | None:
    measured = cell.metrics.get(metric)
    return None if measured is None else measured.value


def _mean(cells: Sequence[Cell], metric: str) -> float:
    return float(np.mean([_value(cell, metric) for cell in cells]))
