"""Accuracy by number of shots, a line for each strategy, with 95 % bands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.report.figures.canvas import DOTTED, INK, PX, SOFT, Picture, as_svg, axes_at, figure, line_of
from forensictransfer.report.names import wrapped

Curve = Sequence[tuple[int, Estimate]]
TITLE = 44  # letters in a line of a title
_SMALL, _LARGE = (344, 236), (420, 300)


def curve_panel(
    curves: Mapping[str, Curve],
    strategies: Sequence[str],
    shots: Sequence[int],
    title: str,
    *,
    limits: tuple[float, float] = (40.0, 102.0),
    line: float = 50.0,
    large: bool = False,
    label: str = "balanced accuracy, %",
    rows: int = 1,
) -> Picture:
    """Accuracies in per cent against shots per class, whose places go by log(1 + k), by strategy.

    curves: (shots, accuracy) by strategy, rising. strategies: all of the page, which decide colours. limits:
    of the axis, the same in all panels that are to be compared. line: dotted, what chance or no change would give.
    rows: lines that the title has room for, the same in all panels of a grid.
    """
    width, height = _LARGE if large else _SMALL
    lines = wrapped(title, 54 if large else TITLE)
    top = 10 + 14 * max(rows, lines.count("\n") + 1)
    with figure(width, height + top) as drawn:
        axes = axes_at(drawn, 46, top, width - 56, height - 46)
        axes.axhline(line, color=SOFT, linewidth=1.2 * PX, linestyle=DOTTED)
        for strategy, curve in curves.items():
            _draw(axes, curve, strategies, strategy)
        start = next((m for curve in curves.values() for k, m in curve if k == 0 and m.value is not None), None)
        if start is not None:
            axes.plot(
                [0],
                [100 * float(start.value or 0)],
                marker="o",
                markersize=8 * PX,
                color="white",
                markeredgecolor=INK,
                zorder=5,
            )
        axes.set_xticks([_place(k) for k in shots], [str(k) for k in shots])
        axes.set_xlim(_place(min(shots)) - 0.15, _place(max(shots)) + 0.15)
        axes.set_ylim(*limits)
        axes.grid(True, axis="y")
        axes.set_xlabel("shots per class, k")
        axes.set_ylabel(label)
        drawn.text(6 / width, 1 - 4 / (height + top), lines, ha="left", va="top", fontsize=11.5 * PX, fontweight="bold")
        return as_svg(drawn, f"{title}, {label}, by shots per class. {_words(curves)}")


def legend(strategies: Sequence[str], all_strategies: Sequence[str], extras: bool = True) -> Picture:
    """What the lines of `curve_panel` mean, on as many rows as a telephone needs; extras: zero-shot and chance, too."""
    entries = [*strategies, *(["zero-shot (k = 0)", "chance, 50 %"] if extras else [])]
    widths = [44 + 8 * len(name) for name in entries]
    rows: list[list[int]] = [[]]
    for i, width in enumerate(widths):
        if rows[-1] and sum(widths[j] for j in rows[-1]) + width > 350:
            rows.append([])
        rows[-1].append(i)
    across = max(sum(widths[j] for j in row) for row in rows)
    with figure(across, 22 * len(rows)) as drawn:
        axes = axes_at(drawn, 0, 0, across, 22 * len(rows))
        axes.set_xlim(0, across)
        axes.set_ylim(22 * len(rows), 0)
        axes.axis("off")
        for number, row in enumerate(rows):
            x, y = 2.0, 22 * number + 11.0
            for i in row:
                _sample(axes, entries[i], all_strategies, x, y)
                axes.text(x + 34, y, entries[i], va="center_baseline", ha="left", fontsize=11.5 * PX)
                x += widths[i]
        return as_svg(drawn, f"Key of the lines: {', '.join(entries)}")


def _sample(axes: Axes, entry: str, strategies: Sequence[str], x: float, y: float) -> None:
    if entry in strategies:
        colour, marker, line = line_of(strategies, entry)
        axes.plot([x, x + 14, x + 28], [y] * 3, color=colour, linestyle=line, linewidth=2 * PX)
        axes.plot([x + 14], [y], color=colour, marker=marker, markersize=6.5 * PX)
    elif entry.startswith("zero-shot"):
        axes.plot([x + 14], [y], marker="o", markersize=8 * PX, color="white", markeredgecolor=INK)
    else:
        axes.plot([x, x + 28], [y, y], color=SOFT, linewidth=1.2 * PX, linestyle=DOTTED)


def _place(shots: int) -> float:
    return float(np.log1p(shots))


def _draw(axes: Axes, curve: Curve, strategies: Sequence[str], strategy: str) -> None:
    colour, marker, line = line_of(strategies, strategy)
    known = [(_place(k), m) for k, m in curve if m.value is not None]
    banded = [(x, m) for x, m in known if m.low is not None and m.high is not None]
    low, high = ([100 * float(getattr(m, end)) for _, m in banded] for end in ("low", "high"))
    axes.fill_between([x for x, _ in banded], low, high, color=colour, alpha=0.14, linewidth=0)
    for values in (low, high):
        axes.plot([x for x, _ in banded], values, color=colour, linewidth=0.7 * PX, alpha=0.6)
    values = [100 * float(m.value or 0) for _, m in known]
    axes.plot(
        [x for x, _ in known], values, color=colour, marker=marker, linestyle=line, markersize=6 * PX, linewidth=2 * PX
    )


def _words(curves: Mapping[str, Curve]) -> str:
    return "; ".join(
        f"{strategy}: " + ", ".join(f"{100 * m.value:.1f} at k = {k}" for k, m in curve if m.value is not None)
        for strategy, curve in curves.items()
    )
