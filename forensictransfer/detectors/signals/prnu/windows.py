"""Correlation of an image's noise with a fingerprint window by window, and what it depends on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from forensictransfer.detectors.signals.prnu.residual import SIGMA, Noise

BLOCK = 16  # pixels: windows are made of blocks, and begin at each of them
FEATURES = 3
_AROUND = 5  # side of the squares whose variance says how much detail there is


@dataclass(frozen=True, eq=False)
class Windows:
    """What is known of windows of one side, one beginning at each block: arrays (rows, columns) and (rows, columns, 3).

    side: in pixels. correlation: of residual and luma times fingerprint, over pixels that are not saturated. features:
    brightness in [0, 1]; the share of noise that the denoiser lets through (1 in even areas, 0 in detail); the share of
    pixels that are saturated.
    """

    side: int
    correlation: np.ndarray
    features: np.ndarray


class BlockSums:
    """Sums over blocks of 16 x 16 pixels that windows of any side are made of."""

    def __init__(self, noise: Noise, pattern: np.ndarray) -> None:
        """Add up an image's noise and the fingerprint's pattern beneath it, float32 (h, w)."""
        expected = noise.luma * pattern
        planes = (
            noise.usable.astype(np.float32),
            noise.residual * noise.usable,
            expected,
            noise.residual * noise.residual * noise.usable,
            expected * expected,
            noise.residual * expected,
            noise.luma,
            _let_through(noise.luma),
        )
        self._sums = np.stack([_blocks(plane) for plane in planes])

    @property
    def shape(self) -> tuple[int, int]:
        """How many blocks there are down and across."""
        return self._sums.shape[1], self._sums.shape[2]

    def windows(self, side: int) -> Windows | None:
        """Make the windows of one side, a multiple of 16; None if not one fits."""
        count = side // BLOCK
        if min(self.shape) < count:
            return None
        used, x, y, xx, yy, xy, luma, through = _box_sums(self._sums, count)
        used_or_one = np.maximum(used, 1)
        covariance = xy - x * y / used_or_one
        variances = (xx - x * x / used_or_one) * (yy - y * y / used_or_one)
        with np.errstate(invalid="ignore", divide="ignore"):
            correlation = np.where(variances > 0, covariance / np.sqrt(np.maximum(variances, 0)), 0.0)
        size = side * side
        features = np.stack([luma / used_or_one / 255, through / size, 1 - used / size], axis=-1)
        return Windows(side, np.nan_to_num(correlation), features)


def _let_through(luma: np.ndarray) -> np.ndarray:
    """Compute s^2 / (s^2 + local variance): what the denoiser's filter leaves of the noise there."""
    mean = ndimage.uniform_filter(luma, _AROUND)
    variance = ndimage.uniform_filter(luma * luma, _AROUND)
    variance -= mean * mean
    np.maximum(variance, 0, out=variance)
    found: np.ndarray = SIGMA**2 / (SIGMA**2 + variance)
    return found


def _blocks(plane: np.ndarray) -> np.ndarray:
    """Add up blocks, float64; what is left at the right and below is left out."""
    rows, columns = (side // BLOCK for side in plane.shape)
    cut = plane[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK)
    return np.einsum("aibj->ab", cut, dtype=np.float64)


def _box_sums(sums: np.ndarray, count: int) -> np.ndarray:
    """Add up `count` x `count` neighbouring blocks of (n, rows, columns), for each place where a window can begin."""
    total = np.zeros((sums.shape[0], sums.shape[1] + 1, sums.shape[2] + 1))
    np.cumsum(np.cumsum(sums, axis=1), axis=2, out=total[:, 1:, 1:])
    return total[:, count:, count:] - total[:, :-count, count:] - total[:, count:, :-count] + total[:, :-count, :-count]
