"""Which runs of neighbouring quantised residuals count as one. No TensorFlow: a detector of signals needs none."""

from __future__ import annotations

import itertools

import numpy as np

RUN = 4  # neighbours that are looked at together


def merged_runs(cut: int) -> np.ndarray:
    """Find which of the (2 cut + 1)^4 runs count as one: float32 (runs, classes), one 1 in each row."""
    first: dict[tuple[int, ...], int] = {}
    places = []
    for run in itertools.product(range(-cut, cut + 1), repeat=RUN):
        negative = tuple(-level for level in run)
        same = min(run, run[::-1], negative, negative[::-1])
        places.append(first.setdefault(same, len(first)))
    return np.eye(len(first), dtype=np.float32)[places]
