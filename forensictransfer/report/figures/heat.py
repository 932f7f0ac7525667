"""Source x target heat maps as tables with coloured cells: numbers that can be read, linked and read aloud."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.report.names import wrapped
from forensictransfer.results.shots_only import NAME, NO_GAIN

# cividis at 50, 52, ... 100 %: perceptually uniform, and nearly the same to the colour-blind (Nunez and others,
# "Optimizing colormaps with consideration for color vision deficiency", 2018).
SHADES = (
    *("#00224e", "#002a5f", "#003070", "#163770", "#273e6e", "#35456c", "#404c6c", "#4a536c", "#545a6d", "#5e626e"),
    *("#666970", "#6f7073", "#777777", "#817f78", "#8b8778", "#948e77", "#9e9676", "#a99f73", "#b4a76f", "#beaf6b"),
    *("#c8b866", "#d4c15f", "#dfca57", "#ead34c", "#f6dd3f", "#fee838"),
)


OTHERS = "all others"  # the row of trainings on all sources but the target


@dataclass(frozen=True)
class HeatMap:
    """What a heat map shows: rows and columns by the names that it prints.

    cells: accuracies by (source, target), the sources' own tests among them. notes: why a cell is empty, one word or
    two. below: a line under the name of a target, such as its number of test images. links: where a cell leads. behind:
    cells that are not shown to beat the shots alone. alone: what these reach, by target: a row of its own. own: the
    cells that are a source's own test. others: what a training on all the other sources together reaches, by target: a
    row of its own, whose links and marks stand under OTHERS.
    """

    sources: Sequence[str]
    targets: Sequence[str]
    cells: Mapping[tuple[str, str], Estimate]
    notes: Mapping[tuple[str, str], str]
    below: Mapping[str, str]
    title: str
    links: Mapping[tuple[str, str], str] = field(default_factory=dict)
    behind: AbstractSet[tuple[str, str]] = frozenset()
    alone: Mapping[str, Estimate] = field(default_factory=dict)
    own: frozenset[tuple[str, str]] = frozenset()
    others: Mapping[str, Estimate] = field(default_factory=dict)


@dataclass(frozen=True)
class HeatCell:
    """A cell as it is printed: number, interval, classes of the style sheet, and where it leads."""

    text: str
    note: str
    look: str
    link: str


@dataclass(frozen=True)
class HeatRow:
    """A source and its cells."""

    name: str
    cells: Sequence[HeatCell]


@dataclass(frozen=True)
class HeatHead:
    """A target and the line under its name."""

    name: str
    note: str


@dataclass(frozen=True)
class HeatTable:
    """A heat map, ready for its template."""

    title: str
    heads: Sequence[HeatHead]
    rows: Sequence[HeatRow]


def heat_table(shown: HeatMap, *, small: bool = False) -> HeatTable:
    """Print accuracies in per cent by source (rows) and target (columns), the 95 % interval below each number.

    The source's own test has a frame. Where the whole interval lies below 50 %, the cell says so, and a mark stands
    where a run is not shown to beat its shots, which have a row below. Cells without a number say why. small: ends of
    intervals without decimals, so that the columns are narrow.
    """
    rows = [
        HeatRow(wrapped(source, 18), [_cell(shown, source, target, 0 if small else 1) for target in shown.targets])
        for source in shown.sources
    ]
    decimals = 0 if small else 1
    if shown.others:
        rows.append(HeatRow(OTHERS, [_cell(shown, OTHERS, target, decimals) for target in shown.targets]))
    if shown.alone:
        cells = [_number(shown.alone.get(target), "–", decimals) for target in shown.targets]
        rows.append(HeatRow(NAME, cells))
    heads = [HeatHead(wrapped(name, 12), shown.below.get(name, "")) for name in shown.targets]
    return HeatTable(shown.title, heads, rows)


def shade(value: float) -> int:
    """Choose which of SHADES an accuracy gets: 50 % and less the first, 100 % the last."""
    return round((len(SHADES) - 1) * min(1.0, max(0.0, 2 * value - 1)))


def style_of_shades() -> str:
    """Write the style sheet's rules for the cells of heat maps: black or white letters on each colour."""
    return "\n".join(f".v{i} {{ background: {colour}; color: {ink_on(colour)}; }}" for i, colour in enumerate(SHADES))


def ink_on(colour: str) -> str:
    """Choose black or white, whichever stands out more from a colour like #0072b2: by at least 4.5 : 1."""
    return "#fff" if luminance(colour) < 0.179 else "#000"


def luminance(colour: str) -> float:
    """Compute the relative luminance of a colour in sRGB, 0 to 1.

    Source: W3C, "Web Content Accessibility Guidelines", 2008.
    """
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _cell(shown: HeatMap, source: str, target: str, decimals: int) -> HeatCell:
    link = shown.links.get((source, target), "")
    mark = f" {NO_GAIN}" if (source, target) in shown.behind else ""
    empty = shown.notes.get((source, target), "–")
    found = shown.others.get(target) if source == OTHERS else shown.cells.get((source, target))
    return _number(found, empty, decimals, " own" * ((source, target) in shown.own), link, mark)


def _number(
    measured: Estimate | None, empty: str, decimals: int, look: str = "", link: str = "", mark: str = ""
) -> HeatCell:
    if measured is None or measured.value is None:
        return HeatCell("undefined" if measured is not None else empty, "", "empty", link)
    interval = "no interval"
    if measured.low is not None and measured.high is not None:
        interval = f"{100 * measured.low:.{decimals}f}–{100 * measured.high:.{decimals}f}"
    text, look = f"{100 * measured.value:.1f}{mark}", f"v{shade(measured.value)}{look}"
    if measured.high is not None and measured.high < 0.5:
        return HeatCell(text, f"{interval} worse than chance", f"{look} worse", link)
    return HeatCell(text, interval, look, link)
