"""The cross-domain table of any number of runs: as text, Markdown, CSV and LaTeX, from the files in their folders."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from forensictransfer.core import files
from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.files import csv_text
from forensictransfer.core.visible import visible
from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.report.tables.markup import latex_sheet, markdown_escape, markdown_sheet
from forensictransfer.report.tables.sheets import MAIN_METRICS, MISSING, facts, remarks, sheets
from forensictransfer.report.tables.text import OWN, fact_lines, sheet_lines
from forensictransfer.results.cells import Cell, collect, without_common_set
from forensictransfer.results.places import check_output

__all__ = ["Cell", "Estimate", "collect", "render_csv", "render_latex", "render_markdown", "render_text", "table"]

TITLE = "Cross-domain table"
_CSV = (
    *("run", "detector", "source", "adapted_to", "tested_on", "own_test", "strategy", "shots", "draws", "seed"),
    *("threshold_rule", "stop_rule", "split", "compression", "protocol", "background", "source_data", "tested_on_data"),
    *("n_real", "n_fake", "n_groups", "dropped_group", "dropped_pixels", "skipped", "metric", "value", "low", "high"),
    *("shots_only", "shots_only_low", "shots_only_high", "gain", "gain_low", "gain_high"),
    *("not_applied_real", "not_applied_fake"),
)


@dataclass(frozen=True)
class CrossDomain:
    """What evaluated runs measured. cells: one for each run and domain; notes: what a reader has to know besides."""

    cells: tuple[Cell, ...]
    notes: tuple[str, ...]

    def short(self) -> list[Cell]:
        """Return the cells with domains named as briefly as they can be told apart."""
        return without_common_set(self.cells)[0]

    def text(self, width: int = 120) -> str:
        """Write everything as text in `width` columns."""
        return render_text(self.short(), notes=self.notes, width=width)

    def lead(self, width: int) -> list[str]:
        """Write the paragraphs above the matrices: what the numbers depend on, and how to read them."""
        return lead(self.short(), self.notes, width)

    def write(
        self, markdown: str | Path | None = None, csv: str | Path | None = None, latex: str | Path | None = None
    ) -> None:
        """Write the table, each file whole or not at all, where a file is named. Raises UserError."""
        short = self.short()
        written = (
            (markdown, render_markdown(short, notes=self.notes)),
            (csv, render_csv(self.cells)),
            (latex, render_latex(short, notes=self.notes)),
        )
        for path, content in written:
            if path is not None:
                _write(Path(path).expanduser(), content)


def check_files(*paths: str | Path | None) -> None:
    """Raise UserError for a folder, or a result of a run, in the place of a file to write a table to."""
    for path in paths:
        if path is not None and Path(path).is_dir():
            raise UserError(
                f"{path}: expected a file to write the table to, got a folder", code=ErrorCode.PATH_WRONG_KIND
            )
        if path is not None:
            check_output(Path(path).expanduser())


def cross_domain(run_paths: Iterable[str | Path]) -> CrossDomain:
    """Read what finished runs measured.

    Raises UserError for a folder that `collect` refuses, or if no run was evaluated.
    """
    folders = list(run_paths)
    cells = collect(folders)
    evaluated = {_place(cell.run) for cell in cells}
    idle = list({_place(path): str(path) for path in folders if _place(path) not in evaluated}.values())
    if not cells:
        raise UserError(
            f"{', '.join(idle) or 'no runs'}: not evaluated yet; use `forensictransfer evaluate RUN --on DOMAIN`",
            code=ErrorCode.RUN_NOT_EVALUATED,
        )
    notes = [f"Not evaluated yet, so not in the table: {path}" for path in idle]
    common = without_common_set(cells)[1]
    if common:
        notes.append(f"All domains are of the data set {common}.")
    return CrossDomain(tuple(cells), tuple(notes))


def table(
    run_paths: Iterable[str | Path],
    markdown: str | Path | None = None,
    csv: str | Path | None = None,
    latex: str | Path | None = None,
) -> str:
    """Write the table of finished runs as text; also written where a file is named.

    Raises UserError as `cross_domain`.
    """
    found = cross_domain(run_paths)
    found.write(markdown, csv, latex)
    return found.text()


def render_text(
    cells: Sequence[Cell], *, metrics: Iterable[str] = MAIN_METRICS, width: int = 120, notes: Sequence[str] = ()
) -> str:
    """Write header, source x target matrix per detector and metric, and the runs behind it, in `width` columns."""
    parts = lead(cells, notes, width)
    parts += ["\n".join(sheet_lines(sheet, width)) for sheet in sheets(cells, metrics)]
    return "\n\n".join(parts) + "\n"


def lead(cells: Sequence[Cell], notes: Sequence[str], width: int) -> list[str]:
    """Write the paragraphs above the matrices of a text: header and legend, in `width` columns."""
    legend = [*remarks(cells), f"{OWN.strip()} the source's own test; {MISSING} not measured.", *notes]
    return [
        "\n".join([TITLE, "", *fact_lines(facts(cells), width)]),
        "\n".join(line for remark in legend for line in textwrap.wrap(visible(remark), width, break_on_hyphens=False)),
    ]


def render_markdown(cells: Sequence[Cell], *, metrics: Iterable[str] = MAIN_METRICS, notes: Sequence[str] = ()) -> str:
    """Write the same as Markdown; the source's own tests are bold."""
    legend = [*remarks(cells), f"Bold: the source's own test; {MISSING} not measured.", *notes]
    parts = [[f"## {TITLE}"], [f"- {name}: {markdown_escape(value)}" for name, value in facts(cells)]]
    parts += [[markdown_escape(remark)] for remark in legend]
    parts += [markdown_sheet(sheet) for sheet in sheets(cells, metrics)]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def render_latex(cells: Sequence[Cell], *, metrics: Iterable[str] = MAIN_METRICS, notes: Sequence[str] = ()) -> str:
    r"""Write the same as LaTeX tables for `\usepackage{booktabs}`; the header is the first table's caption."""
    header = ". ".join(f"{name}: {value}" for name, value in facts(cells))
    legend = " ".join([*remarks(cells), f"Bold: the source's own test; {MISSING}{MISSING} not measured.", *notes])
    lines = [r"% needs \usepackage{booktabs}"]
    for number, sheet in enumerate(sheets(cells, metrics)):
        caption = sheet.title if number else f"{sheet.title}. {header}. {legend}"
        lines += latex_sheet(sheet, caption)
    return "\n".join(lines) + "\n"


