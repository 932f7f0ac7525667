"""Model how often each value of a DCT coefficient occurs after one compression and after two.

A first step q1 leaves multiples of q1; the second step q2 sorts these into its own bins, of which some get more
multiples than others and some none. After one compression the histogram is smooth. Sources: Lin, He, Tang, Tang: Fast,
automatic and fine-grained tampered JPEG image detection via DCT coefficient analysis, Pattern Recognition 2009;
Bianchi, Piva: Image Forgery Localization via Block-Grained Analysis of JPEG Artifacts, IEEE TIFS 2012.
"""

from __future__ import annotations

import numpy as np
from scipy.fft import dctn, idctn
from scipy.ndimage import gaussian_filter1d

from forensictransfer.data.codecs.jpeg_coefficients import Coefficients

SIDE = 8
# The first frequencies of the zigzag, (down, across), with the mean of the block before them: finer ones are mostly 0.
FREQUENCIES = ((0, 0), (0, 1), (1, 0), (2, 0), (1, 1), (0, 2), (0, 3), (1, 2), (2, 1), (3, 0), (4, 0), (3, 1), (2, 2))
LARGEST = 1024  # of a coefficient of 8 bits, but for the mean of a very dark or bright block
_FINE = 4  # samples of the models in a unit of a coefficient
_ROUNDING = 0.5  # standard deviation of a coefficient after its pixels were rounded to whole colours and back
_SHIFT = 4  # pixels: blocks that begin elsewhere have forgotten the first step
_FLOOR = 1e-3  # a share that any value may have, for what the models do not know


def single_values(luma: Coefficients) -> np.ndarray:
    """Estimate what the coefficients of one compression were before they were rounded.

    The image is decoded and divided into blocks that begin 4 pixels further, whose statistics are nearly the same and
    whose values know nothing of any step. Returns float32 (n, 8, 8).
    """
    rows, columns = luma.values.shape[:2]
    blocks = idctn(luma.values.astype(np.float32) * luma.steps, axes=(2, 3), norm="ortho")
    plane = blocks.transpose(0, 2, 1, 3).reshape(rows * SIDE, columns * SIDE)
    inner = plane[_SHIFT : _SHIFT - SIDE, _SHIFT : _SHIFT - SIDE]
    shifted = inner.reshape(rows - 1, SIDE, columns - 1, SIDE).transpose(0, 2, 1, 3)
    found: np.ndarray = dctn(shifted, axes=(2, 3), norm="ortho").reshape(-1, SIDE, SIDE)
    return found


class Model:
    """How the values of one frequency are distributed, after one compression and after two.

    values: float (n,), unrounded, of `single_values`. step: the second one, q2. bins: values -bins to bins are
    modelled, what lies beyond counts as these.
    """

    def __init__(self, values: np.ndarray, step: int) -> None:
        self.step = step
        self.bins = LARGEST // step
        self._size = 2 * (LARGEST + 256) * _FINE + 1
        clipped = np.clip(values, -LARGEST, LARGEST)
        counts = np.bincount(np.round(clipped).astype(np.int64) + LARGEST, minlength=2 * LARGEST + 1)
        self._fine = _smoothed(counts / len(values), clipped)
        self._units = np.arange(-LARGEST, LARGEST + 1)
        self.once = self._binned(self._units, self._fine, 0.0)

    def twice(self, first: int) -> np.ndarray:
        """Return the share of each value after a first compression with step `first`, float (2 bins + 1,)."""
        multiples = np.round(self._units / first).astype(np.int64) * first
        return self._binned(multiples, self._fine, _ROUNDING)

    def _binned(self, places: np.ndarray, shares: np.ndarray, blur: float) -> np.ndarray:
        """Sort shares at places, in units of the coefficient, into the bins of the second step."""
        middle = self._size // 2
        placed = np.bincount(places * _FINE + middle, shares, minlength=self._size)
        # A whole unit stands for all that was rounded to it; multiples of a step stand for themselves.
        box = np.array([0.5, *[1.0] * (_FINE - 1), 0.5]) / _FINE
        fine = gaussian_filter1d(placed, blur * _FINE) if blur else np.convolve(placed, box, "same")
        total = np.concatenate([[0.0], np.cumsum(fine)])
        edges = np.round((np.arange(-self.bins, self.bins) + 0.5) * self.step * _FINE + middle).astype(np.int64)
        below = (total[edges] + total[edges + 1]) / 2  # what lies on an edge goes to both sides
        return np.diff(below, prepend=0.0, append=total[-1]) + _FLOOR / len(fine)

    def place(self, values: np.ndarray) -> np.ndarray:
        """Return where rounded values stand in the shares."""
        return np.clip(values.astype(np.int64), -self.bins, self.bins) + self.bins


def _smoothed(shares: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Smooth a histogram by as much as its number of values asks for; near 0, where it has a peak, by less.

    Source: Silverman: Density Estimation for Statistics and Data Analysis, 1986, equation 3.31; the tails, where values
    are few, by three times that.
    """
    low, high = np.percentile(values, [25, 75])
    spread = min(float(values.std()), float(high - low) / 1.34) or float(values.std())
    width = 0.9 * spread * len(values) ** -0.2
    wide = gaussian_filter1d(shares, max(3 * width, 0.5), mode="constant")
    narrow = gaussian_filter1d(shares, max(width, 0.1), mode="constant")
    middle = np.exp(-0.5 * ((np.arange(len(shares)) - LARGEST - np.median(values)) / max(2 * spread, 1.0)) ** 2)
    found: np.ndarray = middle * narrow + (1 - middle) * wide
    return found / found.sum()
