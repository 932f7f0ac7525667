"""The report of a sweep: its page and its tables, made from result files alone, the same bytes for the same files."""

from __future__ import annotations

from pathlib import Path

from forensictransfer.core import files
from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.report.analysis.view import View
from forensictransfer.report.page.build import render_page
from forensictransfer.report.tables.csv_files import TableFiles
from forensictransfer.report.tables.files import csv_file, latex_file, markdown_file
from forensictransfer.results.sweep import open_sweep

PAGE = "index.html"


def write_report(sweep_folder: str | Path, out: str | Path) -> Path:
    """Write index.html, tables.md, tables.csv, tables.tex and tables/ of a sweep to the folder `out`.

    tables/ holds one CSV for each table of the page. Everything is made before anything is written, each file then
    appears whole. Files of another name in `out` are left alone. Returns the page's path. Raises UserError: no sweep,
    nothing done yet, a result that was edited, or `out` cannot be written.
    """
    out = Path(out).expanduser()
    if out.exists() and not out.is_dir():
        raise UserError(f"{out}: expected a folder to write the report to, got a file", code=ErrorCode.PATH_WRONG_KIND)
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
