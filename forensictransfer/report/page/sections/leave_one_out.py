"""Each target from all the other sources together: what more than one known forgery is worth."""

from __future__ import annotations

from markupsafe import Markup

from forensictransfer.report.analysis.summary import few, strategy_at
from forensictransfer.report.analysis.view import View
from forensictransfer.report.page.elements import Section, colour_key, fold, grid, heat, lines, paragraph, table
from forensictransfer.report.page.links import Links
from forensictransfer.report.page.sections.accuracy import heat_of
from forensictransfer.report.page.sections.layout import by_detector
from forensictransfer.report.tables.csv_files import TableFiles
from forensictransfer.report.tables.sweep import LEFT_OUT, forgetting_sheet, leave_one_out_sheet

_ALIKE = "Each source counts alike in training, validation and threshold, however many images it has."


def leave_one_out_section(view: View, links: Links, files: TableFiles) -> Section | None:
    """Show what a training on all sources but the target reaches on it, and what it forgets of each."""
    others, sheet = view.leave_one_out, leave_one_out_sheet(view)
    if others is None or sheet is None:
        return None
    parts: list[Markup] = [
        paragraph(f"For each target, one training on all the other sources together. {_ALIKE}"),
        table(sheet, "mean: over the targets.", csv=files.add("leave_one_out", sheet)),
    ]
    if others is not view:  # else these stand in the sections of their own
        maps = by_detector(others, lambda name: _maps(others, name, links))
        parts.append(fold("Own tests and targets", paragraph(LEFT_OUT), colour_key(), maps, unfolded=True))
        forgotten = forgetting_sheet(others)
        if forgotten is not None:
            note = "Of each training the mean over its sources; each source by itself is under “Forgetting”."
            csv = files.add("forgetting_of_all_others", forgotten)
            parts.append(fold(forgotten.title, table(forgotten, note, csv=csv)))
    return Section("all-others", "Each target from all the others", lines(*parts))


def _maps(view: View, detector: str, links: Links) -> Markup:
    """Draw the maps without shots, and at a few."""
    shots = few(view)
    maps = [heat(heat_of(view, detector, "", 0, links))]
    strategy = strategy_at(view, detector, shots) if shots else None
    if shots and strategy:
        maps.append(heat(heat_of(view, detector, strategy, shots, links)))
    return grid(maps)
