"""The tables of a sweep beside the matrix: averages, significance, threshold rules, forgetting, tuning and cost."""

from __future__ import annotations

from collections.abc import Sequence

from forensictransfer.report.cells import Measured
from forensictransfer.report.cost import costs, total_seconds
from forensictransfer.report.names import arrow, short_names
from forensictransfer.report.predictions import ScoreFiles
from forensictransfer.report.rules import ORACLE, compare_rules
from forensictransfer.report.series import average, forgetting
from forensictransfer.report.sheets import MISSING, Sheet, shown
from forensictransfer.report.significance import Comparison, gains, over_pairs, within_cells
from forensictransfer.report.sweep import SweepResults

TUNED = "tuned"
METRIC = "balanced_accuracy"


def averages(results: SweepResults) -> Sheet:
    """Mean over pairs by strategy and shots."""
    body = [
        (detector, strategy, str(row.shots), shown(row.measured, METRIC), str(len(row.pairs)))
        for detector in results.detectors
        for strategy in results.strategies
        for row in average(results, detector, strategy, METRIC)
    ]
    head = ("detector", "strategy", "shots", "balanced accuracy, %", "pairs")
    return Sheet("Mean over pairs of source and target", head, "llrlr", tuple(body), 3, quiet=2)


def rules(results: SweepResults, files: ScoreFiles) -> Sheet | None:
    """Threshold rules side by side, the oracle last."""
    found = compare_rules(results, files)
    names = list(dict.fromkeys(row.rule for row in found))
    lines: dict[tuple[str, str, int], dict[str, str]] = {}
    for row in found:
        text = shown(row.measured, METRIC) + (" (used)" if row.used else "")
        lines.setdefault((row.detector, row.strategy, row.shots), {})[row.rule] = text
    body = [(d, s, str(k), *(line.get(name, MISSING) for name in names)) for (d, s, k), line in lines.items()]
    heads = [f"{name} (looks at the test)" if name == ORACLE else name for name in names]
    head = ("detector", "strategy", "shots", *heads)
    title = "Threshold rules: balanced accuracy, %, mean over pairs"
    return Sheet(title, head, "llr" + "l" * len(names), tuple(body), 3, quiet=1) if body else None


def forgotten(results: SweepResults) -> Sheet | None:
    """The source's own test before and after adaptation."""
    body = [
        (
            *(detector, strategy, str(row.shots), f"{100 * row.before:.1f}", f"{100 * row.after:.1f}"),
            *(shown(row.change, METRIC), str(len(row.pairs))),
        )
        for detector in results.detectors
        for strategy in results.strategies
        for row in forgetting(results, detector, strategy)
    ]
    head = ("detector", "strategy", "shots", "before", "after", "change, points", "pairs")
    title = "Forgetting: balanced accuracy on the source's own test, %, mean over pairs"
    return Sheet(title, head, "llrrrlr", tuple(body), 3, quiet=2) if body else None


def compared(results: SweepResults) -> Sheet | None:
    """Strategies against each other over pairs of domains."""
    body = [_comparison_row(c) for c in over_pairs(results)]
    head = ("detector", "shots", "first - second", "difference, points", "p", "p corrected", "pairs", "verdict")
    title = "Strategies compared over pairs of domains (sign flips, Holm)"
    return Sheet(title, head, "lrllrrrl", tuple(body), 3, quiet=2) if body else None


def compared_within(results: SweepResults) -> tuple[Sheet | None, int]:
    """The single cells in which two strategies differ significantly, and how many comparisons were made."""
    found = within_cells(results)
    short = short_names([*results.sources, *results.targets])
    body = [
        (*_comparison_row(c)[:2], arrow(short[str(c.source)], short[str(c.target)]), *_comparison_row(c)[2:7])
        for c in found
        if c.significant
    ]
    head = ("detector", "shots", "pair", "first - second", "difference, points", "p", "p corrected", "draws")
    title = "Single cells in which strategies differ (paired t over draws, Holm)"
    return (Sheet(title, head, "lrlllrrr", tuple(body), 4) if body else None), len(found)


def tuning_gain(results: SweepResults) -> Sheet | None:
    """What tuning gained over each untuned strategy, and its cost."""
    if TUNED not in results.strategies:
        return None
    found = gains(over_pairs(results), TUNED)
    spent = {c.shots: c for c in costs(results) if c.strategy == TUNED}
    plain = {(c.strategy, c.shots): c for c in costs(results)}
    body = []
    for c in found:
        cost, other = spent.get(c.shots), plain.get((c.second, c.shots))
        trials = f"{cost.search.trials / cost.search.searches:.0f}" if cost and cost.search else MISSING
        pruned = f"{cost.search.pruned / cost.search.searches:.1f}" if cost and cost.search else MISSING
        ratio = f"{cost.mean / other.mean:.1f}" if cost and other and other.mean else MISSING
        p = MISSING if c.corrected is None else f"{c.corrected:.3f}"
        row = (c.detector, str(c.shots), c.second, _signed(c.difference), p, str(c.n), trials, pruned, ratio)
        body.append(row)
    gain = ("detector", "shots", "tuned against", "gain, points", "p corrected", "pairs")
    head = (*gain, "trials a draw", "of these pruned", "times the seconds")
    title = "Tuning: what it gained and what it cost"
    return Sheet(title, head, "lrllrrrrr", tuple(body), 3) if body else None


def cost(results: SweepResults) -> Sheet:
    """Seconds by kind of job."""
    body = [
        (c.kind, c.strategy, str(c.shots), str(c.jobs), f"{c.seconds:.0f}", f"{c.mean:.1f}") for c in costs(results)
    ]
    body.append(("all", "", "", str(len(results.records)), f"{total_seconds(results):.0f}", ""))
    head = ("job", "strategy", "shots", "jobs", "seconds, all workers", "seconds a job")
    return Sheet("Cost", head, "llrrrr", tuple(body), 3)


def extra_sheets(results: SweepResults, files: ScoreFiles) -> list[Sheet]:
    """All of them that have something to say, in reading order."""
    within, _ = compared_within(results)
    found = [
        averages(results),
        tuning_gain(results),
        compared(results),
        within,
        rules(results, files),
        forgotten(results),
        cost(results),
    ]
    return [sheet for sheet in found if sheet is not None]


def _comparison_row(c: Comparison) -> tuple[str, ...]:
    p, corrected = (MISSING if value is None else f"{value:.4f}" for value in (c.p, c.corrected))
    better = c.first if (c.difference.value or 0) > 0 else c.second
    verdict = f"{better} is better" if c.significant else "no difference shown"
    return (c.detector, str(c.shots), f"{c.first} - {c.second}", _signed(c.difference), p, corrected, str(c.n), verdict)


def _signed(measured: Measured) -> str:
    values: Sequence[float | None] = (measured.value, measured.low, measured.high)
    texts = [MISSING if value is None else f"{100 * value:+.1f}" for value in values]
    return f"{texts[0]} [{texts[1]}, {texts[2]}]"
