"""Filling a hole with patches from around it.

Criminisi, Perez and Toyama, "Region filling and object removal by exemplar-based image inpainting", IEEE Transactions
on Image Processing 13(9), 2004.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

PATCH = 9
HALF = PATCH // 2
REACH = 40
STRIDE = 2


def fill(image: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Replace the pixels of `hole`, bool (h, w), in `image`, uint8 (h, w, 3).

    The pixel of the hole's front with the highest priority (confidence x strength of the edge that runs into the hole)
    is served first: its PATCH x PATCH surroundings take their missing pixels from the patch, at most REACH pixels off
    the hole and on a grid of STRIDE pixels, that differs least in the known ones (sum of squared differences).

    Raises:
        ValueError: no whole patch without a hole within reach.
    """
    rows, columns = np.nonzero(hole)
    if not rows.size:
        return image.copy()
    top, left = max(rows.min() - REACH, 0), max(columns.min() - REACH, 0)
    area = np.s_[top : rows.max() + REACH + 1, left : columns.max() + REACH + 1]
    result = image.copy()
    result[area] = _fill(image[area], hole[area])
    return result


def _fill(image: np.ndarray, hole: np.ndarray) -> np.ndarray:
    patches, squares = _candidates(image, hole)
    work = image.astype(np.float32)
    work[hole] = 0
    grey = work.mean(-1)
    known = ~hole
    confidence = known.astype(np.float32)
    rows, columns = np.nonzero(hole)
    top, left = max(rows.min() - PATCH, 0), max(columns.min() - PATCH, 0)
    near = np.s_[top : rows.max() + PATCH + 1, left : columns.max() + PATCH + 1]
    while not known.all():
        trust = ndimage.uniform_filter(confidence[near], PATCH, mode="constant")
        row, column = _next(grey[near], known[near], trust)
        certainty = trust[row, column]
        row, column = row + top, column + left
        # The patch is moved inwards at the border, so that it is whole.
        row = min(max(row, HALF), image.shape[0] - 1 - HALF)
        column = min(max(column, HALF), image.shape[1] - 1 - HALF)
        here = np.s_[row - HALF : row + HALF + 1, column - HALF : column + HALF + 1]
        seen = known[here].astype(np.float32)
        wanted = (work[here] * seen[..., None]).ravel()
        # Sums of squares of at most 9 * 9 * 3 bytes stay below 2**24: exact in float32, whatever the order of summing.
        # einsum, because products this small lose more than they gain by the threads of a matrix library.
        alike = np.einsum("ij,j->i", patches, wanted)
        difference = np.einsum("ij,j->i", squares, seen.ravel()) - 2 * alike
        best = patches[int(np.argmin(difference))].reshape(PATCH, PATCH, 3)
        missing = ~known[here]
        work[here][missing] = best[missing]
        grey[here] = work[here].mean(-1)
        confidence[here][missing] = certainty
        known[here] = True
    return work.astype(np.uint8)


def _candidates(image: np.ndarray, hole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut whole patches without a hole: float32 (n, PATCH * PATCH * 3), and their squares summed over the channels."""
    whole = ~ndimage.maximum_filter(hole, PATCH, mode="constant")
    centres = np.argwhere(whole[HALF:-HALF:STRIDE, HALF:-HALF:STRIDE]) * STRIDE
    if not len(centres):
        raise ValueError(f"no patch of {PATCH} x {PATCH} pixels without a hole within {REACH} pixels of the hole")
    every = np.lib.stride_tricks.sliding_window_view(image, (PATCH, PATCH), axis=(0, 1))
    patches = every[centres[:, 0], centres[:, 1]].transpose(0, 2, 3, 1).astype(np.float32)
    squares = (patches**2).sum(-1).reshape(len(patches), -1)
    return patches.reshape(len(patches), -1), squares


def _next(grey: np.ndarray, known: np.ndarray, trust: np.ndarray) -> tuple[int, int]:
    """Find the pixel of the front with the highest priority, confidence x data term."""
    front = np.argwhere(~known & ndimage.binary_dilation(known))
    # Slopes are taken where all neighbours are known: elsewhere the hole itself would be the edge.
    inner = ndimage.binary_erosion(known, border_value=1)
    slope_y, slope_x = (np.where(inner, slope, 0) for slope in np.gradient(grey))
    strongest = _strongest_nearby(slope_y, slope_x, front)
    normal_y, normal_x = np.gradient(ndimage.uniform_filter(known.astype(np.float32), 3))
    normal = np.stack([normal_y[tuple(front.T)], normal_x[tuple(front.T)]])
    normal /= np.maximum(np.hypot(*normal), 1e-6)
    # The edge runs across the slope: (slope_y, slope_x) turned by 90 degrees.
    data = np.abs(strongest[1] * normal[0] - strongest[0] * normal[1]) / 255 + 1e-3
    row, column = front[int(np.argmax(trust[tuple(front.T)] * data))]
    return int(row), int(column)


def _strongest_nearby(slope_y: np.ndarray, slope_x: np.ndarray, front: np.ndarray) -> np.ndarray:
    """Find the steepest slope within a patch around each pixel of the front, (2, n)."""
    pad = ((HALF, HALF), (HALF, HALF))
    slopes = np.stack([np.pad(slope_y, pad), np.pad(slope_x, pad)])
    offsets = np.arange(PATCH)
    rows = front[:, 0, None, None] + offsets[:, None]
    columns = front[:, 1, None, None] + offsets[None, :]
    around = slopes[:, rows, columns].reshape(2, len(front), -1)
    steepest = (around**2).sum(0).argmax(1)
    return around[:, np.arange(len(front)), steepest]
