"""Source x target heat maps: one for each number of shots, numbers and intervals printed in the cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.report.figures.canvas import PX, SOFT, Picture, as_svg, axes_at, figure
from forensictransfer.report.names import wrapped

_NARROW = 5  # columns, of which more are made narrower
_LEFT, _TOP, _HEAD, _LINE = 112, 24, 8, 13
_COLOURS = "cividis"  # perceptually uniform, and nearly the same to the colour-blind (Nunez and others, 2018)
_SCALE = Normalize(0.5, 1.0, clip=True)


@dataclass(frozen=True)
class HeatMap:
    """What a heat map shows: rows and columns by the names that it prints.

    cells: accuracies by (source, target), the sources' own tests among them. notes: why a cell is empty, one word or
    two. below: a line under the name of a target, such as its number of test images.
    """

    sources: Sequence[str]
    targets: Sequence[str]
    cells: Mapping[tuple[str, str], Estimate]
    notes: Mapping[tuple[str, str], str]
    below: Mapping[str, str]
    title: str


def heat_map(shown: HeatMap) -> Picture:
    """Accuracy in per cent by source (rows) and target (columns), the 95 % interval below each number.

    The source's own test has a double frame. Cells without a number are white and say why.
    """
    heads = [f"{wrapped(name, 12)}\n{shown.below.get(name, '')}".strip() for name in shown.targets]
    head = _HEAD + _LINE * max(text.count("\n") + 1 for text in heads)
    cell = (66, 46) if len(shown.targets) > _NARROW else (76, 46)
    across, down = cell[0] * len(shown.targets), cell[1] * len(shown.sources)
    with figure(_LEFT + across + 8, _TOP + head + down + 8) as drawn:
        axes = axes_at(drawn, _LEFT, _TOP + head, across, down)
        axes.set_xlim(0, len(shown.targets))
        axes.set_ylim(len(shown.sources), 0)
        for i, source in enumerate(shown.sources):
            for j, target in enumerate(shown.targets):
                _cell(
                    axes,
                    i,
                    j,
                    shown.cells.get((source, target)),
                    shown.notes.get((source, target), "–"),
                    source == target,
                )
        axes.xaxis.tick_top()
        axes.set_xticks([j + 0.5 for j in range(len(heads))], heads)
        axes.set_yticks([i + 0.5 for i in range(len(shown.sources))], [wrapped(name, 15) for name in shown.sources])
        axes.tick_params(length=0, pad=4 * PX)
        for spine in axes.spines.values():
            spine.set_visible(False)
        drawn.text(0.0, 1.0, shown.title, ha="left", va="top", fontsize=12 * PX, fontweight="bold")
        across, down = _LEFT + across + 8, _TOP + head + down + 8
        place = ((_LEFT - 6) / across, 1 - (_TOP + head - 5) / down)
        drawn.text(*place, "tested on →\ntrained on ↓", ha="right", va="bottom", fontsize=9.5 * PX, color=SOFT)
        return as_svg(drawn, _words(shown))


def colour_key() -> Picture:
    """What the colours of the heat maps mean: 50 % and less to 100 %."""
    with figure(340, 42) as drawn:
        axes = axes_at(drawn, 24, 4, 288, 14)
        colours = matplotlib.colormaps[_COLOURS](np.linspace(0, 1, 64))
        for i, colour in enumerate(colours):
            axes.add_patch(Rectangle((i / 64, 0), 1 / 64 + 0.002, 1, color=colour, linewidth=0))
        axes.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1], ["≤ 50 %", "60 %", "70 %", "80 %", "90 %", "100 %"])
        axes.set_yticks([])
        axes.set_xlim(0, 1)
        for spine in axes.spines.values():
            spine.set_visible(False)
        return as_svg(drawn, "Colours of the heat maps: from dark blue at 50 % and less to yellow at 100 %")


def _cell(axes: Axes, i: int, j: int, measured: Estimate | None, note: str, own: bool) -> None:
    if measured is None or measured.value is None:
        axes.add_patch(Rectangle((j, i), 1, 1, facecolor="white", edgecolor="#b8bfc7", linewidth=1 * PX))
        axes.text(j + 0.5, i + 0.5, note, ha="center", va="center", fontsize=9.5 * PX, color=SOFT)
        return
    colour = matplotlib.colormaps[_COLOURS](float(_SCALE(measured.value)))
    ink = ink_on(colour)
    axes.add_patch(Rectangle((j, i), 1, 1, facecolor=colour, edgecolor="white", linewidth=1.5 * PX))
    if own:
        for inset, width in ((0.035, 2.2), (0.085, 1.0)):
            place, size = (
                (j + inset * 0.65, i + inset),
                (1 - 2 * inset * 0.65, 1 - 2 * inset),
            )
            axes.add_patch(Rectangle(place, *size, fill=False, edgecolor=ink, linewidth=width * PX))
    bold = "bold" if own else "normal"
    axes.text(
        j + 0.5,
        i + 0.36,
        f"{100 * measured.value:.1f}",
        ha="center",
        va="center",
        color=ink,
        fontsize=14 * PX,
        fontweight=bold,
    )
    interval = "no interval"
    if measured.low is not None and measured.high is not None:
        interval = f"{100 * measured.low:.1f}–{100 * measured.high:.1f}"
    axes.text(j + 0.5, i + 0.72, interval, ha="center", va="center", color=ink, fontsize=9.5 * PX)


def ink_on(colour: Sequence[float]) -> str:
    """Black or white, whichever stands out more from a colour: by at least 4.5 : 1."""
    return "white" if luminance(colour) < 0.179 else "black"


def luminance(colour: Sequence[float]) -> float:
    """Relative luminance of a colour in sRGB, 0 to 1 (W3C, "Web Content Accessibility Guidelines", 2008)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _words(shown: HeatMap) -> str:
    rows = []
    for source in shown.sources:
        values = [
            f"{target} {100 * m.value:.1f}"
            for target in shown.targets
            if (m := shown.cells.get((source, target))) is not None and m.value is not None
        ]
        rows.append(f"{source}: {', '.join(values) or 'nothing measured'}")
    return f"Heat map, {shown.title}, balanced accuracy in per cent by source and target. {'; '.join(rows)}"
