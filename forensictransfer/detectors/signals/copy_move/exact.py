"""Find patches that occur twice, equal in every bit, and the regions that many of them at one offset make up.

What a sensor or a lens has blurred never repeats; what a program has copied does, as long as nothing was saved with
loss after it: cloning, and inpainting that fills a hole with patches or shifted parts of the image.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

LEAST_PATCHES = 8  # connected patches at one offset that are called a copy
APART = 8  # pixels: patches that are nearer to each other are one texture
_TEXTURED = 0.5  # share of neighbouring pixels that differ, along rows and along columns, in a patch that can tell
_LONGEST = 8  # equal patches, of which pairs are made: what occurs more often is a pattern
_OFFSETS = 64  # that are looked at for regions, those of most patches


@dataclass(frozen=True, eq=False)
class Repeats:
    """Pairs of equal patches of `side` pixels in an image whose patches begin in h x w places.

    first, second: int64 (n,) places by row, first before second. offsets: int64 (n, 2), down and right. told: how many
    patches have enough texture.
    """

    side: int
    size: tuple[int, int]
    first: np.ndarray
    second: np.ndarray
    offsets: np.ndarray
    told: int

    @property
    def most(self) -> int:
        """Number of pairs at the most common offset."""
        return 0 if not len(self.first) else int(np.unique(self._keys, return_counts=True)[1].max())

    @property
    def _keys(self) -> np.ndarray:
        keys: np.ndarray = self.offsets[:, 0] * (2 * self.size[1]) + self.offsets[:, 1] + self.size[1]
        return keys

    def by_offset(self, least: int) -> list[np.ndarray]:
        """List the pairs, by their places, of each offset with at least `least`; those of most pairs first."""
        keys = self._keys
        order = np.argsort(keys, kind="stable")
        starts = np.flatnonzero(np.diff(keys[order], prepend=-1))
        counts = np.diff(starts, append=len(keys))
        chosen = [place for place in np.argsort(-counts, kind="stable")[:_OFFSETS] if counts[place] >= least]
        return [order[starts[place] : starts[place] + counts[place]] for place in chosen]


@dataclass(frozen=True, eq=False)
class ExactCopy:
    """A region that occurs twice. offset: down, right. patches: of which it is made. places: int64 (patches, 2)."""

    offset: tuple[int, int]
    patches: int
    places: np.ndarray
    side: int

    def draw(self, mask: np.ndarray) -> None:
        """Set both ends in a mask, bool (h, w)."""
        for down, right in ((0, 0), self.offset):
            corners = np.zeros(mask.shape, bool)
            corners[self.places[:, 0] + down, self.places[:, 1] + right] = True
            moved = self.places + np.array([down, right])
            (top, left), (bottom, end) = moved.min(axis=0), moved.max(axis=0) + self.side
            part = corners[top:bottom, left:end]
            # Each corner stands for the patch below and to the right of it.
            grown = ndimage.maximum_filter(part, self.side, origin=(self.side - 1) // 2, mode="constant")
            mask[top:bottom, left:end] |= grown


def find_repeats(pixels: np.ndarray, side: int) -> Repeats:
    """Find pairs of equal patches of side x side pixels that have texture; pixels uint8 (h, w, 3), larger than a patch.

    Equal are hashes of 64 bits. Of patches that occur more than twice, each is paired with the next.
    """
    hashes, able = _hashes(pixels, side), _textured(pixels, side)
    size = hashes.shape
    places = np.flatnonzero(able)
    values = hashes.ravel()[places]
    order = np.argsort(values, kind="stable")
    values, places = values[order], places[order]
    starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]])) if len(values) else np.zeros(0, int)
    lengths = np.diff(starts, append=len(values))
    few = np.repeat(lengths <= _LONGEST, lengths)
    same = np.flatnonzero((values[1:] == values[:-1]) & few[1:])
    first, second = places[same], places[same + 1]
    offsets = np.stack([second // size[1] - first // size[1], second % size[1] - first % size[1]], axis=1)
    far = np.abs(offsets).max(axis=1, initial=0) >= max(APART, side)
    return Repeats(side, size, first[far], second[far], offsets[far], len(places))


def find_copies(repeats: Repeats, least: int = LEAST_PATCHES) -> list[ExactCopy]:
    """Find regions of at least `least` connected patches that occur twice at one offset, the largest first."""
    found = []
    for pairs in repeats.by_offset(least):
        rows, columns = repeats.first[pairs] // repeats.size[1], repeats.first[pairs] % repeats.size[1]
        top, left = rows.min(), columns.min()
        grid = np.zeros((rows.max() - top + 1, columns.max() - left + 1), bool)
        grid[rows - top, columns - left] = True
        labels = ndimage.label(grid, np.ones((3, 3)))[0][rows - top, columns - left]
        sizes = np.bincount(labels)
        for label in np.flatnonzero(sizes >= least):
            inside = labels == label
            places = np.stack([rows[inside], columns[inside]], axis=1)
            down, right = (int(value) for value in repeats.offsets[pairs[0]])
            found.append(ExactCopy((down, right), int(sizes[label]), places, repeats.side))
    return sorted(found, key=lambda one: -one.patches)


def _hashes(pixels: np.ndarray, side: int) -> np.ndarray:
    """Hash the patch that begins at each pixel, uint64 (h - side + 1, w - side + 1)."""
    rng = np.random.default_rng(side)
    right, down = rng.integers(1, 2**63, (2, side), dtype=np.uint64) | np.uint64(1)
    colours = pixels.astype(np.uint64)
    values = colours[..., 0] | colours[..., 1] << np.uint64(8) | colours[..., 2] << np.uint64(16)
    del colours
    width, height = values.shape[1] - side + 1, values.shape[0] - side + 1
    rows = np.zeros((values.shape[0], width), np.uint64)
    for place in range(side):  # sums modulo 2^64
        rows += right[place] * values[:, place : place + width]
    rows ^= rows >> np.uint64(29)
    found = np.zeros((height, width), np.uint64)
    for place in range(side):
        found += down[place] * rows[place : place + height]
    return found


def _textured(pixels: np.ndarray, side: int) -> np.ndarray:
    """Tell of the patch that begins at each pixel whether it has texture in both directions, bool."""
    least = int(np.ceil(_TEXTURED * side * (side - 1)))
    across = (pixels[:, 1:] != pixels[:, :-1]).any(axis=2)
    along = (pixels[1:] != pixels[:-1]).any(axis=2)
    enough: np.ndarray = (_sums(across, side, side - 1) >= least) & (_sums(along, side - 1, side) >= least)
    return enough


def _sums(mask: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Count what is set in the window of rows x columns that begins at each pixel, where it is whole."""
    total = np.zeros((mask.shape[0] + 1, mask.shape[1] + 1), np.int32)
    mask.cumsum(axis=0, dtype=np.int32).cumsum(axis=1, out=total[1:, 1:])
    counts: np.ndarray = total[rows:, columns:] - total[:-rows, columns:]
    counts -= total[rows:, :-columns] - total[:-rows, :-columns]
    return counts
