"""The tables of a sweep that single runs do not have: averages, comparisons, threshold rules, tuning and cost."""

from __future__ import annotations

from collections.abc import Sequence

from forensictransfer.report.analysis.cost import Cost, costs, total_seconds
from forensictransfer.report.analysis.detectors import DetectorDifference
from forensictransfer.report.analysis.series import Average, Forgetting, Pair, average, forgetting
from forensictransfer.report.analysis.significance import Comparison
from forensictransfer.report.analysis.threshold_rules import ORACLE, RuleResult
from forensictransfer.report.analysis.transfer import BEHIND, TRANSFERS, UNKNOWN, WEAK, WORSE
from forensictransfer.report.analysis.view import METRIC, View
from forensictransfer.report.names import arrow, duration, p_value, points, span
from forensictransfer.report.tables.sheets import MISSING, Sheet, shown
from forensictransfer.results.shots_only import NAME

TUNED = "tuned"
_WORDS = {WEAK: "weak", WORSE: "worse", UNKNOWN: "no interval", TRANSFERS: "transfers", BEHIND: "no gain"}
ALL_OTHERS = "trained on all sources but the target together, each counted alike"
LEFT_OUT = "“all but A”: trained on all sources of the sweep but A, each counted alike."


def images_of(view: View, detector: str, strategy: str, shots: int, pairs: Sequence[Pair]) -> str:
    """Count how many test images each of the pairs has: `40` or `73 to 200`."""
    cells = [cell for pair in pairs for cell in view.cells(detector, strategy, *pair, shots)]
    return span(cell.n_real + cell.n_fake for cell in cells)


def draws_of(view: View, shots: int) -> str:
    """Count the draws of shots behind a number; zero-shot needs none."""
    return str(view.results.info.draws) if shots else MISSING


def glance_sheet(view: View, detector: str, strategy: str) -> Sheet:
    """Show from how many shots each pair transfers, source x target.

    Or how it does at most shots if it never transfers.
    """
    columns = view.domains
    rows, own = [], set()
    for i, source in enumerate(view.results.sources):
        row = [view.name(source)]
        for j, target in enumerate(columns):
            if target in view.results.info.members(source):
                own.add((i, j + 1))
                row.append(f"own test\n{shown(view.own(detector, source, target), METRIC)}")
                continue
            series = view.series(detector, strategy, source, target)
            found = view.transfers_from(detector, strategy, source, target)
            if found is not None:
                row.append(f"k ≥ {found.shots}\n{shown(found.measured, METRIC)}")
            elif series:
                last = series[-1]
                word = _WORDS.get(view.standing(detector, strategy, source, target, last.shots, last.measured), "no")
                row.append(f"{word}, k = {last.shots}\n{shown(last.measured, METRIC)}")
            else:
                row.append(MISSING)
        rows.append(tuple(row))
    head = ("source", *(view.name(name) for name in columns))
    title = f"{detector}: from how many shots a source transfers to a target by {strategy}"
    return Sheet(title, head, "l" * len(head), tuple(rows), 1, own=frozenset(own))


def leave_one_out_sheet(view: View) -> Sheet | None:
    """List what a training on all other sources reaches on each target, by detector, strategy and shots."""
    others = view.leave_one_out
    if others is None:
        return None
    targets = list(dict.fromkeys(target for _, target in others.pairs))
    body: list[tuple[str, ...]] = []
    for detector in others.results.detectors:
        for strategy in others.strategies or ("",):
            for k in (0, *others.measured_shots(detector, strategy)):
                if not k and body and body[-1][0] == detector:
                    continue
                found = {target: others.at(detector, strategy, source, target, k) for source, target in others.pairs}
                if any(found.values()):
                    about = (detector, strategy if k else "zero-shot", str(k))
                    values = [m.value for m in found.values() if m is not None and m.value is not None]
                    mean = f"{100 * sum(values) / len(values):.1f}" if len(values) == len(targets) else MISSING
                    body.append((*about, *(shown(found[target], METRIC) for target in targets), mean))
    head = ("detector", "strategy", "shots", *map(view.name, targets), "mean")
    title = "Each target from all the other sources together: balanced accuracy, %"
    align = "llr" + "l" * len(targets) + "r"
    return Sheet(title, head, align, tuple(body), 3, blank_repeats=2) if body else None


def averages_sheet(view: View) -> Sheet | None:
    """List the mean over pairs by detector, strategy and shots."""
    body: list[tuple[str, ...]] = []
    for detector in view.results.detectors:
        for number, strategy in enumerate(view.strategies):
            for row in average(view.results, detector, strategy, METRIC):
                if row.shots or not number:
                    body.append(_average(view, detector, strategy if row.shots else "zero-shot", row))
        beside, rows = view.mean_alone(detector)
        body += [_average(view, detector, beside, row, NAME) for row in rows]
    head = ("detector", "strategy", "shots", "balanced accuracy, %", "pairs", "test images a pair", "draws")
    return (
        Sheet("Mean over pairs of source and target", head, "llrlrrr", tuple(body), 3, blank_repeats=2)
        if body
        else None
    )


