"""A camera of a few lines: noise of the sensor, the mosaic of its colours, and how it fills them up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..forged_photos.regions import to_bytes

# Malvar, He, Cutler: High-quality linear interpolation for demosaicing of Bayer-patterned color images, 2004; eighths.
_GREEN = np.array([[0, 0, -1, 0, 0], [0, 0, 2, 0, 0], [-1, 2, 4, 2, -1], [0, 0, 2, 0, 0], [0, 0, -1, 0, 0]]) / 8
_ALONG = np.array([[0, 0, 0.5, 0, 0], [0, -1, 0, -1, 0], [-1, 4, 5, 4, -1], [0, -1, 0, -1, 0], [0, 0, 0.5, 0, 0]]) / 8
_ACROSS = (
    np.array([[0, 0, -1.5, 0, 0], [0, 2, 0, 2, 0], [-1.5, 0, 6, 0, -1.5], [0, 2, 0, 2, 0], [0, 0, -1.5, 0, 0]]) / 8
)
_CROSS = np.array([[0, 1, 0], [1, 4, 1], [0, 1, 0]]) / 4
_SQUARE = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 4
Pattern = tuple[int, int]  # row and column, 0 or 1, of the first red pixel


@dataclass(frozen=True)
class Camera:
    """What one photograph was taken with.

    row, column: 0 or 1, where the first red pixel stands; demosaic: how the other colours are filled up; gain, floor:
    the noise of a pixel of v grey levels has the variance gain v + floor.
    """

    row: int
    column: int
    demosaic: str
    gain: float
    floor: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Camera:
        """Draw a camera."""
        row, column = (int(side) for side in rng.integers(0, 2, size=2))
        demosaic = list(DEMOSAICS)[int(rng.integers(len(DEMOSAICS)))]
        return cls(row, column, demosaic, float(rng.uniform(0.005, 0.05)), float(rng.uniform(0.2, 2.0)))

    def take(self, scene: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Take a photograph of a scene, uint8 (h, w, 3): one colour at each pixel, with noise, the others filled up."""
        first_red = self.row, self.column
        places = np.stack(recorded_places(scene.shape[:2], first_red), axis=-1)
        recorded = (scene * places).sum(axis=-1).astype(np.float64)
        recorded += rng.normal(size=recorded.shape) * np.sqrt(self.gain * recorded + self.floor)
        return DEMOSAICS[self.demosaic](recorded, first_red)


def recorded_places(size: tuple[int, int], first_red: Pattern) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Say where red, green and blue are recorded in h x w pixels, bool (h, w) each."""
    row = (np.arange(size[0]) - first_red[0])[:, None] % 2 == 0
    column = (np.arange(size[1]) - first_red[1])[None] % 2 == 0
    return row & column, row != column, ~row & ~column


def bilinear(kept: np.ndarray, first_red: Pattern) -> np.ndarray:
    """Fill up each colour of what was recorded, (h, w), with the mean of its nearest values; uint8 (h, w, 3)."""
    kernels = (_SQUARE, _CROSS, _SQUARE)
    places = recorded_places(kept.shape, first_red)
    planes = [ndimage.convolve(kept * at, kernel, mode="mirror") for at, kernel in zip(places, kernels, strict=True)]
    return to_bytes(np.stack(planes, axis=-1))


def malvar(kept: np.ndarray, first_red: Pattern) -> np.ndarray:
    """Fill up each colour by its nearest values and the Laplacian of the recorded one; uint8 (h, w, 3)."""
    red, green, blue = recorded_places(kept.shape, first_red)
    kernels = (_GREEN, _ALONG, _ALONG.T, _ACROSS)
    at_other, along, down, across = (ndimage.convolve(kept, kernel, mode="mirror") for kernel in kernels)
    red_row = np.broadcast_to(red.any(axis=1, keepdims=True), kept.shape)
    of_red = np.where(red, kept, np.where(green, np.where(red_row, along, down), across))
    of_blue = np.where(blue, kept, np.where(green, np.where(red_row, down, along), across))
    return to_bytes(np.stack([of_red, np.where(green, kept, at_other), of_blue], axis=-1))


DEMOSAICS: dict[str, Callable[[np.ndarray, Pattern], np.ndarray]] = {"bilinear": bilinear, "malvar": malvar}
