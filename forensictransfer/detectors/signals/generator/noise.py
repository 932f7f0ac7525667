"""The noise of an image, tiles of it side by side averaged into one: what fingerprints of generators are made of."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import uniform_filter

SIDE = 128  # pixels of a tile
_SQUARE = 5  # pixels of the squares of the filter
_SIGMA = 5.0  # deviation of the noise, grey levels
_FLAT = 1e-3  # grey levels: noise below it is none


def folded_noise(pixels: np.ndarray, side: int = SIDE) -> np.ndarray | None:
    """Compute the noise of an image, its whole tiles averaged, each in units of its own deviation.

    The noise is that of `detectors.layers.LocalWienerResidual`, here without TensorFlow. Tiles stand side by side from
    the upper left corner: averaging keeps what has a period that divides the side, and all of it in images of one tile.

    Args:
        pixels: uint8 (h, w, 3). side: of the tiles, pixels.
    Returns: float32 (side, side) with mean 0; None for an image that is smaller than a tile, or flat.
    """
    rows, columns = (length // side for length in pixels.shape[:2])
    if not rows or not columns:
        return None
    noise = _noise(_luma(pixels[: rows * side + _SQUARE, : columns * side + _SQUARE]))[: rows * side, : columns * side]
    tiles = noise.reshape(rows, side, columns, side).transpose(0, 2, 1, 3)
    units = np.sqrt(np.square(tiles).mean(axis=(2, 3), keepdims=True))
    if units.max() < _FLAT:
        return None
    folded: np.ndarray = (tiles / np.maximum(units, _FLAT)).mean(axis=(0, 1))
    return folded - folded.mean()


def _luma(pixels: np.ndarray) -> np.ndarray:
    """Compute 0.299 R + 0.587 G + 0.114 B, rounded, less 128: float32 (h, w). Whole numbers, as `detectors.layers`."""
    red, green, blue = (pixels[..., channel].astype(np.int32) for channel in range(3))  # a product of integers is slow
    return ((299 * red + 587 * green + 114 * blue + 500) // 1000 - 128).astype(np.float32)


def _noise(x: np.ndarray) -> np.ndarray:
    """Compute (x - m) s^2 / max(v, s^2) with m and v the mean and the variance over squares."""
    # At the edge of an image the squares are cut, and the mean is that of what is left.
    parts = np.outer(*(uniform_filter(np.ones(length, np.float32), _SQUARE, mode="constant") for length in x.shape))
    mean, square = (uniform_filter(plane, _SQUARE, mode="constant") / parts for plane in (x, x * x))
    least = np.float32(_SIGMA**2)
    noise: np.ndarray = (x - mean) * (least / np.maximum(square - mean * mean, least))
    return noise
