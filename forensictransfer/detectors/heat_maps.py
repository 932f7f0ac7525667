"""From the scores of overlapping tiles to a map of the whole image.

The score of a pixel is the weighted mean of the scores of the tiles that it lies in. A tile counts most in its middle
and next to nothing at its edge (the product of two raised cosines), so that the map has no steps where tiles begin.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forensictransfer.data.tiles import ALIGNMENT, Place, tile_places, tile_starts

MOST_TILES = 1024  # of one map: larger images are covered by tiles farther apart


def map_places(height: int, width: int, crop: int) -> list[Place]:
    """Choose the places of tiles that overlap by half and cover an image of this size whole.

    Where these would be more than MOST_TILES they overlap less; an image that even tiles side by side do not cover
    with so many gets as many as it takes.
    """
    stride = max(ALIGNMENT, crop // 2 // ALIGNMENT * ALIGNMENT)
    widest = max(ALIGNMENT, crop // ALIGNMENT * ALIGNMENT)
    while stride < widest and _count(height, width, crop, stride) > MOST_TILES:
        stride += ALIGNMENT
    return tile_places(height, width, crop=crop, stride=stride, max_tiles=_count(height, width, crop, stride))


def blend(values: np.ndarray, places: Sequence[Place], crop: int, size: tuple[int, int]) -> np.ndarray:
    """Blend values (t,) of tiles of `crop` pixels into a map of an image, float32 `size` (h, w).

    The up to 7 pixels at the far edges that no tile covers repeat their neighbours.
    """
    height, width = size
    window = _window(crop)
    covered = tuple(max(place[axis] for place in places) + crop for axis in (0, 1))
    total, weight = np.zeros(covered), np.zeros(covered)
    for value, (top, left) in zip(values, places, strict=True):
        total[top : top + crop, left : left + crop] += float(value) * window
        weight[top : top + crop, left : left + crop] += window
    found = (total / weight)[:height, :width]
    beyond = ((0, height - found.shape[0]), (0, width - found.shape[1]))
    return np.pad(found, beyond, mode="edge").astype(np.float32)


def _count(height: int, width: int, crop: int, stride: int) -> int:
    return len(tile_starts(height, crop, stride)) * len(tile_starts(width, crop, stride))


def _window(crop: int) -> np.ndarray:
    """Compute the weights of a tile's pixels, (crop, crop), all above 0."""
    side = np.sin(np.pi * (np.arange(crop) + 0.5) / crop) ** 2
    return np.outer(side, side)
