"""The report of a sweep: one page and three tables, from its result files alone, the same bytes for the same files."""

from __future__ import annotations

from pathlib import Path

from forensictransfer import files
from forensictransfer.errors import UserError
from forensictransfer.progress import progress_bar
from forensictransfer.report import sections
from forensictransfer.report.cells import without_common_set
from forensictransfer.report.html import escape, page
from forensictransfer.report.markup import latex_sheet, markdown_sheet
from forensictransfer.report.plots import Plots
from forensictransfer.report.predictions import ScoreFiles
from forensictransfer.report.sweep import SweepResults, open_sweep
from forensictransfer.report.sweep_sheets import extra_sheets
from forensictransfer.report.tables import render_csv, render_latex, render_markdown

PAGE = "index.html"
TITLE = "Cross-domain forgery detection"


def write_report(sweep: Path, out: Path) -> Path:
    """Write index.html, tables.md, tables.csv and tables.tex to the folder `out`; returns the page.

    Each file appears whole or not at all. Raises UserError as `open_sweep` does, and if `out` cannot be written.
    """
    results = open_sweep(sweep)
    scores = ScoreFiles(results)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{out}: expected a folder to write to: {(error.strerror or str(error)).lower()}") from error
    short, common = without_common_set(results.cells)
    notes = [f"All domains are of the data set {common}."] if common else []
    extra = extra_sheets(results, scores)
    markdown = "\n\n".join(
        [render_markdown(short, notes=notes).rstrip("\n"), *("\n".join(markdown_sheet(sheet)) for sheet in extra)]
    )
    latex = "\n".join(
        [render_latex(short, notes=notes).rstrip("\n"), *("\n".join(latex_sheet(s, s.title)) for s in extra)]
    )
    files.write_text(out / "tables.md", markdown + "\n")
    files.write_text(out / "tables.csv", render_csv(results.cells))
    files.write_text(out / "tables.tex", latex + "\n")
    files.write_text(out / PAGE, page_text(results, scores))
    return out / PAGE


def page_text(results: SweepResults, scores: ScoreFiles) -> str:
    """The page as text."""
    plots = [Plots(results, scores, detector) for detector in results.detectors]
    makers = (
        lambda: sections.summary(results),
        lambda: sections.setting(results),
        lambda: sections.matrices(results, plots),
        lambda: sections.curves(results, plots),
        lambda: sections.tuning(results),
        lambda: sections.significance(results),
        lambda: sections.thresholds(results, scores),
        lambda: sections.forgetting(results),
        lambda: sections.energies(results, plots),
        lambda: sections.reliability(results, plots),
        lambda: sections.pictures(results),
        lambda: sections.reproduce(results),
    )
    made = [maker() for maker in progress_bar(makers, desc="drawing", unit="part")]
    parts = [part for part in made if part]
    sources, targets = len(results.sources), len(results.targets)
    line = (
        f"{', '.join(results.detectors)}: {sources} source{'s' * (sources != 1)}, "
        f"{targets} target{'s' * (targets != 1)}, "
        f"{', '.join(map(str, results.shots))} shots per class, {results.info['draws']} draws"
    )
    head = f'<header><h1>{TITLE}</h1>\n<p class="soft">{escape(line)}</p></header>'
    return page(f"{TITLE}: {line}", "\n".join([head, _contents(parts), *parts]))


def _contents(parts: list[str]) -> str:
    """Links to the sections, from their own headings."""
    links = []
    for part in parts:
        anchor = part.split('id="', 1)[1].split('"', 1)[0]
        title = part.split("<h2>", 1)[1].split("</h2>", 1)[0]
        links.append(f'<li><a href="#{anchor}">{title}</a></li>')
    return '<nav aria-label="Contents"><ol>' + "".join(links) + "</ol></nav>"
