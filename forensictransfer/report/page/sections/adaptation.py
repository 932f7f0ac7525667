"""What adaptation takes and what thresholds decide: forgetting, and the same scores under each threshold rule."""

from __future__ import annotations

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.report.analysis.series import OVER_PAIRS
from forensictransfer.report.analysis.threshold_rules import ORACLE_NOTE, RULES
from forensictransfer.report.analysis.view import View
from forensictransfer.report.figures.curves import curve_key, curve_panel, limits_of
from forensictransfer.report.figures.forest import ForestRow, Mark, forest, forest_key
from forensictransfer.report.names import counted
from forensictransfer.report.page.elements import (
    Section,
    figure,
    fold,
    grid,
    legend,
    lines,
    long_table,
    paragraph,
    table,
)
from forensictransfer.report.page.links import Links
from forensictransfer.report.tables.csv_files import TableFiles
from forensictransfer.report.tables.sheets import forgetting as forgetting_cells
from forensictransfer.report.tables.sweep import forgetting_rows, forgetting_sheet, rules_sheet


def forgetting_section(view: View, links: Links, files: TableFiles) -> Section | None:
    """Show what adaptation to a target takes from the source's own test."""
    sheet = forgetting_sheet(view)
    if sheet is None:
        return None
    rows = forgetting_rows(view)
    parts: list[str] = [
        paragraph(
            "Each adapted detector is tested on its source again; the change against the same test before adaptation, "
            "threshold and all, is what it has forgotten. Below 0: forgotten. After adaptation the test lacks images "
            "that share a photograph with the shots, so it may hold a few images fewer."
        )
    ]
    by_detector: dict[str, dict[str, list[tuple[int, Estimate]]]] = {}
    for row in rows:
        by_detector.setdefault(row.detector, {}).setdefault(row.strategy, []).append((row.shots, row.change))
    every = [curve for curves in by_detector.values() for curve in curves.values()]
    shown = list(dict.fromkeys(row.strategy for row in rows))
    parts.append(legend(curve_key(shown, view.strategies, extras=False)))
    draws = counted(view.results.info.draws, "draw")
    panels = []
    for detector, curves in by_detector.items():
        drawn = curve_panel(
            curves,
            view.strategies,
            [k for k in view.results.shots if k],
            f"{detector}: change on the own test, mean over pairs",
            limits=limits_of(every, step=5.0, within=(-5.0, 5.0)),
            line=0.0,
            large=True,
            label="change of balanced accuracy, points",
        )
        caption = f"Mean over up to {counted(len(view.pairs), 'pair')}, {draws} each. {OVER_PAIRS}."
        panels.append(figure(drawn, caption, title=f"{detector}: change on the own test"))
    parts.append(grid(panels))
    parts.append(long_table(sheet, f"{OVER_PAIRS}.", csv=files.add("forgetting", sheet)))
    cells = forgetting_cells(view.short_cells)
    if cells is not None:
        parts.append(
            fold(
                f"Before and after, {counted(len(cells.rows), 'run')}",
                table(
                    cells,
                    "Runs lead to their row under “All runs”.",
                    links={(i, 0): f"#run-{row[0]}" for i, row in enumerate(cells.rows)},
                    csv=files.add("before_and_after", cells),
                ),
            )
        )
    return Section("forgetting", "Forgetting", lines(*parts))


def rules_section(view: View, files: TableFiles) -> Section | None:
    """Show the same scores under each threshold rule."""
    found = view.rules
    sheet = rules_sheet(view, found)
    if sheet is None:
        return None
    parts: list[str] = [
        paragraph(
            "The same scores with another threshold. zero: a₁ = a₀, as in the paper; balanced: the best on the "
            "labelled images; midpoint: between their class means. Without shots a rule sees the source's validation "
            "split, else the shots of its draw, after adaptation to them."
        ),
        paragraph(f"{ORACLE_NOTE[0].upper()}{ORACLE_NOTE[1:]}", kind="warning"),
    ]
    names = [f"{name} (looks at the test)" if name == RULES[-1] else name for name in RULES]
    parts.append(legend(forest_key(names, names[-1:])))
    panels = []
    for detector in view.results.detectors:
        rows = []
        for strategy, shots in dict.fromkeys((r.strategy, r.shots) for r in found if r.detector == detector):
            if shots and strategy != view.main:
                continue
            same = [r for r in found if (r.detector, r.strategy, r.shots) == (detector, strategy, shots)]
            marks = [Mark(r.measured, RULES.index(r.rule), hollow=r.rule == RULES[-1]) for r in same]
            rows.append(ForestRow(f"{strategy}\nk = {shots}", marks))
        if rows:
            drawn = forest(rows, names, "balanced accuracy, %", 0.5, f"{detector}: threshold rules")
            draws = counted(view.results.info.draws, "draw")
            caption = f"Mean over pairs, {draws} each where there are shots. {OVER_PAIRS}."
            panels.append(figure(drawn, caption, title=detector))
    parts.append(grid(panels))
    note = f"{OVER_PAIRS}. (used): the rule that the sweep's own numbers were made with."
    parts.append(long_table(sheet, note, csv=files.add("threshold_rules", sheet)))
    return Section("rules", "Threshold rules", lines(*parts))
