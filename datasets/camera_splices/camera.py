"""A camera of a few lines: noise of the sensor, the mosaic of its colours, and how it fills them up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

# Malvar, He, Cutler: High-quality linear interpolation for demosaicing of Bayer-patterned color images, 2004; eighths.
_GREEN = np.array([[0, 0, -1, 0, 0], [0, 0, 2, 0, 0], [-1, 2, 4, 2, -1], [0, 0, 2, 0, 0], [0, 0, -1, 0, 0]]) / 8
_ALONG = np.array([[0, 0, 0.5, 0, 0], [0, -1, 0, -1, 0], [-1, 4, 5, 4, -1], [0, -1, 0, -1, 0], [0, 0, 0.5, 0, 0]]) / 8
_ACROSS = (
    np.array([[0, 0, -1.5, 0, 0], [0, 2, 0, 2, 0], [-1.5, 0, 6, 0, -1.5], [0, 2, 0, 2, 0], [0, 0, -1.5, 0, 0]]) / 8
)
_CROSS = np.array([[0, 1, 0], [1, 4, 1], [0, 1, 0]]) / 4
_SQUARE = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 4
_DEMOSAICS = ("bilinear", "malvar")


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
        demosaic = _DEMOSAICS[int(rng.integers(len(_DEMOSAICS)))]
        return cls(row, column, demosaic, float(rng.uniform(0.005, 0.05)), float(rng.uniform(0.2, 2.0)))

    def take(self, scene: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Take a photograph of a scene, uint8 (h, w, 3): one colour at each pixel, with noise, the others filled up."""
        red, green, blue = self._places(scene.shape[0], scene.shape[1])
        recorded = (scene * np.stack([red, green, blue], axis=-1)).sum(axis=-1).astype(np.float64)
        recorded += rng.normal(size=recorded.shape) * np.sqrt(self.gain * recorded + self.floor)
        filled = _malvar if self.demosaic == "malvar" else _bilinear
        return np.clip(np.rint(filled(recorded, red, green, blue)), 0, 255).astype(np.uint8)

    def _places(self, height: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Say where red, green and blue are recorded, bool (h, w) each."""
        row = (np.arange(height) - self.row)[:, None] % 2 == 0
        column = (np.arange(width) - self.column)[None] % 2 == 0
        return row & column, row != column, ~row & ~column


def _bilinear(kept: np.ndarray, red: np.ndarray, green: np.ndarray, blue: np.ndarray) -> np.ndarray:
    """Fill up each colour by the mean of its nearest values, float64 (h, w, 3)."""
    planes = ((red, _SQUARE), (green, _CROSS), (blue, _SQUARE))
    return np.stack([ndimage.convolve(kept * at, kernel, mode="mirror") for at, kernel in planes], axis=-1)


def _malvar(kept: np.ndarray, red: np.ndarray, green: np.ndarray, blue: np.ndarray) -> np.ndarray:
    """Fill up each colour by its nearest values and the Laplacian of the recorded one, float64 (h, w, 3)."""
    kernels = (_GREEN, _ALONG, _ALONG.T, _ACROSS)
    at_other, along, down, across = (ndimage.convolve(kept, kernel, mode="mirror") for kernel in kernels)
    red_row = np.broadcast_to(red.any(axis=1, keepdims=True), kept.shape)
    of_red = np.where(red, kept, np.where(green, np.where(red_row, along, down), across))
    of_blue = np.where(blue, kept, np.where(green, np.where(red_row, down, along), across))
    return np.stack([of_red, np.where(green, kept, at_other), of_blue], axis=-1)
