"""Regions: the smooth outlines along which a forger cuts, and moving pixels from one place to another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage


def blob(
    rng: np.random.Generator, size: int, area: tuple[float, float], centre: tuple[float, float] = (0.3, 0.7)
) -> np.ndarray:
    """Draw a smooth, random, object-like region, bool (size, size).

    The outline is r(angle) = 1 + sum_k a_k cos(k angle + phase_k), k = 2..5, squeezed along a random axis; its share
    of the square is drawn from `area` and met to the pixel, its centre is drawn from `centre` (shares of the side).
    """
    share = rng.uniform(*area)
    row, column = rng.uniform(*centre, size=2) * size
    y, x = np.mgrid[:size, :size].astype(np.float64)
    turn, squeeze = rng.uniform(0, np.pi), rng.uniform(0.6, 1.0)
    along = (x - column) * np.cos(turn) + (y - row) * np.sin(turn)
    across = ((y - row) * np.cos(turn) - (x - column) * np.sin(turn)) / squeeze
    angle = np.arctan2(across, along)
    outline = np.ones_like(angle)
    for k in range(2, 6):
        outline += rng.uniform(0, 0.5 / k) * np.cos(k * angle + rng.uniform(0, 2 * np.pi))
    distance = np.hypot(along, across) / outline
    inside = np.argsort(distance, axis=None, kind="stable")[: round(share * size**2)]
    mask = np.zeros(size**2, dtype=bool)
    mask[inside] = True
    return mask.reshape(size, size)


def feather(mask: np.ndarray, sigma: float) -> np.ndarray:
    """Compute the opacity in [0, 1], float32, of a region whose edge is softened by a Gaussian of `sigma` pixels."""
    return ndimage.gaussian_filter(mask.astype(np.float32), sigma)


def blend(below: np.ndarray, above: np.ndarray, opacity: np.ndarray) -> np.ndarray:
    """Lay `above` over `below` (uint8 or float images, h x w x 3) with an opacity (h, w); uint8."""
    alpha = opacity[..., None]
    return to_bytes(below * (1 - alpha) + above * alpha)


def to_bytes(values: np.ndarray) -> np.ndarray:
    """Round and clip values to uint8."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Pose:
    """How a region is turned (degrees) and resized on its way."""

    angle: float = 0.0
    scale: float = 1.0

    @classmethod
    def draw(cls, rng: np.random.Generator, *, chance: float, angle: float, scale: tuple[float, float]) -> Pose:
        """Draw with probability `chance` a turn in [-angle, angle] and a resizing in `scale`, else neither."""
        changed = rng.random() < chance
        drawn = cls(rng.uniform(-angle, angle), rng.uniform(*scale))
        return drawn if changed else cls()


def fetch(
    source: np.ndarray, mask: np.ndarray, pose: Pose, rng: np.random.Generator
) -> tuple[np.ndarray, tuple[float, float]]:
    """Compute what `source` (h, w, 3) would put under the region `mask` if a random place of it were pasted there.

    The whole region is taken from inside `source`; where it does not fit, it is enlarged until it does. Resampling is
    bicubic; a region that is neither turned nor resized is copied pixel by pixel.

    Returns:
        uint8 (mask.shape, 3), meaningful under the region and close to it, and the region's centre (row, column) in
        `source`.
    """
    rows, columns = np.nonzero(mask)
    row, column = float(np.rint(rows.mean())), float(np.rint(columns.mean()))
    radius = float(np.hypot(rows - row, columns - column).max()) + 2
    height, width = source.shape[:2]
    scale = max(pose.scale, 2 * (radius + 1) / (min(height, width) - 1))
    reach = radius / scale
    from_row = float(np.rint(rng.uniform(reach, height - 1 - reach)))
    from_column = float(np.rint(rng.uniform(reach, width - 1 - reach)))
    cosine, sine = np.cos(np.deg2rad(pose.angle)) / scale, np.sin(np.deg2rad(pose.angle)) / scale
    # PIL maps the centre of each output pixel (+ 0.5) to a point of the source.
    shift_x = from_column + 0.5 - cosine * (column + 0.5) - sine * (row + 0.5)
    shift_y = from_row + 0.5 + sine * (column + 0.5) - cosine * (row + 0.5)
    moved = Image.fromarray(source).transform(
        (mask.shape[1], mask.shape[0]),
        Image.Transform.AFFINE,
        (cosine, sine, shift_x, -sine, cosine, shift_y),
        resample=Image.Resampling.NEAREST if pose == Pose() and scale == 1 else Image.Resampling.BICUBIC,
    )
    return np.asarray(moved), (from_row, from_column)
