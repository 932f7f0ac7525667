"""Sheets as plain text in columns, cut into blocks of columns where they are too wide."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from forensictransfer.report.tables.sheets import MISSING, Sheet

GAP = "  "
OWN = " *"


def blocks(widths: Sequence[int], labels: int, width: int) -> list[list[int]]:
    """Column numbers of each block: the labels and as many further columns as fit into `width`, at least one."""
    found: list[list[int]] = []
    room = 0
    for i in range(labels, len(widths)):
        if not found or widths[i] > room:
            found.append(list(range(labels)))
            room = width - sum(widths[:labels])
        found[-1].append(i)
        room -= widths[i]
    return found


def sheet_lines(sheet: Sheet, width: int) -> list[str]:
    """A sheet as lines of at most `width` characters, if its columns allow it; the source's own tests carry a star."""
    body = [
        [text + OWN * ((i, j) in sheet.own) for j, text in enumerate(without_repeats(sheet, i))]
        for i in range(len(sheet.rows))
    ]
    sizes = [max(len(row[j]) for row in [list(sheet.head), *body]) for j in range(len(sheet.head))]
    lines = [sheet.title]
    for columns in blocks([size + len(GAP) for size in sizes], sheet.labels, width + len(GAP)):
        lines.append("")
        lines.append(_line(sheet.head, columns, sizes, sheet.align))
        lines.append("-" * (sum(sizes[j] for j in columns) + len(GAP) * (len(columns) - 1)))
        lines += [_line(row, columns, sizes, sheet.align) for row in body]
    return lines


def without_repeats(sheet: Sheet, row: int) -> list[str]:
    """A row whose quiet columns are blank where they repeat the row above."""
    values = list(sheet.rows[row])
    above = sheet.rows[row - 1] if row else ()
    for j in range(sheet.quiet):
        if tuple(values[: j + 1]) != tuple(above[: j + 1]):
            break
        values[j] = ""
    return values


def fact_lines(facts: Sequence[tuple[str, str]], width: int) -> list[str]:
    """Name and value in two columns, long values wrapped."""
    indent = max(len(name) for name, _ in facts) + 2
    return [
        line
        for name, value in facts
        for line in textwrap.wrap(
            f"{name:<{indent}}{value or MISSING}", width, subsequent_indent=" " * indent, break_on_hyphens=False
        )
    ]


def _line(row: Sequence[str], columns: Sequence[int], sizes: Sequence[int], align: str) -> str:
    texts = [row[j].rjust(sizes[j]) if align[j] == "r" else row[j].ljust(sizes[j]) for j in columns]
    return GAP.join(texts).rstrip()
