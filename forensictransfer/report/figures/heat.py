"""Source x target heat maps: one for each number of shots, numbers and intervals printed in the cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.patches import Rectangle

from forensictransfer.report.cells import Measured
from forensictransfer.report.figures.canvas import Picture, as_svg, figure
from forensictransfer.report.names import wrapped

_CELL = (0.8, 0.5)  # inches
_FLOOR, _CEILING = 0.4, 1.0  # the range of the colours: below chance there is little to tell


def heat_map(
    sources: Sequence[str],
    targets: Sequence[str],
    cells: Mapping[tuple[str, str], Measured],
    own: Mapping[str, Measured],
    title: str,
) -> Picture:
    """Balanced accuracy in per cent by source (rows) and target (columns), 95 % intervals below the numbers.

    own: the source's own test, framed, on the diagonal. Cells that were not measured stay grey.
    """
    rows, columns = len(sources), len(targets)
    with figure(1.45 + columns * _CELL[0], 1.0 + rows * _CELL[1]) as drawn:
        axes = drawn.add_subplot()
        values = np.full((rows, columns), np.nan)
        for i, source in enumerate(sources):
            for j, target in enumerate(targets):
                measured = own.get(source) if source == target else cells.get((source, target))
                if measured is None or measured.value is None:
                    continue
                values[i, j] = measured.value
                dark = measured.value < (_FLOOR + _CEILING) / 2
                colour = "white" if dark else "black"
                axes.text(
                    j, i - 0.13, f"{100 * measured.value:.1f}", ha="center", va="center", color=colour, fontsize=10
                )
                if measured.low is not None and measured.high is not None:
                    interval = f"{100 * measured.low:.0f}–{100 * measured.high:.0f}"
                    axes.text(j, i + 0.25, interval, ha="center", va="center", color=colour, fontsize=7.5)
                if source == target:
                    axes.add_patch(Rectangle((j - 0.47, i - 0.47), 0.94, 0.94, fill=False, ec=colour, lw=1.6))
        axes.set_facecolor("#e4e4e4")
        axes.imshow(values, cmap="cividis", vmin=_FLOOR, vmax=_CEILING, aspect="auto")
        axes.set_xticks(range(columns), [wrapped(name, 13) for name in targets], fontsize=7.5)
        axes.set_yticks(range(rows), [wrapped(name, 16) for name in sources], fontsize=7.5)
        axes.tick_params(length=0)
        axes.grid(False)
        axes.set_xlabel("tested on (target)")
        axes.set_ylabel("trained on (source)")
        axes.set_title(title, loc="left", fontweight="bold")
        return as_svg(drawn, f"Heat map: balanced accuracy by source and target, {title}")
