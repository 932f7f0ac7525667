"""The tables of a sweep as files: Markdown and LaTeX for people, one long CSV for programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping

from forensictransfer.core.files import csv_text
from forensictransfer.report.analysis.cost import costs
from forensictransfer.report.analysis.series import average
from forensictransfer.report.analysis.significance import Comparison, gains
from forensictransfer.report.analysis.transfer import MEANING
from forensictransfer.report.analysis.view import METRIC, View
from forensictransfer.report.tables.cross_domain import render_csv, render_latex, render_markdown
from forensictransfer.report.tables.gains import gain_rows, gains_sheet
from forensictransfer.report.tables.markup import latex_sheet, markdown_sheet
from forensictransfer.report.tables.sheets import Sheet
from forensictransfer.report.tables.sweep import (
    LEFT_OUT,
    TUNED,
    averages_sheet,
    compared_sheet,
    cost_sheet,
    detectors_sheet,
    forgetting_rows,
    forgetting_sheet,
    glance_sheet,
    leave_one_out_sheet,
    rules_sheet,
    tuning_sheet,
    within_sheet,
)
from forensictransfer.results.shots_only import NAME

# What rows of the further tables hold beside the columns that the table of cells has, too.
_MORE = ("against", "rule", "pairs", "p", "p_holm", "jobs", "seconds", "trials", "trials_pruned", "search_seconds")
# Signs of the page that LaTeX has other words for.
_LATEX = str.maketrans({"→": r"$\to$", "≥": r"$\geq$", "−": "$-$", "“": "``", "”": "''", "…": r"\ldots{}"})


def extra_sheets(view: View) -> list[Sheet]:
    """Choose the tables beside that of all cells which have something to say, in reading order."""
    comparisons = view.over_pairs
    clear = [c for c in view.within_cells if c.significant]
    glances = [glance_sheet(view, detector, view.main) for detector in view.results.detectors if view.main]
    found = (
        *glances,
        averages_sheet(view),
        gains_sheet(view),
        leave_one_out_sheet(view),
        detectors_sheet(view.detector_differences),
        forgetting_sheet(view),
        rules_sheet(view, view.rules),
        compared_sheet(comparisons),
        within_sheet(view, clear),
        tuning_sheet(view, gains(comparisons, view.results.label(TUNED))),
        cost_sheet(view),
    )
    return [sheet for sheet in found if sheet is not None]


def markdown_file(view: View) -> str:
    """Write all tables as Markdown."""
    parts = [render_markdown(view.short_cells, notes=_notes(view)).rstrip("\n")]
    parts += ["\n".join(markdown_sheet(sheet)) for sheet in extra_sheets(view)]
    return "\n\n".join(parts) + "\n"


def latex_file(view: View) -> str:
    """Write all tables as LaTeX."""
    lines = [render_latex(view.short_cells, notes=_notes(view)).rstrip("\n")]
    for sheet in extra_sheets(view):
        lines += latex_sheet(sheet, sheet.title)
    return ("\n".join(lines) + "\n").translate(_LATEX)


def csv_file(view: View) -> str:
    """Write all tables in long form, fractions unrounded, empty where a column does not apply.

    The column `table` says which a row is of: cells, averages, leave_one_out, gains, forgetting, rules, detectors,
    strategies (over pairs), strategies_within (single cells), tuning, cost.
    """
    cells = list(csv.DictReader(io.StringIO(render_csv(view.whole.cells))))
    rows: list[Mapping[str, object]] = [{"table": "cells", **row} for row in cells]
    rows += _averages(view, "averages")
    if view.leave_one_out is not None:
        rows += _averages(view.leave_one_out, "leave_one_out")
    rows += [*_gains(view), *_forgetting(view), *_rules(view), *_detectors(view), *_comparisons(view), *_costs(view)]
    columns = ("table", *(cells[0] if cells else ()), *_MORE)
    return csv_text(columns, [tuple(_text(row.get(name)) for name in columns) for row in rows])


def _notes(view: View) -> list[str]:
    common = [f"All domains are of the data set {view.common}."] if view.common else []
    if view.leave_one_out is not None:
        common.append(f"{LEFT_OUT} No mean over pairs holds them, unless all trainings are of this kind.")
    return [*common, "Means over pairs: 95 % intervals by bootstrap over source-target pairs.", MEANING]


def _averages(view: View, table: str) -> Iterator[Mapping[str, object]]:
    for detector in view.results.detectors:
        found = [(strategy, average(view.results, detector, strategy, METRIC)) for strategy in view.strategies]
        for strategy, rows in [*found, (NAME, view.mean_alone(detector)[1])]:
            for row in rows:
                about = {"table": table, "detector": detector, "strategy": strategy, "shots": row.shots}
                yield {**about, "metric": METRIC, **vars(row.measured), "pairs": len(row.pairs)}


def _gains(view: View) -> Iterator[Mapping[str, object]]:
    for row in gain_rows(view):
        about = {"table": "gains", "detector": row.detector, "strategy": row.strategy, "against": NAME}
        yield {**about, "shots": row.shots, "metric": f"{METRIC}_gain", **vars(row.gain), "pairs": len(row.pairs)}


def _forgetting(view: View) -> Iterator[Mapping[str, object]]:
    for row in forgetting_rows(view):
        about = {"table": "forgetting", "detector": row.detector, "strategy": row.strategy, "shots": row.shots}
        yield {**about, "metric": f"{METRIC}_change", **vars(row.change), "pairs": len(row.pairs)}


def _rules(view: View) -> Iterator[Mapping[str, object]]:
    for row in view.rules:
        about = {"table": "rules", "detector": row.detector, "strategy": row.strategy, "shots": row.shots}
        yield {**about, "rule": row.rule, "metric": METRIC, **vars(row.measured), "pairs": len(row.pairs)}


def _detectors(view: View) -> Iterator[Mapping[str, object]]:
    for c in view.detector_differences:
        about = {"table": "detectors", "detector": c.detector, "strategy": c.strategy, "against": c.reference}
        numbers = {"shots": c.shots, **vars(c.difference), "pairs": len(c.pairs), "p": c.p, "p_holm": c.corrected}
        yield {**about, "metric": f"{METRIC}_difference", **numbers}


def _comparisons(view: View) -> Iterator[Mapping[str, object]]:
    over = view.over_pairs
    for name, found in (
        ("strategies", over),
        ("strategies_within", view.within_cells),
        ("tuning", gains(over, view.results.label(TUNED))),
    ):
        for c in found:
            yield {"table": name, **_compared(c)}


def _compared(c: Comparison) -> Mapping[str, object]:
    within = c.source is not None
    return {
        "detector": c.detector,
        "source": c.source,
        "adapted_to": c.target,
        "tested_on": c.target,
        "strategy": c.first,
        "against": c.second,
        "shots": c.shots,
        "seed": c.seed,
        "metric": f"{METRIC}_difference",
        **vars(c.difference),
        "draws" if within else "pairs": c.n,
        "p": c.p,
        "p_holm": c.corrected,
    }


def _costs(view: View) -> Iterator[Mapping[str, object]]:
    for c in costs(view.results):
        about = {"table": "cost", "metric": c.kind, "strategy": c.strategy, "shots": c.shots, "jobs": c.jobs}
        search: Mapping[str, object] = {}
        if c.search is not None:
            search = {"trials": c.search.trials, "trials_pruned": c.search.pruned, "search_seconds": c.search.seconds}
        yield {**about, "seconds": c.seconds, **search}


def _text(value: object) -> str:
    if value is None:
        return ""
    return repr(value) if isinstance(value, float) else str(value)
