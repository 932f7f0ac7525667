"""Measure in blocks how far a colour lies from green, with error bars.

Where a block of green, moved by a small d, is most like the colour, its least squares c (green - d . gradient) leave
the smallest rest: to first order the maximum of normalised correlation, for all blocks at once, with a covariance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

CELL = 16  # side of the cells that sums are kept of, pixels
AROUND = 4  # cells along a side of a block: 64 pixels
SIGMA = 1.5  # pixels of the Gaussian that colours are smoothed by: JPEG keeps little colour finer than that
_WIDE = 3  # times as wide is the one that is taken away: shades are not displaced
_DARK, _BRIGHT = 2, 253  # grey levels at which a value counts as clipped
_CLEAR = 0.5  # share of a block that has to lie away from clipped pixels
_LIKE = 0.3  # least c: a colour that follows green
_EXPLAINED = 0.5  # of the energy of the colour, by green
_ROUGH = 0.02  # pixels that no error bar is below: rounding and interpolation
_RIDGE = 1e-3  # squared grey levels for a pixel


@dataclass(frozen=True, eq=False)
class Vectors:
    """Displacements of a colour in blocks, pixels, float64 (rows, columns).

    error: standard deviation of either coordinate. known: bool, where there is texture enough that both colours share.
    """

    right: np.ndarray
    down: np.ndarray
    error: np.ndarray
    known: np.ndarray


def band(plane: np.ndarray) -> np.ndarray:
    """Keep of a plane (h, w) what is neither finer than colours are nor shade, float32."""
    plane = plane.astype(np.float32)
    found: np.ndarray = ndimage.gaussian_filter(plane, SIGMA) - ndimage.gaussian_filter(plane, _WIDE * SIGMA)
    return found


def unclipped(pixels: np.ndarray) -> np.ndarray:
    """Find pixels, bool (h, w) of (h, w, 3), away from those where a colour is clipped."""
    clipped = ((pixels <= _DARK) | (pixels >= _BRIGHT)).any(axis=2)
    found: np.ndarray = ~ndimage.maximum_filter(clipped, 4 * round(SIGMA) - 1)
    return found


def find_vectors(green: np.ndarray, colour: np.ndarray, able: np.ndarray) -> Vectors:
    """Measure where `colour` lies from `green`, both float32 (h, w) and band-passed, on pixels that are `able`.

    A block stands at the cell above and left of its middle; those that reach over the border are not known.
    """
    down, right = np.gradient(green)
    planes = [green, right, down, colour]
    rows, columns = (side // CELL for side in green.shape)
    sums = np.empty((4, 4, rows, columns))
    for i, one in enumerate(planes):
        for j, other in enumerate(planes[: i + 1]):
            sums[i, j] = sums[j, i] = _block_sums(np.where(able, one * other, 0))
    count = _block_sums(able.astype(np.float32))
    return _solved(np.moveaxis(sums, (0, 1), (2, 3)), count)


def _solved(sums: np.ndarray, count: np.ndarray) -> Vectors:
    """Solve least squares of the last plane on the three before, sums (rows, columns, 4, 4) of `count` pixels."""
    ridge = (_RIDGE * count + 1e-6)[..., None, None] * np.eye(3)
    inverse = np.linalg.inv(sums[..., :3, :3] + ridge)
    found = np.einsum("...ij,...j", inverse, sums[..., :3, 3])
    energy = sums[..., 3, 3]
    rest = np.maximum(energy - np.einsum("...i,...i", found, sums[..., :3, 3]), 0)
    like = np.maximum(found[..., 0], _LIKE / 2)
    # Smoothed pixels are not independent: one for each area of the Gaussian.
    variance = rest * 4 * np.pi * SIGMA**2 / np.maximum(count, 1)
    spread = (inverse[..., 1, 1] + inverse[..., 2, 2]) / 2 * variance / like**2
    known = (count >= _CLEAR * (AROUND * CELL) ** 2) & (found[..., 0] >= _LIKE) & (rest <= (1 - _EXPLAINED) * energy)
    edge = AROUND // 2
    inner = np.zeros_like(known)
    inner[edge - 1 : known.shape[0] - edge, edge - 1 : known.shape[1] - edge] = True
    return Vectors(-found[..., 1] / like, -found[..., 2] / like, np.sqrt(spread + _ROUGH**2), known & inner)


def _block_sums(values: np.ndarray) -> np.ndarray:
    """Sum values (h, w) over blocks, float64 (rows, columns) by cells."""
    rows, columns = (side // CELL for side in values.shape)
    cells = (
        values[: rows * CELL, : columns * CELL].reshape(rows, CELL, columns, CELL).sum(axis=(1, 3), dtype=np.float64)
    )
    # Of an even number of cells, the extra one is taken from below and right.
    found: np.ndarray = ndimage.uniform_filter(cells, AROUND, mode="constant", origin=-1) * AROUND**2
    return found


def block_middles(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Compute columns and rows, pixels, of the middles of blocks (rows, columns)."""
    down, right = (np.arange(1, count + 1) * CELL - 0.5 for count in shape)
    x, y = np.meshgrid(right, down)
    return x, y
