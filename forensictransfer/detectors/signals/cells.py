"""Cells, or blocks, of an image: which are called changed together, and the pixels that they stand for."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import ndimage


def spread(
    cells: np.ndarray,
    size: tuple[int, int],
    side: int,
    origin: tuple[int, int] = (0, 0),
    beyond: Literal["nearest", "nothing"] = "nearest",
) -> np.ndarray:
    """Give each pixel of an image of `size` (h, w) the value of its cell, of cells (rows, columns).

    side: of a cell, pixels. origin: where the first one begins, down and right. beyond: what pixels outside of all
    cells get: the value of the nearest, or 0.
    """
    places = [(np.arange(length) - first) // side for length, first in zip(size, origin, strict=True)]
    down, right = (np.clip(place, 0, count - 1) for place, count in zip(places, cells.shape, strict=True))
    found: np.ndarray = cells[down[:, None], right]
    if beyond == "nothing":
        found[places[0] != down] = 0
        found[:, places[1] != right] = 0
    return found


def large_parts(mask: np.ndarray, fewest: int) -> np.ndarray:
    """Keep the parts of a mask of cells, bool (rows, columns), that are connected by their sides and large enough."""
    labels, count = ndimage.label(mask)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    sizes[0] = 0
    kept: np.ndarray = (sizes >= fewest)[labels]
    return kept
