"""Accuracy by number of shots, a line for each strategy or detector, with 95 % bands."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.report.figures.svg import Entry, Picture, Plot, Scale, chart, look_of, tick_texts, ticks

Curve = Sequence[tuple[int, Estimate]]
_SMALL, _LARGE = (344, 220), (420, 290)


def curve_panel(
    curves: Mapping[str, Curve],
    names: Sequence[str],
    shots: Sequence[int],
    title: str,
    *,
    limits: tuple[float, float] = (40.0, 100.0),
    line: float = 50.0,
    large: bool = False,
    label: str = "balanced accuracy, %",
) -> Picture:
    """Draw accuracies in per cent against shots per class, whose places go by log(1 + k).

    curves: (shots, accuracy) by name, rising in shots. names: all of the page, which decide colours. limits: of the
    axis, the same in all panels that are to be compared, see `limits_of`. line: dotted, what chance or no change would
    give. Raises ValueError for a value or an end of an interval outside of the limits.
    """
    width, height = _LARGE if large else _SMALL
    x = Scale(_place(min(shots)) - 0.15, _place(max(shots)) + 0.15, 46, width - 10)
    plot = Plot(x, Scale(*limits, height - 36, 8))
    plot.y_ticks(tick_texts(ticks(*limits)), label)
    plot.x_ticks([(_place(k), str(k)) for k in shots], "shots per class, k")
    if limits[0] <= line <= limits[1]:
        plot.line([(x.low, line), (x.high, line)], "dotted")
    for name, curve in curves.items():
        _draw(plot, curve, look_of(names, name))
    for start in dict.fromkeys(m.value for curve in curves.values() for k, m in curve if k == 0):
        if start is not None:
            plot.dots([(0.0, 100 * start)], "zero")
            plot.dots([(0.0, 100 * start)], "zero hole")
    plot.box()
    return chart(width, height, [plot], f"{title}, {label}, by shots per class. {_words(curves)}")


def limits_of(
    curves: Iterable[Curve], *, step: float = 10.0, within: tuple[float, float] = (40.0, 100.0)
) -> tuple[float, float]:
    """Choose limits in per cent that hold all values and interval ends, in whole steps, and at least `within`."""
    ends = [100 * end for curve in curves for _, m in curve for end in (m.value, m.low, m.high) if end is not None]
    low = step * math.floor(min([*ends, within[0]]) / step + 1e-9)
    high = step * math.ceil(max([*ends, within[1]]) / step - 1e-9)
    return low, high


def curve_key(names: Sequence[str], every: Sequence[str], extras: bool = True) -> list[Entry]:
    """Say what the lines of `curve_panel` mean; extras: zero-shot and chance, too."""
    entries = [Entry(name, look_of(every, name), look_of(every, name)) for name in names]
    more = [Entry("zero-shot (k = 0)", dot="zero", hole=True), Entry("chance, 50 %", line="dotted")]
    return [*entries, *(more if extras else [])]


def _place(shots: int) -> float:
    return math.log1p(shots)


def _draw(plot: Plot, curve: Curve, look: str) -> None:
    banded = [(_place(k), m.low, m.high) for k, m in curve if m.value is not None and None not in (m.low, m.high)]
    low, high = ([100 * float(item[i] or 0) for item in banded] for i in (1, 2))
    plot.band([item[0] for item in banded], low, high, look)
    known = [(_place(k), 100 * m.value) for k, m in curve if m.value is not None]
    if known:
        plot.line(known, look)
        plot.dots(known, look)


def _words(curves: Mapping[str, Curve]) -> str:
    return "; ".join(
        f"{name}: " + ", ".join(f"{100 * m.value:.1f} at k = {k}" for k, m in curve if m.value is not None)
        for name, curve in curves.items()
    )
