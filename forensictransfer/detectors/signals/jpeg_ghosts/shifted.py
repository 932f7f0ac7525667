"""Look for ghosts on all 64 grids: what was pasted from another file seldom lies on the grid of the image.

Each grid has chances of its own to dip by accident, so that a depth counts here by how much it exceeds that of the same
place on the other grids: content dips on many of them, an earlier compression on one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy.fft import dct

from forensictransfer.data.codecs.jpeg_history import scaled_table
from forensictransfer.detectors.signals.cells import large_parts
from forensictransfer.detectors.signals.jpeg_ghosts.differences import QUALITIES, SIDE, averaged, beyond_whole

_BASIS = dct(np.eye(SIDE), axis=0, norm="ortho").astype(np.float32)
_STEPS = np.stack([scaled_table(quality).ravel()[1:] for quality in QUALITIES]).astype(np.float32)
_TOGETHER = 2048  # blocks whose coefficients stay in a processor's cache
SHIFTS = tuple((y, x) for y in range(SIDE) for x in range(SIDE))


@dataclass(frozen=True, eq=False)
class Ghosts:
    """What the best of all grids and qualities says of each cell; arrays of (rows, columns).

    depth: float32 in [0, 1], beyond the image's usual one and beyond the mean over the grids. shift: places in SHIFTS.
    quality: places in QUALITIES. Cell (i, j) begins at 8 i and 8 j, and at its shift further.
    """

    depth: np.ndarray
    shift: np.ndarray
    quality: np.ndarray


@dataclass(frozen=True, eq=False)
class Region:
    """Connected cells, bool (rows, columns), that are deep on one grid, and the quality that most of them name."""

    cells: np.ndarray
    shift: tuple[int, int]
    quality: int


def find_ghosts(luma: Image.Image) -> Ghosts:
    """Compare copies at all qualities on all 64 grids. luma: of at least 32 pixels a side."""
    plane = np.asarray(luma, np.float32)
    rows, columns = ((side - SIDE + 1) // SIDE for side in plane.shape)
    best = total = shift = np.zeros(0)
    for place, (y, x) in enumerate(SHIFTS):
        part = plane[y : y + rows * SIDE, x : x + columns * SIDE]
        deep = beyond_whole(averaged(_variances(part)))
        if not place:
            best, total, shift = deep, deep.copy(), np.zeros(deep.shape, np.uint8)
            continue
        total += deep
        better = deep > best
        best[better] = deep[better]
        shift[better] = place
    best -= total / len(SHIFTS)
    quality = best.argmax(axis=0)
    depth, shift = (np.take_along_axis(cells, quality[None], axis=0)[0] for cells in (best, shift))
    return Ghosts(depth, shift, quality)


def _variances(plane: np.ndarray) -> np.ndarray:
    """Compute what `differences` does before it averages, without saving: quantisation alone, of whole blocks.

    By Parseval the variance of a block's difference is the mean of the squared errors of its coefficients but the mean.
    """
    rows, columns = (side // SIDE for side in plane.shape)
    blocks = np.matmul(_BASIS, plane.reshape(rows, SIDE, columns, SIDE).transpose(0, 2, 1, 3)) @ _BASIS.T
    coefficients = blocks.reshape(-1, SIDE * SIDE)[:, 1:]
    found = np.empty((len(QUALITIES), rows * columns), np.float32)
    for first in range(0, rows * columns, _TOGETHER):
        part = coefficients[first : first + _TOGETHER]
        for out, steps in zip(found, _STEPS, strict=True):
            errors = part / steps
            errors -= np.rint(errors)
            errors *= steps
            out[first : first + _TOGETHER] = np.einsum("nk,nk->n", errors, errors)
    return found.reshape(-1, rows, columns) / SIDE**2


def score_of(found: Ghosts) -> tuple[float, int]:
    """Return the mean depth of the deepest twentieth of the cells on the grid where it is largest, and that grid."""
    most = max(1, found.depth.size // 20)
    scores = [
        float(np.sort(np.where(found.shift == place, found.depth, 0).ravel())[-most:].mean())
        for place in range(len(SHIFTS))
    ]
    place = int(np.argmax(scores))
    return scores[place], place


def regions_of(found: Ghosts, least: float, fewest: int) -> Iterator[Region]:
    """Give the cells of each grid that are deeper than `least`, where `fewest` or more are connected."""
    for place in np.unique(found.shift[found.depth > least]):
        cells = large_parts((found.shift == place) & (found.depth > least), fewest)
        if cells.any():
            usual = np.bincount(found.quality[cells]).argmax()
            yield Region(cells, SHIFTS[place], QUALITIES[usual])
