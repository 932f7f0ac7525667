"""Find irises, mouth and nose of a face by five landmarks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from forensictransfer.data.video.faces import Landmarks
from forensictransfer.detectors.signals.luma import luma_of

# In distances of the eyes, 63 mm of an adult: an iris has 11.7 mm across, its radius is 0.093.
_RADII = np.linspace(0.07, 0.115, 7)
_DOWN, _ACROSS = 0.05, 0.08  # how far the centre of an iris may lie from the landmark
_ANGLES = np.deg2rad(np.concatenate([np.arange(-40, 31, 10), np.arange(150, 221, 10)]))  # beside the lids
_MARGIN = 0.04  # on either side of an iris' edge, where brightness is compared


@dataclass(frozen=True)
class Iris:
    """A circle in pixels: centre (row, column) and radius. contrast: grey levels by which it is darker than around."""

    row: float
    column: float
    radius: float
    contrast: float


def find_irises(luma: np.ndarray, eyes: Sequence[tuple[float, float]], unit: float) -> tuple[Iris, ...]:
    """Find, near landmarks, circles of one radius whose left and right edges go from dark to bright most.

    luma: float (h, w); eyes: (row, column) of each; unit: the distance of the eyes, pixels. For eye i

        step(i, c, r) = mean over a of  x(c + (r + m) e_a) - x(c + (r - m) e_a)

    with e_a the directions to the sides, where no lid is; r maximises the sum over the eyes of the largest step, since
    a person's irises are of one size. After J. Daugman, "High confidence visual recognition of persons by a test of
    statistical independence", 1993, whose operator this is, without its blur.
    """
    shifts = [np.arange(-reach, reach + 1) for reach in (max(1, round(share * unit)) for share in (_DOWN, _ACROSS))]
    margin = max(1.0, _MARGIN * unit)
    grids, steps = [], []
    for row, column in eyes:
        rows, columns, radii = np.meshgrid(row + shifts[0], column + shifts[1], _RADII * unit, indexing="ij")
        outside, inside = (_mean_at(luma, rows, columns, radii + way * margin) for way in (1, -1))
        grids.append((rows, columns, radii))
        steps.append(outside - inside)
    size = int(np.argmax(sum(step.max(axis=(0, 1)) for step in steps)))
    found = []
    for (rows, columns, radii), step in zip(grids, steps, strict=True):
        best = (*np.unravel_index(np.argmax(step[..., size]), step.shape[:2]), size)
        found.append(Iris(float(rows[best]), float(columns[best]), float(radii[best]), float(step[best])))
    return tuple(found)


def _mean_at(luma: np.ndarray, rows: np.ndarray, columns: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Compute the mean brightness at the sides of circles: centres and radii of one shape, which is the result's."""
    places = [
        rows[..., None] + distance[..., None] * np.sin(_ANGLES),
        columns[..., None] + distance[..., None] * np.cos(_ANGLES),
    ]
    found: np.ndarray = ndimage.map_coordinates(luma, places, order=1, mode="nearest").mean(axis=-1)
    return found


@dataclass(frozen=True, eq=False)
class FaceParts:
    """The parts of a face that tell, as boxes of pixels uint8 (h, w, 3) and as pixels of the irises.

    unit: distance of the eyes, pixels. irises: right and left as the viewer sees them, left first. iris_pixels: of
    each the pixels between pupil and edge that are no reflection, uint8 (n, 3). highlights: of each the share of the
    iris that is a reflection, and where its middle lies from the centre, in radii (right, down). eyes, mouth, nose:
    boxes.
    """

    unit: float
    irises: tuple[Iris, Iris]
    iris_pixels: tuple[np.ndarray, np.ndarray]
    highlights: tuple[tuple[float, float, float], tuple[float, float, float]]
    eyes: tuple[np.ndarray, np.ndarray]
    mouth: np.ndarray
    nose: np.ndarray


def face_parts(pixels: np.ndarray, landmarks: Landmarks) -> FaceParts | None:
    """Cut out the parts of a face, uint8 (h, w, 3); None where one of them reaches out of the picture."""
    luma = luma_of(pixels)
    eyes = sorted((landmarks.right_eye, landmarks.left_eye))  # (x, y): the left one in the picture first
    unit = landmarks.eye_distance
    irises = find_irises(luma, [(y, x) for x, y in eyes], unit)
    corners = (landmarks.right_mouth, landmarks.left_mouth)
    middle = tuple(float(np.mean([corner[i] for corner in corners])) for i in (0, 1))
    across = abs(corners[0][0] - corners[1][0])
    boxes = [_box(pixels, (x, y), 0.27 * unit, 0.17 * unit) for x, y in eyes]
    boxes.append(_box(pixels, (middle[0], middle[1]), 0.4 * across, 0.22 * unit))
    boxes.append(_box(pixels, landmarks.nose, 0.25 * unit, 0.2 * unit))
    if any(box is None for box in boxes):
        return None
    left, right, mouth, nose = (box for box in boxes if box is not None)
    inside = [_inside(pixels, luma, iris) for iris in irises]
    return FaceParts(
        unit=unit,
        irises=(irises[0], irises[1]),
        iris_pixels=(inside[0][0], inside[1][0]),
        highlights=(inside[0][1], inside[1][1]),
        eyes=(left, right),
        mouth=mouth,
        nose=nose,
    )


def _box(pixels: np.ndarray, at: tuple[float, float], half_width: float, half_height: float) -> np.ndarray | None:
    """Cut a box around (x, y); None where it is not all inside."""
    top, bottom = round(at[1] - half_height), round(at[1] + half_height) + 1
    left, right = round(at[0] - half_width), round(at[0] + half_width) + 1
    if top < 0 or left < 0 or bottom > pixels.shape[0] or right > pixels.shape[1]:
        return None
    return pixels[top:bottom, left:right]


def _inside(pixels: np.ndarray, luma: np.ndarray, iris: Iris) -> tuple[np.ndarray, tuple[float, float, float]]:
    """Divide an iris into pixels of its colour and reflections.

    A reflection is brighter than the median of the iris by 60 grey levels; the pupil is its inner 0.4. Rows above the
    centre by more than 0.5 radii may be lid or lashes and do not count for the colour.
    """
    rows, columns = np.mgrid[: luma.shape[0], : luma.shape[1]]
    down, right = (rows - iris.row) / iris.radius, (columns - iris.column) / iris.radius
    distance = np.hypot(down, right)
    whole = distance <= 0.9
    bright = whole & (luma > np.median(luma[whole]) + 60) if whole.any() else whole
    coloured = whole & ~bright & (distance >= 0.4) & (down > -0.5)
    share = float(bright.sum() / max(1, whole.sum()))
    middle = (float(right[bright].mean()), float(down[bright].mean())) if bright.any() else (0.0, 0.0)
    return pixels[coloured], (share, *middle)
