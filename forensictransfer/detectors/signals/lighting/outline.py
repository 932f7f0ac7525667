"""Find the outline of an object, which way it faces, and how bright the object is there.

Source: Johnson, Farid: Exposing Digital Forgeries by Detecting Inconsistencies in Lighting, ACM Multimedia and Security
Workshop 2005: along an occluding contour the surface faces sideways, so its normal is known from the contour alone; the
brightness is extrapolated to it from within.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

BORDER = 4  # pixels from the picture's border, and from what is left out, where the outline is not used
_FIRST = 2  # pixels inside of the outline where the object's own brightness begins
_DEPTHS = 10  # brightnesses along the normal
_REACH = 0.12  # of the object's radius, as of a disc of its area, to which they are taken
_SMOOTH = 0.03  # of that radius: deviation of the Gaussian that the mask is smoothed by
_SOFTEST, _HARDEST = 1.5, 6.0  # pixels, of that deviation
_CLIPPED = 250.0  # of 255: brightness that may have been cut off
_GAMMA = 2.2  # of a picture's grey levels against the light


@dataclass(frozen=True, eq=False)
class Outline:
    """Points of an outline, in their order round the object.

    x, y: pixels, float64 (n,). normals: to the right and upwards, away from the object, float64 (n, 2) of length 1.
    brightness: extrapolated to the point. place: direction from their middle, 0 to 1 of a turn.
    """

    x: np.ndarray
    y: np.ndarray
    normals: np.ndarray
    brightness: np.ndarray
    place: np.ndarray

    def __len__(self) -> int:
        return self.x.size


def light_of(luma: np.ndarray) -> np.ndarray:
    """Compute linear light, float32 in [0, 255], of luma as pictures have it."""
    found: np.ndarray = 255 * (np.clip(luma, 0, 255) / np.float32(255)) ** np.float32(_GAMMA)
    return found.astype(np.float32)


def find_outline(brightness: np.ndarray, inside: np.ndarray, left_out: np.ndarray) -> Outline:
    """Find the outline of what is `inside` and how bright the object is along it.

    Args:
        brightness: in linear light, float32 (h, w), 255 for white (`light_of`).
        inside: bool (h, w), the object. left_out: bool (h, w), places whose outline is no occluding contour.
    """
    radius = float(np.sqrt(inside.sum() / np.pi))
    sigma = float(np.clip(_SMOOTH * radius, _SOFTEST, _HARDEST))
    soft = ndimage.gaussian_filter(inside.astype(np.float32), sigma, mode="nearest")
    steep_y, steep_x = np.gradient(soft)
    rows, columns = _places(inside, left_out)
    if not rows.size:
        return Outline(*(np.zeros(0), np.zeros(0), np.zeros((0, 2)), np.zeros(0), np.zeros(0)))
    inward = np.stack([steep_x[rows, columns], steep_y[rows, columns]], axis=1).astype(float)
    length = np.hypot(*inward.T)
    some = length > 1e-4
    rows, columns, inward = rows[some], columns[some], (inward[some].T / length[some]).T
    depths = np.linspace(_FIRST, max(_REACH * radius, _FIRST + _DEPTHS / 2), _DEPTHS)
    y, x = (
        place[:, None] + depths * step[:, None] for place, step in zip((rows, columns), inward.T[::-1], strict=True)
    )
    found = ndimage.map_coordinates(brightness, [y, x], order=1, mode="nearest")
    within = ndimage.map_coordinates(inside.astype(np.float32), [y, x], order=1, mode="constant") > 0.5
    whole = within.all(axis=1) & (found < _CLIPPED).all(axis=1)
    # Near the outline of a round object brightness goes with the root of the depth.
    terms = np.stack([np.ones_like(depths), np.sqrt(depths)], axis=1)
    edge = (np.linalg.pinv(terms) @ found.T)[0]
    middle = rows.mean(), columns.mean()
    place = (np.arctan2(rows - middle[0], columns - middle[1]) / (2 * np.pi)) % 1
    order = np.argsort(place[whole], kind="stable")
    normals = inward * [-1, 1]
    return Outline(
        *(one[whole][order] for one in (columns.astype(float), rows.astype(float), normals, edge, place)),
    )


def _places(inside: np.ndarray, left_out: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """List the pixels just inside of the outline, some of them, rows and columns."""
    rim = inside & ~ndimage.binary_erosion(inside, border_value=1)
    useless = ndimage.binary_dilation(left_out, iterations=BORDER) if left_out.any() else left_out.copy()
    for edge in (np.s_[:BORDER], np.s_[-BORDER:], np.s_[:, :BORDER], np.s_[:, -BORDER:]):
        useless[edge] = True
    rows, columns = np.nonzero(rim & ~useless)
    return rows, columns
