"""From words of cells to evidence: blocks, what is usual among them, and how far each lies from that.

Source: Cozzolino, Poggi, Verdoliva: Splicebuster: a new blind image splicing detector, WIFS 2015.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from forensictransfer.detectors.evidence import Evidence
from forensictransfer.detectors.signals.cells import spread
from forensictransfer.detectors.signals.splicebuster.mixture import (
    DIMENSIONS,
    gaussian_and_outliers,
    reduced,
    two_gaussians,
)
from forensictransfer.detectors.signals.splicebuster.words import CELL, WORDS, CellWords

BLOCK = 6  # cells along a side of a block, 48 pixels
MOST = 20_000  # blocks; in larger images every second cell begins one, or every third
_CLEAR = 0.75  # share of the pixels of a block that are not clipped
_FLAT = 0.98  # share of the cells' words that are zeros alone, from which a block is flat
_FEWEST = 8 * DIMENSIONS  # blocks
_FAR = 0.05  # share of the blocks, the farthest, that are asked whether they are neighbours
_HALF = 3.0  # median distances beyond the median where the heat map is one half


def evidence_of(words: CellWords, size: tuple[int, int]) -> Evidence:
    """Say of an image of `size` (h, w) how far a compact part of its blocks lies from the others.

    The map is relative to the image itself: distances in units of their median. Score and features: as `Splicebuster`.
    """
    step = int(np.ceil(np.sqrt(words.usable.size / MOST)))
    features, able = block_features(words, step)
    if able.sum() < _FEWEST:
        return Evidence.does_not_apply(f"fewer than {_FEWEST} blocks that are neither flat nor clipped")
    points = reduced(features[able])
    two, outliers = two_gaussians(points), gaussian_and_outliers(points)
    compact = _largest(_placed(two.usual / (two.usual + two.other + 1e-9), able), able)
    score = max(two.gain, 0.0) * compact
    ratio = outliers.usual / max(float(np.median(outliers.usual)), 1e-9)
    beyond = np.maximum(ratio - 1, 0)
    farthest = float(np.quantile(ratio, 1 - _FAR))
    said = (
        f"two classes of blocks explain {two.gain:.2f} nats more than one; {compact:.0%} of the farthest are together"
    )
    return Evidence(
        score=score,
        heat_map=_heat(_placed(beyond / (beyond + _HALF), able), step, size),
        reasons=(said, "unsupervised: content that differs looks the same as another history"),
        features=np.array([two.gain, compact, two.share, outliers.share, farthest], np.float32),
    )


def block_features(words: CellWords, step: int) -> tuple[np.ndarray, np.ndarray]:
    """Compute square roots of the frequencies of words in all blocks, and which blocks can be compared.

    Returns float32 (down, right, 50), each half with squares that sum to 1, and bool (down, right); a block begins at
    every `step`-th cell.
    """
    sums = _summed(words.counts, step)
    halves = [half / np.maximum(half.sum(axis=-1, keepdims=True), 1) for half in np.split(sums, 2, axis=-1)]
    frequencies = np.concatenate(halves, axis=-1)
    clear = _summed(words.usable[..., None], step)[..., 0] / BLOCK**2
    flat = np.minimum(*(half[..., _ZEROS] for half in halves))
    return np.sqrt(frequencies), (clear > _CLEAR) & (flat < _FLAT)


_ZEROS = WORDS // 2 - 1  # the last of the words that differ is that of four zeros


def _summed(values: np.ndarray, step: int) -> np.ndarray:
    """Sum values of cells (rows, columns, d) over blocks, those that begin at every `step`-th cell."""
    for axis in (0, 1):
        total = np.cumsum(values, axis=axis, dtype=np.float64)
        total = np.concatenate([np.zeros_like(np.take(total, [0], axis)), total], axis)
        starts = np.arange(0, values.shape[axis] - BLOCK + 1, step)
        values = np.take(total, starts + BLOCK, axis) - np.take(total, starts, axis)
    return values.astype(np.float32)


def _placed(values: np.ndarray, able: np.ndarray) -> np.ndarray:
    found = np.zeros(able.shape, np.float32)
    found[able] = values
    return found


def _largest(distance: np.ndarray, able: np.ndarray) -> float:
    """Compute the share of the farthest blocks that is in the largest group of neighbours."""
    held = able & (distance > np.quantile(distance[able], 1 - _FAR))
    labels, count = ndimage.label(held)
    return float(np.bincount(labels.ravel())[1:].max() / held.sum()) if count else 0.0


def _heat(blocks: np.ndarray, step: int, size: tuple[int, int]) -> np.ndarray:
    """Give each of h x w pixels the value of the block whose middle is nearest."""
    side = step * CELL
    first = (BLOCK * CELL - side) // 2
    return spread(blocks, size, side, (first, first))
