"""Decide whether an image has a Bayer pattern at all, which, and where it is not what the rest has.

Source: the map follows Ferrara, Bianchi, De Rosa, Piva: Image Forgery Localization via Fine-Grained Analysis of CFA
Artifacts, IEEE TIFS 2012: a value near 0 where nothing was interpolated, Gaussian around another where it was.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from forensictransfer.detectors.signals.binomial import log10_tail

LIMIT = -3.0  # log10 of the false alarms of a region that is kept
AROUND = 3  # cells along a side whose errors are averaged: 24 pixels
_SHARED = 4  # cells that are counted as one, since neighbours share theirs
_ROUNDING = 0.15  # grey levels: an error that rounding alone makes, and that tells nothing
_CLIPPED = 0.05  # share of the pixels of a cell and its neighbours, from which it tells nothing
_FLOOR = 0.02  # grey levels, added before a logarithm
_CLASSES = 8  # of cells by texture: the trace is weaker where rounding, or a compression, outweighs it
_FEWEST = 24  # cells of a class
_QUANTILES = (0.05, 0.35)  # of the margins of a class; not the median, since much of it may have no trace
_APART = 1.26  # deviations of a Gaussian between these
_LEAST_SPREAD = 0.06  # as the margins of cells without a trace have
_VISIBLE = 3 * _LEAST_SPREAD  # margin from which a trace can be told from none
_PART = 1 / 3  # of what is usual: a margin nearer to 0 than this is none
_CHANCE = 0.2  # of a cell to look like none in an image without a forgery, at most; measured: 0 to 0.1


@dataclass(frozen=True, eq=False)
class Trace:
    """The pattern whose missing colours are predicted best.

    number: its place in PATTERNS. strength: how far the logarithm of its error is below the mean of the others', median
    over the cells that can tell. margins: that of each pattern and cell, negative where it is the one, float32
    (4, rows, columns). level: mean logarithm of the errors of the
    three patterns that predict a cell worst: its texture, whatever pattern it has. able: bool, the cells that can tell.
    """

    number: int
    strength: float
    margins: np.ndarray
    level: np.ndarray
    able: np.ndarray


@dataclass(frozen=True, eq=False)
class Region:
    """Neighbouring cells without the image's pattern.

    mask: bool (rows, columns) of cells. pattern: number of the one that they have instead, or None.
    """

    mask: np.ndarray
    log10_nfa: float
    pattern: int | None


def find_trace(errors: np.ndarray, clipped: np.ndarray) -> Trace:
    """Find the pattern of an image from `cell_errors`, (4, rows, columns), and `clipped_shares`, (rows, columns)."""
    smooth = ndimage.uniform_filter(errors, (0, AROUND, AROUND), mode="nearest")
    able = smooth.max(axis=0) > 3 * _ROUNDING
    able &= ndimage.uniform_filter(clipped, AROUND, mode="nearest") <= _CLIPPED
    logs = np.log(smooth + np.float32(_FLOOR))
    total = logs.sum(axis=0)
    margins = (4 * logs - total) / 3
    strengths = [-float(np.median(one[able])) if able.any() else 0.0 for one in margins]
    number = int(np.argmax(strengths))
    return Trace(number, strengths[number], margins, (total - logs.min(axis=0)) / 3, able)


def log_odds(trace: Trace) -> tuple[np.ndarray, np.ndarray]:
    """Compute the log odds of each cell to have no trace, and where one would be visible.

    A cell with the trace has a margin around what is usual in the image at its texture, one without it around 0.
    Returns float64 and bool, both (rows, columns).
    """
    margins, level = trace.margins[trace.number], trace.level.ravel()
    odds, visible = np.zeros(margins.size), np.zeros(margins.size, bool)
    places = np.flatnonzero(trace.able)
    ordered = places[np.argsort(level[places], kind="stable")]
    best, widest = 0.0, _LEAST_SPREAD
    for part in np.array_split(ordered, min(_CLASSES, places.size // _FEWEST) or 1):
        if part.size < _FEWEST:
            continue
        margin = margins.ravel()[part].astype(float)
        low, usual = np.quantile(margin, _QUANTILES)
        # Texture shows a trace better: a class that shows less than one with less texture may be the forgery itself.
        best, widest = min(best, float(usual)), max(widest, float(usual - low) / _APART)
        visible[part] = best < -_VISIBLE
        # Gaussians of one spread, so that a cell without the trace is one that is nearer to 0 than to what is usual.
        odds[part] = best * (_PART * best - margin) / widest**2
    return odds.reshape(margins.shape), visible.reshape(margins.shape)


def find_regions(trace: Trace, odds: np.ndarray, visible: np.ndarray, least: float) -> tuple[float, list[Region]]:
    """Find regions whose visible cells have no trace, or another pattern's.

    least: strength from which cells have another pattern. Returns log10 of the number of false alarms of the best
    region, kept or not (of nothing at all: of the tests, which are all boxes of cells), and those below LIMIT.
    """
    rows, columns = odds.shape
    log10_tests = float(np.log10((rows * (rows + 1) / 2) * (columns * (columns + 1) / 2)))
    held = (odds > 0) & visible
    labels, _ = ndimage.label(held)
    best, kept = log10_tests, []
    for number, (y, x) in enumerate(ndimage.find_objects(labels), 1):
        inside = labels[y, x] == number
        hits, trials = inside.sum() // _SHARED, visible[y, x].sum() // _SHARED
        nfa = log10_tests + float(log10_tail(trials, hits, _CHANCE))
        best = min(best, nfa)
        if nfa < LIMIT:
            mask = np.zeros(odds.shape, bool)
            mask[y, x] = inside
            kept.append(Region(mask, nfa, _pattern(trace, mask, least)))
    return best, sorted(kept, key=lambda region: region.log10_nfa)


def _pattern(trace: Trace, mask: np.ndarray, least: float) -> int | None:
    """Name the pattern that most cells of a region have instead of the image's, or None."""
    strengths = -np.median(trace.margins[:, mask], axis=1)
    strengths[trace.number] = 0
    number = int(np.argmax(strengths))
    return number if strengths[number] > least else None
