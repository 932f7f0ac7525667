"""What all figures share: colours that the colour-blind can tell apart, markers, sizes, and pictures as text."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

# M. Okabe, K. Ito, "Color Universal Design", 2008
BLUE, ORANGE, GREEN, RED, PURPLE, SKY, BLACK = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
    "#000000",
)
LINES = (
    (BLUE, "o", "-"),
    (RED, "s", "--"),
    (GREEN, "^", "-."),
    (PURPLE, "D", ":"),
    (ORANGE, "v", "-"),
    (SKY, "P", "--"),
    (BLACK, "X", "-."),
)
REAL, FAKE = (BLUE, "o"), (RED, "^")
CHANCE = "#888888"
_STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that the same letters are drawn everywhere
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.titlesize": 9.0,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "svg.fonttype": "path",
    "svg.hashsalt": "forensictransfer",
    "figure.dpi": 100,
    "path.simplify": True,
}


@dataclass(frozen=True)
class Picture:
    """A figure as a data URI, with its size in CSS pixels and what it shows, in words."""

    uri: str
    width: int
    height: int
    text: str


@contextmanager
def figure(width: float, height: float) -> Iterator[Figure]:
    """An empty figure of so many inches, in the style of the page."""
    # The library's own defaults below ours: a user's matplotlibrc must not change a report.
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)  # type: ignore[arg-type]  # its names are literals
        drawn = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(drawn)
        yield drawn


def as_svg(drawn: Figure, text: str) -> Picture:
    """For lines and numbers: sharp at any size, and in print."""
    out = io.BytesIO()
    drawn.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return _picture(drawn, out.getvalue(), "image/svg+xml", text)


def as_png(drawn: Figure, text: str, dots: int = 150) -> Picture:
    """For clouds of points, which would make a large SVG."""
    out = io.BytesIO()
    drawn.savefig(out, format="png", dpi=dots, metadata={"Software": None})
    return _picture(drawn, out.getvalue(), "image/png", text)


def line_of(strategies: Sequence[str], strategy: str) -> tuple[str, str, str]:
    """Colour, marker and line of a strategy: the same in all figures of a page."""
    return LINES[list(strategies).index(strategy) % len(LINES)]


def _picture(drawn: Figure, content: bytes, kind: str, text: str) -> Picture:
    width, height = (round(100 * inches) for inches in drawn.get_size_inches())
    return Picture(f"data:{kind};base64,{base64.b64encode(content).decode()}", width, height, text)
