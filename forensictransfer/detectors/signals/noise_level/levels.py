"""Estimate the noise of small cells, and what noise the image has at each brightness.

Source: Immerkaer: Fast Noise Variance Estimation, Computer Vision and Image Understanding 1996 (the mask).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forensictransfer.detectors.signals.luma import luma_of

CELL = 8  # pixels
LEAST = 0.05  # grey levels of noise: less is none, or was compressed away
_DARK, _BRIGHT = 4, 251  # luma at which a pixel counts as clipped
_CLIPPED = 0.1  # share of the pixels of a cell, from which it tells nothing
_STRIP = 64  # rows of cells at once
_STEPS = 10  # of the robust fit
_HUBER = 1.345  # deviations beyond which a cell counts less
_ABSOLUTE = float(np.sqrt(np.pi / 2))  # deviation of a Gaussian over its mean absolute value


@dataclass(frozen=True, eq=False)
class Levels:
    """Of cells, (rows, columns): noise and brightness in grey levels, float32; able: bool, those that can tell."""

    noise: np.ndarray
    brightness: np.ndarray
    able: np.ndarray


def noise_levels(pixels: np.ndarray) -> Levels:
    """Estimate the standard deviation of noise in cells of 8 pixels of an image, uint8 (h, w, 3).

    Of luma x, the difference of two Laplacians, which planes and straight slopes have none of:

        h = (x * [1 -2 1; -2 4 -2; 1 -2 1]) / 6,    noise = sqrt(pi / 2) mean |h|

    A pixel at the border is left out. Texture makes it larger: it is an upper bound of the noise.
    """
    rows, columns = ((side - 2) // CELL for side in pixels.shape[:2])
    noise, brightness, clipped = (np.zeros((rows, columns), np.float32) for _ in range(3))
    for top in range(0, rows, _STRIP):
        last = min(rows, top + _STRIP)
        luma = luma_of(pixels[top * CELL : last * CELL + 2, : columns * CELL + 2])
        down = luma[:-2] - 2 * luma[1:-1] + luma[2:]
        both = (down[:, :-2] - 2 * down[:, 1:-1] + down[:, 2:]) / 6
        inner = luma[1:-1, 1:-1]
        noise[top:last] = _ABSOLUTE * _means(np.abs(both))
        brightness[top:last] = _means(inner)
        clipped[top:last] = _means(((inner <= _DARK) | (inner >= _BRIGHT)).astype(np.float32))
    return Levels(noise, brightness, (clipped < _CLIPPED) & (noise > LEAST))


def deviations(levels: Levels) -> tuple[np.ndarray, float]:
    """Compute how far the logarithm of each cell's noise is from the image's at its brightness, in robust deviations.

    The image's curve is a parabola of brightness, fitted so that cells far from it count less. Returns float64
    (rows, columns), 0 where nothing can be told, and the deviation itself, in natural logarithms.
    """
    able = levels.able
    logs = np.log(levels.noise[able].astype(float))
    place = levels.brightness[able].astype(float) / 128 - 1
    terms = np.stack([np.ones_like(place), place, place**2], axis=-1)
    weights = np.ones(len(logs))
    scale = 1.0
    rest = logs
    for _ in range(_STEPS):
        root = np.sqrt(weights)
        rest = logs - terms @ np.linalg.lstsq(terms * root[:, None], logs * root, rcond=None)[0]
        scale = max(1.4826 * float(np.median(np.abs(rest))), 1e-3)
        weights = 1 / np.maximum(1, np.abs(rest) / (_HUBER * scale))
    found = np.zeros(able.shape)
    found[able] = rest / scale
    return found, scale


def _means(plane: np.ndarray) -> np.ndarray:
    found: np.ndarray = plane.reshape(plane.shape[0] // CELL, CELL, -1, CELL).mean(axis=(1, 3))
    return found
