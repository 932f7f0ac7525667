"""The detectors of a sweep side by side."""

from __future__ import annotations

from forensictransfer.report.analysis.view import View
from forensictransfer.report.figures.forest import ForestRow, Mark, forest
from forensictransfer.report.names import counted, listed, points
from forensictransfer.report.page.elements import Section, bullets, figure, grid, lines, long_table, paragraph
from forensictransfer.report.tables.csv_files import TableFiles
from forensictransfer.report.tables.sweep import detectors_sheet


def detectors_section(view: View, files: TableFiles) -> Section | None:
    """Say which detectors differ from the sweep's first by more than chance, in words, a figure and numbers."""
    found = view.detector_differences
    sheet = detectors_sheet(found)
    title = "Do the detectors differ?"
    if sheet is None:
        return None
    reference = found[0].reference
    parts = [
        paragraph(
            f"Each detector against {reference}, the sweep's first: the same test images, shots and sources, each by "
            "the first of the sweep's strategies that can adapt it. Intervals and p values (two-sided, Holm over all "
            "comparisons of this table): bootstrap over groups of test images and draws of shots, within each target. "
            "They hold for these trained networks and these targets; another training or another domain may differ."
        )
    ]
    sentences, panels = [], []
    for shots in dict.fromkeys(c.shots for c in found):
        rows = [c for c in found if c.shots == shots]
        clear = [c for c in rows if c.significant]
        better = [f"{c.detector} ({points(c.difference)})" for c in clear if (c.difference.value or 0) > 0]
        worse = [f"{c.detector} ({points(c.difference)})" for c in clear if (c.difference.value or 0) < 0]
        told = [
            f"better than {reference}: {listed(better, 20)}" if better else "",
            f"worse: {listed(worse, 20)}" if worse else "",
            f"no difference shown: {len(rows) - len(clear)} of {counted(len(rows), 'detector')}",
        ]
        sentences.append(f"k = {shots}: {'; '.join(filter(None, told))}.")
        drawn = forest(
            [ForestRow(c.detector, [Mark(c.difference, 0, not c.significant)]) for c in rows],
            ["difference"],
            "difference of balanced accuracy, points",
            0.0,
            f"k = {shots}: detectors against {reference}",
        )
        caption = f"Minus {reference}, mean over pairs. Filled: p < 0.05 after Holm."
        panels.append(figure(drawn, caption, title=f"k = {shots}"))
    parts += [bullets(sentences), grid(panels), long_table(sheet, csv=files.add("detectors", sheet))]
    return Section("detectors", title, lines(*parts))