def render_csv(cells: Sequence[Cell]) -> str:
    """Write the long form: a line per run, test domain and metric, fractions unrounded, empty where undefined.

    The accuracy on metadata alone is one of the metrics, where it was measured, and so is what heat maps are worth on
    the fakes that have a mask and the real images. shots_only: what the shots alone reach on the same test; gain:
    balanced accuracy and AUC less theirs, paired over draws and images. not_applied_real, not_applied_fake: test images
    beside those counted, to which the detector does not apply.
    """
    lines = []
    for c in cells:
        about = (c.run, c.detector, c.source, c.adapted_to or "", c.on, "yes" if c.own else "no", c.strategy)
        rules = (c.shots, c.draws, c.seed, c.threshold_rule, c.stop_rule)
        data = (c.split, c.compression, c.protocol, c.background, c.source_data, c.on_data)
        counts = (c.n_real, c.n_fake, c.n_groups, c.dropped_group, c.dropped_pixels, c.skipped)
        silent = _not_applied(c)
        for metric, m in c.metrics.items():
            lines.append((*about, *rules, *data, *counts, metric, *_numbers(m), *_beside(c, metric), *silent))
        if c.localisation is not None:
            n = c.localisation.n
            mapped = (n.real, n.fake, n.groups, *counts[3:])
            for metric, m in c.localisation.metrics.items():
                lines.append((*about, *rules, *data, *mapped, metric, *_numbers(m), *_beside(c, metric), *silent))
        if c.alone is not None:
            numbers = (*_numbers(c.alone), *_beside(c, ""))
            lines.append((*about, *rules, *data, *counts, "metadata_only_balanced_accuracy", *numbers, *silent))
    return csv_text(_CSV, lines)


def _beside(cell: Cell, metric: str) -> tuple[str, ...]:
    """Write what the shots alone reach in a metric, and the gain over them in balanced accuracy and AUC."""
    alone = cell.shots_only
    if alone is None:
        return ("",) * 6
    return (*_numbers(alone.metrics.get(metric)), *_numbers(alone.gain_in(metric)))


def _not_applied(cell: Cell) -> tuple[int, int]:
    """Count the test images that the detector does not apply to, by class."""
    lost = cell.not_applied
    return (0, 0) if lost is None else (lost.by_class.real, lost.by_class.fake)


def _numbers(measured: Estimate | None) -> tuple[str, ...]:
    if measured is None:
        return ("", "", "")
    return tuple("" if number is None else repr(number) for number in (measured.value, measured.low, measured.high))


def _place(path: str | Path) -> Path:
    return Path(path).expanduser().resolve()


def _write(path: Path, content: str) -> None:
    try:
        files.write_text(path, content)
    except OSError as error:
        raise UserError(
            f"{path}: cannot be written: {error.strerror or error}", code=ErrorCode.PATH_NOT_WRITABLE
        ) from error
