"""Find the aberration of an image, and how far the local vectors of its blocks are turned away from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from forensictransfer.detectors.signals.chromatic_aberration.model import Radial, fit_radial
from forensictransfer.detectors.signals.chromatic_aberration.vectors import (
    AROUND,
    Vectors,
    band,
    block_middles,
    find_vectors,
    unclipped,
)

COLOURS = ("red", "blue")
_PLANES = (0, 2)
_MOST = 4_000_000  # pixels: larger images are reduced by a whole number
_LONG = 2.0  # deviations of noise from which the direction of an expected vector can be told
_MEASURED = 1.5  # the same of a measured one: where colours were copied from green, or lost by JPEG, it is none
_FLAT = 0.3  # grey levels, deviation of what is band-passed
_FEWEST = 8  # blocks that do not overlap


@dataclass(frozen=True, eq=False)
class Colour:
    """The aberration of one colour.

    model: of the whole image. error: standard deviation of its growth. vectors: measured. angle: between them and the
    model's, degrees, float64 (rows, columns). able: bool, where that can be told.
    """

    model: Radial
    error: float
    vectors: Vectors
    angle: np.ndarray
    able: np.ndarray


@dataclass(frozen=True, eq=False)
class Aberration:
    """What an image has of it: colours, red and blue, and the factor by which it was reduced before."""

    colours: tuple[Colour, Colour]
    factor: int

    @property
    def able(self) -> np.ndarray:
        """Where a colour can tell, bool (rows, columns)."""
        return self.colours[0].able | self.colours[1].able

    @property
    def angle(self) -> np.ndarray:
        """Mean angle of the colours that can tell, degrees (rows, columns); 0 where none can."""
        total = sum(np.where(one.able, one.angle, 0) for one in self.colours)
        return total / np.maximum(sum(one.able.astype(int) for one in self.colours), 1)


def find_aberration(pixels: np.ndarray) -> Aberration | None:
    """Find the aberration of an image, uint8 (h, w, 3); None if there is nothing in it that could show one."""
    factor = int(np.ceil(np.sqrt(pixels.shape[0] * pixels.shape[1] / _MOST)))
    smaller = reduced(pixels, factor)
    able = unclipped(smaller)
    green = band(smaller[..., 1])
    found = []
    for number in _PLANES:
        colour = band(smaller[..., number])
        if not able.any() or min(float(plane[able].std()) for plane in (green, colour)) < _FLAT:
            return None
        found.append(_colour(green, colour, able))
    return Aberration((found[0], found[1]), factor)


def reduced(pixels: np.ndarray, factor: int) -> np.ndarray:
    """Average pixels (h, w, 3) in squares of `factor`, float32, whole ones alone."""
    if factor == 1:
        return pixels.astype(np.float32)
    rows, columns = (side // factor for side in pixels.shape[:2])
    found = np.zeros((rows, columns, 3), np.float32)
    for down in range(factor):
        for right in range(factor):
            found += pixels[down : rows * factor : factor, right : columns * factor : factor]
    return found / factor**2


def _colour(green: np.ndarray, colour: np.ndarray, able: np.ndarray) -> Colour:
    model = fit_radial(green, colour, able)
    y, x = np.mgrid[: green.shape[0], : green.shape[1]].astype(np.float32)
    right, down = model.at(x, y)
    # Undone, what is left are fractions of a pixel, where least squares are right.
    undone = ndimage.map_coordinates(colour, [y + down, x + right], order=3, mode="nearest", output=np.float32)
    left = find_vectors(green, undone, able)
    expected = np.stack(model.at(*block_middles(left.known.shape)))
    spread, error = _scatter(left, expected)
    vectors = Vectors(expected[0] + left.right, expected[1] + left.down, left.error * spread, left.known)
    inner = (expected * [vectors.right, vectors.down]).sum(axis=0)
    cross = expected[0] * vectors.down - expected[1] * vectors.right
    angle = np.degrees(np.arctan2(np.abs(cross), inner))
    can = vectors.known & (np.hypot(*expected) >= _LONG * vectors.error)
    can &= np.hypot(vectors.right, vectors.down) >= _MEASURED * vectors.error
    return Colour(model, error * model.growth if model.growth else np.inf, vectors, angle, can)


def _scatter(left: Vectors, expected: np.ndarray) -> tuple[float, float]:
    """Compute how many times as far as its error bar says a vector lies, and the relative error of the growth."""
    known = left.known
    if known.sum() < _FEWEST * AROUND**2:
        return 1.0, np.inf
    squares = ((left.right**2 + left.down**2) / left.error**2)[known]
    spread = max(1.0, float(np.sqrt(np.median(squares) / (2 * np.log(2)))))
    away = (expected - expected[:, known].mean(axis=1)[:, None, None])[:, known]
    weight = 1 / (spread * left.error[known]) ** 2 / AROUND**2
    return spread, float(1 / np.sqrt(max((weight * (away**2).sum(axis=0)).sum(), 1e-12)))
