"""What a network says of pairs of photographs, beside what is so, and how often it is right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Answers:
    """Of pairs of photographs, (n,) each: which two, whether they agree in an attribute, whether that was said."""

    first: np.ndarray
    second: np.ndarray
    same: np.ndarray
    right: np.ndarray

    def accuracy(self, weights: np.ndarray | None = None) -> float:
        """Compute the mean of the share of right answers of pairs that agree, and of those that do not; nan without."""
        weights = np.ones(len(self.same)) if weights is None else weights
        totals = [weights[self.same == kind].sum() for kind in (0, 1)]
        if not all(totals):
            return float("nan")
        right = [(weights * self.right)[self.same == kind].sum() for kind in (0, 1)]
        return float((right[0] / totals[0] + right[1] / totals[1]) / 2)
