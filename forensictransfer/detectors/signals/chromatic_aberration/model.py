"""Fit how far a colour lies from green all over an image: a radial model, by maximal mutual information.

Source: Johnson, Farid: Exposing Digital Forgeries Through Chromatic Aberration, ACM Multimedia and Security Workshop
2006: x_r = alpha (x_g - x_0) + x_0, alpha and x_0 at the maximum of the mutual information of the two colours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.optimize import minimize

BINS = 32  # of each colour in their joint histogram
MOST = 12_000  # pixels that are compared, those with the strongest edges
STEEPEST = 0.004  # of |alpha - 1| that is looked for
_BORDER = 8  # pixels on each side that are not compared
_STEPS = 13  # of alpha that the search begins with
_TAILS = (0.005, 0.995)  # quantiles between which the bins lie
_SURE = 0.005  # pixels, at the corner, to which the search goes


@dataclass(frozen=True)
class Radial:
    """A displacement that grows from a centre: alpha - 1 times the way from there.

    growth: alpha - 1. right, down: displacement of the image's middle, pixels. size: (h, w), pixels.
    """

    growth: float
    right: float
    down: float
    size: tuple[int, int]

    @property
    def centre(self) -> tuple[float, float]:
        """Where nothing is displaced: pixels right of the image's middle and below it; infinitely far if all is."""
        if self.growth == 0:
            return np.inf, np.inf
        return -self.right / self.growth, -self.down / self.growth

    def at(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Compute the displacement, to the right and down, of columns x and rows y."""
        height, width = self.size
        return self.growth * (x - (width - 1) / 2) + self.right, self.growth * (y - (height - 1) / 2) + self.down


def fit_radial(green: np.ndarray, colour: np.ndarray, able: np.ndarray) -> Radial:
    """Fit the displacement of a colour from green, both float32 (h, w) and band-passed, on pixels that are `able`.

    First thirteen values of alpha with the centre in the middle, then all three numbers by the simplex of Nelder and
    Mead: mutual information of a sample has no useful gradient.
    """
    size = height, width = green.shape
    y, x = _edges(green, able)
    corner = float(np.hypot(height, width) / 2)
    across, down = (x - (width - 1) / 2) / corner, (y - (height - 1) / 2) / corner
    fixed, limits = _binned(green[y, x], _limits(green[y, x])), _limits(colour[y, x])
    spline = ndimage.spline_filter(colour, 3, output=np.float32)

    def cost(at: np.ndarray) -> float:
        places = [y + at[0] * down + at[2], x + at[0] * across + at[1]]
        moved = ndimage.map_coordinates(spline, places, order=3, prefilter=False, mode="nearest")
        return -mutual_information(fixed, _binned(moved, limits))

    farthest = max(STEEPEST * corner, 1.0)
    first = np.array([min(np.linspace(-farthest, farthest, _STEPS), key=lambda one: cost(np.array([one, 0, 0]))), 0, 0])
    simplex = first + np.vstack([np.zeros(3), np.diag([farthest / _STEPS, 0.3, 0.3])])
    options = {"initial_simplex": simplex, "xatol": _SURE, "fatol": 1e-7, "maxfev": 150}
    best = minimize(cost, first, method="Nelder-Mead", options=options).x
    return Radial(float(best[0]) / corner, float(best[1]), float(best[2]), size)


def mutual_information(one: np.ndarray, other: np.ndarray) -> float:
    """Compute the mutual information, nats, of two samples of bins, int (n,) from 0 to BINS - 1."""
    joint = np.bincount(one * BINS + other, minlength=BINS**2).reshape(BINS, BINS) / one.size
    alone = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    some = joint > 0
    return float((joint[some] * np.log(joint[some] / alone[some])).sum())


def _edges(green: np.ndarray, able: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Choose the pixels with the strongest edges: rows and columns."""
    steep = np.where(able, ndimage.gaussian_gradient_magnitude(green, 1), 0)
    inner = np.zeros(steep.shape, bool)
    inner[_BORDER:-_BORDER, _BORDER:-_BORDER] = True
    steep[~inner] = 0
    chosen = np.argpartition(steep.ravel(), -min(MOST, steep.size // 4))[-min(MOST, steep.size // 4) :]
    rows, columns = np.divmod(chosen, steep.shape[1])
    return rows, columns


def _limits(values: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(values, _TAILS)
    return float(low), max(float(high), float(low) + 1e-6)


def _binned(values: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    low, high = limits
    found: np.ndarray = np.clip((values - low) * (BINS / (high - low)), 0, BINS - 1).astype(np.int64)
    return found
