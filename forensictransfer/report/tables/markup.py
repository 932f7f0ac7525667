"""Sheets as Markdown (GitHub's tables) and as LaTeX (booktabs), with names escaped."""

from __future__ import annotations

import re

from forensictransfer.core.tables import GAP
from forensictransfer.core.visible import visible
from forensictransfer.report.tables.sheets import MISSING, Sheet
from forensictransfer.report.tables.text import blocks, without_repeats
from forensictransfer.results.shots_only import NO_GAIN

LATEX_WIDTH = 100  # characters of a line in a footnote-sized table
_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "[": "{[}",
    "]": "{]}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    NO_GAIN: r"\dag{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}


def markdown_escape(text: str) -> str:
    """Escape text so that Markdown shows it as it is, in a table too."""
    text = re.sub(r"([\\`*|<>~&$])", r"\\\1", visible(" ".join(text.split())))
    text = re.sub(r"(?<![A-Za-z0-9_])(_+)|(_+)(?![A-Za-z0-9_])", lambda m: "\\_" * len(m.group()), text)
    return text.replace("](", r"]\(")


def latex_escape(text: str) -> str:
    """Escape text so that LaTeX sets it as it is, also at the start of a table row."""
    return "".join(_LATEX.get(character, character) for character in visible(" ".join(text.split())))


def markdown_sheet(sheet: Sheet) -> list[str]:
    """Write a sheet as a Markdown table under its title; the source's own tests are bold."""
    rule = ["---:" if align == "r" else "---" for align in sheet.align]
    body = [
        [f"**{markdown_escape(text)}**" if (i, j) in sheet.own else markdown_escape(text) for j, text in enumerate(row)]
        for i, row in enumerate(sheet.rows)
    ]
    head = [markdown_escape(name) for name in sheet.head]
    return [
        f"### {markdown_escape(sheet.title)}",
        "",
        *("| " + " | ".join(row) + " |" for row in [head, rule, *body]),
    ]


def latex_sheet(sheet: Sheet, caption: str) -> list[str]:
    """Write a sheet as a LaTeX table, one tabular for each block of columns; the source's own tests are bold."""
    body = [
        [_latex_cell(text, (i, j) in sheet.own) for j, text in enumerate(without_repeats(sheet, i))]
        for i in range(len(sheet.rows))
    ]
    sizes = [max(len(row[j]) for row in [sheet.head, *sheet.rows]) + len(GAP) for j in range(len(sheet.head))]
    lines = [r"\begin{table}", r"\centering", r"\footnotesize", rf"\caption{{{latex_escape(caption)}}}"]
    parts = blocks(sizes, sheet.labels, LATEX_WIDTH)
    for number, columns in enumerate(parts):
        lines.append(rf"\begin{{tabular}}{{{''.join(sheet.align[j] for j in columns)}}}")
        lines.append(r"\toprule")
        lines.append(" & ".join(latex_escape(sheet.head[j]) for j in columns) + r" \\")
        lines.append(r"\midrule")
        lines += [" & ".join(row[j] for j in columns) + r" \\" for row in body]
        lines += [r"\bottomrule", r"\end{tabular}" + (r"\\[1ex]" if number + 1 < len(parts) else "")]
    return [*lines, r"\end{table}"]


def _latex_cell(text: str, own: bool) -> str:
    if text == MISSING:
        return "--"
    return rf"\textbf{{{latex_escape(text)}}}" if own else latex_escape(text)
