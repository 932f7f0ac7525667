"""The report of a sweep: its page and its tables, made from result files alone, the same bytes for the same files."""

from __future__ import annotations

from pathlib import Path

from forensictransfer.core import files
from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.ownership import owning
from forensictransfer.report.analysis.view import View
from forensictransfer.report.page.build import render_page
from forensictransfer.report.tables.csv_files import FOLDER, TableFiles
from forensictransfer.report.tables.files import csv_file, latex_file, markdown_file
from forensictransfer.results.sweep import open_sweep

PAGE = "index.html"
_HEAD = 600  # characters that tell what wrote a file
_BEGINNINGS = {
    PAGE: "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'",
    "tables.md": "## Cross-domain table",
    "tables.csv": "table,run,detector,",
    "tables.tex": "\\usepackage{booktabs}",
}


def write_report(sweep_folder: str | Path, out: str | Path) -> Path:
    """Write index.html, tables.md, tables.csv, tables.tex and tables/ of a sweep to the folder `out`.

    tables/ holds one CSV for each table of the page. Everything is made before anything is written, each file then
    appears whole. Files of another name in `out` are left alone. Returns the page's path. Raises UserError: no sweep,
    nothing done yet, a result that was edited, or `out` cannot be written, holds files of these names that are no
    report's, or is being written by another process.
    """
    out = Path(out).expanduser()
    if out.exists() and not out.is_dir():
        raise UserError(f"{out}: expected a folder to write the report to, got a file", code=ErrorCode.PATH_WRONG_KIND)
    _check_own(out)
    with owning(out, "report"):
        return _write(sweep_folder, out)


def _check_own(out: Path) -> None:
    """Raise UserError if a file that would be replaced is none that a report has written, by how it begins."""
    own = 0
    for name, beginning in _BEGINNINGS.items():
        try:
            with (out / name).open(encoding="utf-8", errors="replace") as file:
                known = beginning in file.read(_HEAD)
        except FileNotFoundError:
            continue
        except OSError:
            known = False
        if not known or (out / name).is_symlink():
            raise UserError(
                f"{out / name}: is none that a report has written, and is not replaced; choose another folder",
                code=ErrorCode.PATH_EXISTS,
            )
        own += 1
    if not own and (out / FOLDER).exists():
        raise UserError(
            f"{out / FOLDER}: is none that a report has written, and is not replaced; choose another folder",
            code=ErrorCode.PATH_EXISTS,
        )


def _write(sweep_folder: str | Path, out: Path) -> Path:
    """Do what `write_report` says in a folder that is owned."""
    view = View(open_sweep(sweep_folder))
    tables = TableFiles()
    page = render_page(view, out, tables)
    contents = {
        "tables.md": markdown_file(view),
        "tables.csv": csv_file(view),
        "tables.tex": latex_file(view),
        **tables.contents(),
        PAGE: page,  # last: what it links to is there
    }
    for name, content in contents.items():
        try:
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            files.write_text(out / name, content)
        except OSError as error:
            raise UserError(
                f"{out / name}: cannot be written: {error.strerror or error}", code=ErrorCode.PATH_NOT_WRITABLE
            ) from error
    return out / PAGE
