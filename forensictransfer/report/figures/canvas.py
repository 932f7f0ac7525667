"""What all figures share: colours that the colour-blind tell apart, sizes in pixels of the page, pictures as text."""

from __future__ import annotations

import base64
import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

# M. Okabe, K. Ito, "Color Universal Design", 2008; yellow is left out, it does not show on white paper.
BLUE, RED, GREEN, PURPLE, ORANGE, SKY, BLACK = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7"),
    *("#E69F00", "#56B4E9", "#000000"),
)
LINES = (
    (BLUE, "o", "-"),
    (RED, "s", (0, (5, 1.5))),
    (GREEN, "^", (0, (6, 1.5, 1, 1.5))),
    (PURPLE, "D", (0, (1.5, 1.2))),
    (ORANGE, "v", (0, (8, 2))),
    (SKY, "P", (0, (3, 1, 1, 1, 1, 1))),
    (BLACK, "X", (0, (1, 2))),
)
REAL, FAKE = (BLUE, "o"), (RED, "^")
INK, SOFT, FAINT = "#1b1f24", "#57606a", "#d5dae0"
DOTTED = (0, (1.2, 1.8))
_INCH = 96  # CSS pixels
PX = 72 / _INCH  # points in a pixel: sizes of letters and lines are given as pixels, too
_STYLE: Any = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that the same letters are drawn everywhere
    "font.size": 11 * PX,
    "axes.titlesize": 11.5 * PX,
    "axes.titlepad": 6 * PX,
    "axes.labelsize": 11 * PX,
    "axes.labelpad": 4 * PX,
    "axes.labelcolor": INK,
    "axes.edgecolor": SOFT,
    "axes.linewidth": 1 * PX,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#e3e7eb",
    "grid.linewidth": 1 * PX,
    "xtick.labelsize": 10.5 * PX,
    "ytick.labelsize": 10.5 * PX,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.size": 3 * PX,
    "ytick.major.size": 3 * PX,
    "xtick.major.width": 1 * PX,
    "ytick.major.width": 1 * PX,
    "legend.frameon": False,
    "legend.fontsize": 10.5 * PX,
    "text.color": INK,
    "text.parse_math": False,  # a $ in the name of a domain is a $
    "svg.fonttype": "path",
    "svg.hashsalt": "forensictransfer",
}


@dataclass(frozen=True)
class Picture:
    """A figure as a data URI, its size in CSS pixels, and what it shows, in words."""

    uri: str
    width: int
    height: int
    text: str


@contextmanager
def figure(width: int, height: int) -> Iterator[Figure]:
    """An empty figure of so many CSS pixels, in the style of the page, whatever the machine's matplotlibrc says."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        # Letters that the font does not have become boxes; the text beside the figure has them.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        drawn = Figure(figsize=(width / _INCH, height / _INCH))
        FigureCanvasAgg(drawn)
        yield drawn


def axes_at(drawn: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at a place of the figure in CSS pixels from its upper left corner: the same in all panels of a grid."""
    across, down = (float(inches) * _INCH for inches in drawn.get_size_inches())
    return drawn.add_axes((left / across, 1 - (top + height) / down, width / across, height / down))


def as_svg(drawn: Figure, text: str) -> Picture:
    """For lines and numbers: sharp at any size, and in print."""
    out = io.BytesIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    drawn.savefig(out, format="svg", metadata=nothing)
    return _picture(drawn, _small(out.getvalue().decode()).encode(), "image/svg+xml", text)


def as_png(drawn: Figure, text: str) -> Picture:
    """For clouds of points, which would make a large SVG: two dots a pixel, 64 colours."""
    canvas = FigureCanvasAgg(drawn)
    drawn.set_dpi(2 * _INCH)
    canvas.draw()
    dots = Image.frombytes("RGBA", canvas.get_width_height(), bytes(canvas.buffer_rgba())).convert("RGB")
    out = io.BytesIO()
    dots.quantize(64, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(out, format="PNG", optimize=True)
    return _picture(drawn, out.getvalue(), "image/png", text)


def line_of(strategies: Sequence[str], strategy: str) -> tuple[str, str, str | tuple[float, tuple[float, ...]]]:
    """Colour, marker and line of a strategy: the same in all figures of a page."""
    return LINES[list(strategies).index(strategy) % len(LINES)]


def _small(svg: str) -> str:
    """An SVG of matplotlib without what nobody sees: comments, names of groups, digits below 0.01 points."""
    svg = re.sub(r"<!--.*?-->", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*">', "<g>", svg)
    svg = svg.replace("DejaVuSans-Bold-", "b").replace("DejaVuSans-", "r")
    # Letters are scaled by small numbers, which keep all their digits.
    svg = re.sub(r"scale\([^)]*\)|\d+\.\d{3,}", lambda m: m[0] if m[0][0] == "s" else _rounded(m[0]), svg)
    return re.sub(r"\s*\n\s*", "\n", svg)


def _rounded(number: str) -> str:
    return f"{float(number):.2f}".rstrip("0").rstrip(".")


def _picture(drawn: Figure, content: bytes, kind: str, text: str) -> Picture:
    width, height = (round(_INCH * float(inches)) for inches in drawn.get_size_inches())
    return Picture(f"data:{kind};base64,{base64.b64encode(content).decode()}", width, height, " ".join(text.split()))