def seeds_sheet(view: View) -> Sheet | None:
    """List each pair's accuracy by seed, the lowest and the highest; None if there is one seed."""
    if len(view.results.seeds) < 2:
        return None
    body = []
    for detector in view.results.detectors:
        for strategy in view.strategies:
            for source, target in view.pairs:
                for point in view.series(detector, strategy, source, target):
                    name = strategy if point.shots else "zero-shot"
                    if not point.shots and strategy != view.strategies[0]:
                        continue
                    ends = f"{100 * min(point.per_seed):.1f} to {100 * max(point.per_seed):.1f}"
                    about = (detector, name, view.name(source), view.name(target), str(point.shots))
                    body.append((*about, shown(point.measured, METRIC), ends, str(len(point.seeds)), str(point.draws)))
    head = ("detector", "strategy", "source", "target", "shots", "mean, %", "lowest to highest", "seeds", "draws")
    return (
        Sheet("Balanced accuracy over seeds, %", head, "llllrlrrr", tuple(body), 5, blank_repeats=2) if body else None
    )


def forgetting_rows(view: View) -> list[Forgetting]:
    """Compute what adaptation takes from the source's own test: by detector, strategy and shots."""
    found: list[Forgetting] = []
    for detector in view.results.detectors:
        for strategy in view.strategies:
            found += forgetting(view.results, detector, strategy)
    return found


def forgetting_sheet(view: View) -> Sheet | None:
    """List the change of the source's own accuracy, mean over pairs, and the pair that lost most."""
    body = []
    for row in forgetting_rows(view):
        worst = min(range(len(row.pairs)), key=lambda i: row.per_pair[i])
        most = f"{100 * row.per_pair[worst]:+.1f}, {arrow(*map(view.name, row.pairs[worst]))}"
        about = (row.detector, row.strategy, str(row.shots), points(row.change))
        body.append((*about, str(len(row.pairs)), draws_of(view, row.shots), most))
    head = ("detector", "strategy", "shots", "change, points", "pairs", "draws", "largest loss")
    title = "Change of balanced accuracy on the source's own test by adaptation, mean over pairs"
    return Sheet(title, head, "llrlrrl", tuple(body), 3, blank_repeats=2) if body else None


def rules_sheet(view: View, found: Sequence[RuleResult]) -> Sheet | None:
    """List threshold rules side by side, the oracle last and named as what it is."""
    names = list(dict.fromkeys(row.rule for row in found))
    grouped: dict[tuple[str, str, int], list[RuleResult]] = {}
    for row in found:
        grouped.setdefault((row.detector, row.strategy, row.shots), []).append(row)
    body = []
    for (detector, strategy, shots), rows in grouped.items():
        values = {row.rule: shown(row.measured, METRIC) + " (used)" * row.used for row in rows}
        about = (detector, strategy, str(shots), *(values.get(name, MISSING) for name in names))
        body.append((*about, str(len(rows[0].pairs)), draws_of(view, shots)))
    heads = [f"{name} (looks at the test)" if name == ORACLE else name for name in names]
    head = ("detector", "strategy", "shots", *heads, "pairs", "draws")
    title = "Balanced accuracy under each threshold rule, %, mean over pairs"
    return Sheet(title, head, "llr" + "l" * len(names) + "rr", tuple(body), 3, blank_repeats=1) if body else None


def compared_sheet(found: Sequence[Comparison]) -> Sheet | None:
    """Compare each two strategies over pairs of domains."""
    head = ("detector", "shots", "first", "second", "first - second, points", "p", "p, Holm", "pairs", "verdict")
    body = [(c.detector, str(c.shots), c.first, c.second, points(c.difference), *_tested(c)) for c in found]
    title = "Strategies compared over pairs of domains"
    return Sheet(title, head, "lrlllrrrl", tuple(body), 4, blank_repeats=2) if body else None


def detectors_sheet(found: Sequence[DetectorDifference]) -> Sheet | None:
    """Compare each detector with the sweep's first, the best of each number of shots at the top."""
    if not found:
        return None
    reference = found[0].reference
    body = []
    for c in sorted(found, key=lambda c: (c.shots, -c.value)):
        verdict = "no difference shown"
        if c.significant:
            verdict = f"{c.detector if (c.difference.value or 0) > 0 else reference} is better"
        means = (f"{100 * c.value:.1f}", f"{100 * c.reference_value:.1f}")
        about = (str(c.shots), c.detector, c.strategy, *means, points(c.difference))
        body.append((*about, p_value(c.p), p_value(c.corrected), str(len(c.pairs)), verdict))
    head = ("shots", "detector", "strategy", "mean over pairs, %", f"{reference}, %", f"minus {reference}, points")
    title = f"Detectors compared with {reference} over pairs of domains"
    return Sheet(title, (*head, "p", "p, Holm", "pairs", "verdict"), "rllrrlrrrl", tuple(body), 3, blank_repeats=2)


