"""HTML as text. Whatever is not marked as HTML is escaped where it is put in, so that no name can break the page."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from forensictransfer.report.figures.canvas import Picture
from forensictransfer.report.page.style import SCRIPT, STYLE
from forensictransfer.report.tables.sheets import Sheet
from forensictransfer.report.tables.text import without_repeats

# Nothing may be fetched, whatever stands in the page.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
_WIDE = 420  # CSS pixels: figures that are wider scroll in a box of their own where the screen is narrower


class Markup(str):
    """Text that is HTML already. Any other text is escaped by the functions of this module."""

    __slots__ = ()


@dataclass(frozen=True)
class Section:
    """A part of the page: where links point to, its heading, and what stands in it."""

    anchor: str
    title: str
    body: Markup


def put(*parts: str) -> Markup:
    """Parts in a row, escaped unless they are HTML already."""
    return Markup("".join(part if isinstance(part, Markup) else html.escape(part) for part in parts))


def lines(*parts: str) -> Markup:
    """Blocks below each other."""
    return Markup("\n".join(put(part) for part in parts if part))


def tag(name: str, *parts: str, **attributes: str) -> Markup:
    """An element. An attribute that Python keeps for itself gets a trailing underscore: class_="soft"."""
    given = "".join(f' {key.strip("_").replace("_", "-")}="{html.escape(value)}"' for key, value in attributes.items())
    return Markup(f"<{name}{given}>{put(*parts)}</{name}>")


def paragraph(*parts: str, kind: str = "") -> Markup:
    """A paragraph; kind: "note" for small print, "lead", "warning"."""
    return tag("p", *parts, class_=kind) if kind else tag("p", *parts)


def code(text: str) -> Markup:
    """A command or a file name within a sentence."""
    return tag("code", text)


def block(text: str) -> Markup:
    """Lines to be copied as they are."""
    return tag("pre", tag("code", text), tabindex="0")


def bullets(items: Iterable[str]) -> Markup:
    """A list."""
    return tag("ul", Markup("\n".join(tag("li", item) for item in items)))


def heading(text: str, level: int = 3) -> Markup:
    """A heading within a section."""
    return tag(f"h{level}", text)


def fold(summary: str, *parts: str, unfolded: bool = False) -> Markup:
    """Something to open. What is folded is printed all the same."""
    first = Markup("<details open>" if unfolded else "<details>")
    return Markup(f"{first}{tag('summary', summary)}\n{lines(*parts)}\n</details>")


def image(picture: Picture) -> Markup:
    """A figure without caption; its size is known before it is drawn, so that the page does not jump."""
    return Markup(
        f'<img src="{picture.uri}" width="{picture.width}" height="{picture.height}" alt="{html.escape(picture.text)}">'
    )


def figure(picture: Picture, *caption: str) -> Markup:
    """A figure with its caption."""
    shown = image(picture)
    if picture.width > _WIDE:
        shown = Markup(f'<div class="scroll bare" tabindex="0" role="group" aria-label="figure">{shown}</div>')
    return Markup(
        f'<figure style="width:{picture.width}px">{shown}{tag("figcaption", *caption) if caption else ""}</figure>'
    )


def grid(figures: Iterable[str]) -> Markup:
    """Small multiples: as many side by side as there is room for."""
    return Markup('<div class="grid">\n' + "\n".join(put(item) for item in figures) + "\n</div>")


def table(sheet: Sheet, note: str = "") -> Markup:
    """A sheet in a box of its own, which scrolls where it is too wide; the source's own tests are bold."""
    kinds = [' class="r"' if align == "r" else "" for align in sheet.align]
    names = "".join(f'<th scope="col"{kind}>{put(name)}</th>' for name, kind in zip(sheet.head, kinds, strict=True))
    head = f"<thead><tr>{names}</tr></thead>\n" if any(sheet.head) else ""
    plain = "" if head else ' class="plain"'
    rows = []
    for i in range(len(sheet.rows)):
        cells = []
        for j, text in enumerate(without_repeats(sheet, i)):
            shown = Markup("<br>".join(put(line) for line in text.split("\n")))
            inner = tag("strong", shown) if (i, j) in sheet.own else shown
            kind = ' class="long"' if len(text) > 48 else kinds[j]
            cells.append(f"<td{kind}>{inner}</td>")
        rows.append(f"<tr>{''.join(cells)}</tr>")
    caption = tag("figcaption", tag("strong", sheet.title), f". {note}" if note else "")
    return Markup(
        f'<figure class="table">{caption}\n<div class="scroll" tabindex="0" role="group" '
        f'aria-label="{html.escape(sheet.title)}"><table{plain}>\n{head}<tbody>\n'
        + "\n".join(rows)
        + "\n</tbody></table></div></figure>"
    )


def document(title: str, opening: Markup, sections: Sequence[Section]) -> str:
    """A whole page: title, what stands before everything else, a table of contents, the sections."""
    links = Markup("\n".join(f'<li><a href="#{part.anchor}">{put(part.title)}</a></li>' for part in sections))
    body = "\n".join(
        f'<section id="{part.anchor}">\n<h2>{put(part.title)}</h2>\n{part.body}\n</section>' for part in sections
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # An empty icon, or the browser asks for one.
        f'<link rel="icon" href="data:,">\n<title>{put(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n'
        f"<header>\n<h1>{put(title)}</h1>\n{opening}\n</header>\n"
        f'<nav aria-label="Contents">\n<h2>Contents</h2>\n<ol>\n{links}\n</ol>\n</nav>\n'
        f"<main>\n{body}\n</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )
