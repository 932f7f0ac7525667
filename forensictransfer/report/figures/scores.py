"""What lies behind an accuracy: energies of single images, ROC curves, and how far probabilities can be believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from sklearn.metrics import roc_auc_score, roc_curve

from forensictransfer.report.figures.canvas import BLACK, CHANCE, FAKE, REAL, Picture, as_png, as_svg, figure, line_of
from forensictransfer.report.predictions import Scored

_BINS = 10
_FEWEST = 5  # images in a bin
_MOST_POINTS = 600


def energy_panel(before: Scored | None, after: Scored | None, title: str) -> Picture:
    """a_0 against a_1 of the test images before and after adaptation; fake is called right of a line of slope 1."""
    with figure(4.6, 2.5) as drawn:
        axes = drawn.subplots(1, 2)
        for place, (scored, name) in enumerate(((before, "before"), (after, "after"))):
            _energies(axes[place], scored, name, legend=place == 0)
        axes[0].set_ylabel("energy of the fake half, $a_1$")
        drawn.suptitle(title, fontsize=9, x=0.01, ha="left")
        return as_png(drawn, f"{title}: energies of test images before and after adaptation")


def _energies(axes: Axes, scored: Scored | None, name: str, legend: bool) -> None:
    axes.set_title(name)
    axes.set_xlabel("energy of the real half, $a_0$", fontsize=8)
    axes.tick_params(labelsize=7)
    if scored is None:
        axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center")
        return
    for label, (colour, marker), kind in ((0, REAL, "real"), (1, FAKE, "fake")):
        chosen = np.flatnonzero(scored.labels == label)[:_MOST_POINTS]
        points = scored.energies[chosen]
        axes.scatter(
            points[:, 0],
            points[:, 1],
            s=9,
            c=colour,
            marker=marker,
            alpha=0.55,
            linewidths=0,
            label=kind,
            rasterized=True,
        )
    low, high = float(scored.energies.min()), float(scored.energies.max())
    axes.plot([low, high], [low, high], color=CHANCE, linewidth=0.8, linestyle=(0, (1, 2)))
    if legend:
        axes.legend(frameon=False, fontsize=7, loc="best", handletextpad=0.1, borderpad=0.1)


def roc_panel(curves: Mapping[str, Sequence[Scored]], strategies: Sequence[str], title: str) -> Picture:
    """ROC (mean over draws of the true positive rate at each false positive rate) and reliability of probabilities."""
    with figure(5.0, 2.6) as drawn:
        roc, reliability = drawn.subplots(1, 2)
        grid = np.linspace(0, 1, 101)
        words = []
        for name, draws in curves.items():
            colour, marker, line = line_of(strategies, name) if name in strategies else (BLACK, "X", ":")
            rates = []
            for scored in draws:
                fpr, tpr, _ = roc_curve(scored.labels, scored.scores)
                rates.append(np.interp(grid, fpr, tpr))
            auc = float(np.mean([roc_auc_score(scored.labels, scored.scores) for scored in draws]))
            mean = np.concatenate([[0.0], np.mean(rates, axis=0)])
            roc.plot(
                np.concatenate([[0.0], grid]),
                mean,
                color=colour,
                linestyle=line,
                linewidth=1.5,
                label=f"{name} {auc:.3f}",
            )
            words.append(f"{name} AUC {auc:.3f}")
            x, y = reliability_points(draws)
            reliability.plot(x, y, color=colour, linestyle=line, marker=marker, markersize=4, linewidth=1.2)
        for axes in (roc, reliability):
            axes.plot([0, 1], [0, 1], color=CHANCE, linewidth=0.8, linestyle=(0, (1, 2)))
            axes.set_xlim(-0.02, 1.02)
            axes.set_ylim(-0.02, 1.02)
            axes.tick_params(labelsize=7)
        roc.set_xlabel("reals called fake", fontsize=8)
        roc.set_ylabel("fakes called fake", fontsize=8)
        roc.legend(frameon=False, fontsize=7, title="AUC", title_fontsize=7, loc="lower right", borderpad=0.1)
        reliability.set_xlabel("probability of fake", fontsize=8)
        reliability.set_ylabel("share of fakes", fontsize=8)
        drawn.suptitle(title, fontsize=9, x=0.01, ha="left")
        return as_svg(drawn, f"{title}: ROC and reliability. {'; '.join(words)}")


def reliability_points(draws: Sequence[Scored]) -> tuple[np.ndarray, np.ndarray]:
    """Mean probability and share of fakes in each of ten equal bins, draws pooled; bins of few images are left out."""
    p = np.concatenate([scored.probabilities for scored in draws])
    y = np.concatenate([scored.labels for scored in draws])
    bins = np.minimum((p * _BINS).astype(int), _BINS - 1)
    counts = np.bincount(bins, minlength=_BINS)
    full = counts >= _FEWEST
    sums = (np.bincount(bins, weights=values, minlength=_BINS)[full] / counts[full] for values in (p, y.astype(float)))
    x, share = sums
    return x, share
