"""Draw charts as compact SVG: places in CSS pixels, colours by class, so that the page's scheme decides them.

Data are placed by a `Scale`, which refuses a value outside of its ends: a chart that would lose a point raises.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from forensictransfer.report.rendering import render

LOOKS = 7  # classes s0 to s6 of the style sheet: a colour and a dash pattern each
_LETTER = 11  # CSS pixels


@dataclass(frozen=True)
class Picture:
    """A figure as SVG, its size in CSS pixels, and what it shows, in words."""

    svg: Markup
    width: int
    height: int
    text: str


@dataclass(frozen=True)
class Entry:
    """A line of a key: the look of a line, of a mark, or both; hole: the mark is hollow."""

    name: str
    line: str = ""
    dot: str = ""
    hole: bool = False


@dataclass(frozen=True)
class Scale:
    """Places of values from `low` to `high`, at `start` to `end` in CSS pixels."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Place a value. Raises ValueError for one outside of the scale: it would be drawn beside the chart."""
        slack = 1e-9 * abs(self.high - self.low)
        if not min(self.low, self.high) - slack <= value <= max(self.low, self.high) + slack:
            raise ValueError(f"expected a value from {self.low} to {self.high} on this axis, got {value}")
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


@dataclass(frozen=True)
class Shape:
    """A path, or a circle where there is a radius."""

    look: str
    path: str = ""
    x: str = ""
    y: str = ""
    radius: str = ""


@dataclass(frozen=True)
class Label:
    """Text at a place; look: "y" ends there, "x" is centred, "" begins there."""

    text: str
    x: str
    y: str
    look: str = ""
    turned: bool = False


@dataclass
class Plot:
    """Axes with what is drawn in them."""

    x: Scale
    y: Scale
    grid: str = ""
    frame: str = ""
    shapes: list[Shape] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)

    def x_ticks(self, ticks: Iterable[tuple[float, str]], label: str, *, lines: bool = False) -> None:
        """Label places below the axes; lines: with a grid line each."""
        bottom, top = self.y.start, self.y.end
        for value, text in ticks:
            place = self.x(value)
            self.grid += f"M{_n(place)} {_n(bottom)}V{_n(top if lines else bottom + 3)}"
            self.labels.append(Label(text, _n(place), _n(bottom + 15), "x"))
        self.labels.append(Label(label, _n((self.x.start + self.x.end) / 2), _n(bottom + 31), "x"))

    def y_ticks(self, ticks: Iterable[tuple[float, str]], label: str, *, lines: bool = True) -> None:
        """Label places left of the axes; lines: with a grid line each."""
        left, right = self.x.start, self.x.end
        for value, text in ticks:
            place = self.y(value)
            self.grid += f"M{_n(left if lines else left - 3)} {_n(place)}H{_n(right if lines else left)}"
            if text:
                self.labels.append(Label(text, _n(left - 5), _n(place + 4), "y"))
        if label:
            self.labels.append(Label(label, _n(left - 33), _n((self.y.start + self.y.end) / 2), "x", turned=True))

    def box(self) -> None:
        """Draw the left and the lower axis."""
        self.frame = f"M{_n(self.x.start)} {_n(self.y.end)}V{_n(self.y.start)}H{_n(self.x.end)}"

    def line(self, points: Sequence[tuple[float, float]], look: str) -> None:
        """Join points by straight lines."""
        self.shapes.append(Shape(f"line {look}", polyline([(self.x(x), self.y(y)) for x, y in points])))

    def band(self, xs: Sequence[float], low: Sequence[float], high: Sequence[float], look: str) -> None:
        """Fill between two lines; a bar where there is one place only."""
        around = [*zip(xs, low, strict=True), *reversed(list(zip(xs, high, strict=True)))]
        placed = [(self.x(x), self.y(y)) for x, y in around]
        if len(xs) == 1:
            self.shapes.append(Shape(f"thin {look}", polyline(placed)))
        elif xs:
            self.shapes.append(Shape(f"band {look}", polyline(placed) + "Z"))

    def dots(self, points: Iterable[tuple[float, float]], look: str, *, grain: float = 0.1) -> None:
        """Draw marks; those that fall on the same place, to `grain` pixels, are drawn once."""
        places = {(round(self.x(x) / grain), round(self.y(y) / grain)) for x, y in points}
        at_x, at_y, path = 0, 0, ""
        for x, y in sorted(places):
            path += f"m{_pair((x - at_x) * grain, (y - at_y) * grain)}h0"
            at_x, at_y = x, y
        if path:
            self.shapes.append(Shape(f"dot {look}", path))

    def circle(self, x: float, y: float, radius: float, look: str) -> None:
        """Draw a mark whose size means something."""
        self.shapes.append(Shape(look, x=_n(self.x(x)), y=_n(self.y(y)), radius=_n(radius)))


def chart(width: int, height: int, plots: Sequence[Plot], text: str) -> Picture:
    """Put plots into one SVG. text: the same in words, for those who do not see it."""
    text = " ".join(text.split())
    return Picture(render("chart.svg", width=width, height=height, plots=plots, text=text), width, height, text)


def polyline(points: Sequence[tuple[float, float]], grain: float = 0.1) -> str:
    """Draw a path through points, rounded to `grain`; what is drawn over the same pixel or straight on is left out."""
    rounded: list[tuple[float, float]] = []
    for x, y in points:
        point = (round(x / grain) * grain, round(y / grain) * grain)
        if len(rounded) > 1 and _straight(rounded[-2], rounded[-1], point):
            rounded.pop()
        if not rounded or rounded[-1] != point:
            rounded.append(point)
    path, last = "", (math.nan, math.nan)
    for x, y in rounded:
        if not path:
            path = f"M{_pair(x, y)}"
        elif x == last[0]:
            path += f"V{_n(y)}"
        elif y == last[1]:
            path += f"H{_n(x)}"
        else:
            path += f"L{_pair(x, y)}"
        last = (x, y)
    return path + "h0" * (len(rounded) == 1)


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers between two ends: at most `most` of them, in steps of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / max(1, most - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 10) for i in range(first, math.floor(high / step + 1e-9) + 1)]


def tick_texts(values: Sequence[float]) -> list[tuple[float, str]]:
    """Write ticks with as many decimals as they need."""
    return [(value, f"{value:g}") for value in values]


def look_of(names: Sequence[str], name: str) -> str:
    """Choose the look of a strategy or detector: the same in all figures of a page."""
    return f"s{list(names).index(name) % LOOKS}"


def _straight(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    """Tell whether b lies between a and c on a level or an upright line."""
    level = a[1] == b[1] == c[1] and (b[0] - a[0]) * (c[0] - b[0]) >= 0
    upright = a[0] == b[0] == c[0] and (b[1] - a[1]) * (c[1] - b[1]) >= 0
    return level or upright


def _pair(x: float, y: float) -> str:
    second = _n(y)
    return _n(x) + ("" if second.startswith("-") else " ") + second


def _n(value: float) -> str:
    """Write a number of pixels with at most one decimal."""
    return f"{value + 0.0:.1f}".removesuffix(".0").replace("-0.", "-.") if abs(value) >= 0.05 else "0"
