"""Rendered objects under a light whose direction is known: ellipsoids of an even or mottled matt surface."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

GAMMA = 2.2  # of the picture against the light


def rendered(
    rng: np.random.Generator,
    degrees: float,
    *,
    side: int = 256,
    radius: tuple[float, float] = (0.25, 0.4),
    ambient: float = 0.25,
    towards: float | None = None,
    mottled: float = 0.0,
    noise: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Render a Lambertian ellipsoid on a background that is none of its light, seen from far away.

    Args:
        degrees: of the light in the picture's plane, against the clock from the right. towards: degrees by which it
            leans to the viewer (default: by chance, 0 to 60). ambient: share of the light that comes from everywhere.
        radius: between which both half axes are, shares of `side`. mottled: deviation of the surface's own brightness,
            a share, in spots of some pixels. noise: deviation, grey levels.
    Returns: pixels, uint8 (side, side, 3), and the object, bool (side, side).
    """
    half, turn = rng.uniform(*radius, size=3) * side, rng.uniform(0, np.pi)
    lean = np.radians(rng.uniform(0, 60) if towards is None else towards)
    y, x = np.mgrid[:side, :side] - side / 2 + 0.5
    # Along the object's own axes, upwards positive.
    along, across = x * np.cos(turn) - y * np.sin(turn), -x * np.sin(turn) - y * np.cos(turn)
    rest = 1 - (along / half[0]) ** 2 - (across / half[1]) ** 2
    inside = rest > 0
    normal = np.stack([along / half[0] ** 2, across / half[1] ** 2, np.sqrt(np.maximum(rest, 0)) / half[2]])
    normal /= np.maximum(np.linalg.norm(normal, axis=0), 1e-9)
    turned = np.radians(degrees) - turn
    light = np.array([np.cos(lean) * np.cos(turned), np.cos(lean) * np.sin(turned), np.sin(lean)])
    shade = ambient + (1 - ambient) * np.maximum(np.tensordot(light, normal, (0, 0)), 0)
    if mottled:
        spots = ndimage.gaussian_filter(rng.normal(size=(side, side)), side / 40)
        shade *= np.maximum(1 + mottled * spots / spots.std(), 0.05)
    behind = 0.3 + 0.2 * ndimage.gaussian_filter(rng.normal(size=(side, side)), 6) * 15
    shown = 235 * np.clip(np.where(inside, 0.8 * shade, behind), 0, 1) ** (1 / GAMMA)
    tinted = shown[..., None] * np.array([1.0, 0.95, 0.85]) + rng.normal(0, max(noise, 1e-9), (side, side, 3))
    return np.clip(tinted, 0, 255).round().astype(np.uint8), inside
