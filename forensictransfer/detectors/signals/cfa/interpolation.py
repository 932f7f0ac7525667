"""Predict the colours that a Bayer mosaic did not record from those that it did, for each of its four patterns.

Source: Popescu, Farid: Exposing Digital Forgeries in Color Filter Array Interpolated Images, IEEE Transactions on
Signal Processing 2005: an interpolated value is a weighted sum of its neighbours or an outlier; weights by EM.
"""

from __future__ import annotations

import numpy as np

# Row and column, each 0 or 1, of the first red pixel: RGGB, GRBG, GBRG, BGGR.
PATTERNS = ((0, 0), (0, 1), (1, 0), (1, 1))
NAMES = ("RGGB", "GRBG", "GBRG", "BGGR")
REACH = 2  # pixels on either side that a value is predicted from
CELL = 8  # side of the cells that errors are averaged over, pixels
STEPS = 4  # of EM
_MOST = 6_000  # places that weights are fitted on
_DARK, _BRIGHT = 2, 253  # grey levels at which a value counts as clipped
_FLAT = 2  # grey levels: places whose neighbours differ by no more say nothing of an interpolation
_OUTLIER = 1 / 256  # density of a value that was not interpolated: any grey level
_LEAST = 0.1  # squared grey levels: rounding alone makes errors as large
_STRIP = 1 << 18  # pixels whose neighbours are held at once
_TAPS = (REACH + 1) ** 2


def mosaic(pixels: np.ndarray, pattern: tuple[int, int]) -> np.ndarray:
    """Keep of each pixel the colour that a sensor with the pattern records, (h, w) of pixels (h, w, 3)."""
    top, left = pattern
    kept = pixels[..., 1].copy()
    kept[top::2, left::2] = pixels[top::2, left::2, 0]
    kept[1 - top :: 2, 1 - left :: 2] = pixels[1 - top :: 2, 1 - left :: 2, 2]
    return kept


def missing_colours(place: tuple[int, int], pattern: tuple[int, int]) -> tuple[int, int]:
    """Name the two colours (0 red, 1 green, 2 blue) that are not recorded in a place's row and column, modulo 2."""
    down, right = (place[0] + pattern[0]) % 2, (place[1] + pattern[1]) % 2
    return {(0, 0): (1, 2), (1, 1): (0, 1)}.get((down, right), (0, 2))