def within_sheet(view: View, found: Sequence[Comparison]) -> Sheet | None:
    """Compare each two strategies within single cells, over draws."""
    head = (
        "detector",
        "source",
        "target",
        "shots",
        "seed",
        "first",
        "second",
        "first - second, points",
        "p",
        "p, Holm",
    )
    body = [
        (
            *(c.detector, view.name(str(c.source)), view.name(str(c.target)), str(c.shots), str(c.seed)),
            *(c.first, c.second, points(c.difference), *_tested(c)),
        )
        for c in found
    ]
    title = "Strategies compared within single cells"
    align = "lllrrlllrrrl"
    return Sheet(title, (*head, "draws", "verdict"), align, tuple(body), 5, blank_repeats=1) if body else None


def tuning_sheet(view: View, found: Sequence[Comparison]) -> Sheet | None:
    """List what tuning gained over each other strategy and what it cost.

    found: the comparisons with `tuned` as first.
    """
    by_key = {(c.strategy, c.shots): c for c in costs(view.results) if c.kind == "adapt"}
    body: list[tuple[str, ...]] = []
    for c in found:
        tuned, other = by_key.get((view.results.label(TUNED), c.shots)), by_key.get((c.second, c.shots))
        gain = (points(c.difference), p_value(c.corrected), str(c.n), draws_of(view, c.shots), outcome(c))
        body.append((c.detector, str(c.shots), c.second, *gain, *_searched(tuned), *_times(tuned, other)))
    head = (
        *("detector", "shots", "tuned against", "gain, points", "p, Holm", "pairs", "draws", "verdict"),
        *("trials a search", "stopped early", "seconds a job, tuned", "the other", "times"),
    )
    title = "Tuning: its gain over each untuned strategy, and its cost"
    return Sheet(title, head, "lrllrrrlrrrrr", tuple(body), 3, blank_repeats=2) if body else None


def cost_sheet(view: View) -> Sheet:
    """List the wall clock of jobs by kind, strategy and shots."""
    body = []
    for c in costs(view.results):
        searched = f"{duration(c.search.seconds)} in {c.search.trials} trials" if c.search else MISSING
        shots = str(c.shots) if c.kind == "adapt" else MISSING
        strategy = c.strategy if c.kind == "adapt" else MISSING
        body.append((c.kind, strategy, shots, str(c.jobs), duration(c.mean), duration(c.seconds), searched))
    total, ended = total_seconds(view.results), len(view.results.records)
    body.append(
        ("all that ended", MISSING, MISSING, str(ended), duration(total / max(1, ended)), duration(total), MISSING)
    )
    head = ("job", "strategy", "shots", "jobs", "one job", "all of them", "of that, search for settings")
    return Sheet("Wall clock of jobs", head, "llrrrrl", tuple(body), 3, blank_repeats=1)


def outcome(c: Comparison) -> str:
    """Say a comparison in words."""
    if c.corrected is None:
        return "one value, no test"
    if not c.tellable:
        return f"too few to tell: p is at least {p_value(c.least)}"
    if not c.significant:
        return "no difference shown"
    return f"{c.first if (c.difference.value or 0) > 0 else c.second} is better"


def _average(view: View, detector: str, strategy: str, row: Average, name: str = "") -> tuple[str, ...]:
    images = images_of(view, detector, strategy, row.shots, row.pairs)
    value = shown(row.measured, METRIC)
    return (detector, name or strategy, str(row.shots), value, str(len(row.pairs)), images, draws_of(view, row.shots))


def _tested(c: Comparison) -> tuple[str, ...]:
    return (p_value(c.p), p_value(c.corrected), str(c.n), outcome(c))


def _searched(cost: Cost | None) -> tuple[str, str]:
    if cost is None or cost.search is None:
        return MISSING, MISSING
    trials, pruned, searches = cost.search.trials, cost.search.pruned, cost.search.searches
    return f"{trials / searches:.0f}", f"{100 * pruned / trials:.0f} %" if trials else MISSING


def _times(tuned: Cost | None, other: Cost | None) -> tuple[str, str, str]:
    if tuned is None or other is None:
        return MISSING, MISSING, MISSING
    ratio = f"{tuned.mean / other.mean:.1f}" if other.mean else MISSING
    return f"{tuned.mean:.1f}", f"{other.mean:.1f}", ratio
