"""A table of strings, as plain text in columns; whoever has a terminal may draw it better."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from forensictransfer.core.visible import visible

GAP = "  "


@dataclass(frozen=True)
class TextTable:
    """Rows below a head, each on a line of its own whatever its cells hold.

    align: "l" or "r" for each column. ruled: with a line below the head. notes: lines below.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    align: str
    ruled: bool = False
    notes: tuple[str, ...] = ()

    def text(self) -> str:
        """Write the table in columns, an empty line and the notes; no line ends in spaces."""
        shown = [[visible(cell) for cell in row] for row in (self.head, *self.rows)]
        widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
        lines = [self._line(row, widths) for row in shown]
        if self.ruled:
            lines.insert(1, "-" * (sum(widths) + len(GAP) * (len(widths) - 1)))
        return "\n".join([*lines, *([""] if self.notes else []), *map(visible, self.notes)])

    def _line(self, cells: Iterable[str], widths: list[int]) -> str:
        placed = zip(cells, widths, self.align, strict=True)
        return GAP.join(
            cell.rjust(width) if side == "r" else cell.ljust(width) for cell, width, side in placed
        ).rstrip()
