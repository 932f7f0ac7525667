"""Sheets as plain text in columns, cut into blocks of columns where they are too wide."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from forensictransfer.core.tables import GAP, TextTable
from forensictransfer.core.visible import visible
from forensictransfer.report.tables.sheets import MISSING, Sheet

OWN = " *"


def blocks(widths: Sequence[int], labels: int, width: int) -> list[list[int]]:
    """Choose the column numbers of each block.

    The labels come first, then as many further columns as fit into `width`, at least one.
    """
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
    """Write a sheet as lines of at most `width` characters, if its columns allow it.

    The source's own tests carry a star.
    """
    lines = [visible(sheet.title)]
    for block in sheet_blocks(sheet, width):
        lines += ["", *block.text().splitlines()]
    return lines


def sheet_blocks(sheet: Sheet, width: int) -> list[TextTable]:
    """Divide a sheet into tables of at most `width` characters, if its columns allow it.

    Each has the leading columns.
    """
    body = [
        [visible(text) + OWN * ((i, j) in sheet.own) for j, text in enumerate(without_repeats(sheet, i))]
        for i in range(len(sheet.rows))
    ]
    names = [visible(name) for name in sheet.head]
    sizes = [max(len(row[j]) for row in [names, *body]) for j in range(len(names))]
    found = []
    for columns in blocks([size + len(GAP) for size in sizes], sheet.labels, width + len(GAP)):
        head, *rows = [tuple(row[j] for j in columns) for row in (sheet.head, *body)]
        found.append(TextTable(head, tuple(rows), "".join(sheet.align[j] for j in columns), ruled=True))
    return found


def without_repeats(sheet: Sheet, row: int) -> list[str]:
    """Blank the leading columns of a row where they repeat the row above."""
    values = list(sheet.rows[row])
    above = sheet.rows[row - 1] if row else ()
    for j in range(sheet.blank_repeats):
        if tuple(values[: j + 1]) != tuple(above[: j + 1]):
            break
        values[j] = ""
    return values


def fact_lines(facts: Sequence[tuple[str, str]], width: int) -> list[str]:
    """Write name and value in two columns, long values wrapped."""
    indent = max(len(name) for name, _ in facts) + 2
    return [
        line
        for name, value in facts
        for line in textwrap.wrap(
            visible(f"{name:<{indent}}{value or MISSING}"),
            width,
            subsequent_indent=" " * indent,
            break_on_hyphens=False,
        )
    ]
