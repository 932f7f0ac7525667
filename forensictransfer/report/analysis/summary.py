"""Answer the three questions of a sweep in a sentence or two each, from its numbers alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.report.analysis.series import Pair, average, forgetting
from forensictransfer.report.analysis.transfer import CHANCE, TRANSFERS, WORSE, standing
from forensictransfer.report.analysis.view import METRIC, View
from forensictransfer.report.names import arrow, counted, listed, percent, points

FEW_SHOTS = 10
_MOST = 3  # names in a list


@dataclass(frozen=True)
class Answers:
    """What transfers, what a few shots buy (empty where nothing was adapted), and what to distrust."""

    transfers: str
    shots: str
    distrust: str


def answers(view: View, doubtful: Mapping[str, float]) -> Answers:
    """Put a sweep's findings in three answers.

    doubtful: domains whose classes files alone tell apart, and how far they get (a fraction).
    """
    return Answers(" ".join(_transfers(view)), " ".join(_shots(view)), " ".join(_distrust(view, doubtful)))


def few(view: View) -> int | None:
    """Choose the shots that the page opens with: the most up to ten, or else the fewest; None: none measured."""
    measured = sorted({k for d in view.results.detectors for s in view.strategies for k in view.measured_shots(d, s)})
    return max((k for k in measured if k <= FEW_SHOTS), default=min(measured, default=None))


def strategy_at(view: View, detector: str, shots: int) -> str | None:
    """Name a detector's strategy: the strategy shown in depth, or else the sweep's first that it was measured with."""
    order = ([view.main] if view.main else []) + list(view.strategies)
    return next((name for name in order if shots in view.measured_shots(detector, name)), None)


def at(view: View, detector: str, strategy: str, shots: int) -> dict[Pair, Estimate]:
    """Find the accuracies of all pairs that have one; shots 0 is zero-shot."""
    found = {pair: view.at(detector, strategy, *pair, shots) for pair in view.pairs}
    return {pair: m for pair, m in found.items() if m is not None and m.value is not None}


def _transfers(view: View) -> Iterator[str]:
    found = {detector: at(view, detector, view.main or "", 0) for detector in view.results.detectors}
    found = {detector: cells for detector, cells in found.items() if cells}
    if not found:
        yield "Nothing was tested without shots yet."
        return
    yield f"{_how_many(found)}."
    flat = {(detector, *pair): m for detector, cells in found.items() for pair, m in cells.items()}
    best = max(flat, key=lambda key: flat[key].value or 0)
    worse = [key for key, m in flat.items() if standing(m) == WORSE]
    yield f"Highest: {_named(view, best)} {percent(flat[best])}."
    yield from _all_others(view)
    if worse:
        worst = min(worse, key=lambda key: flat[key].value or 0)
        more = f" and {len(worse) - 1} more" if len(worse) > 1 else ""
        yield f"Worse than chance: {_named(view, worst)} {percent(flat[worst])}{more}."


def _all_others(view: View) -> Iterator[str]:
    """Say what trainings on all the other sources reach without shots, beside the mean over single sources."""
    others = view.leave_one_out
    if others is None or others is view:
        return
    texts = []
    for detector in view.results.detectors:
        found = [list(at(one, detector, one.main or "", 0).values()) for one in (others, view)]
        if all(found):
            means = (100 * float(np.mean([m.value for m in side])) for side in found)
            of = f"{detector} " if len(view.results.detectors) > 1 else ""
            texts.append("{}{:.1f} % (single sources {:.1f} %)".format(of, *means))
    if texts:
        over = counted(len(others.pairs), "target")
        yield f"From all the other sources together, mean over {over}: {', '.join(texts)}."


def _shots(view: View) -> Iterator[str]:
    k = few(view)
    if k is None:
        return
    several = len(view.results.detectors) > 1
    strategies = {name for d in view.results.detectors if (name := strategy_at(view, d, k))}
    texts = []
    changes: list[tuple[str, Estimate]] = []
    for detector in view.results.detectors:
        strategy = strategy_at(view, detector, k)
        if strategy is None:
            continue
        rows = {row.shots: row for row in average(view.results, detector, strategy, METRIC)}
        found = at(view, detector, strategy, k)
        if k not in rows or not found:
            continue
        start = rows.get(0)
        before = f"{100 * (start.measured.value or 0):.1f} → " if start and start.pairs == rows[k].pairs else ""
        reached = sum(view.standing(detector, strategy, *pair, k, m) == TRANSFERS for pair, m in found.items())
        by = f" by {strategy}" if len(strategies) > 1 else ""
        # With several detectors the curve beside the sentence has the intervals.
        value = percent(rows[k].measured) if not several else f"{100 * (rows[k].measured.value or 0):.1f} %"
        texts.append(f"{detector}{by} {before}{value} ({reached} of {len(found)} transfer)")
        lost = next((row for row in forgetting(view.results, detector, strategy) if row.shots == k), None)
        if lost is not None and lost.change.value is not None:
            changes.append((detector, lost.change))
    if not texts:
        return
    alone = next((row for d in view.results.detectors for row in view.mean_alone(d)[1] if row.shots == k), None)
    way = f", {next(iter(strategies))}" if len(strategies) == 1 else ""
    yield f"Mean over pairs ({counted(k, 'shot')} per class{way}): {', '.join(texts)}."
    if alone is not None:
        yield f"The shots alone, without a source: {percent(alone.measured)}."
    if changes:
        detector, change = min(changes, key=lambda item: item[1].value or 0)
        whose = f"{detector}, which loses most" if len(changes) > 1 else detector
        yield f"On the source's own test adaptation changes {whose}, by {points(change)} points."


def _distrust(view: View, doubtful: Mapping[str, float]) -> Iterator[str]:
    counts = view.results.counts
    if counts["failed"] or counts["missing"]:
        yield f"{counts['failed'] + counts['missing']} of {counted(counts['jobs'], 'job')} have no result."
    if doubtful:
        names = [f"{view.name(name)} ({100 * value:.0f} %)" for name, value in doubtful.items()]
        yield f"Files alone, without a pixel, tell the classes apart on {listed(names, _MOST)}."
    lost = [
        f"{detector} on {view.name(source)}" if len(view.results.detectors) > 1 else view.name(source)
        for detector in view.results.detectors
        for source in view.results.sources
        if standing(view.own(detector, source)) in (CHANCE, WORSE)
    ]
    if lost:
        yield f"Not learned even on the own domain: {listed(lost, _MOST)}."
    comparisons = view.over_pairs
    if comparisons and not any(c.tellable for c in comparisons):
        least = min(c.least for c in comparisons)
        yield f"{counted(len(view.pairs), 'pair')} cannot tell strategies apart (p ≥ {least:.2g})."
    width = _half_width(view)
    if width is not None:
        yield f"A single cell is known to ± {100 * width:.0f} points (median)."
    missing = [] if len(view.results.seeds) > 1 else ["another training (one seed)"]
    missing += [] if view.results.info.draws > 1 or not view.strategies else ["other shots (one draw)"]
    if missing:
        yield f"Intervals do not cover {listed(missing, 3)}."


def _how_many(found: Mapping[str, Mapping[Pair, Estimate]]) -> str:
    numbers = {d: sum(standing(m) == TRANSFERS for m in cells.values()) for d, cells in found.items()}
    if len(found) == 1:
        ((detector, number),) = numbers.items()
        total = len(found[detector])
        return f"{number} of {counted(total, 'pair')} {'transfers' if number == 1 else 'transfer'} without shots"
    if not any(numbers.values()):
        return "Without shots no pair transfers, whichever the detector"
    texts = [f"{number} of {len(found[d])} with {d}" for d, number in numbers.items() if number]
    none = [d for d, number in numbers.items() if not number]
    texts += [f"none with {listed(none, 4)}"] if none else []
    return f"Pairs that transfer without shots: {listed(texts, 12)}"


def _named(view: View, key: tuple[str, str, str]) -> str:
    detector, *pair = key
    by = f" ({detector})" if len(view.results.detectors) > 1 else ""
    return f"{arrow(*map(view.name, pair))}{by}"


def _half_width(view: View) -> float | None:
    """Compute half the median width of the intervals of single cells, as a fraction."""
    found = [cell.metrics.get(METRIC) for cell in view.results.cells if cell.aimed]
    widths = [m.high - m.low for m in found if m is not None and m.low is not None and m.high is not None]
    return float(np.median(widths)) / 2 if widths else None
