"""How features vary with what a photograph shows: a covariance that many images of other domains know best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from forensictransfer.detectors.discriminant import products_of, solve

MOST_ROWS = 1200  # images kept of all domains together: they decide how long the first solution takes
_OWN, _ROUND = 0.9, 0.1  # shares of the covariance itself and of one of the same variance in all directions


@dataclass(frozen=True)
class Background:
    """A covariance within classes, in features divided by a unit each: rows' rows is the covariance.

    rows: float64 (n, d); scale: float64 (d,), the units.
    """

    rows: np.ndarray
    scale: np.ndarray
    _parts: dict[tuple[int, int], Background] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, deviations: Sequence[np.ndarray], *, equal_units: bool = False) -> Background:
        """Pool the covariances of several domains, each of which counts alike.

        deviations: of each domain, features less the mean of their class, (n, d). Of MOST_ROWS // (number of domains)
        and more rows of a domain so many are drawn, always the same ones. The unit of a feature is its standard
        deviation, kept off zero (a channel may be dead), or with `equal_units` the root of the mean variance of all.
        """
        share = max(2, MOST_ROWS // len(deviations))
        parts = []
        for number, rows in enumerate(deviations):
            chosen = np.sort(np.random.default_rng(number).permutation(len(rows))[:share])
            kept = rows[chosen].astype(np.float64)
            parts.append(kept / np.sqrt(max(1, len(kept)) * len(deviations)))
        # The variances are cheap, so that all rows count.
        variance = np.mean([np.square(rows, dtype=np.float64).mean(axis=0) for rows in deviations], axis=0)
        if equal_units:
            variance = np.full_like(variance, variance.mean())
        scale = np.sqrt(variance + 1e-3 * variance.mean() + 1e-12)
        return cls(np.concatenate(parts) / scale, scale)

    @classmethod
    def unknown(cls, dimensions: int) -> Background:
        """Build the background of which nothing is known: S_0 is nought, all features have the same unit."""
        return cls(np.zeros((0, dimensions)), np.ones(dimensions))

    def part(self, columns: slice) -> Background:
        """Return the covariance of some columns alone, `slice(first, last)`; made once, with its products."""
        first, last, _ = columns.indices(len(self.scale))
        if (first, last) == (0, len(self.scale)):
            return self
        if (first, last) not in self._parts:
            self._parts[first, last] = Background(self.rows[:, columns], self.scale[columns])
        return self._parts[first, last]

    @cached_property
    def variance(self) -> float:
        """The mean variance of the divided features: about 1, and 1 where none of them varies."""
        return float(np.square(self.rows).sum()) / self.rows.shape[1] or 1.0

    def solve(self, direction: np.ndarray, share: float, own_ridge: float = 0.0) -> np.ndarray:
        """Compute S^-1 d for S = share (0.9 S_0 + 0.1 v I) + own_ridge I.

        All in features divided by their units: S_0 the covariance, v its mean variance, direction (d,) or several as
        columns (d, r). share: above 0 unless own_ridge is.
        """
        weight, ridge = share * _OWN, share * _ROUND * self.variance + own_ridge
        if not len(self.rows) or not weight:
            return direction / ridge
        return solve(self.rows, direction, ridge=ridge, weight=weight, products=self._products)

    @cached_property
    def _products(self) -> np.ndarray:
        """Made once for all draws."""
        return products_of(self.rows)
