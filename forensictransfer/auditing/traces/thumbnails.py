"""Which pictures look like copies of each other: a hash to find candidates, a thumbnail to compare them.

The hash holds the signs of the 64 lowest frequencies (without the mean) of the discrete cosine transform of a 32x32
thumbnail, after C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010. Signs change
with neither brightness nor contrast, and mirroring a picture flips known ones of them. Portraits that were cut alike
agree in many, so that candidates are compared by their thumbnails, freed of low frequencies and laid over each other:
silhouettes before a dark wall then no longer pass for copies. docs/audit.md has the measurements behind the limits.
"""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy.fft import dct
from scipy.ndimage import uniform_filter

SIDE = 32
BITS = 64
ALIKE = 0.78  # least correlation of two thumbnails that show one photograph; others stay below 0.70
LARGEST_CUT = 0.1  # of a side: by so much a copy may have been cut
FLAT = 3.0  # grey levels: pictures that vary less (a blank page) have no hash worth comparing
_NOISE = 4.0  # grey levels, keeps the local contrast of even areas from being blown up
MOST_AVERAGED, FEWEST_AVERAGED = 1000, 10  # pictures that show what a kind has in common
ALL_ALIKE = 0.9  # share of the detail that all pictures of a kind agree in: then it is the picture
_WINDOW = 5
_CELL = 4  # pixels of a thumbnail: its parts are 4x4
_TEXTURED = 0.2  # of the mean part's detail: parts with less say nothing
_CELL_ALIKE = 0.4  # correlation of two parts that agree
_AGREEING = 0.75  # share of the textured parts of two copies that agree
_HOPE = 0.2  # below ALIKE by more than this after the coarse placements, the fine ones are not tried

_COSINES = dct(np.eye(SIDE), axis=0, norm="ortho").astype(np.float32)
_ORDER = sorted(
    ((row, column) for row in range(SIDE) for column in range(SIDE) if row + column > 0),
    key=lambda place: (sum(place), place),
)[:BITS]
_ROWS, _COLUMNS = (np.array(axis) for axis in zip(*_ORDER, strict=True))


def thumbnail(pixels: np.ndarray) -> np.ndarray:
    """Make the grey 32x32 thumbnail, uint8, of decoded pixels, uint8 (h, w, 3); the sides' ratio is not kept."""
    return np.asarray(Image.fromarray(pixels).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX))


def perceptual_hash(thumb: np.ndarray) -> int:
    """Compute 64 bits of a thumbnail; pictures of one photograph differ in few of them."""
    frequencies = _COSINES @ thumb.astype(np.float32) @ _COSINES.T
    return _bits(frequencies[_ROWS, _COLUMNS] > 0)


def _bits(signs: np.ndarray) -> int:
    return int(np.packbits(signs).view(">u8")[0])


# Mirrored left to right, all odd horizontal frequencies change their sign.
MIRROR = np.uint64(_bits(_COLUMNS % 2 == 1))


