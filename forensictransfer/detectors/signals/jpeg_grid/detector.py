"""The detector `jpeg_grid`: a grid of JPEG that is foreign to the image, or missing in a part of it.

Source: Nikoukhah, Anger, Ehret, Colom, Morel, Grompone von Gioi: JPEG Grid Detection based on the Number of DCT Zeros
and its Application to Automatic and Localized Forgery Detection, CVPR Workshops 2019. README.md of this folder has
what is ours, where it fails and what was measured.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from PIL import Image

from forensictransfer.detectors.base import Evidence, ImageFile
from forensictransfer.detectors.signals.jpeg_grid.regions import (
    Grid,
    Region,
    find_gaps,
    find_grid,
    find_regions,
    grid_outside,
)
from forensictransfer.detectors.signals.jpeg_grid.votes import NO_VOTE, SIDE, grid_votes
from forensictransfer.detectors.signals.single import SignalDetector

EXPECTED = 1e-3  # images without a forgery in which anything is found
_FAMILIES = 3  # of tests that share it: the image's grid, foreign regions, regions without the grid
LIMIT = float(np.log10(EXPECTED / _FAMILIES))
SMALLEST = 3 * SIDE  # pixels: below it hardly any pixel votes
_FINE = 97  # quality of a compression that shows where a grid can be seen: at 99 hardly, at 95 where there was none


@dataclass(frozen=True, eq=False)
class Findings:
    """The grids of one image.

    grid: that of the image as a whole, or None. share: of the votes for the origin that has most. foreign, missing:
    log10 of the number of false alarms of the best region of each kind. regions: those that are kept. silent: share of
    pixels without a vote.
    """

    grid: Grid | None
    share: float
    foreign: float
    missing: float
    regions: tuple[Region, ...]
    silent: float


def find_grids(pixels: np.ndarray) -> Findings:
    """Find the grids of an image, pixels uint8 (h, w, 3)."""
    votes = grid_votes(pixels)
    silent = float((votes == NO_VOTE).mean())
    most = find_grid(votes)
    grid = most if most.log10_nfa < LIMIT and not _is_local(votes, most) else None
    others = votes if grid is None else np.where(votes == grid.number, np.uint8(NO_VOTE), votes)
    foreign, regions = find_regions(others, "foreign", LIMIT)
    visible = np.zeros(votes.shape, bool)
    if grid is not None:
        # A grid can be seen where it is, and where that of a fine compression is seen.
        visible = (votes != NO_VOTE) & ((votes == grid.number) | (grid_votes(_compressed(pixels)) == 0))
        for region in regions:  # where another grid is found, that says it all
            visible[region.top : region.bottom, region.left : region.right] &= ~region.mask
    missing, gaps = find_gaps(votes, visible, most, LIMIT)
    return Findings(grid, most.share, foreign, missing, (*regions, *gaps), silent)


def _is_local(votes: np.ndarray, grid: Grid) -> bool:
    """Tell whether a grid is that of some regions alone: outside their boxes, half of the image, it is not there."""
    own = np.where(votes == grid.number, votes, np.uint8(NO_VOTE))
    outside = grid_outside(votes, grid, find_regions(own, "foreign", LIMIT)[1])
    return outside is not None and outside.log10_nfa >= LIMIT


def _compressed(pixels: np.ndarray) -> np.ndarray:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=_FINE, subsampling="4:4:4")
    with Image.open(stream) as image:
        return np.asarray(image.convert("RGB"))


class JpegGrid(SignalDetector):
    """Grids of JPEG by votes of all pixels: regions whose grid is foreign or missing, with their false alarms.

    Score: minus log10 of the number of false alarms of the surest region. Features: that of foreign and of missing
    ones, share of the image's own grid, whether it begins elsewhere than at the corner, share of pixels without a vote.
    """

    name: ClassVar[str] = "jpeg_grid"
    maps: ClassVar[bool] = True
    smallest: ClassVar[int] = SMALLEST

    def judge(self, image: ImageFile) -> Evidence:
        """Say of one image how sure it is that a region has another grid, or none."""
        return _evidence(image)


def _evidence(image: ImageFile) -> Evidence:
    found = find_grids(image.pixels)
    heat = np.zeros(image.size, np.float32)
    for region in found.regions:
        part = heat[region.top : region.bottom, region.left : region.right]
        np.maximum(part, np.float32(_heat(region.log10_nfa)) * region.mask, out=part)
    off_corner = found.grid is not None and found.grid.number != 0
    features = [-found.foreign, -found.missing, found.share, off_corner, found.silent]
    return Evidence(
        score=-min(found.foreign, found.missing),
        heat_map=heat,
        mask=heat > 0,
        reasons=(_grid_reason(found), *map(_region_reason, found.regions)),
        features=np.array(features, np.float32),
    )


def _heat(log10_nfa: float) -> float:
    """Map log10 of a number of false alarms to [0, 1]: one half at the limit, 1 where there is no doubt."""
    return log10_nfa / (log10_nfa + LIMIT)


def _grid_reason(found: Findings) -> str:
    if found.grid is None:
        return "no grid of JPEG in the image as a whole"
    y, x = found.grid.origin
    said = f"grid of JPEG from ({y}, {x}), {found.grid.share:.0%} of the pixels, log10 NFA {found.grid.log10_nfa:.0f}"
    return said if (y, x) == (0, 0) else f"{said}: it was cropped, or turned, after that compression"


def _region_reason(region: Region) -> str:
    place = f"{region.right - region.left} x {region.bottom - region.top} pixels at ({region.left}, {region.top})"
    if region.kind == "missing":
        return f"the grid is missing in {place}, log10 NFA {region.log10_nfa:.1f}"
    return f"foreign grid from {region.origin} in {place}, log10 NFA {region.log10_nfa:.1f}"
