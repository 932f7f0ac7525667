"""The detector `cfa`: regions without the trace that a camera's mosaic leaves, or with that of another pattern.

Source: Popescu, Farid: Exposing Digital Forgeries in Color Filter Array Interpolated Images, IEEE Transactions on
Signal Processing 2005; Ferrara, Bianchi, De Rosa, Piva, IEEE TIFS 2012. README.md of this folder has what is ours,
where it fails and what was measured.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from scipy.special import expit

from forensictransfer.detectors.base import Evidence, ImageFile
from forensictransfer.detectors.signals.cells import spread
from forensictransfer.detectors.signals.cfa.interpolation import CELL, NAMES, REACH, cell_errors, clipped_shares
from forensictransfer.detectors.signals.cfa.traces import Region, find_regions, find_trace, log_odds
from forensictransfer.detectors.signals.luma import is_grey
from forensictransfer.detectors.signals.single import SignalDetector

SMALLEST = 64  # pixels
STRENGTH = 0.06  # of a trace from which there is one
_SEEN = 0.1  # share of the cells in which it has to be visible
_FEWEST = 36  # cells that can tell
_PRIOR = np.log(9)  # log odds, beforehand, that a cell is sound


class Cfa(SignalDetector):
    """Cells whose missing colours are not the weighted sums of recorded ones that the rest of the image has.

    Score: minus log10 of the number of false alarms of the surest region without the image's pattern. Features: that,
    the strength of the trace, the share of cells where it is visible, the share of these without it.
    """

    name: ClassVar[str] = "cfa"
    maps: ClassVar[bool] = True
    smallest: ClassVar[int] = SMALLEST

    def judge(self, image: ImageFile) -> Evidence:
        """Say of one image how sure it is that a region lacks the trace of the mosaic that the rest has."""
        return _evidence(image)


def _evidence(image: ImageFile) -> Evidence:
    pixels = image.pixels
    if is_grey(pixels):
        return Evidence.does_not_apply("without colours, there is nothing that a mosaic could have left")
    trace = find_trace(cell_errors(pixels), clipped_shares(pixels))
    if trace.able.sum() < _FEWEST:
        return Evidence.does_not_apply("too flat, or clipped, to show a trace of a mosaic")
    if trace.strength < STRENGTH:
        return Evidence.does_not_apply("no trace of a mosaic: resized, compressed or generated")
    odds, visible = log_odds(trace)
    seen = float(visible.mean())
    if seen < _SEEN:
        return Evidence.does_not_apply(
            f"the trace of a mosaic, {NAMES[trace.number]}, is too weak to be missed anywhere"
        )
    best, regions = find_regions(trace, odds, visible, STRENGTH)
    mask = np.zeros(odds.shape, bool)
    for region in regions:
        mask |= region.mask
    heat = np.where(visible, expit(np.clip(odds, -30, 30) - _PRIOR), 0).astype(np.float32)
    lacking = float(((odds > 0) & visible).sum() / visible.sum())
    said = f"mosaic {NAMES[trace.number]}, strength {trace.strength:.2f}, visible in {seen:.0%} of the image"
    return Evidence(
        score=-best,
        heat_map=spread(heat, image.size, CELL, (REACH, REACH)),
        mask=spread(mask, image.size, CELL, (REACH, REACH)),
        reasons=(said, *map(_reason, regions)),
        features=np.array([-best, trace.strength, seen, lacking], np.float32),
    )


def _reason(region: Region) -> str:
    instead = "no trace of it" if region.pattern is None else f"pattern {NAMES[region.pattern]} instead"
    return f"{instead} in {region.mask.sum()} cells of {CELL} x {CELL} pixels, log10 NFA {region.log10_nfa:.1f}"
