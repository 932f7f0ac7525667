"""How well scores rank images (ROC), and how far their probabilities can be believed (reliability diagram)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from forensictransfer.evaluation.metrics import ECE_BINS
from forensictransfer.report.figures.canvas import BLUE, DOTTED, ORANGE, PX, SOFT, Picture, as_svg, axes_at, figure
from forensictransfer.results.predictions import Floats, Scored

_BOX = 138  # CSS pixels
_LOOKS = ((ORANGE, "s", (0, (5, 1.5))), (BLUE, "o", "-"))  # before, after
_GRID = np.linspace(0, 1, 101)


@dataclass(frozen=True, eq=False)
class Ranked:
    """The same test images scored by each draw, and what is said of them in words."""

    draws: Sequence[Scored]
    text: str


def ranking_panel(before: Ranked | None, after: Ranked | None, title: str) -> Picture:
    """Left the ROC: thin, each draw; thick, the mean over draws. Right the reliability diagram, draws pooled."""
    known = [(r, look) for r, look in zip((before, after), _LOOKS, strict=True) if r is not None]
    with figure(2 * _BOX + 98, _BOX + 56) as drawn:
        roc, reliability = (axes_at(drawn, left, 12, _BOX, _BOX) for left in (46, 46 + _BOX + 46))
        for ranked, look in known:
            _roc(roc, ranked, look)
            _reliability(reliability, ranked, look)
        for axes, names in (
            (roc, ("reals called fake", "fakes called fake")),
            (reliability, ("probability of fake", "share of fakes")),
        ):
            axes.plot([0, 1], [0, 1], color=SOFT, linewidth=1.2 * PX, linestyle=DOTTED, zorder=0)
            axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel=names[0], ylabel=names[1])
            axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"])
            axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"])
        return as_svg(drawn, f"ROC and reliability, {title}. {' '.join(ranked.text for ranked, _ in known)}")


def ranking_key() -> Picture:
    """What the lines of `ranking_panel` mean."""
    with figure(330, 22) as drawn:
        axes = axes_at(drawn, 0, 0, 330, 22)
        axes.set(xlim=(0, 330), ylim=(22, 0))
        axes.axis("off")
        for x, (colour, marker, line), name in zip((4, 180), _LOOKS, ("before (zero-shot)", "after"), strict=True):
            axes.plot([x, x + 30], [11, 11], color=colour, linestyle=line, linewidth=2.2 * PX)
            axes.plot([x + 15], [11], color=colour, marker=marker, markersize=6.5 * PX)
            axes.text(x + 38, 11, name, va="center_baseline", fontsize=11.5 * PX)
        return as_svg(drawn, "Key of the lines: dashed with squares before adaptation, solid with circles after it")


def roc(scored: Scored) -> tuple[Floats, Floats]:
    """False and true positive rates from (0, 0) to (1, 1), one point for each distinct score, (m,) each."""
    order = np.argsort(-scored.scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scored.scores[order]) != 0, True))  # equal scores are passed in one step
    fake = np.cumsum(scored.labels[order] == 1)[ends]
    real = ends + 1 - fake
    return np.append(0.0, real / max(1, real[-1])), np.append(0.0, fake / max(1, fake[-1]))


def mean_roc(draws: Sequence[Scored]) -> tuple[Floats, Floats]:
    """The mean over draws of the true positive rate at each of 101 false positive rates, after (0, 0)."""
    rates = []
    for scored in draws:
        fpr, tpr = roc(scored)
        # The highest point at each false positive rate: np.interp takes the last of equal ones.
        rates.append(np.interp(_GRID, fpr, tpr))
    return np.append(0.0, _GRID), np.append(0.0, np.mean(rates, axis=0))


def reliability(draws: Sequence[Scored]) -> tuple[Floats, Floats, Floats]:
    """Mean probability, share of fakes and number of verdicts in each of ten equal bins with any, draws pooled."""
    p = np.concatenate([scored.probabilities for scored in draws])
    y = np.concatenate([scored.labels for scored in draws]).astype(np.float64)
    bins = np.minimum((p * ECE_BINS).astype(int), ECE_BINS - 1)
    counts = np.bincount(bins, minlength=ECE_BINS)
    full = counts > 0
    mean, share = (np.bincount(bins, weights=values, minlength=ECE_BINS)[full] / counts[full] for values in (p, y))
    return mean, share, counts[full].astype(np.float64)


def _roc(axes: Axes, ranked: Ranked, look: tuple[str, str, object]) -> None:
    colour, _, line = look
    if len(ranked.draws) > 1:
        for scored in ranked.draws:
            fpr, tpr = roc(scored)
            axes.plot(fpr, tpr, color=colour, linewidth=0.7 * PX, alpha=0.5)
    axes.plot(*mean_roc(ranked.draws), color=colour, linestyle=line, linewidth=2.2 * PX)


def _reliability(axes: Axes, ranked: Ranked, look: tuple[str, str, object]) -> None:
    colour, marker, line = look
    mean, share, counts = reliability(ranked.draws)
    axes.plot(mean, share, color=colour, linestyle=line, linewidth=1.3 * PX)
    # The area of a mark is the share of the verdicts that lie in its bin.
    axes.scatter(
        mean, share, s=(9 + 250 * counts / counts.sum()) * PX**2, c=colour, marker=marker, linewidths=0, alpha=0.85
    )
