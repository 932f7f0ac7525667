"""HTML as text: everything that comes from files is escaped, pictures stand in the page itself."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Sequence
from pathlib import Path

from forensictransfer.report.figures.canvas import Picture
from forensictransfer.report.sheets import Sheet

escape = html.escape

STYLE = """
:root { color-scheme: light; --ink: #1b1f24; --soft: #57606a; --rule: #d5dae0; --wash: #f5f7f9; --accent: #0b5cad; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; color: var(--ink); background: #fff; }
body { font: 16px/1.55 system-ui, "Segoe UI", Helvetica, Arial, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: .4rem 0 .2rem; }
h2 { font-size: 1.35rem; margin: 2.6rem 0 .6rem; padding-top: .6rem; border-top: 2px solid var(--ink); }
h3 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
p, li { max-width: 52rem; }
.lead { font-size: 1.1rem; }
.soft, figcaption, .note { color: var(--soft); font-size: .88rem; }
a { color: var(--accent); }
nav ol { columns: 2 18rem; padding-left: 1.9rem; margin: .3rem 0; }
.scroll { overflow-x: auto; margin: .6rem 0 1rem; border: 1px solid var(--rule); border-radius: 4px; }
table { border-collapse: collapse; width: 100%; font-size: .86rem; font-variant-numeric: tabular-nums; }
th, td { padding: .32rem .6rem; text-align: left; border-bottom: 1px solid var(--rule); white-space: nowrap; }
tbody th { font-weight: 500; color: var(--soft); vertical-align: top; }
td.wide { white-space: normal; min-width: 14rem; overflow-wrap: anywhere; }
thead th { background: var(--wash); position: sticky; top: 0; }
tbody tr:last-child td { border-bottom: 0; }
.r { text-align: right; }
td.own { font-weight: 700; }
.grid { display: flex; flex-wrap: wrap; gap: 1rem 1.4rem; align-items: flex-start; }
figure { margin: .4rem 0; max-width: 100%; }
figure img { max-width: 100%; height: auto; display: block; }
.shots { display: flex; flex-wrap: wrap; gap: .3rem; }
.shots img { width: 128px; height: 128px; image-rendering: pixelated; background: var(--wash); }
.case { width: 404px; max-width: 100%; }
.case.one { width: 150px; }
.key { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; list-style: none; padding: 0; font-size: .9rem; }
.key svg { vertical-align: middle; margin-right: .35rem; }
details { margin: .8rem 0; border: 1px solid var(--rule); border-radius: 4px; padding: .4rem .8rem; }
summary { cursor: pointer; font-weight: 600; }
code, pre { font: .86em ui-monospace, Menlo, Consolas, monospace; background: var(--wash); }
pre { padding: .7rem .9rem; overflow-x: auto; border-radius: 4px; }
.warn { border-left: 4px solid #d55e00; padding: .3rem .8rem; background: #fff6f0; }
@media (max-width: 600px) { main { padding: 1rem .8rem 3rem; } h1 { font-size: 1.5rem; } nav ol { columns: 1; } }
@media print { main { max-width: none; } details { border: 0; padding: 0; } .scroll { overflow: visible; border: 0; }
  h2, h3, figure { break-inside: avoid; } nav { display: none; } table { font-size: .7rem; } }
"""


def page(title: str, body: str) -> str:
    """A whole document that asks for nothing outside itself."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # An empty icon, or the browser asks for one.
        f'<link rel="icon" href="data:,">\n<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n'
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def section(anchor: str, title: str, *parts: str) -> str:
    """A part of the page with a heading that can be linked to."""
    return f'<section id="{escape(anchor)}">\n<h2>{escape(title)}</h2>\n' + "\n".join(parts) + "\n</section>"


def paragraph(text: str, kind: str = "") -> str:
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def details(summary: str, *parts: str) -> str:
    return f"<details><summary>{escape(summary)}</summary>\n" + "\n".join(parts) + "\n</details>"


def image(picture: Picture, caption: str = "") -> str:
    """A figure; its size is known before it is drawn, so that the page does not jump."""
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return (
        f'<figure><img src="{picture.uri}" width="{picture.width}" height="{picture.height}" '
        f'alt="{escape(picture.text)}">{below}</figure>'
    )


def grid(figures: Iterable[str]) -> str:
    return '<div class="grid">' + "\n".join(figures) + "</div>"


def table(sheet: Sheet, title: bool = True) -> str:
    """A sheet, in a box of its own that scrolls sideways where it is too wide."""
    kinds = ["r" if align == "r" else "" for align in sheet.align]
    head = "".join(
        f'<th scope="col" class="{kind}">{escape(name)}</th>' for name, kind in zip(sheet.head, kinds, strict=True)
    )
    rows = []
    for i, row in enumerate(sheet.rows):
        cells = []
        for j, text in enumerate(row):
            kind = " ".join(
                filter(None, [kinds[j], "own" * ((i, j) in sheet.own), "wide" * (len(text) > 60 and " " in text)])
            )
            cells.append(f'<td class="{kind}">{escape(text)}</td>' if kind else f"<td>{escape(text)}</td>")
        rows.append("<tr>" + "".join(cells) + "</tr>")
    heading = f"<h3>{escape(sheet.title)}</h3>\n" if title else ""
    return (
        f'{heading}<div class="scroll" tabindex="0" role="region" aria-label="{escape(sheet.title)}"><table>'
        f"<thead><tr>{head}</tr></thead>\n<tbody>" + "\n".join(rows) + "</tbody></table></div>"
    )


def facts(pairs: Sequence[tuple[str, str]], title: str) -> str:
    """Names and values in two columns."""
    rows = "\n".join(
        f'<tr><th scope="row">{escape(name)}</th><td class="wide">{escape(value or "-")}</td></tr>'
        for name, value in pairs
    )
    return f'<div class="scroll"><table aria-label="{escape(title)}"><tbody>{rows}</tbody></table></div>'


def png_file(path: Path, text: str) -> str:
    """A small picture from a file, in the page itself."""
    content = base64.b64encode(path.read_bytes()).decode()
    return f'<img src="data:image/png;base64,{content}" width="128" height="128" alt="{escape(text)}">'
