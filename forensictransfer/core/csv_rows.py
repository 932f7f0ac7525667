"""Rows of CSV tables that people wrote: by the names of their columns, without the blanks around cells."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence


class MissingColumns(ValueError):
    """The table lacks a column that is needed. found: the columns that it has, for the message."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.found = ", ".join(columns) or "nothing"
        super().__init__(f"found the columns {self.found}")


def csv_rows(
    lines: Iterable[str], columns: Sequence[str], *, delimiter: str = ","
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line number and the cells of each row of a table with a header, by column.

    Names of columns and cells lose the blanks around them, which nobody sees in a spreadsheet; a cell that a short row
    lacks is empty; rows of empty cells are skipped.

    Args:
        lines: of the table, the header first.
        columns: what the header must have, in any order and among others.
    Raises:
        MissingColumns: the header lacks one. csv.Error: no CSV, or a cell above 128 KiB.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True)  # a quote that never ends would swallow the rest
    header = [name.strip() for name in next(reader, [])]
    if not set(columns) <= set(header):
        raise MissingColumns(header)
    for cells in reader:
        row = dict.fromkeys(header, "") | dict(zip(header, (cell.strip() for cell in cells), strict=False))
        if any(row.values()):
            yield reader.line_num, row
