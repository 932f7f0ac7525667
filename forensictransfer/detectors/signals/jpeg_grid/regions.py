"""Find the grid of an image and the regions whose grid is another one or is missing, each with its false alarms.

Votes are counted in cells of 8 x 8 pixels; a region is a set of neighbouring cells with votes for one origin, and is
judged by the share of these votes in its bounding box. The tests are all boxes of cells, for all 64 origins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import ndimage

from forensictransfer.detectors.signals.jpeg_grid.significance import CHANCE, log10_nfa
from forensictransfer.detectors.signals.jpeg_grid.votes import NO_VOTE, ORIGINS, SIDE

Kind = Literal["foreign", "missing"]

FEWEST = 4  # votes for an origin that a cell has in a region; below it, chance joins what is apart
_STRIP = 64  # rows of cells that are counted at once
_GAP = 9  # pixels: gaps between votes of a region up to this are closed in its mask


@dataclass(frozen=True)
class Grid:
    """The origin that has most votes. number: 8 y + x; share: its votes among all pixels."""

    number: int
    share: float
    log10_nfa: float

    @property
    def origin(self) -> tuple[int, int]:
        """The first row and column of its blocks, each 0 to 7."""
        return divmod(self.number, SIDE)


@dataclass(frozen=True, eq=False)
class Region:
    """A region with its own grid, or without that of the image.

    origin: of the grid that was voted for. top, left, bottom, right: its box in pixels, the last two behind it.
    mask: bool, of the box: the pixels with these votes, gaps closed.
    """

    kind: Kind
    origin: tuple[int, int]
    top: int
    left: int
    bottom: int
    right: int
    log10_nfa: float
    mask: np.ndarray


def find_grid(votes: np.ndarray) -> Grid:
    """Find the origin with most votes, of votes uint8 (h, w); 64 tests."""
    counts = np.bincount(votes.ravel(), minlength=NO_VOTE + 1)[:ORIGINS]
    return _grid(counts, int(counts.argmax()), votes.size)


def grid_outside(votes: np.ndarray, grid: Grid, regions: Sequence[Region]) -> Grid | None:
    """Test a grid on the pixels outside the boxes of some regions; None if these have less than half of the votes.

    Only pixels that vote are counted: nothing can be said of flat and saturated areas.
    """
    outside = votes != NO_VOTE
    able = int(outside.sum())
    for region in regions:
        outside[region.top : region.bottom, region.left : region.right] = False
    left = votes[outside]
    if 2 * left.size < able:
        return None
    return _grid(np.bincount(left, minlength=NO_VOTE + 1)[:ORIGINS], grid.number, left.size)


def find_regions(votes: np.ndarray, kind: Kind, limit: float) -> tuple[float, list[Region]]:
    """Find regions where pixels vote alike, more often than one in 64.

    Args:
        votes: uint8 (h, w); those that are not looked for are NO_VOTE.
        kind: what the regions are called.
        limit: log10 of the number of false alarms below which a region is kept.
    Returns: log10 of the number of false alarms of the best region, kept or not (of nothing at all: of the tests), and
        the regions that are kept, the surest first.
    """
    cells = cell_counts(votes)
    area = np.full(cells.shape[1:], SIDE**2, np.int64)
    return _search(votes, kind, limit, cells, cells >= FEWEST, area, CHANCE)


def find_gaps(votes: np.ndarray, visible: np.ndarray, grid: Grid, limit: float) -> tuple[float, list[Region]]:
    """Find regions of an image with a grid where pixels that could tell vote for other origins.

    By chance at most half of these do, or as many as in the whole image if that is more.

    Args:
        votes: uint8 (h, w). visible: bool (h, w), the pixels that could tell.
        grid: that of the image. limit: as for `find_regions`.
    Returns: as `find_regions`; the votes of such regions are those for no grid, and their origin is that of the image.
    """
    missed = np.where(visible & (votes != grid.number), np.uint8(grid.number), np.uint8(NO_VOTE))
    cells = cell_counts(missed)
    able = cell_counts(np.where(visible, np.uint8(grid.number), np.uint8(NO_VOTE)))[grid.number].astype(np.int64)
    chance = max(0.5, float(cells.sum(dtype=np.int64) / max(able.sum(), 1)))
    return _search(missed, "missing", limit, cells, (cells >= FEWEST) & (2 * cells > able), able, chance)


def _search(
    votes: np.ndarray,
    kind: Kind,
    limit: float,
    cells: np.ndarray,
    held: np.ndarray,
    able: np.ndarray,
    chance: float,
) -> tuple[float, list[Region]]:
    """Judge the connected cells of `held`, (64, rows, columns): hits are `cells`, trials `able` (rows, columns)."""
    _, rows, columns = cells.shape
    log10_tests = float(np.log10(ORIGINS * (rows * (rows + 1) / 2) * (columns * (columns + 1) / 2)))
    in_plane = np.zeros((3, 3, 3), bool)
    in_plane[1] = True
    labels, count = ndimage.label(held, in_plane)
    if not count:
        return log10_tests, []
    hits = np.bincount(labels.ravel(), cells.ravel(), count + 1)[1:]
    boxes = ndimage.find_objects(labels)
    trials = np.array([able[y, x].sum() for _, y, x in boxes])
    nfa = log10_nfa(trials, hits, log10_tests, chance)
    best, kept = log10_tests, []
    for place in np.argsort(nfa, kind="stable"):
        origin, y, x = boxes[place]
        rivals = [int(cells[other, y, x].sum(dtype=np.int64)) for other in _rivals(origin.start)]
        surely = float(log10_nfa(trials[place], hits[place], log10_tests, max(chance, max(rivals) / trials[place])))
        best = min(best, surely)
        if surely < limit:
            inside = labels[origin.start] == place + 1
            kept.append(_region(kind, votes, origin.start, inside, (y, x), surely))
        elif nfa[place] >= limit:
            break
    return best, sorted(kept, key=lambda region: region.log10_nfa)


def _grid(counts: np.ndarray, number: int, pixels: int) -> Grid:
    strongest = max(counts[other] for other in _rivals(number)) / pixels
    chance = CHANCE + 2 * max(0.0, strongest - CHANCE)  # as far above what it would be, twice, for a row and a column
    nfa = log10_nfa(pixels, counts[number], np.log10(ORIGINS), chance)
    return Grid(number, float(counts[number] / pixels), float(nfa))


def _region(
    kind: Kind, votes: np.ndarray, number: int, held: np.ndarray, box: tuple[slice, slice], nfa: float
) -> Region:
    y, x = (slice(part.start * SIDE, part.stop * SIDE) for part in box)
    inside = votes[y, x] == number
    inside &= np.kron(held[box], np.ones((SIDE, SIDE), bool))[: inside.shape[0], : inside.shape[1]]
    window = np.ones((_GAP, _GAP), bool)
    closed = ndimage.binary_closing(np.pad(inside, _GAP), window)[_GAP:-_GAP, _GAP:-_GAP]
    bottom, right = y.start + inside.shape[0], x.start + inside.shape[1]
    return Region(kind, divmod(number, SIDE), y.start, x.start, bottom, right, nfa, closed)


def cell_counts(votes: np.ndarray) -> np.ndarray:
    """Count the votes for each origin in cells of 8 x 8 pixels, uint8 (64, ceil(h / 8), ceil(w / 8))."""
    rows, columns = (-(-side // SIDE) for side in votes.shape)
    cells = np.empty((ORIGINS, rows, columns), np.uint8)
    for top in range(0, rows, _STRIP):
        strip = votes[top * SIDE : (top + _STRIP) * SIDE]
        deep = -(-len(strip) // SIDE)
        place = np.arange(len(strip))[:, None] // SIDE * columns + np.arange(votes.shape[1]) // SIDE
        keys = np.minimum(strip, ORIGINS).astype(np.int64) * (deep * columns) + place
        counted = np.bincount(keys.ravel(), minlength=(ORIGINS + 1) * deep * columns)
        cells[:, top : top + deep] = counted.reshape(ORIGINS + 1, deep, columns)[:ORIGINS]
    return cells


def _rivals(number: int) -> list[int]:
    """List the 14 origins in the same row or column.

    An enlarged image has zeros at a phase of its rows and at one of its columns, so these have more votes too; enlarged
    8/5 times even with a period of 8. The blocks of JPEG are as regular in both at once, and their rivals have none.
    """
    y, x = divmod(number, SIDE)
    return [other for other in range(ORIGINS) if other != number and (other // SIDE == y or other % SIDE == x)]
