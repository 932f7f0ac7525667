"""Compare an image with itself under an affine map: the region where detail agrees, at both ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from forensictransfer.detectors.signals.copy_move.keypoints import APART, Cluster

WINDOW = 15  # pixels along a side whose correlation is taken
AGREES = 0.8  # correlation from which a window belongs to a copy
_FINE, _COARSE = 0.8, 4.0  # deviations of Gaussians, pixels: detail between the two is compared
_LEAST_DETAIL = 0.8  # grey levels, deviation of the detail in a window that can tell
_OVERLAP = 0.2  # share of a region that its copy may cover: a symmetric thing is turned onto itself
_LEAST_CORNERS = 0.05  # of `_straightness`
_GROWN = 3  # pixels
_AROUND = 64  # pixels around the matches that are looked at
_STEPS, _PIXELS, _FARTHEST = 6, 4000, 4.0  # of the fit: steps, pixels, and how far it may lead from the matches


@dataclass(frozen=True, eq=False)
class Copy:
    """A region that occurs twice nearly. source, target: bool (h, w). correlation: mean over it. pixels: its area."""

    source: np.ndarray
    target: np.ndarray
    correlation: float
    pixels: int
    matches: int
    log10_nfa: float
    scale: float
    turn: float


def detail_of(luma: np.ndarray) -> np.ndarray:
    """Keep the detail of luma, (h, w) in grey levels, that survives a compression: float32."""
    fine = ndimage.gaussian_filter(luma.astype(np.float32), _FINE)
    found: np.ndarray = fine - ndimage.gaussian_filter(fine, _COARSE)
    return found


def find_copy(detail: np.ndarray, cluster: Cluster) -> Copy | None:
    """Grow matches into the region whose detail agrees; None where it does not at any of them.

    None, too, for what lies on itself (a symmetric thing) and for parallel lines.

    The map of the matches is off by parts of a pixel, so it is fitted to the detail of the region once, and the region
    is grown again.
    """
    matrix, shift = cluster.matrix, cluster.shift
    box = _box(detail.shape, cluster.points)
    region = _region(detail, box, matrix, shift, cluster.points)
    if region is not None:
        matrix, shift = _refined(detail, box, region > 0, matrix, shift)
        region = _region(detail, box, matrix, shift, cluster.points)
    if region is None:
        return None
    core = region > 0
    # Windows on the border hold what was not copied and agree less: the region is as much too small.
    filled = ndimage.binary_dilation(ndimage.binary_fill_holes(core), iterations=_GROWN)
    source = np.zeros(detail.shape, bool)
    source[box] = filled
    back = np.linalg.inv(matrix)
    target = ndimage.affine_transform(source.astype(np.float32), back, -back @ shift, order=1) > 0.5
    if (source & target).sum() > _OVERLAP * source.sum() or _straightness(detail[box], core) < _LEAST_CORNERS:
        return None
    return Copy(
        source,
        target,
        correlation=float(region[core].mean()),
        pixels=int(filled.sum()),
        matches=len(cluster.points),
        log10_nfa=cluster.log10_nfa,
        scale=float(np.sqrt(np.linalg.det(matrix))),
        turn=float(np.degrees(np.arctan2(matrix[1, 0] - matrix[0, 1], np.trace(matrix)))),
    )


def _straightness(detail: np.ndarray, core: np.ndarray) -> float:
    """Compare how much detail changes along a region's least varied direction with across it, in [0, 1].

    0 of a region of parallel lines, which fits itself wherever it is moved along them.
    """
    down, right = (slope[core] for slope in np.gradient(detail))
    values = np.linalg.eigvalsh(np.array([[down @ down, down @ right], [down @ right, right @ right]]))
    return float(values[0] / max(values[1], 1e-9))


def _box(size: tuple[int, ...], points: np.ndarray) -> tuple[slice, slice]:
    low = np.maximum(np.floor(points.min(axis=0)).astype(int) - _AROUND, 0)
    high = np.minimum(np.ceil(points.max(axis=0)).astype(int) + _AROUND, size)
    return slice(low[0], high[0]), slice(low[1], high[1])


def _region(
    detail: np.ndarray, box: tuple[slice, slice], matrix: np.ndarray, shift: np.ndarray, points: np.ndarray
) -> np.ndarray | None:
    """Correlate a box with where it is mapped to; keeps what agrees and holds a match, 0 elsewhere."""
    one = detail[box]
    places = np.mgrid[box].reshape(2, -1)
    goals = matrix @ places + shift[:, None]
    last = np.array(detail.shape)[:, None] - 1
    able = ((goals >= 0) & (goals <= last)).all(axis=0) & (np.hypot(*(goals - places)) >= APART)
    other = ndimage.map_coordinates(detail, goals, order=1, mode="nearest").reshape(one.shape)
    correlation = np.where(able.reshape(one.shape), _correlation(one, other), 0)
    labels, _ = ndimage.label(correlation >= AGREES)
    seeds = np.round(points).astype(int) - (box[0].start, box[1].start)
    chosen = np.unique(labels[seeds[:, 0], seeds[:, 1]])
    chosen = chosen[chosen > 0]
    return np.where(np.isin(labels, chosen), correlation, 0) if len(chosen) else None


def _refined(
    detail: np.ndarray, box: tuple[slice, slice], mask: np.ndarray, matrix: np.ndarray, shift: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Fit an affine map to the detail in a mask by a few steps of Gauss and Newton; as it was if that leads away."""
    places = np.argwhere(mask) + np.array([box[0].start, box[1].start])
    places = places[:: max(1, len(places) // _PIXELS)]
    goal = detail[places[:, 0], places[:, 1]]
    middle = places.mean(axis=0)
    spread = max(float(np.abs(places - middle).max()), 1.0)
    terms = np.concatenate([(places - middle) / spread, np.ones((len(places), 1))], axis=1)
    slopes = np.gradient(detail)
    map_ = np.column_stack([matrix * spread, matrix @ middle + shift])  # of terms
    start = terms @ map_.T
    best, least = map_, np.inf
    for _ in range(_STEPS):
        ends = terms @ map_.T
        if np.abs(ends - start).max() > _FARTHEST:
            break
        miss = goal - _at(detail, ends)
        square = float(miss @ miss)
        if square < least:
            best, least = map_, square
        down, right = (_at(slope, ends) for slope in slopes)
        design = np.concatenate([terms * down[:, None], terms * right[:, None]], axis=1)
        change = np.linalg.lstsq(design, miss, rcond=None)[0]
        map_ = map_ + change.reshape(2, 3)
    found = best[:, :2] / spread
    return found, best[:, 2] - found @ middle


def _at(plane: np.ndarray, places: np.ndarray) -> np.ndarray:
    found: np.ndarray = ndimage.map_coordinates(plane, places.T, order=1, mode="nearest")
    return found


def _correlation(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Correlate two planes in the window around each pixel, in [-1, 1]; 0 where either has no detail."""

    def mean(plane: np.ndarray) -> np.ndarray:
        found: np.ndarray = ndimage.uniform_filter(plane, WINDOW, mode="nearest")
        return found

    ones, others = mean(one), mean(other)
    first, second = mean(one * one) - ones**2, mean(other * other) - others**2
    able = np.minimum(first, second) >= _LEAST_DETAIL**2
    found: np.ndarray = np.where(
        able, (mean(one * other) - ones * others) / np.sqrt(np.where(able, first * second, 1)), 0
    )
    return found
