"""Energies of test images, a_0 against a_1: what the detector's decision is made from, before and after adaptation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forensictransfer.report.figures.svg import Entry, Label, Picture, Plot, Scale, chart, tick_texts, ticks
from forensictransfer.results.scores import Floats, Scored

_BOX, _GAP = 142, 16  # CSS pixels
_GRAIN = 0.5  # CSS pixels: images closer than that are one mark


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
    """Draw a_0 (of the half for real) against a_1 (of the half for fake), both panels on the same axes.

    Every image is a mark. Fake is called above the solid line a_1 = a_0 + t, where the score is a_1 - a_0; dotted:
    a_1 = a_0, as in the paper.
    """
    clouds = [cloud for cloud in (before, after) if cloud is not None]
    low, high = _limits(np.concatenate([cloud.scored.energies for cloud in clouds]))
    plots = []
    for place, (cloud, title) in enumerate(zip((before, after), titles, strict=True)):
        left = 44 + place * (_BOX + _GAP)
        plot = Plot(Scale(low, high, left, left + _BOX), Scale(low, high, 20 + _BOX, 20))
        marks = ticks(low, high, 4)
        plot.x_ticks(tick_texts(marks), "a₀, half for real")
        plot.y_ticks([(v, "" if place else t) for v, t in tick_texts(marks)], "" if place else "a₁, half for fake")
        plot.labels.append(Label(title, str(left), "13"))
        if cloud is None:
            plot.labels.append(Label("not measured", str(left + _BOX // 2), str(20 + _BOX // 2), "x"))
        else:
            _draw(plot, cloud)
        plot.box()
        plots.append(plot)
    return chart(2 * _BOX + _GAP + 52, _BOX + 56, plots, text)


def energy_key() -> list[Entry]:
    """Say what the marks of `energy_panel` mean."""
    return [
        Entry("real image", dot="real"),
        Entry("fake image", dot="fake"),
        Entry("threshold used", line="limit"),
        Entry("a₁ = a₀, the paper's rule", line="dotted"),
    ]


def _limits(energies: Floats) -> tuple[float, float]:
    low, high = min(0.0, float(energies.min())), float(energies.max())
    return low, high + 0.05 * (high - low or 1.0)


def _draw(plot: Plot, cloud: Cloud) -> None:
    for label, look in ((0, "real"), (1, "fake")):
        points = cloud.scored.energies[cloud.scored.labels == label]
        plot.dots(((float(a), float(b)) for a, b in points), f"cloud {look}", grain=_GRAIN)
    _decision(plot, 0.0, "dotted")
    if cloud.threshold is not None and cloud.by_energies:
        _decision(plot, cloud.threshold, "limit")


def _decision(plot: Plot, threshold: float, look: str) -> None:
    """Draw the line a_1 = a_0 + t as far as it lies within the axes."""
    start, end = max(plot.x.low, plot.x.low - threshold), min(plot.x.high, plot.x.high - threshold)
    if start < end:
        plot.line([(start, start + threshold), (end, end + threshold)], look)
