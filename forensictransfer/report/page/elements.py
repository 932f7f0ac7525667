"""Build the parts of the page from Jinja2 macros: text is escaped unless it is `Markup`, so no name can break it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from forensictransfer.report.figures.heat import SHADES, HeatMap, heat_table
from forensictransfer.report.figures.svg import Entry, Picture
from forensictransfer.report.rendering import element, fit_for_html
from forensictransfer.report.tables.sheets import Sheet
from forensictransfer.report.tables.text import without_repeats

_WIDE = 420  # CSS pixels: figures that are wider scroll in a box of their own where the screen is narrower
_LONG = 14  # rows of a table that stands on the page without being folded away
_SENTENCE = 48  # letters of a cell that may be broken into lines
_NOWHERE: Mapping[tuple[int, int], str] = {}
_NO_ANCHORS: Mapping[int, str] = {}


@dataclass(frozen=True)
class Section:
    """A part of the page: where links point to, its heading, and what stands in it."""

    anchor: str
    title: str
    body: Markup


@dataclass(frozen=True)
class TableCell:
    """A cell of a table: its lines, class of the style sheet, whether it is bold, and where it leads."""

    lines: Sequence[str]
    look: str
    own: bool
    link: str


@dataclass(frozen=True)
class TableRow:
    """A row of a table and the name that links point to, if any."""

    cells: Sequence[TableCell]
    anchor: str


@dataclass(frozen=True)
class TableHead:
    """The heading of a column."""

    text: str
    look: str


@dataclass(frozen=True)
class Tab:
    """One of several parts of which one is shown at a time."""

    name: str
    content: Markup


def put(*parts: str) -> Markup:
    """Join parts, escaped unless they are HTML already."""
    return Markup("").join(fit_for_html(part) for part in parts)


def lines(*parts: str) -> Markup:
    """Put blocks below each other."""
    return Markup("\n").join(fit_for_html(part) for part in parts if part)


def paragraph(*parts: str, kind: str = "") -> Markup:
    """Make a paragraph; kind: "note" for small print, "lead", "warning"."""
    return element("paragraph", put(*parts), kind)


def code(text: str) -> Markup:
    """Mark a command or a file name within a sentence."""
    return element("code", text)


def strong(text: str) -> Markup:
    """Mark what a sentence is about."""
    return element("strong", text)


def link(target: str, text: str) -> Markup:
    """Link to a place of the page or to a file beside it; text alone where there is no target."""
    return element("link", target, text) if target else put(text)


def block(text: str) -> Markup:
    """Show lines to be copied as they are."""
    return element("block", text)


def bullets(items: Iterable[str]) -> Markup:
    """Make a list."""
    return element("bullets", list(items))


def heading(text: str, level: int = 3) -> Markup:
    """Make a heading within a section."""
    return element("heading", text, level)


def fold(summary: str, *parts: str, unfolded: bool = False) -> Markup:
    """Make something to open. What is folded is printed all the same."""
    return element("fold", summary, lines(*parts), unfolded)


def figure(picture: Picture, *caption: str, title: str = "") -> Markup:
    """Show a figure with its title and caption; its size is known before it is drawn: the page does not jump."""
    return element("figure", picture, title, put(*caption), picture.width > _WIDE)


def legend(entries: Iterable[Entry]) -> Markup:
    """Say what the lines and marks of figures mean."""
    return element("legend", list(entries))


def grid(figures: Iterable[str]) -> Markup:
    """Show small multiples: as many side by side as there is room for."""
    return element("grid", list(figures))


def heat(shown: HeatMap, *caption: str, small: bool = False) -> Markup:
    """Show a heat map as a table; small: without the targets' numbers of images, with narrow cells."""
    return element("heat", heat_table(shown, small=small), put(*caption), small)


def colour_key() -> Markup:
    """Say what the colours of heat maps mean."""
    labels = ["≤ 50 %", "60 %", "70 %", "80 %", "90 %", "100 %"]
    return element("colour_key", [f"v{i}" for i in range(len(SHADES))], labels)


def tabs(name: str, parts: Iterable[Tab]) -> Markup:
    """Show one part at a time, chosen by radio buttons without a script; all of them in print. name: of the page."""
    shown = list(parts)
    return element("tabs", name, shown) if len(shown) > 1 else shown[0].content


def table(
    sheet: Sheet,
    *note: str,
    links: Mapping[tuple[int, int], str] = _NOWHERE,
    anchors: Mapping[int, str] = _NO_ANCHORS,
    sortable: bool = True,
    csv: str = "",
) -> Markup:
    """Show a sheet in a box of its own, which scrolls where it is too wide; the source's own tests are bold.

    A value that repeats the one above is soft. sortable: with a script, a click on a heading sorts. links: where the
    cell (row, column) leads. anchors: names of rows that links point to. csv: the file with the same rows, if any.
    """
    kinds = ["r" if align == "r" else "" for align in sheet.align]
    heads = [TableHead(name, kind) for name, kind in zip(sheet.head, kinds, strict=True)]
    rows = [TableRow(_cells(sheet, i, kinds, links), anchors.get(i, "")) for i in range(len(sheet.rows))]
    plain = not any(sheet.head)
    sortable = sortable and not plain and len(rows) > 2
    return element("table", sheet.title, put(*note), heads, rows, plain, sortable, csv)


def long_table(
    sheet: Sheet,
    *note: str,
    links: Mapping[tuple[int, int], str] = _NOWHERE,
    anchors: Mapping[int, str] = _NO_ANCHORS,
    csv: str = "",
) -> Markup:
    """Show a sheet, folded away where it has many rows."""
    shown = table(sheet, *note, links=links, anchors=anchors, csv=csv)
    return fold(f"{sheet.title} ({len(sheet.rows)} rows)", shown) if len(sheet.rows) > _LONG else shown


def _cells(sheet: Sheet, row: int, kinds: Sequence[str], links: Mapping[tuple[int, int], str]) -> list[TableCell]:
    cells = []
    for j, (text, left) in enumerate(zip(sheet.rows[row], without_repeats(sheet, row), strict=True)):
        look = "long" if len(text) > _SENTENCE else kinds[j]
        if text and not left:
            look = f"again {look}".strip()
        cells.append(TableCell(text.split("\n"), look, (row, j) in sheet.own, links.get((row, j), "")))
    return cells
