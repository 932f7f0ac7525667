"""Values with their intervals in rows, one mark for each: differences between strategies, threshold rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.report.figures.canvas import DOTTED, LINES, PX, SOFT, Picture, as_svg, axes_at, figure

_ROW, _LABEL, _WIDTH = 32, 150, 256


@dataclass(frozen=True)
class Mark:
    """One value of a row. look: number of its colour and marker; hollow: a mark that is only outlined."""

    measured: Estimate
    look: int
    hollow: bool = False


@dataclass(frozen=True)
class ForestRow:
    """A row's label and its marks, drawn a little below each other."""

    label: str
    marks: Sequence[Mark]


def forest(rows: Sequence[ForestRow], names: Sequence[str], label: str, line: float | None, title: str) -> Picture:
    """Marks at 100 x value with 95 % intervals, one row below the other, and a dotted line at `line` (same units).

    names: what the looks mean, drawn as a key below unless there is but one.
    """
    heights = [max(_ROW, 11 * len(row.marks) + 8) for row in rows]
    keys = _key_rows(names) if len(names) > 1 else []
    down = sum(heights)
    with figure(_LABEL + _WIDTH + 12, down + 52 + 20 * len(keys)) as drawn:
        axes = axes_at(drawn, _LABEL, 6, _WIDTH, down)
        axes.set_ylim(down, 0)
        top = 0.0
        ticks = []
        for row, height in zip(rows, heights, strict=True):
            ticks.append(top + height / 2)
            for place, mark in enumerate(row.marks):
                y = top + height / 2 + 11 * (place - (len(row.marks) - 1) / 2)
                _draw(axes, mark, y)
            top += height
            axes.axhline(top, color="#e3e7eb", linewidth=0.8 * PX)
        if line is not None:
            axes.axvline(100 * line, color=SOFT, linewidth=1.2 * PX, linestyle=DOTTED)
        axes.set_yticks(ticks, [row.label for row in rows])
        axes.tick_params(axis="y", length=0)
        axes.grid(True, axis="x")
        axes.set_xlabel(label)
        for number, keyed in enumerate(keys):
            x, y = 8.0, down + 56 + 20 * number
            for i in keyed:
                across, height = _LABEL + _WIDTH + 12, down + 52 + 20 * len(keys)
                drawn.text((x + 16) / across, 1 - y / height, names[i], va="center_baseline", fontsize=11 * PX)
                key = drawn.add_axes((x / across, 1 - (y + 6) / height, 12 / across, 12 / height))
                key.plot([0], [0], color=LINES[i][0], marker=LINES[i][1], markersize=6.5 * PX)
                key.axis("off")
                x += 34 + 7.2 * len(names[i])
        return as_svg(drawn, f"{title}. {_words(rows, names)}")


def _draw(axes: object, mark: Mark, y: float) -> None:
    m = mark.measured
    if m.value is None:
        return
    colour, marker, _ = LINES[mark.look % len(LINES)]
    if m.low is not None and m.high is not None:
        axes.plot([100 * m.low, 100 * m.high], [y, y], color=colour, linewidth=1.6 * PX, solid_capstyle="butt")  # type: ignore[attr-defined]
    face = "white" if mark.hollow else colour
    axes.plot([100 * m.value], [y], color=colour, marker=marker, markersize=6.5 * PX, markerfacecolor=face)  # type: ignore[attr-defined]


def _key_rows(names: Sequence[str]) -> list[list[int]]:
    rows: list[list[int]] = [[]]
    for i in range(len(names)):
        if rows[-1] and sum(34 + 7.2 * len(names[j]) for j in [*rows[-1], i]) > _LABEL + _WIDTH:
            rows.append([])
        rows[-1].append(i)
    return rows


def _words(rows: Sequence[ForestRow], names: Sequence[str]) -> str:
    told = []
    for row in rows:
        values = [f"{names[m.look]} {100 * m.measured.value:.1f}" for m in row.marks if m.measured.value is not None]
        told.append(f"{row.label}: {', '.join(values)}")
    return "; ".join(told)
