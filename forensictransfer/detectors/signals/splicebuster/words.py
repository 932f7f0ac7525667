"""Count how often runs of four quantised residuals occur, cell by cell: what blocks are compared by.

Source: Cozzolino, Poggi, Verdoliva: Splicebuster: a new blind image splicing detector, WIFS 2015.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from forensictransfer.detectors.runs import RUN, merged_runs
from forensictransfer.detectors.signals.luma import luma_of

CELL = 8  # side of the cells that words are counted in, pixels
WORDS = 50
_STEP = 2.0  # grey levels, of the quantisation
_BRIGHT, _DARK = 252, 3  # luma beyond these is clipped, and has no residual of its own
_REACH = 2 * (RUN - 1)  # pixels that a run needs beyond the one that it begins at
_STRIP = 64  # rows of cells at once
_MERGED = merged_runs(1).argmax(axis=1).astype(np.int64)  # of the 81 runs: 25 that differ
_KINDS = int(_MERGED.max()) + 1


@dataclass(frozen=True, eq=False)
class CellWords:
    """Words of each cell. counts: float32 (rows, columns, 50). usable: share of its pixels, float32 (rows, columns)."""

    counts: np.ndarray
    usable: np.ndarray


def cell_words(pixels: np.ndarray) -> CellWords:
    """Count the words of an image, uint8 (h, w, 3), in cells of 8 pixels.

    Of the luma x, third differences down and along the rows, in steps of two grey levels, cut to -1..1; runs of four of
    them along the derivative (25 words, both directions added up) and across it (25). Runs that begin at
    clipped pixels are not counted, nor are cells from whose pixels they would reach beyond the border.
    """
    rows, columns = (max(0, side - _REACH) // CELL for side in pixels.shape[:2])
    counts = np.zeros((rows, columns, 2 * _KINDS), np.float32)
    usable = np.zeros((rows, columns), np.float32)
    for top in range(0, rows, _STRIP):
        last = min(rows, top + _STRIP)
        strip = luma_of(pixels[top * CELL : last * CELL + _REACH, : columns * CELL + _REACH])
        counts[top:last], usable[top:last] = _strip_words(strip, ((last - top) * CELL, columns * CELL))
    return CellWords(counts, usable)


def level_words(level: np.ndarray, usable: np.ndarray) -> CellWords:
    """Count the words of a plane that is quantised already: level, 0 to 2 with 1 for zero, and usable, bool, (h, w).

    Runs of four down (25 words) and along the rows (25); otherwise as `cell_words`.
    """
    rows, columns = (max(0, side - RUN + 1) // CELL for side in level.shape)
    size = rows * CELL, columns * CELL
    runs = ((_runs(level), 0), (_runs(level.T).T, 1))
    return CellWords(*_counted(runs, usable[: size[0], : size[1]]))


def _strip_words(luma: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    height, width = size
    clear = (luma[:height, :width] < _BRIGHT) & (luma[:height, :width] > _DARK)

    def runs() -> Iterator[tuple[np.ndarray, int]]:
        for plane in (luma, luma.T):
            level = _levels(plane)
            for across in (0, 1):
                run = _runs(level.T if across else level)
                word = run.T if across else run
                yield (word.T if plane is not luma else word), across

    return _counted(runs(), clear)


def _counted(runs: Iterable[tuple[np.ndarray, int]], clear: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Count runs that begin at clear pixels, bool (h, w), in their cells.

    runs: planes of the numbers of the runs that begin at each pixel, and which half of the words they are of.
    """
    height, width = clear.shape
    rows, columns = height // CELL, width // CELL
    cell = (np.arange(height) // CELL)[:, None] * columns + np.arange(width) // CELL
    cell = cell[clear] * (2 * _KINDS)
    found = np.zeros(rows * columns * 2 * _KINDS, np.int64)
    for run, half in runs:
        place = cell + _MERGED[run[:height, :width][clear]] + half * _KINDS
        found += np.bincount(place, minlength=found.size)
    share = clear.reshape(rows, CELL, columns, CELL).mean(axis=(1, 3), dtype=np.float32)
    return found.reshape(rows, columns, -1).astype(np.float32), share


def _levels(plane: np.ndarray) -> np.ndarray:
    """Quantise the third difference down the columns to 0, 1, 2, of which 1 is zero."""
    residual = plane[:-3] - 3 * plane[1:-2] + 3 * plane[2:-1] - plane[3:]
    level: np.ndarray = np.clip(np.round(residual / _STEP), -1, 1).astype(np.int8) + 1
    return level


def _runs(level: np.ndarray) -> np.ndarray:
    """Give each run of four down the columns its number, 0 to 80."""
    found = level[:-3].astype(np.int16)
    for step in range(1, RUN):
        found = 3 * found + level[step : len(level) - 3 + step]
    return found
