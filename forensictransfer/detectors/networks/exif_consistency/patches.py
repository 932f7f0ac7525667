"""Where the patches of an image lie, and from their values to a map of its pixels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forensictransfer.data.tiles import ALIGNMENT, tile_starts

MOST_PATCHES = 400  # of an image: all pairs of them are compared
_STRIDE = 16  # pixels, of small images


def grid(height: int, width: int, side: int) -> tuple[list[int], list[int]]:
    """Choose the rows and columns that patches begin at, at most MOST_PATCHES, all alike in the grid of JPEG."""
    stride = _STRIDE
    while True:
        tops, lefts = tile_starts(height, side, stride), tile_starts(width, side, stride)
        if len(tops) * len(lefts) <= MOST_PATCHES:
            return tops, lefts
        stride += ALIGNMENT


def between(
    values: np.ndarray, tops: Sequence[int], lefts: Sequence[int], side: int, size: tuple[int, int]
) -> np.ndarray:
    """Give each of h x w pixels a value by those of the patches (rows, columns) whose middles it lies between."""
    down, right = (_weights(starts, side, length) for starts, length in zip((tops, lefts), size, strict=True))
    found: np.ndarray = down @ values @ right.T
    return found


def _weights(starts: Sequence[int], side: int, length: int) -> np.ndarray:
    """Weigh the patches along one side of an image for each pixel: linear between their middles, (length, n)."""
    middles = np.array(starts) + (side - 1) / 2
    return np.stack([np.interp(np.arange(length), middles, one) for one in np.eye(len(starts))], axis=1)
