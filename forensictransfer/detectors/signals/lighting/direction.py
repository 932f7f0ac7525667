"""Fit the light's direction to brightness along an outline, with an error bar, and compare two.

Source: Johnson, Farid: Exposing Digital Forgeries by Detecting Inconsistencies in Lighting, ACM Multimedia and Security
Workshop 2005: I = N . L + A at an occluding contour, where N has two coordinates: least squares of L and the ambient A.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from forensictransfer.detectors.signals.lighting.outline import Outline

PARTS = 12  # of an outline, by direction from its middle: points of one are drawn together, since they err together
DRAWS = 400  # of the bootstrap
FEWEST = 40  # points of an outline
NARROWEST = 90  # degrees that the normals have to span
_ROUNDS = 20  # of telling light from shade
_WIDEST = 45.0  # degrees of deviation, from which there is no direction
_EXPLAINED = 0.5  # of the variance of the brightness, at least: an outline that lies in shade alone has noise to fit


@dataclass(frozen=True, eq=False)
class Direction:
    """The light's direction in the picture's plane.

    degrees: against the clock from the right, -180 to 180: 90 is light from above. error: standard deviation, degrees.
    strength: of the light in the picture's plane, in the unit of brightness; ambient: of what comes from everywhere.
    explained: share of the variance of the brightness along the outline. points: that were used.
    """

    degrees: float
    error: float
    strength: float
    ambient: float
    explained: float
    points: int

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval about `degrees`, degrees; may go beyond 180."""
        half = 1.96 * self.error
        return self.degrees - half, self.degrees + half


def span(normals: np.ndarray) -> float:
    """Compute how many degrees normals (n, 2) take up: 360 less the widest gap between neighbours."""
    turned = np.sort(np.degrees(np.arctan2(normals[:, 1], normals[:, 0])))
    gaps = np.diff(np.append(turned, turned[0] + 360))
    return float(360 - gaps.max())


def find_direction(outline: Outline, seed: int = 0) -> Direction | str:
    """Fit the direction of the light that falls on an object, or say why there is none."""
    if len(outline) < FEWEST:
        return f"fewer than {FEWEST} points of its outline can be used"
    if span(outline.normals) < NARROWEST:
        return f"its outline faces less than {NARROWEST} degrees"
    ((light, rest),) = _fitted(outline, np.ones((1, len(outline))))
    parts = (outline.place * PARTS).astype(int)
    members = np.unique(parts)
    counts = np.random.default_rng(seed).multinomial(len(members), np.full(len(members), 1 / len(members)), DRAWS)
    weights = counts[:, np.searchsorted(members, parts)].astype(float)
    drawn = np.array([_degrees(one) for one, _ in _fitted(outline, weights)])
    count = len(members)
    degrees = _degrees(light)
    # The deviation of what is drawn about what was found; wider than that of a mean by m / (m - 1) parts.
    off = apart(drawn, degrees)
    error = float(np.sqrt(np.mean(off**2) * count / (count - 1))) if count > 1 else np.inf
    rest /= max(float(np.var(outline.brightness)), 1e-9)
    if rest > 1 - _EXPLAINED or not error < _WIDEST:
        return "its brightness does not go with the way that its outline faces"
    return Direction(degrees, error, float(np.hypot(*light[:2])), float(light[2]), 1 - rest, len(outline))


def apart(one: np.ndarray | float, other: np.ndarray | float) -> np.ndarray:
    """Compute the difference of directions, degrees from -180 to 180."""
    return (np.asarray(one, float) - other + 180) % 360 - 180


def p_value(one: Direction, other: Direction) -> float:
    """Compute how likely two objects under one light differ as much, from their error bars."""
    error = float(np.hypot(one.error, other.error))
    return float(2 * norm.sf(abs(float(apart(one.degrees, other.degrees))) / max(error, 1e-9)))


def _fitted(outline: Outline, weights: np.ndarray) -> list[tuple[np.ndarray, float]]:
    """Fit (L to the right, L upwards, A) once for each row of weights (m, n) of the points; with the mean squared rest.

    Of two forms, the one that leaves less: brightness goes with N . L all round, or points that face away from the
    light see the ambient alone.
    """
    terms = np.column_stack([outline.normals, np.ones(len(outline))])
    products = (terms[:, :, None] * terms[:, None]).reshape(-1, 9)
    bright = terms * outline.brightness[:, None]
    ridge = 1e-6 * weights.sum(axis=1)[:, None, None] * np.eye(3)

    def solved(lit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        lights = weights * lit
        squares = (lights @ products).reshape(-1, 3, 3)
        squares[:, 2, 2] = weights.sum(axis=1)
        right = lights @ bright
        right[:, 2] = weights @ outline.brightness
        found = np.linalg.solve(squares + ridge, right[..., None])[..., 0]
        expected = (found[:, :2] @ outline.normals.T) * lit + found[:, 2:]
        return found, (weights * (outline.brightness - expected) ** 2).sum(axis=1) / weights.sum(axis=1)

    best, rest = solved(np.ones(weights.shape))
    light = best
    for _ in range(_ROUNDS):
        light, left = solved((light[:, :2] @ outline.normals.T > 0).astype(float))
        better = left < rest
        best, rest = np.where(better[:, None], light, best), np.minimum(left, rest)
    return list(zip(best, rest.astype(float), strict=True))


def _degrees(light: np.ndarray) -> float:
    return float(np.degrees(np.arctan2(light[1], light[0])))