def distances(hashes: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Count how many bits each hash of (n,) differs in from each of (m,), uint8 (n, m)."""
    return np.bitwise_count(hashes[:, None] ^ other[None, :])


def is_flat(thumbs: np.ndarray) -> np.ndarray:
    """Tell which of some thumbnails (n, 32, 32) show too little to be compared."""
    return thumbs.reshape(len(thumbs), -1).std(axis=1) < FLAT


def correlations(
    thumbs: np.ndarray, others: np.ndarray, common: np.ndarray | None = None, of_others: np.ndarray | None = None
) -> np.ndarray:
    """Measure how alike the pictures of two rows of thumbnails are, pair by pair: float (n,) up to 1.

    thumbs, others: uint8 (n, 32, 32). The highest correlation of the two, freed of low frequencies and of what is
    common to their kind (`common_detail`, (n, 32, 32) or one for all), over placements in which either one is a part of
    the other that was cut off by up to LARGEST_CUT of a side. The placement that cuts nothing is tried first, and no
    others where it is enough.
    """
    first, second = _detail(thumbs.astype(np.float32)), _detail(others.astype(np.float32))
    if common is not None and of_others is not None:
        first, second = _unit(first - common), _unit(second - of_others)
    found = _agreement(first, second)
    for places, hopeful in ((_COARSE, -1.0), (_FINE, ALIKE - _HOPE)):
        for down, across in places:
            left = np.flatnonzero((found < ALIKE) & (found > hopeful))
            for cut, whole in ((first, second), (second, first)) if left.size else ():
                part = _unit(down @ cut[left] @ across.T)
                found[left] = np.maximum(found[left], _agreement(part, whole[left]))
    return found


def common_detail(thumbs: np.ndarray) -> np.ndarray:
    """Find what pictures of one kind have in common, float (32, 32): a frame, a mark, the outline of an aligned face.

    The mean of their details, taken over at most MOST_AVERAGED of them; nothing where they are all alike, which makes
    them copies rather than pictures in one frame.
    """
    chosen = thumbs[:: max(1, len(thumbs) // MOST_AVERAGED)]
    if len(chosen) < FEWEST_AVERAGED:
        return np.zeros((SIDE, SIDE), np.float32)
    mean = _detail(chosen.astype(np.float32)).mean(axis=0)
    return mean if float((mean * mean).sum()) < ALL_ALIKE else np.zeros_like(mean)


def _agreement(details: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Compute the correlations of details, pair by pair, held below ALIKE where only some parts of the pictures agree.

    Pictures in the same frame, or with the same mark on them, share its edges and nothing else.
    """
    found = (details * others).sum((1, 2))
    sure = np.flatnonzero(found >= ALIKE)
    if sure.size:
        parts = [side[sure].reshape(len(sure), *(SIDE // _CELL, _CELL) * 2) for side in (details, others)]
        norms = [np.sqrt((side * side).sum((2, 4))) for side in parts]
        inner = (parts[0] * parts[1]).sum((2, 4)) / np.maximum(norms[0] * norms[1], 1e-9)
        textured = np.minimum(*norms) >= _TEXTURED * np.sqrt(_CELL**2 / SIDE**2)
        agree = (inner >= _CELL_ALIKE).sum((1, 2), where=textured)
        found[sure[agree < _AGREEING * textured.sum((1, 2))]] = ALIKE - 0.01
    return found


def coarse_correlations(thumbs: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Compute the correlation of two rows of thumbnails at 16x16, low frequencies and all, float (n,).

    It is quick, and never decides.
    """
    rows = []
    for side in (thumbs, others):
        small = side.reshape(len(side), SIDE // 2, 2, SIDE // 2, 2).mean((2, 4), dtype=np.float32)
        small = small.reshape(len(side), -1)
        small = small - small.mean(axis=1, keepdims=True)
        rows.append(small / np.maximum(np.linalg.norm(small, axis=1, keepdims=True), 1e-6))
    return (rows[0] * rows[1]).sum(axis=1)


def _detail(thumbs: np.ndarray) -> np.ndarray:
    """Subtract from thumbnails their local mean, and divide by their local contrast, to unit length."""
    size = (1, _WINDOW, _WINDOW)
    fine = thumbs - uniform_filter(thumbs, size, mode="nearest")
    contrast = np.sqrt(np.maximum(uniform_filter(fine * fine, size, mode="nearest"), 0)) + _NOISE
    return _unit(fine / contrast)


def _unit(thumbs: np.ndarray) -> np.ndarray:
    thumbs = thumbs - thumbs.mean((1, 2), keepdims=True)
    return thumbs / np.maximum(np.sqrt((thumbs * thumbs).sum((1, 2), keepdims=True)), 1e-6)


def _sampling(share: float, start: float) -> np.ndarray:
    """Build the matrix (32, 32) that takes 32 samples of the part of a line from `start` on, `share` long (of 1).

    Samples are joined by straight lines.
    """
    places = np.clip((start + share * (np.arange(SIDE) + 0.5) / SIDE) * SIDE - 0.5, 0, SIDE - 1)
    before = np.minimum(places.astype(int), SIDE - 2)
    matrix = np.zeros((SIDE, SIDE), np.float32)
    matrix[np.arange(SIDE), before] = 1 - (places - before)
    matrix[np.arange(SIDE), before + 1] += places - before
    return matrix


def _places(*cuts: float) -> list[tuple[np.ndarray, np.ndarray]]:
    thirds = (0, 0.5, 1)
    return [
        (_sampling(1 - cut, down * cut), _sampling(1 - cut, across * cut))
        for cut in cuts
        for down in thirds
        for across in thirds
    ]


_COARSE, _FINE = _places(0.04, 0.08), _places(0.02, 0.06, LARGEST_CUT)
