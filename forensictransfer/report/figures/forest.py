"""Values with their intervals in rows, one mark for each: differences between strategies, threshold rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.report.figures.svg import LOOKS, Entry, Label, Picture, Plot, Scale, chart, tick_texts, ticks

_ROW, _LABEL, _WIDTH = 32, 150, 256


@dataclass(frozen=True)
class Mark:
    """A value with its interval. look: which of the named kinds it is; hollow: a mark that is not filled."""

    measured: Estimate
    look: int
    hollow: bool = False


@dataclass(frozen=True)
class ForestRow:
    """A row's label and its marks, drawn a little below each other."""

    label: str
    marks: Sequence[Mark]


def forest(rows: Sequence[ForestRow], names: Sequence[str], label: str, line: float | None, title: str) -> Picture:
    """Draw marks at 100 x value with 95 % intervals, one row below the other, and a dotted line at `line`.

    names: what the looks mean, see `forest_key`.
    """
    heights = [max(_ROW, 11 * len(row.marks) + 8) for row in rows]
    down = sum(heights)
    plot = Plot(Scale(*_limits(rows, line), _LABEL, _LABEL + _WIDTH - 6), Scale(down, 0, 6 + down, 6))
    plot.x_ticks(tick_texts(ticks(plot.x.low, plot.x.high)), label, lines=True)
    if line is not None:
        plot.line([(100 * line, 0), (100 * line, down)], "dotted")
    top = 0.0
    for row, height in zip(rows, heights, strict=True):
        _name(plot, row.label, 6 + top + height / 2)
        for place, mark in enumerate(row.marks):
            _draw(plot, mark, top + height / 2 + 11 * (place - (len(row.marks) - 1) / 2))
        top += height
        plot.grid += f"M0 {6 + top:g}H{_LABEL + _WIDTH}"
    plot.box()
    return chart(_LABEL + _WIDTH + 4, down + 42, [plot], f"{title}. {_words(rows, names)}")


def forest_key(names: Sequence[str], hollow: Sequence[str] = ()) -> list[Entry]:
    """Say what the looks of `forest` mean; hollow: those whose marks are not filled."""
    looks = [f"s{i % LOOKS}" for i in range(len(names))]
    return [Entry(name, f"solid {look}", look, name in hollow) for name, look in zip(names, looks, strict=True)]


def _limits(rows: Sequence[ForestRow], line: float | None) -> tuple[float, float]:
    """Choose limits that hold all values, all interval ends and the line, with room for half a mark."""
    found = [m.measured for row in rows for m in row.marks]
    ends = [100 * end for m in found for end in (m.value, m.low, m.high) if end is not None]
    ends += [] if line is None else [100 * line]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    room = 0.05 * (high - low) or 1.0
    return low - room, high + room


def _name(plot: Plot, text: str, y: float) -> None:
    lines = text.split("\n")
    for number, line in enumerate(lines):
        plot.labels.append(Label(line, str(_LABEL - 8), f"{y + 4 + 13 * (number - (len(lines) - 1) / 2):g}", "y"))


def _draw(plot: Plot, mark: Mark, y: float) -> None:
    m = mark.measured
    if m.value is None:
        return
    look = f"s{mark.look % LOOKS}"
    if m.low is not None and m.high is not None:
        plot.line([(100 * m.low, y), (100 * m.high, y)], f"solid {look}")
    plot.dots([(100 * m.value, y)], look)
    if mark.hollow:
        plot.dots([(100 * m.value, y)], "hole")


def _words(rows: Sequence[ForestRow], names: Sequence[str]) -> str:
    told = []
    for row in rows:
        values = [f"{names[m.look]} {100 * m.measured.value:.1f}" for m in row.marks if m.measured.value is not None]
        told.append(f"{row.label}: {', '.join(values)}")
    return "; ".join(told)
