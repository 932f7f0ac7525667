"""How accuracy depends on source, target, strategy and shots: heat maps and k-shot curves."""

from __future__ import annotations

from collections.abc import Iterator

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.report.analysis.series import OVER_PAIRS, Pair, average
from forensictransfer.report.analysis.view import METRIC, View, basis
from forensictransfer.report.figures.canvas import Picture
from forensictransfer.report.figures.curves import TITLE, Curve, curve_panel, legend
from forensictransfer.report.figures.heat import HeatMap, colour_key, heat_map
from forensictransfer.report.names import arrow, counted, span, wrapped
from forensictransfer.report.page.html import (
    Markup,
    Section,
    figure,
    fold,
    grid,
    heading,
    image,
    lines,
    paragraph,
    table,
)
from forensictransfer.report.page.sections.layout import UNFOLDED, by_detector, small_multiples
from forensictransfer.report.tables.sweep import averages_sheet, glance_sheet, seeds_sheet
from forensictransfer.results.cells import Cell


def heat_section(view: View) -> Section:
    """Source x target, as small multiples over k for each strategy, and from which k on a pair transfers."""
    text = paragraph(
        "Balanced accuracy in %, with its 95 % interval, and n, the test images of the target. A double frame marks "
        "the source's own test, which is the same at all k: before any adaptation. White cells were not measured."
    )
    return Section("matrix", "Source × target", lines(text, by_detector(view, lambda name: _maps(view, name))))


def curves_section(view: View) -> Section:
    """Accuracy by k: the mean over pairs, then a panel for each pair."""
    if not view.strategies:
        text = "No pair was adapted in this sweep, so there is nothing to draw over k."
        return Section("curves", "k-shot curves", paragraph(text))
    sheet = averages_sheet(view)
    parts = [
        paragraph(
            "Balanced accuracy by the number of labelled images per class, one line for each strategy, bands and thin "
            "lines are 95 % intervals. All lines of a pair start at the same zero-shot test; k is placed by log(1 + k)."
        ),
        by_detector(view, lambda name: _curves(view, name)),
        table(sheet, f"{OVER_PAIRS}.") if sheet else "",
        *_seeds(view),
    ]
    return Section("curves", "k-shot curves", lines(*parts))


def _seeds(view: View) -> Iterator[Markup]:
    """How much trainings and shots of other seeds differ, where there are several."""
    sheet = seeds_sheet(view)
    if sheet is not None:
        yield fold("Range over seeds", table(sheet))


def _maps(view: View, detector: str) -> Markup:
    parts: list[Markup] = []
    if view.main is not None:
        note = (
            "“k ≥ 5: 81.0 [..]” transfers at 5 shots per class and at every larger number measured; “weak” is better "
            "than chance, but below 75 %, “no” is not told from chance, both at the largest k. Draws: as below."
        )
        parts.append(table(glance_sheet(view, detector, view.main), note))
    parts.append(image(colour_key()))
    zero = figure(_map(view, detector, "", 0), "Zero-shot: trained on the source alone, no shots drawn.")
    if view.main is None:
        return lines(*parts, zero)
    for strategy in view.strategies:
        maps = [
            figure(_map(view, detector, strategy, k), _caption(view, detector, strategy, k))
            for k in view.measured_shots(detector, strategy)
        ]
        if strategy == view.main:
            parts += [heading(f"{strategy}, from zero-shot on", 4), grid([zero, *maps])]
        elif len(view.pairs) <= 6:
            parts += [heading(strategy, 4), grid(maps)]
        else:
            parts.append(fold(f"{strategy}: heat maps", grid(maps)))
    return lines(*parts)


