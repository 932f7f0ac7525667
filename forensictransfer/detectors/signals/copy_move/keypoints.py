"""Match keypoints of an image with others of the same image, and find the shifts, turns and scales that many agree on.

Sources: Lowe: Distinctive Image Features from Scale-Invariant Keypoints, IJCV 2004; Amerini, Ballan, Caldelli,
Del Bimbo, Serra: A SIFT-Based Forensic Method for Copy-Move Attack Detection and Transformation Recovery, IEEE TIFS
2011; the number of false alarms after Moisan, Stival, IJCV 2004.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from skimage.feature import SIFT

from forensictransfer.detectors.signals.binomial import log10_tail

APART = 24.0  # pixels between two ends of a match: nearer ones are one structure
RATIO = 0.75  # of the distance of a match to that of the next best place
LEAST = 4  # matches that agree
_SAME = 8.0  # pixels: keypoints nearer than this are one place
_MOST = 1000  # matches that are looked at, the surest
_NEAR = 6.0  # pixels by which a match may miss the place that another match's shift, turn and scale say
_FITTED = 3.0  # the same of the affine map that is fitted
_SCALES = (0.5, 2.0)
_CLUSTERS = 8
_STRIP = 1 << 22  # distances that are held at once


@dataclass(frozen=True, eq=False)
class Matches:
    """Pairs of keypoints, in both directions. points, ends: float64 (n, 2), row and column.

    scales, turns: float64 (n,), by which the end is larger than the point, and turned, radians. keypoints: how many
    there are in the image.
    """

    points: np.ndarray
    ends: np.ndarray
    scales: np.ndarray
    turns: np.ndarray
    keypoints: int


@dataclass(frozen=True, eq=False)
class Cluster:
    """Matches that agree on an affine map: end = matrix @ point + shift. points, ends: float64 (n, 2)."""

    matrix: np.ndarray
    shift: np.ndarray
    points: np.ndarray
    ends: np.ndarray
    log10_nfa: float


def find_matches(luma: np.ndarray, upsampling: int) -> Matches:
    """Match the keypoints of luma, float32 (h, w) in [0, 1], with those of other places."""
    sift = SIFT(upsampling=upsampling)
    try:
        sift.detect_and_extract(luma)
    except RuntimeError:  # there are none
        return _no_matches(0)
    places, descriptors = np.asarray(sift.positions, np.float64), np.asarray(sift.descriptors, np.float32)
    sizes, angles = np.asarray(sift.sigmas, np.float64), np.asarray(sift.orientations, np.float64)
    count = len(places)
    if count < 3:
        return _no_matches(count)
    best, ratio = _nearest(places, descriptors)
    kept = np.flatnonzero(ratio < RATIO)
    kept = kept[np.argsort(ratio[kept], kind="stable")[:_MOST]]
    pairs = np.unique(np.sort(np.stack([kept, best[kept]], axis=1), axis=1), axis=0).reshape(-1, 2)
    one, other = np.concatenate([pairs, pairs[:, ::-1]]).T
    # scikit-image turns from the rows' axis to the columns'.
    return Matches(places[one], places[other], sizes[other] / sizes[one], angles[other] - angles[one], count)


def _no_matches(keypoints: int) -> Matches:
    return Matches(np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0), np.zeros(0), keypoints)


def _nearest(places: np.ndarray, descriptors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find for each keypoint the most similar one elsewhere, and the ratio of its distance to that of a third place."""
    count = len(places)
    norms = (descriptors**2).sum(axis=1)
    best, ratio = np.zeros(count, np.int64), np.ones(count)
    for start in range(0, count, max(1, _STRIP // count)):
        rows = slice(start, start + max(1, _STRIP // count))
        squares = norms[rows, None] + norms - 2 * descriptors[rows] @ descriptors.T
        apart = _squares(places[rows], places)
        squares[apart < APART**2] = np.inf
        found = squares.argmin(axis=1)
        first = squares[np.arange(len(found)), found]
        squares[_squares(places[found], places) < _SAME**2] = np.inf
        second = squares.min(axis=1)
        best[rows] = found
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.sqrt(np.maximum(first, 0) / second)
        ratio[rows] = np.where(np.isfinite(first) & np.isfinite(second) & (second > 0), share, 1.0)
    return best, ratio


def _squares(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    found: np.ndarray = ((one[:, None] - other[None]) ** 2).sum(axis=2)
    return found


def find_clusters(matches: Matches, size: tuple[int, int]) -> list[Cluster]:
    """Find groups of matches that agree on one map, the surest first; size: of the image."""
    left = np.ones(len(matches.points), bool)
    left &= (matches.scales >= _SCALES[0]) & (matches.scales <= _SCALES[1])
    total, found = int(left.sum()) // 2, []
    for _ in range(_CLUSTERS):
        cluster, used = _best_cluster(matches, left, size, total)
        if cluster is None:
            break
        found.append(cluster)
        left &= ~used
    return sorted(found, key=lambda one: one.log10_nfa)


def _best_cluster(
    matches: Matches, left: np.ndarray, size: tuple[int, int], total: int
) -> tuple[Cluster | None, np.ndarray]:
    chosen = np.flatnonzero(left)
    nothing = np.zeros(len(left), bool)
    if len(chosen) < 2 * LEAST:
        return None, nothing
    points, ends = matches.points[chosen], matches.ends[chosen]
    best, agreeing = 0, np.zeros(len(chosen), bool)
    for number in range(len(chosen)):  # each match alone says a shift, a turn and a scale
        index = chosen[number]
        matrix = matches.scales[index] * _turn(matches.turns[index])
        miss = np.hypot(*((points - points[number]) @ matrix.T - (ends - ends[number])).T)
        near = miss < _NEAR + 0.1 * np.hypot(*(points - points[number]).T)
        if near.sum() > best:
            best, agreeing = int(near.sum()), near
    if best < LEAST:
        return None, nothing
    for _ in range(4):
        fit = _fitted(points[agreeing], ends[agreeing])
        if fit is None:
            break
        matrix, shift = fit
        agreeing = np.hypot(*(points @ matrix.T + shift - ends).T) < _FITTED
        if agreeing.sum() < LEAST:
            break
    used = nothing
    if fit is None or _places(points[agreeing], ends[agreeing]) < LEAST:
        used[chosen[number]] = True
        return None, used
    chance = np.pi * _FITTED**2 / (size[0] * size[1])
    count = _places(points[agreeing], ends[agreeing])
    nfa = np.log10(max(total, 1)) * 3 + float(log10_tail(np.array(max(total, count) - 3), np.array(count - 3), chance))
    # The same matches the other way round are used up with these.
    inside = {(*one, *two) for one, two in zip(points[agreeing].tolist(), ends[agreeing].tolist(), strict=True)}
    back = [(*two, *one) in inside for one, two in zip(points.tolist(), ends.tolist(), strict=True)]
    used[chosen[agreeing | np.array(back)]] = True
    return Cluster(matrix, shift, points[agreeing], ends[agreeing], nfa), used


def _places(points: np.ndarray, ends: np.ndarray) -> int:
    """Count matches whose two places differ from those of others: several keypoints can lie in one place."""
    both = np.round(np.concatenate([points, ends], axis=1) / 2)
    return len(np.unique(both, axis=0))


def _turn(angle: float) -> np.ndarray:
    """Build the matrix that turns (row, column) by an angle from the rows' axis to the columns'."""
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _fitted(points: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Fit an affine map by least squares, a similarity to few points; None if it flattens or blows up the plane."""
    middle, goal = points.mean(axis=0), ends.mean(axis=0)
    one, two = points - middle, ends - goal
    spread = np.linalg.svd(one, compute_uv=False)
    if len(points) >= 6 and spread[-1] > 0.2 * spread[0]:
        matrix = np.linalg.lstsq(one, two, rcond=None)[0].T
    else:
        square = max(float((one**2).sum()), 1e-9)
        cosine = float((one * two).sum()) / square
        sine = float((one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]).sum()) / square
        matrix = np.array([[cosine, -sine], [sine, cosine]])
    sizes = np.linalg.svd(matrix, compute_uv=False)
    if np.linalg.det(matrix) <= 0 or sizes[-1] < _SCALES[0] or sizes[0] > _SCALES[1]:
        return None
    return matrix, goal - matrix @ middle
