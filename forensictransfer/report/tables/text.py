"""Sheets as plain text in columns, cut into blocks of columns where they are too wide."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Sequence

from forensictransfer.core.tables import GAP, TextTable
from forensictransfer.core.visible import visible
from forensictransfer.report.tables.sheets import MISSING, Sheet
from forensictransfer.results.formats.run import JOINT

OWN = " *"
_LABEL = 32  # characters of a label of several domains, `A + B + C`, which a longer one is broken to


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
    sizes = [max(len(line) for row in [names, *body] for line in _broken(row[j])) for j in range(len(names))]
    found = []
    for columns in blocks([size + len(GAP) for size in sizes], sheet.labels, width + len(GAP)):
        head = tuple(sheet.head[j] for j in columns)
        rows = tuple(line for row in body for line in _over_lines([row[j] for j in columns]))
        found.append(TextTable(head, rows, "".join(sheet.align[j] for j in columns), ruled=True))
    return found


def _over_lines(row: list[str]) -> list[tuple[str, ...]]:
    """Break the long names of several domains in a row: they would leave no room for its numbers."""
    broken = [_broken(text) for text in row]
    return list(itertools.zip_longest(*broken, fillvalue=""))


def _broken(text: str) -> list[str]:
    if len(text) <= _LABEL or JOINT not in text:
        return [text]
    lines: list[str] = []
    for name in text.split(JOINT):
        if lines and len(lines[-1] + JOINT + name) <= _LABEL:
            lines[-1] += JOINT + name
        else:
            lines.append(name)
    return [line + JOINT.rstrip() * (number < len(lines) - 1) for number, line in enumerate(lines)]


def without_repeats(sheet: Sheet, row: int) -> list[str]:
    """Blank the leading columns of a row where they repeat the row above."""
    values, above = sheet.rows[row], sheet.rows[row - 1] if row else ()
    repeated = 0
    while repeated < sheet.blank_repeats and values[: repeated + 1] == above[: repeated + 1]:
        repeated += 1
    return ["" if j < repeated else value for j, value in enumerate(values)]


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
