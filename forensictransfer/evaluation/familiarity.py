"""Whether an image is like those that a run was calibrated on: what it says of any other kind is worth nothing.

Features of an image are compared with the means of the classes that are known, along the directions in which
photographs vary most and, all together, in the rest:

    D(f, m) = sum over r of ((f - m) . a_r)^2 / v_r / R + (|f - m|^2 - sum over r of ((f - m) . a_r)^2) / rest

in features divided by a unit each; a_r, v_r: the first R = 16 axes of the covariance within classes and their
variances, rest: the variance outside of them. An image is at the distance of the nearest class. How far known images
lie from the means of the others says what is usual: p = (1 + #{known images at least as far}) / (n + 1), a split
conformal p-value, so that of images like the known ones at most a share 0.05 has p <= 0.05 (R. Laxhammar, G. Falkman,
"Conformal prediction for distribution-independent anomaly detection", 2010).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

AXES = 16
UNLIKE = 0.05  # share of images like the known ones that may be called unlike them
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Directions:
    """How features vary: units (d,), axes (r, d) in features divided by them, variances (r,), and that of the rest."""

    units: NDArray[np.float32]
    axes: NDArray[np.float32]
    variances: NDArray[np.float32]
    rest: float

    @classmethod
    def of(cls, rows: Floats, units: Floats) -> Directions | None:
        """Take the first axes of a covariance rows' rows, rows (n, d) in features divided by `units` (d,).

        None where there are too few rows or features to tell.
        """
        count = min(AXES, len(rows) // 2, rows.shape[1] // 2)
        if count < AXES:
            return None
        gram = rows @ rows.T
        values, vectors = eigh(gram, subset_by_index=[len(rows) - count, len(rows) - 1])
        if values.min() <= 1e-9 * values.max():
            return None
        axes = (vectors.T @ rows) / np.sqrt(values)[:, None]
        rest = float(np.trace(gram) - values.sum())
        if rest <= 0:
            return None
        kept = [one.astype(np.float32) for one in (units, axes, values)]
        return cls(kept[0], kept[1], kept[2], rest)


@dataclass(frozen=True, eq=False)
class Familiarity:
    """What is known: the means of its classes (c, d), divided by the units, and how far its images lie, ascending."""

    directions: Directions
    means: NDArray[np.float32]
    distances: Floats

    @classmethod
    def fitted(cls, directions: Directions, features: np.ndarray, classes: np.ndarray) -> Familiarity | None:
        """Learn the classes (n,) of known images with features (n, d); each is compared with the means of the others.

        None where they are too few for any image to be called unlike them.
        """
        if len(features) + 1 < 1 / UNLIKE:
            return None
        scaled = features / directions.units
        inverse = np.unique(classes, return_inverse=True)[1]
        found = cls(directions, _means(scaled, classes), np.zeros(0))
        squares = found._squares(scaled)  # to the mean of each class
        counts = np.bincount(inverse)[inverse]
        own = np.arange(len(scaled)), inverse
        # The mean of the others of its class lies n / (n - 1) times as far.
        with np.errstate(divide="ignore", invalid="ignore"):
            squares[own] = np.where(counts > 1, squares[own] * (counts / (counts - 1)) ** 2, np.inf)
        distances = squares.min(axis=1)
        return cls(directions, found.means, np.sort(distances[np.isfinite(distances)]))

    @classmethod
    def learned(
        cls, directions: Directions, features: np.ndarray, classes: np.ndarray, held_out: np.ndarray
    ) -> Familiarity | None:
        """Learn the classes (n,) of images with features (n, d), and how far images (m, d) lie that were held out.

        A network has learned its own images by heart, so that any other would lie further from them. None where too few
        were held out for any image to be called unlike the known ones.
        """
        if len(held_out) + 1 < 1 / UNLIKE:
            return None
        found = cls(directions, _means(features / directions.units, classes), np.zeros(0))
        return cls(directions, found.means, np.sort(found._squares(held_out / directions.units).min(axis=1)))

    def distances_of(self, features: np.ndarray) -> Floats:
        """Compute how far images with features (n, d) lie from the nearest class that is known, (n,)."""
        return self._squares(features / self.directions.units).min(axis=1)

    def p_values(self, features: np.ndarray) -> Floats:
        """Compute the p-value of each image with features (n, d): small where none of the known ones lies as far."""
        distances = self.distances_of(features)
        further = len(self.distances) - np.searchsorted(self.distances, distances, side="left")
        return np.asarray((1 + further) / (len(self.distances) + 1), np.float64)

    def unlike(self, features: np.ndarray) -> NDArray[np.bool_]:
        """Say which images, features (n, d), are unlike those that are known, bool (n,)."""
        return self.p_values(features) <= UNLIKE

    def _squares(self, scaled: np.ndarray) -> Floats:
        """Compute the distance of each image, features (n, d) divided by the units, to each mean, (n, c)."""
        known = self.directions
        found = np.empty((len(scaled), len(self.means)))
        for i, mean in enumerate(self.means):
            away = (scaled - mean).astype(np.float64)
            along = (away @ known.axes.T.astype(np.float64)) ** 2
            outside = np.maximum((away**2).sum(axis=1) - along.sum(axis=1), 0)
            found[:, i] = (along / known.variances).mean(axis=1) + outside / known.rest
        return found


def _means(scaled: np.ndarray, classes: np.ndarray) -> NDArray[np.float32]:
    """Compute the mean of each class, (c, d), in the order of the classes."""
    names = np.unique(classes)
    return np.stack([scaled[classes == name].mean(axis=0, dtype=np.float64) for name in names]).astype(np.float32)
