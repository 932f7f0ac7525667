"""The detector `jpeg_ghosts`: regions that were once saved at a lower JPEG quality than the rest of the image.

Source: Farid: Exposing Digital Forgeries from JPEG Ghosts, IEEE TIFS 2009. README.md of this folder has what is ours,
where it fails and what was measured.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from PIL import Image

from forensictransfer.detectors.base import Evidence, ImageFile
from forensictransfer.detectors.signals.cells import large_parts, spread
from forensictransfer.detectors.signals.jpeg_ghosts.differences import (
    LEAST_CELLS,
    QUALITIES,
    SIDE,
    depths,
    differences,
)
from forensictransfer.detectors.signals.jpeg_ghosts.shifted import SHIFTS, find_ghosts, regions_of, score_of
from forensictransfer.detectors.signals.single import SignalDetector

SMALLEST = 32  # pixels
_CALLED = 0.5  # depth of a ghost from which a cell is called changed
_CALLED_SHIFTED = 0.4  # the same where 64 grids are searched, beyond the other grids; of 330 sound images none has 0.35
FEWEST = 16  # connected cells that are called changed


class JpegGhosts(SignalDetector):
    """Cells whose squared difference to a copy saved at some quality dips there, where that of the others does not.

    Score: mean depth, in [0, 1], of the deepest twentieth of the cells, beyond the median of the image, at the quality
    where it is largest. Features: that, the quality, the median depth there, the area called changed.

    shifts: whether all 64 grids are searched instead of the image's own. Depths are then beyond those of the other
    grids too, and scores of another scale; reasons name the quality and the grid of each region.
    """

    name: ClassVar[str] = "jpeg_ghosts"
    maps: ClassVar[bool] = True
    smallest: ClassVar[int] = SMALLEST

    def __init__(self, *, shifts: bool = False) -> None:
        self._shifts = shifts

    def judge(self, image: ImageFile) -> Evidence:
        """Say of one image how deep its deepest ghost is."""
        return _on_all_grids(image) if self._shifts else _evidence(image)


def _evidence(image: ImageFile) -> Evidence:
    deep, telling = depths(differences(_luma(image)))
    best, where, usual = 0.0, 0, 0.0
    heat = np.zeros(deep.shape[1:], np.float32)
    for place, (dip, able) in enumerate(zip(deep, telling, strict=True)):
        if able.sum() < LEAST_CELLS:
            continue
        median = float(np.median(dip[able]))
        beyond = np.where(able, np.maximum(0, dip - median), 0).astype(np.float32)
        score = float(np.sort(beyond.ravel())[-max(1, beyond.size // 20) :].mean())
        if score > best:
            best, where, usual, heat = score, place, median, beyond
    heat = np.clip(heat, 0, 1)
    mask = large_parts(heat > _CALLED, FEWEST)
    quality = QUALITIES[where]
    words = f"deepest ghost at quality about {quality}, {best:.2f} beyond the image's usual {usual:.2f}"
    return Evidence(
        best,
        heat_map=spread(heat, image.size, SIDE),
        mask=spread(mask, image.size, SIDE),
        reasons=(words,),
        features=np.array([best, quality / 100, usual, mask.mean()], np.float32),
    )


def _on_all_grids(image: ImageFile) -> Evidence:
    found = find_ghosts(_luma(image))
    score, place = score_of(found)
    regions = list(regions_of(found, _CALLED_SHIFTED, FEWEST))
    of_best = np.where(found.shift == place, found.depth, 0).astype(np.float32)
    heat, mask = spread(of_best, image.size, SIDE, SHIFTS[place]), np.zeros(image.size, bool)
    words = [f"deepest ghost of 64 grids {score:.2f} beyond the other grids, on the grid from {SHIFTS[place]}"]
    for region in regions:
        shown = spread(region.cells, image.size, SIDE, region.shift, "nothing")
        mask |= shown
        depth = spread(np.where(region.cells, found.depth, 0), image.size, SIDE, region.shift, "nothing")
        heat = np.maximum(heat, depth)
        words.append(f"{shown.mean():.1%} of the image once saved at about {region.quality}, grid from {region.shift}")
    quality = QUALITIES[int(np.bincount(found.quality[of_best > 0]).argmax())] if of_best.any() else 0
    area = sum(float(region.cells.mean()) for region in regions)
    return Evidence(
        score,
        heat_map=np.clip(heat, 0, 1),
        mask=mask,
        reasons=tuple(words),
        features=np.array([score, quality / 100, float(np.median(found.depth)), area], np.float32),
    )


def _luma(image: ImageFile) -> Image.Image:
    return Image.fromarray(image.pixels).convert("L")
