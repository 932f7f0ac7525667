"""Transform a JPEG's luma in blocks that begin elsewhere, and count the values of each low frequency."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.fft import dct, dctn, idctn

from forensictransfer.data.codecs.jpeg_coefficients import Coefficients

SIDE = 8
SHIFTS = tuple((y, x) for y in range(SIDE) for x in range(SIDE) if (y, x) != (0, 0))
# Low frequencies, (down, across): with finer ones a first step leaves hardly a value that is not 0.
FREQUENCIES = ((0, 0), (0, 1), (1, 0), (2, 0), (1, 1), (0, 2), (0, 3), (1, 2), (2, 1), (3, 0))
LARGEST = 1024  # of a coefficient that is counted
FINE = 4  # bins in a unit of a coefficient
_BASIS = dct(np.eye(SIDE), axis=0, norm="ortho").astype(np.float32)  # row u: the cosine of frequency u
_CLIPPED = 126.0  # of luma around 0: nearly black or white
_LEAST_DETAIL = 4.0  # energy of the frequencies but the mean, units squared: an even block repeats its neighbours


@dataclass(frozen=True, eq=False)
class Shifted:
    """Values of blocks that begin at a shift, float32 (frequencies, rows, columns), and which can tell, bool."""

    shift: tuple[int, int]
    values: np.ndarray
    able: np.ndarray


def luma_plane(luma: Coefficients) -> np.ndarray:
    """Decode luma without rounding or clipping, float32 (h, w) around 0."""
    rows, columns = luma.values.shape[:2]
    blocks = idctn(luma.values.astype(np.float32) * luma.steps, axes=(2, 3), norm="ortho")
    plane: np.ndarray = blocks.transpose(0, 2, 1, 3).reshape(rows * SIDE, columns * SIDE)
    return plane


def shifted(plane: np.ndarray, shift: tuple[int, int], every: int = 1) -> Shifted:
    """Transform the whole blocks that begin at a shift down and right; of the rows of blocks one in `every`."""
    rows, columns = (plane.shape[0] - shift[0]) // SIDE, (plane.shape[1] - shift[1]) // SIDE
    part = plane[shift[0] : shift[0] + rows * SIDE, shift[1] : shift[1] + columns * SIDE]
    blocks = part.reshape(rows, SIDE, columns, SIDE)[::every]
    most = 1 + max(max(place) for place in FREQUENCIES)
    across = np.einsum("rych,vh->ryvc", blocks, _BASIS[:most], optimize=True)
    values = np.stack([np.einsum("ryc,y->rc", across[:, :, v], _BASIS[u]) for u, v in FREQUENCIES])
    able: np.ndarray = (values[1:] ** 2).sum(axis=0) >= _LEAST_DETAIL
    # Where the first compression went beyond black or white its values are lost.
    able &= np.abs(blocks).max(axis=(1, 3)) < _CLIPPED
    return Shifted(shift, values, able)


def counts_of(block: Shifted) -> np.ndarray:
    """Count the values of each frequency, without their sign, by bins of 1 / FINE, int64 (frequencies, bins)."""
    width = LARGEST * FINE + 1
    return np.stack([np.bincount(row, minlength=width) for row in places_of(block.values[:, block.able])])


def places_of(values: np.ndarray) -> np.ndarray:
    """Return the bins of values, of both signs alike."""
    found: np.ndarray = np.round(np.minimum(np.abs(values), LARGEST) * FINE).astype(np.int64)
    return found


def rounding_of(plane: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Estimate by how much the last compression moved the values of other blocks: deviations, float64 (frequencies,).

    The image is compressed once more with the same steps on a grid 4 pixels off, which moves it by about as much as the
    last compression moved the image before it.
    """
    half = SIDE // 2
    inner = plane[half:-half, half:-half]
    rows, columns = inner.shape[0] // SIDE, inner.shape[1] // SIDE
    blocks = inner.reshape(rows, SIDE, columns, SIDE).transpose(0, 2, 1, 3)
    moved = dctn(blocks, axes=(2, 3), norm="ortho")
    errors = idctn(np.round(moved / steps) * steps - moved, axes=(2, 3), norm="ortho")
    field = np.zeros_like(plane)
    field[half:-half, half:-half] = errors.transpose(0, 2, 1, 3).reshape(rows * SIDE, columns * SIDE)
    found = shifted(field, (0, 0)).values[:, 1:-1, 1:-1]
    deviations: np.ndarray = found.reshape(len(FREQUENCIES), -1).astype(np.float64).std(axis=1)
    return deviations
