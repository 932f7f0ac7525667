"""Energies of test images, a_0 against a_1: what the detector's decision is made from, before and after adaptation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from forensictransfer.report.figures.canvas import DOTTED, FAKE, INK, PX, REAL, SOFT, Picture, as_png, axes_at, figure
from forensictransfer.results.predictions import Floats, Scored

_BOX, _GAP = 146, 24  # CSS pixels
MOST = 2000  # points of one cloud


@dataclass(frozen=True, eq=False)
class Cloud:
    """Test images scored by one network, and the threshold t on their scores at which fake is called."""

    scored: Scored
    threshold: float | None

    @property
    def by_energies(self) -> bool:
        """Whether the score is a_1 - a_0, so that the decision is a line in the plane of energies."""
        score = self.scored.energies[:, 1] - self.scored.energies[:, 0]
        return bool(np.allclose(score, self.scored.scores, rtol=1e-3, atol=1e-3 * (np.ptp(score) + 1e-12)))


def energy_panel(before: Cloud | None, after: Cloud | None, titles: tuple[str, str], text: str) -> Picture:
    """a_0 (of the half for real) against a_1 (of the half for fake), both panels on the same axes.

    Fake is called above the solid line a_1 = a_0 + t, where the score is a_1 - a_0; dotted: a_1 = a_0, as in the paper.
    """
    clouds = [cloud for cloud in (before, after) if cloud is not None]
    low, high = _limits(np.concatenate([cloud.scored.energies for cloud in clouds]))
    with figure(2 * _BOX + _GAP + 52, _BOX + 66) as drawn:
        for place, (cloud, title) in enumerate(zip((before, after), titles, strict=True)):
            axes = axes_at(drawn, 44 + place * (_BOX + _GAP), 24, _BOX, _BOX)
            axes.set_title(title, loc="left")
            axes.set_xlim(low, high)
            axes.set_ylim(low, high)
            axes.locator_params(nbins=4)
            axes.set_xlabel("a₀, half for real")
            if place:
                axes.tick_params(labelleft=False)
            else:
                axes.set_ylabel("a₁, half for fake")
            if cloud is None:
                axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center", color=SOFT)
            else:
                _draw(axes, cloud, np.array([low, high]))
        return as_png(drawn, text)


def energy_key() -> Picture:
    """What the marks of `energy_panel` mean."""
    with figure(350, 44) as drawn:
        axes = axes_at(drawn, 0, 0, 350, 44)
        axes.set_xlim(0, 350)
        axes.set_ylim(44, 0)
        axes.axis("off")
        for x, (colour, marker), name in ((10, REAL, "real image"), (120, FAKE, "fake image")):
            axes.plot([x], [11], color=colour, marker=marker, markersize=7 * PX)
            axes.text(x + 10, 11, name, va="center_baseline", fontsize=11.5 * PX)
        for x, line, width, name in ((2, "-", 1.6, "threshold used"), (150, DOTTED, 1.2, "a₁ = a₀, the paper's rule")):
            axes.plot([x, x + 26], [33, 33], color=INK, linestyle=line, linewidth=width * PX)
            axes.text(x + 32, 33, name, va="center_baseline", fontsize=11.5 * PX)
        return as_png(drawn, "Key: circles are real images, triangles fake ones; solid: the threshold; dotted: a1 = a0")


def _limits(energies: Floats) -> tuple[float, float]:
    low, high = min(0.0, float(energies.min())), float(energies.max())
    return low, high + 0.05 * (high - low or 1.0)


def _draw(axes: Axes, cloud: Cloud, ends: Floats) -> None:
    for label, (colour, marker) in ((0, REAL), (1, FAKE)):
        chosen = np.flatnonzero(cloud.scored.labels == label)
        if chosen.size > MOST // 2:
            chosen = chosen[np.linspace(0, chosen.size - 1, MOST // 2).astype(int)]
        points = cloud.scored.energies[chosen]
        axes.scatter(points[:, 0], points[:, 1], s=22 * PX**2, c=colour, marker=marker, alpha=0.6, linewidths=0)
    axes.plot(ends, ends, color=INK, linestyle=DOTTED, linewidth=1.2 * PX)
    if cloud.threshold is not None and cloud.by_energies:
        axes.plot(ends, ends + cloud.threshold, color=INK, linewidth=1.6 * PX)