def cell_errors(pixels: np.ndarray) -> np.ndarray:
    """Compute how badly each pattern's missing colours are predicted, float32 (4, rows, columns) by cells of 8 pixels.

    pixels: uint8 (h, w, 3), at least 2 REACH + CELL on a side; two pixels at the border and what is left of a last cell
    are not looked at. Grey levels, mean absolute error of both colours.
    """
    height, width = (side - 2 * REACH for side in pixels.shape[:2])
    rows, columns = height // CELL, width // CELL
    pixels = pixels[: rows * CELL + 2 * REACH, : columns * CELL + 2 * REACH]
    found = np.empty((4, rows, columns), np.float32)
    for number, pattern in enumerate(PATTERNS):
        kept = mosaic(pixels, pattern)
        weights = fitted(pixels, kept, pattern)
        deep = max(1, _STRIP // (width * CELL))
        for top in range(0, rows, deep):
            last = min(rows, top + deep)
            part = slice(top * CELL, last * CELL + 2 * REACH)
            found[number, top:last] = _strip_errors(pixels[part], kept[part], pattern, weights)
    return found


def clipped_shares(pixels: np.ndarray) -> np.ndarray:
    """Compute the share of pixels in each cell of which a colour is clipped, float32 (rows, columns) as `cell_errors`.

    No weighted sum of neighbours gives a clipped value, whatever was interpolated.
    """
    rows, columns = ((side - 2 * REACH) // CELL for side in pixels.shape[:2])
    inner = pixels[REACH : REACH + rows * CELL, REACH : REACH + columns * CELL]
    clipped = ((inner <= _DARK) | (inner >= _BRIGHT)).any(axis=2)
    return clipped.reshape(rows, CELL, columns, CELL).mean(axis=(1, 3), dtype=np.float32)


def folded(plane: np.ndarray, down: slice, right: slice) -> np.ndarray:
    """Gather the neighbours of places, those that mirror each other added up: float32 (9, places down, places right).

    plane: (h, w); down, right: the places, counted from REACH.
    """

    def sums(values: np.ndarray, axis: int, places: slice) -> list[np.ndarray]:
        whole = values.shape[axis] - 2 * REACH
        at = [np.take(values, np.arange(*places.indices(whole)) + shift, axis=axis) for shift in range(2 * REACH + 1)]
        return [at[REACH], *(at[REACH - step] + at[REACH + step] for step in range(1, REACH + 1))]

    return np.stack([both for one in sums(plane.astype(np.float32), 0, down) for both in sums(one, 1, right)])


def _strip_errors(
    pixels: np.ndarray, kept: np.ndarray, pattern: tuple[int, int], weights: dict[tuple[int, int], np.ndarray]
) -> np.ndarray:
    """Average the errors of whole cells; the strip begins at an even row of the image, REACH above its first cell."""
    height, width = (side - 2 * REACH for side in pixels.shape[:2])
    total = np.zeros((height // CELL, width // CELL), np.float32)
    for place, weight in weights.items():
        truth = _truth(pixels, place, pattern)
        near = folded(kept, slice(place[0], None, 2), slice(place[1], None, 2))
        errors = np.abs(truth - np.tensordot(weight, near, (1, 0))).sum(axis=0)
        total += errors.reshape(total.shape[0], CELL // 2, total.shape[1], CELL // 2).sum(axis=(1, 3))
    return total / (2 * CELL * CELL)


def _truth(pixels: np.ndarray, place: tuple[int, int], pattern: tuple[int, int]) -> np.ndarray:
    inner = pixels[REACH:-REACH, REACH:-REACH][place[0] :: 2, place[1] :: 2]
    return np.stack([inner[..., colour] for colour in missing_colours(place, pattern)]).astype(np.float32)


def fitted(pixels: np.ndarray, kept: np.ndarray, pattern: tuple[int, int]) -> dict[tuple[int, int], np.ndarray]:
    """Fit the weights of each place's missing colours, (2, 9), to a part of the image."""
    return {
        place: np.stack([_weights(near, truth) for truth in truths])
        for place in PATTERNS
        for near, truths in [_sample(pixels, kept, pattern, place)]
    }


def _sample(
    pixels: np.ndarray, kept: np.ndarray, pattern: tuple[int, int], place: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Choose places all over the image that can tell: float64 (n, 9) and (2, n)."""
    height, width = (side - 2 * REACH for side in kept.shape)
    # Several times as many as are needed, in a lattice of whole rows: of these some are flat or saturated.
    step = 2 * max(1, int(height * width / 4 / (4 * _MOST)))
    near = folded(kept, slice(place[0], None, step), slice(place[1], None, 2)).reshape(_TAPS, -1)
    inner = pixels[REACH:-REACH, REACH:-REACH][place[0] :: step, place[1] :: 2]
    truths = np.stack([inner[..., colour].ravel() for colour in missing_colours(place, pattern)]).astype(float)
    counts = _COUNTS[:, None]
    means = near / counts
    able = (np.ptp(means, axis=0) > _FLAT) & (means.max(axis=0) < _BRIGHT) & (means.min(axis=0) > _DARK)
    able &= (truths.max(axis=0) < _BRIGHT) & (truths.min(axis=0) > _DARK)
    chosen = np.flatnonzero(able)
    if chosen.size < 20 * _TAPS:
        chosen = np.arange(near.shape[1])
    chosen = chosen[:: max(1, chosen.size // _MOST)]
    return near[:, chosen].T.astype(float), truths[:, chosen]


_SINGLE = np.array([1.0] + [2.0] * REACH)
_COUNTS = np.outer(_SINGLE, _SINGLE).ravel()  # neighbours that are added up in each of the nine


def _weights(near: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Fit truth (n,) as a weighted sum of near (n, 9), or an outlier, by EM; float32 (9,)."""
    share = np.ones(len(near))
    ridge = 1e-3 * len(near) * np.eye(_TAPS)
    weights = np.zeros(_TAPS)
    for _ in range(STEPS):
        by_share = near.T * share
        weights = np.linalg.solve(by_share @ near + ridge, by_share @ truth)
        squares = np.square(truth - near @ weights)
        variance = float((share * squares).sum() / max(share.sum(), 1.0)) + _LEAST
        density = np.exp(-squares / (2 * variance)) / np.sqrt(2 * np.pi * variance)
        share = density / (density + _OUTLIER)
    return weights.astype(np.float32)
