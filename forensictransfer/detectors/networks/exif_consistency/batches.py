"""Batches of patches in pairs: an attribute is chosen, and whether the two patches of a pair agree in it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from forensictransfer.detectors.networks.exif_consistency.histories import GRID, MADE, History, saved
from forensictransfer.detectors.networks.exif_consistency.network import UNKNOWN

LAST = (80, 98)  # qualities of the compression that all patches of some batches have in common, as those of one file
_LAST_SHARE = 1 / 3  # of the batches
_UNTOUCHED = 1 / 2  # of the pairs whose attribute is of EXIF: nothing made may hide it

Cut = Callable[[int, int, np.random.Generator], np.ndarray]


def draw_batch(
    sizes: np.ndarray, codes: np.ndarray, cut: Cut, *, patches: int, side: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw patches, uint8 (b, side, side, 3), codes of their attributes, int32 (b, a): EXIF's, then MADE; and whose.

    sizes: height and width of the photographs, int (n, 2). codes: of their EXIF attributes, int32 (n, a - 3).
    cut: makes a square window, of so many pixels, of a photograph.
    """
    last = int(rng.integers(LAST[0], LAST[1])) if rng.random() < _LAST_SHARE else None
    common = tuple(int(one) for one in rng.integers(0, GRID, 2))
    found, values, whose = [], [], []
    for _ in range(patches // 2):
        for photograph, history in draw_pair(codes, rng):
            history = history.fitting(side, *sizes[photograph])
            window = cut(photograph, history.window(side), rng)
            down, right = (int(one) for one in rng.integers(0, GRID, 2))
            patch = history.apply(window, side, (down, right))
            top, left = (0, 0) if last is None else common
            patch = patch if last is None else saved(patch, last)
            found.append(patch[top : top + side, left : left + side])
            whose.append(photograph)
            values.append((*codes[photograph], *history.codes))
    return np.stack(found), np.array(values, np.int32), np.array(whose)


def draw_pair(codes: np.ndarray, rng: np.random.Generator) -> list[tuple[int, History]]:
    """Draw two photographs, each with a history: half of the pairs agree in an attribute that is drawn first."""
    attribute, agree = int(rng.integers(codes.shape[1] + len(MADE))), bool(rng.integers(2))
    if attribute < codes.shape[1]:
        pair = _photographs(codes[:, attribute], agree, rng)
        histories = [History()] * 2 if rng.random() < _UNTOUCHED else [History.draw(rng) for _ in pair]
        return list(zip(pair, histories, strict=True))
    made = attribute - codes.shape[1]
    first = History.draw(rng)
    second = History.draw(rng).with_level(made, first.codes[made]) if agree else first.other(made, rng)
    pair = [int(one) for one in rng.choice(len(codes), 2, replace=len(codes) < 2)]
    return list(zip(pair, (first, second), strict=True))


def _photographs(values: np.ndarray, agree: bool, rng: np.random.Generator) -> list[int]:
    """Draw two photographs whose values of an attribute agree or not; any two where there are none such."""
    known = np.flatnonzero(values != UNKNOWN)
    if agree:
        kinds, numbers = np.unique(values[known], return_counts=True)
        kinds = kinds[numbers > 1]
        if len(kinds):
            of_one = np.flatnonzero(values == rng.choice(kinds))
            return [int(one) for one in rng.choice(of_one, 2, replace=False)]
    elif len(np.unique(values[known])) > 1:
        first = int(rng.choice(known))
        return [first, int(rng.choice(known[values[known] != values[first]]))]
    return [int(one) for one in rng.choice(len(values), 2, replace=len(values) < 2)]
