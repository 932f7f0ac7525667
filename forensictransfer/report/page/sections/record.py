"""What a reader needs to check and repeat the numbers: cost, settings, all tables, run folders and commands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from forensictransfer.core.yaml_text import write_yaml
from forensictransfer.report.analysis.view import View
from forensictransfer.report.names import counted
from forensictransfer.report.page.elements import Section, block, code, fold, lines, link, long_table, paragraph, table
from forensictransfer.report.page.links import Links
from forensictransfer.report.tables import sheets
from forensictransfer.report.tables.csv_files import TableFiles
from forensictransfer.report.tables.sheets import MAIN_METRICS, MISSING, Sheet
from forensictransfer.report.tables.sweep import LEFT_OUT, cost_sheet
from forensictransfer.results.cells import Cell


def cost_section(view: View, files: TableFiles) -> Section:
    """Show the seconds by kind of job."""
    note = "Seconds of workers that may have shared processors; an adaptation does all its draws and both of its tests."
    sheet = cost_sheet(view)
    return Section("cost", "Costs", lines(long_table(sheet, note, csv=files.add("cost", sheet))))


def settings_section(view: View) -> Section:
    """Show the sweep's settings, seeds, and the packages that it ran with."""
    environment = view.results.environment
    rows = [(key, str(environment[key])) for key in ("python", "platform", "machine", "processors")]
    rows += environment.packages.items()
    parts = [
        paragraph(
            "The sweep's settings, as in sweep.yaml; domains by name instead of by path. What is not listed has its "
            "default, and stands in the settings.yaml of each run."
        ),
        block(write_yaml(portable_settings(view))),
        paragraph(
            f"Seeds: {', '.join(map(str, view.results.seeds))}. Weights, the order of images and draws of shots follow "
            "from them."
        ),
        table(Sheet("Environment", ("", ""), "ll", tuple(rows), 1)),
    ]
    return Section("settings", "Settings and environment", lines(*parts))


def portable_settings(view: View) -> dict[str, Any]:
    """Return the settings of sweep.yaml with the names of domains for their places.

    Places differ from machine to machine.
    """
    settings = dict(view.results.settings)
    settings.pop("domains", None)
    return {**settings, "sources": list(view.results.info.sources), "targets": list(view.results.targets)}


def numbers_section(view: View, links: Links, files: TableFiles) -> Section:
    """Show every number as a table, which stands in tables.md, tables.csv and tables.tex, too."""
    cells = view.short_cells
    parts = [
        paragraph(
            "Everything above as tables, one row for each source, number of shots and strategy. They are also in ",
            link("tables.md", "tables.md"),
            ", ",
            link("tables.tex", "tables.tex"),
            ", and, unrounded and with all eight metrics, in ",
            link("tables.csv", "tables.csv"),
            ". A click on the heading of a column sorts.",
        ),
        *(paragraph(remark, kind="note") for remark in sheets.remarks(cells)),
        *([paragraph(LEFT_OUT, kind="note")] if view.leave_one_out is not None else []),
    ]
    for detector in dict.fromkeys(cell.detector for cell in cells if cell.aimed):
        for metric in MAIN_METRICS:
            sheet = sheets.matrix(cells, detector, metric)
            note = f"Bold: the source's own test; {MISSING}: not measured."
            csv = files.add(f"matrix-{detector}-{metric}", sheet)
            parts.append(fold(sheet.title, table(sheet, note, csv=csv)))
    sheet = sheets.evaluations(cells)
    note = "Runs lead to their row under “All runs”. shared: images dropped because the run has seen their photograph."
    runs = {(i, 0): f"#run-{row[0]}" for i, row in enumerate(sheet.rows)}
    tests = {(i, 1): links.predictions(cell) for i, cell in enumerate(_by_run(view.whole.cells))}
    parts.append(fold(sheet.title, table(sheet, note, links=runs | tests, csv=files.add("test_images", sheet))))
    return Section("numbers", "All numbers", lines(*parts))


def reproduce_section(view: View, links: Links, files: TableFiles) -> Section:
    """Say which folder and which command each number comes from."""
    results = view.results
    threads = results.settings.get("threads", 1)
    trained = next((r for r in results.records if r.kind == "train"), None)
    adapted = next((r for r in results.records if r.kind == "adapt"), None)
    train = trained.run if trained else "runs/JOB"
    adapt = adapted.run if adapted else "runs/JOB"
    parts = [
        paragraph("The whole sweep, and this page from its files alone (the same files give the same bytes):"),
        block("forensictransfer sweep sweep.yaml --out SWEEP\nforensictransfer report SWEEP"),
        paragraph(
            "One run: what it is and what it measured; its predictions.csv and metrics.json lie in ",
            code("evaluations/DOMAIN"),
            " below the folder:",
        ),
        block(f"forensictransfer show SWEEP/{adapt}"),
        paragraph(
            "The same numbers without a sweep, from the settings that every run keeps; as many threads as the sweep "
            "had, since sums depend on their order in the last digits:"
        ),
        block(
            f"export TF_NUM_INTRAOP_THREADS={threads}\n"
            f"forensictransfer train --source SOURCE \\\n  --config SWEEP/{train}/settings.yaml --out SOURCE_RUN\n"
            f"forensictransfer evaluate SOURCE_RUN --on TARGET\n"
            f"forensictransfer adapt SOURCE_RUN --target TARGET \\\n"
            f"  --config SWEEP/{adapt}/settings.yaml --out TARGET_RUN"
        ),
        paragraph(
            "Every number of a single cell comes from the run folder in the row of its source, target, shots and "
            "strategy:"
        ),
    ]
    sheet = sheets.runs(view.short_cells)
    last = len(sheet.head) - 1
    shown = table(
        sheet,
        "Folders are below that of the sweep.",
        links={(i, last): links.folder(row[last]) for i, row in enumerate(sheet.rows)},
        anchors={i: links.anchor(row[last]) for i, row in enumerate(sheet.rows)},
        csv=files.add("runs", sheet),
    )
    parts.append(fold(f"All runs ({counted(len(sheet.rows), 'folder')})", shown))
    return Section("reproduce", "How to reproduce each number", lines(*parts))


def _by_run(cells: Sequence[Cell]) -> list[Cell]:
    """Put the tests in the order of `sheets.evaluations`."""
    numbers = {run: i for i, run in enumerate(dict.fromkeys(cell.run for cell in cells))}
    return sorted(cells, key=lambda cell: numbers[cell.run])
