"""How well scores rank images (ROC), and how far their probabilities can be believed (reliability diagram)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forensictransfer.evaluation.metrics import ECE_BINS
from forensictransfer.report.figures.svg import Entry, Picture, Plot, Scale, Shape, chart, polyline
from forensictransfer.results.scores import Floats, Scored

_BOX = 138  # CSS pixels
_GRAIN = 0.5  # CSS pixels of a step of a ROC curve
_LOOKS = ("before", "after")
_TICKS = ((0.0, "0"), (0.25, ""), (0.5, "0.5"), (0.75, ""), (1.0, "1"))
_GRID = np.linspace(0, 1, 101)


@dataclass(frozen=True, eq=False)
class Ranked:
    """The same test images scored by each draw, and what is said of them in words."""

    draws: Sequence[Scored]
    text: str


def ranking_panel(before: Ranked | None, after: Ranked | None, title: str) -> Picture:
    """Draw left the ROC: thin, each draw; thick, the mean over draws. Right the reliability diagram, draws pooled."""
    known = [(r, look) for r, look in zip((before, after), _LOOKS, strict=True) if r is not None]
    plots = []
    for left, names, draw in (
        (44, ("reals called fake", "fakes called fake"), _roc),
        (44 + _BOX + 48, ("probability of fake", "share of fakes"), _reliability),
    ):
        plot = Plot(Scale(-0.02, 1.02, left, left + _BOX), Scale(-0.02, 1.02, 8 + _BOX, 8))
        plot.x_ticks(_TICKS, names[0], lines=True)
        plot.y_ticks(_TICKS, names[1])
        plot.line([(0, 0), (1, 1)], "dotted")
        for ranked, look in known:
            draw(plot, ranked, look)
        plot.box()
        plots.append(plot)
    text = f"ROC and reliability, {title}. {' '.join(ranked.text for ranked, _ in known)}"
    return chart(2 * _BOX + 100, _BOX + 46, plots, text)


def ranking_key() -> list[Entry]:
    """Say what the lines of `ranking_panel` mean."""
    return [Entry("before (zero-shot)", "before", "before"), Entry("after", "after", "after")]


def roc(scored: Scored) -> tuple[Floats, Floats]:
    """Compute the false and true positive rates from (0, 0) to (1, 1), one point for each distinct score, (m,) each."""
    order = np.argsort(-scored.scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scored.scores[order]) != 0, True))  # equal scores are passed in one step
    fake = np.cumsum(scored.labels[order] == 1)[ends]
    real = ends + 1 - fake
    return np.append(0.0, real / max(1, real[-1])), np.append(0.0, fake / max(1, fake[-1]))


def mean_roc(draws: Sequence[Scored]) -> tuple[Floats, Floats]:
    """Compute the mean over draws of the true positive rate at each of 101 false positive rates, after (0, 0)."""
    rates = []
    for scored in draws:
        fpr, tpr = roc(scored)
        # The highest point at each false positive rate: np.interp takes the last of equal ones.
        rates.append(np.interp(_GRID, fpr, tpr))
    return np.append(0.0, _GRID), np.append(0.0, np.mean(rates, axis=0))


def reliability(draws: Sequence[Scored]) -> tuple[Floats, Floats, Floats]:
    """Compute mean probability, share of fakes and number of verdicts in each of ten equal bins.

    Draws are pooled, and empty bins left out.
    """
    p = np.concatenate([scored.probabilities for scored in draws])
    y = np.concatenate([scored.labels for scored in draws]).astype(np.float64)
    bins = np.minimum((p * ECE_BINS).astype(int), ECE_BINS - 1)
    counts = np.bincount(bins, minlength=ECE_BINS)
    full = counts > 0
    mean, share = (np.bincount(bins, weights=values, minlength=ECE_BINS)[full] / counts[full] for values in (p, y))
    return mean, share, counts[full].astype(np.float64)


def _roc(plot: Plot, ranked: Ranked, look: str) -> None:
    if len(ranked.draws) > 1:
        for scored in ranked.draws:
            plot.shapes.append(Shape(f"thin {look}", _steps(plot, *roc(scored))))
    plot.shapes.append(Shape(f"line {look}", _steps(plot, *mean_roc(ranked.draws))))


def _steps(plot: Plot, fpr: Floats, tpr: Floats) -> str:
    return polyline([(plot.x(float(x)), plot.y(float(y))) for x, y in zip(fpr, tpr, strict=True)], _GRAIN)


def _reliability(plot: Plot, ranked: Ranked, look: str) -> None:
    mean, share, counts = reliability(ranked.draws)
    points = [(float(x), float(y)) for x, y in zip(mean, share, strict=True)]
    plot.line(points, f"fine {look}")
    # The area of a mark is the share of the verdicts that lie in its bin.
    for (x, y), part in zip(points, counts / counts.sum(), strict=True):
        plot.circle(x, y, float(np.sqrt((9 + 250 * part) / np.pi)), f"mark {look}")
