"""Each table of a page as a CSV file beside it: the same rows, intervals in columns of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from forensictransfer.core.files import csv_text
from forensictransfer.report.tables.sheets import Sheet
from forensictransfer.results.numbers import MISSING, UNDEFINED
from forensictransfer.results.shots_only import NAME, NO_GAIN

FOLDER = "tables"
_NO_GAIN_NOTE = f"not above {NAME}"
_NUMBER = r"[+-]?\d+(?:\.\d+)?"
_MEASURED = re.compile(
    rf"({_NUMBER}|undefined|{UNDEFINED})(?: \[(?:({_NUMBER}), ({_NUMBER})|no interval|{UNDEFINED})\])?"
    rf"(?: (?:\((\w+)\)|({NO_GAIN})))?"
)


class TableFiles:
    """The CSV files that a page links to, collected while the page is put together, and written beside it."""

    def __init__(self) -> None:
        self._sheets: dict[str, Sheet] = {}

    def add(self, name: str, sheet: Sheet) -> str:
        """Plan a file for a sheet and return the link to it, relative to the page.

        name: what the file is called, without its ending; characters that no file name should have become `_`, and a
        name that is taken already gets a number.
        """
        stem = re.sub(r"[^a-zA-Z0-9+-]+", "_", name).strip("_") or "table"
        path = f"{FOLDER}/{stem}.csv"
        number = 1
        taken = {other.casefold() for other in self._sheets}
        while path.casefold() in taken:  # on some file systems capitals make no other name
            number += 1
            path = f"{FOLDER}/{stem}_{number}.csv"
        self._sheets[path] = sheet
        return path

    def contents(self) -> dict[str, str]:
        """Write the CSV text of every planned file, by its path relative to the page."""
        return {path: sheet_csv(sheet) for path, sheet in self._sheets.items()}


def sheet_csv(sheet: Sheet) -> str:
    """Write a sheet as CSV, row by row; what was not measured is empty.

    A column of numbers with intervals (`71.3 [66.0, 76.2]`) becomes three: the number, `... low` and `... high`; a
    word behind some of them (`71.3 [66.0, 76.2] (used)`) stands in a fourth, `... note`, and the mark of what does not
    beat its shots becomes one. Lines of a cell are joined by semicolons.
    """
    columns = [column for j in range(len(sheet.head)) for column in _columns(sheet, j)]
    return csv_text([head for head, _ in columns], zip(*(values for _, values in columns), strict=True))


def _columns(sheet: Sheet, j: int) -> Iterator[tuple[str, Sequence[str]]]:
    head, values = sheet.head[j], ["" if row[j] == MISSING else "; ".join(row[j].splitlines()) for row in sheet.rows]
    found = [_MEASURED.fullmatch(value) for value in values]
    if not any(match and match[2] for match in found) or any(v and not m for v, m in zip(values, found, strict=True)):
        yield head, values
        return
    for number, name in ((1, head), (2, f"{head} low"), (3, f"{head} high")):
        yield name, [(match[number] or "") if match else "" for match in found]
    notes = [(match[4] or _NO_GAIN_NOTE * bool(match[5])) if match else "" for match in found]
    if any(notes):
        yield f"{head} note", notes
