"""Crops and tiles that cover a whole image. Never a resize: the traces of a forgery live in the pixel grid.

All tiles start at multiples of 8, the block size of JPEG, so that the block grid of a compressed photograph keeps its
place. Images are uint8 (h, w, 3).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from forensictransfer.data.images import Images, in_order

ALIGNMENT = 8


def fit_to(image: np.ndarray, crop: int) -> np.ndarray:
    """Mirror an image at its lower and right edge where it is smaller than `crop`; larger sides are left alone.

    The edge pixels are repeated (numpy's "symmetric"), as often as it takes.
    """
    height, width = image.shape[:2]
    if height >= crop and width >= crop:
        return image
    return np.pad(image, ((0, max(0, crop - height)), (0, max(0, crop - width)), (0, 0)), mode="symmetric")


def tile_starts(length: int, crop: int, stride: int) -> list[int]:
    """List where tiles along a side of `length` pixels start: every `stride` pixels from 0, and the last aligned start.

    Up to 7 pixels at the far edge stay outside of all tiles: the starts are multiples of 8, and so must `stride` be.
    """
    if stride < ALIGNMENT or stride % ALIGNMENT:
        raise ValueError(f"expected a stride that is a multiple of {ALIGNMENT}, got {stride}")
    last = last_start(length, crop)
    return sorted({*range(0, last, stride), last})


class Place(NamedTuple):
    """Where a tile starts in its image, pixels from the upper left corner, multiples of 8."""

    top: int
    left: int


def tile_places(height: int, width: int, *, crop: int, stride: int, max_tiles: int) -> list[Place]:
    """Choose the places of the tiles that cover an image of this size, row by row.

    If the grid has more than `max_tiles` places, whole rows and columns of it are left out, evenly, until there are at
    most so many. An image smaller than a crop has one place along that side.
    """
    tops = tile_starts(height, crop, stride)
    lefts = tile_starts(width, crop, stride)
    rows, columns = _grid(len(tops), len(lefts), max_tiles)
    return [Place(top, left) for top in _evenly(tops, rows) for left in _evenly(lefts, columns)]


def covered(height: int, width: int, places: Sequence[Place], crop: int) -> float:
    """Compute the share of an image's pixels that lie in at least one of its tiles, in [0, 1]."""
    seen = np.zeros((height, width), bool)
    for top, left in places:
        seen[top : top + crop, left : left + crop] = True
    return float(seen.mean())


def cut(image: np.ndarray, places: Sequence[Place], crop: int) -> np.ndarray:
    """Cut the tiles at some places of an image, uint8 (t, crop, crop, 3).

    A smaller image is mirrored first (`fit_to`).
    """
    image = fit_to(image, crop)
    return np.stack([image[top : top + crop, left : left + crop] for top, left in places])


def tiles(image: np.ndarray, *, crop: int, stride: int, max_tiles: int) -> np.ndarray:
    """Cut square tiles that cover an image, row by row: uint8 (t, crop, crop, 3), at the places of `tile_places`."""
    height, width = image.shape[:2]
    return cut(image, tile_places(height, width, crop=crop, stride=stride, max_tiles=max_tiles), crop)


def tile_batches(
    images: Images, *, crop: int, stride: int, max_tiles: int, batch: int, workers: int | None = None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the tiles of all images in order: uint8 (b, crop, crop, 3) and owners int64 (b,), the index of their image.

    All batches are full (b = batch) but the last; tiles of one image may stand in two of them. Images that are not in
    memory are decoded ahead by `workers` threads (default: as many as `images` was read with).
    """
    waiting: list[np.ndarray] = []
    owners: list[int] = []
    for index, image in enumerate(in_order(images.__getitem__, range(len(images)), workers=workers or images.workers)):
        waiting.extend(tiles(image, crop=crop, stride=stride, max_tiles=max_tiles))
        owners.extend([index] * (len(waiting) - len(owners)))
        while len(waiting) >= batch:
            yield np.stack(waiting[:batch]), np.array(owners[:batch])
            del waiting[:batch], owners[:batch]
    if waiting:
        yield np.stack(waiting), np.array(owners)


def last_start(length: int, crop: int) -> int:
    """Find the last aligned place along a side at which a crop starts; 0 if the side is shorter than the crop."""
    return max(0, length - crop) // ALIGNMENT * ALIGNMENT


def _grid(rows: int, columns: int, limit: int) -> tuple[int, int]:
    """Choose the rows and columns to keep, together at most `limit` tiles, in about the proportion of the full grid."""
    if rows * columns <= limit:
        return rows, columns
    kept_columns = min(columns, limit, max(1, round(math.sqrt(limit * columns / rows))))
    kept_rows = min(rows, limit // kept_columns)
    # What rounding left over goes to the columns.
    return kept_rows, min(columns, limit // kept_rows)


def _evenly(places: list[int], count: int) -> list[int]:
    """Choose `count` of the places: the middle of each of `count` equal stretches."""
    return [places[(2 * i + 1) * len(places) // (2 * count)] for i in range(count)]
