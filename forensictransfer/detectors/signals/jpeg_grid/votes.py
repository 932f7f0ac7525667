"""Let every pixel vote for the origin of a JPEG grid: the 8x8 block around it whose DCT has most zeros.

Source: Nikoukhah, Anger, Ehret, Colom, Morel, Grompone von Gioi: JPEG Grid Detection based on the Number of DCT Zeros
and its Application to Automatic and Localized Forgery Detection, CVPR Workshops 2019.
"""

from __future__ import annotations

import numpy as np
from scipy.fft import dct

from forensictransfer.detectors.signals.luma import luma_of

SIDE = 8
ORIGINS = SIDE * SIDE
NO_VOTE = 255
CONSTANT = 64  # in place of a number of zeros; more than any, so that no pixel of such a block votes
BORDER = SIDE - 1  # pixels nearer to the border than this lie in fewer than 64 whole blocks and do not vote
_ZERO = np.float32(0.5)  # a coefficient below this is one that was quantised to 0, but for the rounding of pixels
_STRIP = 1 << 16  # blocks whose coefficients are held at once: some 4 MiB, near the size of a processor's cache
_BASIS = dct(np.eye(SIDE), axis=0, norm="ortho").astype(np.float32)  # row u: the cosine of frequency u


def zero_counts(luma: np.ndarray) -> np.ndarray:
    """Count the zeros among the 63 AC coefficients of the block that begins at each pixel.

    luma: float32 (h, w), at least 8 x 8. Returns uint8 (h - 7, w - 7), CONSTANT for a block that is constant along
    its rows or its columns: it has zeros for its content, wherever a grid lies (flat and saturated areas, ruled lines).
    """
    height, width = luma.shape[0] - SIDE + 1, luma.shape[1] - SIDE + 1
    counts = np.empty((height, width), np.uint8)
    rows = max(1, _STRIP // width)
    for top in range(0, height, rows):
        counts[top : top + rows] = _zeros_of_strip(luma[top : top + rows + SIDE - 1])
    counts[_constant(luma)] = CONSTANT
    return counts


def _zeros_of_strip(luma: np.ndarray) -> np.ndarray:
    height, width = luma.shape[0] - SIDE + 1, luma.shape[1] - SIDE + 1
    shifted = np.stack([luma[:, x : x + width] for x in range(SIDE)])
    along_rows = (_BASIS @ shifted.reshape(SIDE, -1)).reshape(SIDE, luma.shape[0] * width)
    zeros = np.zeros(height * width, np.uint8)
    for u in range(SIDE):
        # Row v of the block around each pixel is the same plane, v rows further down: no copy but this one.
        down = np.stack([along_rows[u, y * width : (y + height) * width] for y in range(SIDE)])
        coefficients = np.abs(_BASIS @ down)
        for v in range(SIDE):
            if u or v:
                zeros += coefficients[v] < _ZERO
    return zeros.reshape(height, width)


def _constant(luma: np.ndarray) -> np.ndarray:
    """Tell of the block at each pixel whether all its rows, or all its columns, are constant; bool (h - 7, w - 7)."""
    found = np.zeros((luma.shape[0] - SIDE + 1, luma.shape[1] - SIDE + 1), bool)
    for axis in (0, 1):
        steps = np.diff(luma, axis=axis) != 0
        found |= ~_largest(steps, SIDE - (axis == 0), SIDE - (axis == 1))
    return found


def votes_of(counts: np.ndarray) -> np.ndarray:
    """Find for each pixel the origin of the block around it with most zeros.

    counts: as `zero_counts` gives them, for h x w pixels. Returns uint8 (h, w): 8 y + x of the origin (y, x), each in 0
    to 7, or NO_VOTE where several blocks have most zeros, where that are none, in constant blocks, and within 7 pixels
    of the border.
    """
    height, width = counts.shape
    origins = (np.arange(height)[:, None] % SIDE * SIDE + np.arange(width) % SIDE).astype(np.uint16)
    keys = counts.astype(np.uint16) * np.uint16(ORIGINS)
    # The last and the first of the origins that have most zeros: one origin alone if these are the same.
    last = _largest(keys + origins, SIDE, SIDE)
    first = _largest(keys + (np.uint16(ORIGINS - 1) - origins), SIDE, SIDE)
    origin = last % ORIGINS
    alone = (origin == ORIGINS - 1 - first % ORIGINS) & (last >= ORIGINS) & (last < CONSTANT * ORIGINS)
    votes = np.full((height + SIDE - 1, width + SIDE - 1), NO_VOTE, np.uint8)
    inner = (slice(BORDER, height), slice(BORDER, width))
    votes[inner] = np.where(alone, origin, NO_VOTE).astype(np.uint8)
    return votes


def _largest(values: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Compute the largest value of the window of rows x columns that begins at each place, where it is whole."""
    for axis, size in ((0, rows), (1, columns)):
        values = np.moveaxis(values, axis, 0)
        reach = 1
        while reach < size:  # windows of twice the reach, until the last step fills up the rest
            step = min(reach, size - reach)
            values = np.maximum(values[:-step], values[step:])
            reach += step
        values = np.moveaxis(values, 0, axis)
    return values


def grid_votes(pixels: np.ndarray) -> np.ndarray:
    """Let the pixels of an image, uint8 (h, w, 3), vote; see `votes_of`."""
    return votes_of(zero_counts(luma_of(pixels)))
