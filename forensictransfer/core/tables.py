"""A table of strings, as plain text in columns; whoever has a terminal may draw it better."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

GAP = "  "


@dataclass(frozen=True)
class TextTable:
    """Rows below a head. align: "l" or "r" for each column. ruled: with a line below the head. notes: lines below."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    align: str
    ruled: bool = False
    notes: tuple[str, ...] = ()

    def text(self) -> str:
        """Write the table in columns, an empty line and the notes; no line ends in spaces."""
        widths = [max(map(len, column)) for column in zip(self.head, *self.rows, strict=True)]
        lines = [self._line(self.head, widths), *(self._line(row, widths) for row in self.rows)]
        if self.ruled:
            lines.insert(1, "-" * (sum(widths) + len(GAP) * (len(widths) - 1)))
        return "\n".join([*lines, *([""] if self.notes else []), *self.notes])

    def _line(self, cells: Iterable[str], widths: list[int]) -> str:
        placed = zip(cells, widths, self.align, strict=True)
        return GAP.join(
            cell.rjust(width) if side == "r" else cell.ljust(width) for cell, width, side in placed
        ).rstrip()