def _map(view: View, detector: str, strategy: str, shots: int) -> Picture:
    cells: dict[Pair, Estimate] = {}
    notes: dict[Pair, str] = {}
    behind: list[Cell] = []
    main = strategy or (view.main or "")
    for source in view.results.sources:
        own = view.own(detector, source)
        if own is not None:
            cells[source, source] = own
        for target in view.results.targets:
            if source == target:
                continue
            measured = view.at(detector, main, source, target, shots)
            if measured is None:
                notes[source, target] = why_empty(view, detector, source, target, strategy, shots)
            else:
                cells[source, target] = measured
                behind += view.cells(detector, main, source, target, shots)
    short = view.name
    own_cells = [cell for source in view.results.sources for cell in view.own_cells(detector, source)]
    below = {}
    for target in view.domains:
        counts = [c.n_real + c.n_fake for c in [*behind, *own_cells] if c.on == target]
        below[short(target)] = f"n = {span(counts)}" if counts else ""
    return heat_map(
        HeatMap(
            [short(name) for name in view.results.sources],
            [short(name) for name in view.domains],
            {(short(s), short(t)): m for (s, t), m in cells.items()},
            {(short(s), short(t)): note for (s, t), note in notes.items()},
            below,
            f"{strategy}, k = {shots}" if strategy else f"zero-shot, k = {shots}",
        )
    )


def _caption(view: View, detector: str, strategy: str, shots: int) -> str:
    found = [cell for pair in view.pairs for cell in view.cells(detector, strategy, *pair, shots)]
    draws = counted(max(cell.draws for cell in found), "draw")
    seeds = f", {counted(len(view.results.seeds), 'seed')}" if len(view.results.seeds) > 1 else ""
    return f"{strategy}, {counted(shots, 'shot')} per class, mean over {draws} of shots{seeds}."


def why_empty(view: View, detector: str, source: str, target: str, strategy: str, shots: int) -> str:
    """Why a cell of the grid has no number, in a word or two: too few images for so many shots, failed, or not done."""
    if any(item["target"] == target and item["shots"] == shots for item in view.results.impossible):
        return "too few"
    kind = strategy or "zero-shot"
    about = (detector, source, target, kind, shots)
    if any((r.detector, r.source, r.target, r.strategy, r.shots) == about for r in view.results.failed):
        return "failed"
    return "–"


def _curves(view: View, detector: str) -> Markup:
    strategies, shots = view.strategies, view.results.shots
    low = _floor(view, detector)
    key = image(legend(strategies, strategies))
    means: dict[str, Curve] = {}
    pairs = set()
    for strategy in strategies:
        found = average(view.results, detector, strategy, METRIC)
        means[strategy] = [(row.shots, row.measured) for row in found]
        pairs |= {len(row.pairs) for row in found}
    caption = (
        f"Mean over {span(pairs)} of {counted(len(view.pairs), 'pair')}: those that every strategy has at every k, or "
        f"all if there are none. {counted(int(view.results.info['draws']), 'draw')} each. {OVER_PAIRS}."
    )
    mean = figure(
        curve_panel(means, strategies, shots, f"{detector}: mean over pairs", limits=(low, 102.0), large=True), caption
    )
    titles = [wrapped(arrow(*map(view.name, pair)), TITLE) for pair in view.pairs]
    rows = max(title.count("\n") + 1 for title in titles)
    panels = []
    for source, target in view.pairs:
        curves: dict[str, Curve] = {
            strategy: [(point.shots, point.measured) for point in view.series(detector, strategy, source, target)]
            for strategy in strategies
        }
        if any(curves.values()):
            name = arrow(view.name(source), view.name(target))
            drawn = curve_panel(curves, strategies, shots, name, limits=(low, 102.0), rows=rows)
            behind = view.last(detector, source, target) or view.cells(detector, "", source, target, 0)
            panels.append(((source, target), figure(drawn, f"{basis(behind)}.")))
    return lines(key, mean, small_multiples(view, panels, key if len(panels) > UNFOLDED else Markup("")))


def _floor(view: View, detector: str) -> float:
    """Where the axes of all panels begin: the lowest end of an interval, down to the next ten per cent."""
    lows = list(_lows(view, detector))
    return max(0.0, min(40.0, 10.0 * int(10 * min(lows, default=0.4))))


def _lows(view: View, detector: str) -> Iterator[float]:
    for strategy in view.strategies:
        for pair in view.pairs:
            for point in view.series(detector, strategy, *pair):
                end = point.measured.low if point.measured.low is not None else point.measured.value
                if end is not None:
                    yield end
