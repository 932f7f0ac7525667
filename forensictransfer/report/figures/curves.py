"""k-shot curves: accuracy by number of shots, a line for each strategy, with 95 % bands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from forensictransfer.report.cells import Measured
from forensictransfer.report.figures.canvas import CHANCE, Picture, as_svg, figure, line_of

_SIZE = (3.3, 2.5)


def curve_panel(
    curves: Mapping[str, Sequence[tuple[int, Measured]]],
    strategies: Sequence[str],
    title: str,
    *,
    note: str = "",
    size: tuple[float, float] = _SIZE,
    legend: bool = False,
) -> Picture:
    """Balanced accuracy in per cent against shots per class (evenly spaced places, 0 first), by strategy."""
    ks = sorted({k for points in curves.values() for k, _ in points})
    place = {k: i for i, k in enumerate(ks)}
    with figure(*size) as drawn:
        axes = drawn.add_subplot()
        axes.axhline(50, color=CHANCE, linewidth=1, linestyle=(0, (1, 2)))
        for strategy, points in curves.items():
            colour, marker, line = line_of(strategies, strategy)
            known = [(place[k], m) for k, m in points if m.value is not None]
            x = [p for p, _ in known]
            y = [100 * float(m.value or 0) for _, m in known]
            axes.plot(x, y, color=colour, marker=marker, linestyle=line, markersize=4.5, linewidth=1.5, label=strategy)
            banded = [(p, m) for p, m in known if m.low is not None and m.high is not None]
            low, high = ([100 * float(getattr(m, end)) for _, m in banded] for end in ("low", "high"))
            axes.fill_between([p for p, _ in banded], low, high, color=colour, alpha=0.13, linewidth=0)
        axes.set_xticks(range(len(ks)), [str(k) for k in ks])
        axes.set_ylim(30, 101)
        axes.set_xlabel("shots per class")
        axes.set_ylabel("balanced accuracy, %")
        axes.set_title(title, loc="left")
        if legend:
            axes.legend(loc="upper left", frameon=False, fontsize=8)
        if note:
            axes.annotate(note, (0.99, 0.02), xycoords="axes fraction", ha="right", fontsize=7, color="#555555")
        words = "; ".join(
            f"{strategy} " + ", ".join(f"k={k}: {100 * m.value:.1f}" for k, m in points if m.value is not None)
            for strategy, points in curves.items()
        )
        return as_svg(drawn, f"{title}: balanced accuracy in per cent by shots. {words}".replace("\n", " "))
