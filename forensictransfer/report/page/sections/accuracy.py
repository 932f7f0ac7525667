"""How accuracy depends on source, target, strategy and shots: heat maps and k-shot curves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.report.analysis.series import OVER_PAIRS, Pair, average
from forensictransfer.report.analysis.shots_only import gain_of
from forensictransfer.report.analysis.transfer import gains
from forensictransfer.report.analysis.view import METRIC, View, basis
from forensictransfer.report.figures.curves import Curve, curve_key, curve_panel, limits_of
from forensictransfer.report.figures.heat import OTHERS, HeatMap
from forensictransfer.report.names import arrow, counted, span
from forensictransfer.report.page.elements import (
    Section,
    colour_key,
    figure,
    fold,
    grid,
    heading,
    heat,
    legend,
    lines,
    link,
    long_table,
    paragraph,
    table,
)
from forensictransfer.report.page.links import Links
from forensictransfer.report.page.sections.layout import UNFOLDED, by_detector, small_multiples
from forensictransfer.report.tables.csv_files import TableFiles
from forensictransfer.report.tables.gains import gains_sheet
from forensictransfer.report.tables.sweep import ALL_OTHERS, averages_sheet, glance_sheet, seeds_sheet
from forensictransfer.results.cells import Cell
from forensictransfer.results.jobs import TRAIN
from forensictransfer.results.shots_only import MEANS, NAME, NO_GAIN_MEANS

_BEATEN = "A pair beats its shots where the interval over its draws and images lies above 0"


def heat_section(view: View, links: Links, files: TableFiles) -> Section:
    """Show source x target, as small multiples over k for each strategy, and from which k on a pair transfers."""
    text = paragraph(
        "Balanced accuracy in %, with its 95 % interval, and n, the test images of the target. A frame marks "
        "the source's own test, which is the same at all k: before any adaptation. Dashed cells were not measured. A "
        "number leads to the run behind it; all of them, unrounded, are the rows “cells” of ",
        link("tables.csv", "tables.csv"),
        f". {MEANS.capitalize()}. {NO_GAIN_MEANS}." if view.results.shots_only else ".",
        row_of_others(view),
    )
    maps = by_detector(view, lambda name: _maps(view, name, links, files))
    return Section("matrix", "Source × target", lines(text, maps))


def row_of_others(view: View) -> str:
    """Say what the row of all others is, where there is one."""
    others = view.leave_one_out
    return "" if others is None or others is view else f" “{OTHERS}”: {ALL_OTHERS}."


def curves_section(view: View, files: TableFiles) -> Section | None:
    """Show accuracy by k: the mean over pairs, then a panel for each pair."""
    if not view.strategies:
        return None
    sheet, beside = averages_sheet(view), gains_sheet(view)
    parts = [
        paragraph(
            "Balanced accuracy by the number of labelled images per class, one line for each strategy, bands and thin "
            "lines are 95 % intervals. All lines of a pair start at the same zero-shot test; k is placed by "
            "log(1 + k).",
            f" {MEANS.capitalize()}, on the pair's target." if view.results.shots_only else "",
        ),
        by_detector(view, lambda name: _curves(view, name)),
        long_table(sheet, f"{OVER_PAIRS}.", csv=files.add("averages", sheet)) if sheet else "",
        long_table(beside, f"{OVER_PAIRS}. {_BEATEN}.", csv=files.add("gains", beside)) if beside else "",
        *_seeds(view, files),
    ]
    return Section("curves", "k-shot curves", lines(*parts))


def _seeds(view: View, files: TableFiles) -> Iterator[Markup]:
    """Show how much trainings and shots of other seeds differ, where there are several."""
    sheet = seeds_sheet(view)
    if sheet is not None:
        yield fold("Range over seeds", table(sheet, csv=files.add("seeds", sheet)))


def _maps(view: View, detector: str, links: Links, files: TableFiles) -> Markup:
    parts: list[Markup] = []
    if view.main is not None:
        note = (
            "“k ≥ 5: 81.0 [..]” transfers at 5 shots per class and at every larger number measured; “weak” is better "
            "than chance, but below 75 %, “no gain” reaches 75 % but does not beat its shots alone, “no” is not told "
            "from chance, “worse” is worse than chance, all at the largest k. Draws: as below."
        )
        sheet = glance_sheet(view, detector, view.main)
        csv = files.add(f"transfers_from-{detector}", sheet)
        parts.append(table(sheet, note, sortable=False, csv=csv))
    parts.append(colour_key())
    zero = heat(heat_of(view, detector, "", 0, links), "Trained on the source alone, no shots drawn.")
    if view.main is None:
        return lines(*parts, zero)
    for strategy in view.strategies:
        maps = [
            heat(heat_of(view, detector, strategy, k, links), _caption(view, detector, strategy, k))
            for k in view.measured_shots(detector, strategy)
        ]
        if not maps:
            continue
        if strategy == view.main:
            parts += [heading(f"{strategy}, from zero-shot on", 4), grid([zero, *maps])]
        elif len(view.pairs) <= 6:
            parts += [heading(strategy, 4), grid(maps)]
        else:
            parts.append(fold(f"{strategy}: heat maps", grid(maps)))
    return lines(*parts)


def heat_of(view: View, detector: str, strategy: str, shots: int, links: Links, *, counts: bool = True) -> HeatMap:
    """Collect the heat map of one strategy at one number of shots; strategy "": zero-shot; counts: test images, too."""
    cells: dict[Pair, Estimate] = {}
    notes: dict[Pair, str] = {}
    behind: dict[Pair, Sequence[Cell]] = {}
    main = strategy or (view.main or "")
    owned: set[Pair] = set()
    for source in view.results.sources:
        for domain in view.results.info.members(source):
            own = view.own(detector, source, domain)
            if own is not None:
                cells[source, domain] = own
                behind[source, domain] = view.own_cells(detector, source, domain)
                owned.add((source, domain))
        for target in view.results.targets:
            if not view.is_pair(source, target):
                continue
            measured = view.at(detector, main, source, target, shots)
            if measured is None:
                notes[source, target] = why_empty(view, detector, source, target, strategy, shots)
            else:
                cells[source, target] = measured
                behind[source, target] = view.cells(detector, main, source, target, shots)
    others = _all_others(view, detector, main, shots)
    behind_shots = {
        _short(view, pair)
        for pair, found in behind.items()
        if shots and (gain := gain_of(found)) is not None and not gains(gain)
    }
    behind_shots |= {
        (OTHERS, view.name(target))
        for target, (_, found) in others.items()
        if shots and (gain := gain_of(found)) is not None and not gains(gain)
    }
    below = {}
    for target in view.domains if counts else ():
        images = [c.n_real + c.n_fake for found in behind.values() for c in found if c.on == target]
        below[view.name(target)] = f"n = {span(images)}" if images else ""
    return HeatMap(
        [view.name(name) for name in view.results.sources],
        [view.name(name) for name in view.domains],
        {_short(view, pair): m for pair, m in cells.items()},
        {_short(view, pair): note for pair, note in notes.items()},
        below,
        f"{strategy}, k = {shots}" if strategy else f"zero-shot, k = {shots}",
        {
            **{_short(view, pair): links.run(found) for pair, found in behind.items()},
            **{(OTHERS, view.name(target)): links.run(found) for target, (_, found) in others.items()},
        },
        behind_shots,
        {view.name(t): m for t in view.results.targets if (m := _alone(view, detector, main, t, shots)) is not None},
        frozenset(_short(view, pair) for pair in owned),
        {view.name(target): measured for target, (measured, _) in others.items()},
    )


def _all_others(view: View, detector: str, strategy: str, shots: int) -> dict[str, tuple[Estimate, Sequence[Cell]]]:
    """Find what trainings on all the other sources reach on each target, and the tests behind it.

    Empty where there are none, or nothing else.
    """
    others = view.leave_one_out
    if others is None or others is view:
        return {}
    found = {target: (others.at(detector, strategy, source, target, shots), source) for source, target in others.pairs}
    return {
        target: (measured, others.cells(detector, strategy, source, target, shots))
        for target, (measured, source) in found.items()
        if measured is not None
    }


def _alone(view: View, detector: str, strategy: str, target: str, shots: int) -> Estimate | None:
    """Find what the shots alone reach on a target, beside the first source whose adaptation it stands beside."""
    pairs = [pair for pair in view.pairs if pair[1] == target]
    found = (measured for pair in pairs for k, measured in view.alone(detector, strategy, *pair) if k == shots)
    return next(found, None)


def _short(view: View, pair: Pair) -> Pair:
    return view.name(pair[0]), view.name(pair[1])


def _caption(view: View, detector: str, strategy: str, shots: int) -> str:
    found = [cell for pair in view.pairs for cell in view.cells(detector, strategy, *pair, shots)]
    draws = counted(max(cell.draws for cell in found), "draw")
    seeds = f", {counted(len(view.results.seeds), 'seed')}" if len(view.results.seeds) > 1 else ""
    return f"{strategy}, {counted(shots, 'shot')} per class, mean over {draws} of shots{seeds}."


def why_empty(view: View, detector: str, source: str, target: str, strategy: str, shots: int) -> str:
    """Say in a word or two why a cell of the grid is empty.

    There are too few images for so many shots, it failed, its detector does not apply, or it is not done.
    """
    if any(item.target == target and item.shots == shots for item in view.results.impossible):
        return "too few"
    kind = strategy or "zero-shot"
    about = (detector, source, target, kind, shots)
    if any((r.detector, r.source, r.target, r.strategy, r.shots) == about for r in view.results.failed):
        return "failed"
    silent = view.results.not_applied
    if any((r.detector, r.source, r.target, r.strategy, r.shots) == about for r in silent) or any(
        r.kind == TRAIN and (r.detector, r.source) == (detector, source) for r in silent
    ):
        return "n/a"
    return "–"


def _curves(view: View, detector: str) -> Markup:
    strategies, shots = view.strategies, view.results.shots
    found: dict[Pair, dict[str, Curve]] = {
        pair: {strategy: _curve(view, detector, strategy, pair) for strategy in strategies} for pair in view.pairs
    }
    means: dict[str, Curve] = {}
    pairs = set()
    beside, alone = view.mean_alone(detector)
    names = (*strategies, *((NAME,) if alone else ()))
    for strategy in strategies:
        rows = average(view.results, detector, strategy, METRIC)
        means[strategy] = [(row.shots, row.measured) for row in rows]
        pairs |= {len(row.pairs) for row in rows}
    if alone:
        means[NAME] = [(row.shots, row.measured) for row in alone]
        for pair, curves in found.items():
            curves[NAME] = view.alone(detector, beside, *pair)
    every = [*means.values(), *(curve for curves in found.values() for curve in curves.values())]
    limits = limits_of(every)
    key = legend(curve_key(names, names))
    caption = (
        f"Mean over {span(pairs)} of {counted(len(view.pairs), 'pair')}: those that every strategy has at every k, or "
        f"all if there are none. {counted(view.results.info.draws, 'draw')} each. {OVER_PAIRS}."
    )
    title = f"{detector}: mean over pairs"
    mean = figure(curve_panel(means, names, shots, title, limits=limits, large=True), caption, title=title)
    panels = []
    for (source, target), curves in found.items():
        if any(curves.values()):
            name = arrow(view.name(source), view.name(target))
            drawn = curve_panel(curves, names, shots, name, limits=limits)
            behind = view.last(detector, source, target) or view.cells(detector, "", source, target, 0)
            panels.append(((source, target), figure(drawn, f"{basis(behind)}.", title=name)))
    return lines(key, mean, small_multiples(view, panels, key if len(panels) > UNFOLDED else Markup("")))


def _curve(view: View, detector: str, strategy: str, pair: Pair) -> Curve:
    return [(point.shots, point.measured) for point in view.series(detector, strategy, *pair)]
