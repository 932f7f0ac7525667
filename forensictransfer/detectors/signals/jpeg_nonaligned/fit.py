"""Find the grid and the steps of an earlier compression that is not aligned with the last one.

Source: Bianchi, Piva: Image Forgery Localization via Block-Grained Analysis of JPEG Artifacts, IEEE TIFS 2012 (the part
on non-aligned double compression); the period of the histograms: Bianchi, Piva: Detection of Nonaligned Double JPEG
Compression Based on Integer Periodicity Maps, IEEE TIFS 2012.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from forensictransfer.data.codecs.jpeg_coefficients import Coefficients
from forensictransfer.data.codecs.jpeg_history import scaled_table
from forensictransfer.detectors.signals.jpeg_nonaligned.shifts import (
    FINE,
    FREQUENCIES,
    LARGEST,
    SHIFTS,
    Shifted,
    counts_of,
    luma_plane,
    places_of,
    rounding_of,
    shifted,
)

QUALITIES = range(98, 39, -1)  # of the first compression, with standard tables; of equal ones the highest is named
SHARES = np.array([0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95])  # of blocks that had it
LEAST_GAIN, LEAST_CONTRAST = 25.0, 1.5  # nats; times the gain of another shift
_TABLES = {quality: scaled_table(quality) for quality in QUALITIES}
_BLOCKS = 16384  # of a shift that are looked at in the first search, at least
_LOOKED_AT = 16  # shifts whose blocks are looked at with all frequencies at once
_PIXELS = 0.3  # deviation of a value by the rounding of pixels between the two compressions
_FLOOR = 0.05  # of a ratio of likelihoods: what the models do not know


@dataclass(frozen=True, eq=False)
class Earlier:
    """The earlier compression that explains the values best.

    gain: in log-likelihood over none, nats. second: that of the best at another shift, or on the file's own grid.
    shift: where its blocks begin, down and right. quality: of its table. share: of blocks. log_odds: float32
    (rows, columns) of blocks at the shift, of it against none.
    """

    gain: float
    second: float
    shift: tuple[int, int]
    quality: int
    share: float
    log_odds: np.ndarray

    @property
    def is_found(self) -> bool:
        """Whether the gain is large, and stands out: steps of the last compression leak into other shifts alike."""
        return self.gain - LEAST_CONTRAST * max(self.second, 0) >= LEAST_GAIN


def fit_earlier(luma: Coefficients) -> Earlier:
    """Look at each of 63 shifts for the steps of each quality.

    A compression before on the file's own grid leaks into others, so that one is looked at likewise: what it explains
    counts as that of another shift.
    """
    plane = luma_plane(luma)
    steps = [int(luma.steps[place]) for place in FREQUENCIES]
    moved = np.hypot(rounding_of(plane, luma.steps), _PIXELS)
    own = _Search([_ratios_by_step(k, np.hypot(step / np.sqrt(12), _PIXELS), step) for k, step in enumerate(steps)])
    other = _Search([_ratios_by_step(k, noise) for k, noise in enumerate(moved)])
    aligned = shifted(plane, (0, 0))
    second = own.judged(aligned, own.best_qualities([counts_of(aligned)])[0][1]).gain
    # By each frequency alone first, and in some rows of blocks: all of 63 shifts at once would take long.
    every = max(1, aligned.able.size // _BLOCKS)
    fast = other.best_qualities([counts_of(shifted(plane, shift, every)) for shift in SHIFTS])
    order = sorted(range(len(SHIFTS)), key=lambda place: -fast[place][0])[:_LOOKED_AT]
    found = [other.judged(shifted(plane, SHIFTS[place]), fast[place][1]) for place in order]
    found.sort(key=lambda one: -one.gain)
    return replace(found[0], second=max(second, found[1].gain))


class _Search:
    """Tells what a first compression with standard tables explains at a shift, by tables of log-likelihood ratios.

    ratios: of each frequency, by first step.
    """

    def __init__(self, ratios: Sequence[Mapping[int, np.ndarray]]) -> None:
        self._ratios = ratios

    def best_qualities(self, counts: Sequence[np.ndarray]) -> list[tuple[float, int]]:
        """Return of each shift the largest gain, by the histogram of each frequency alone, and its quality."""
        total = np.zeros((len(_TABLES), len(SHARES), len(counts)))
        for k, (place, ratios) in enumerate(zip(FREQUENCIES, self._ratios, strict=True)):
            histograms = np.stack([rows[k] for rows in counts], axis=1)  # (bins, shifts)
            held = np.flatnonzero(histograms.any(axis=1))
            rows = histograms[held].astype(np.float64)
            gains = {step: _gains(values[held], rows) for step, values in ratios.items()}
            total += np.array([gains[int(table[place])] for table in _TABLES.values()])
        best = total.max(axis=1)
        return [(float(row.max()), QUALITIES[int(row.argmax())]) for row in best.T]

    def judged(self, block: Shifted, quality: int) -> Earlier:
        """Judge blocks by all frequencies at once."""
        log_odds = np.zeros(block.able.shape, np.float32)
        for place, ratios, values in zip(FREQUENCIES, self._ratios, block.values, strict=True):
            log_odds += ratios[int(_TABLES[quality][place])].astype(np.float32)[places_of(values)]
        log_odds[~block.able] = 0
        gains = _gains(log_odds[block.able].astype(np.float64), np.ones(int(block.able.sum())))
        return Earlier(float(gains.max()), 0.0, block.shift, quality, float(SHARES[gains.argmax()]), log_odds)


def _ratios_by_step(frequency: int, noise: float, lattice: int | None = None) -> dict[int, np.ndarray]:
    place = FREQUENCIES[frequency]
    steps = {int(table[place]) for table in _TABLES.values()}
    return {step: log_ratios(step, noise, lattice, mean=frequency == 0) for step in steps}


def log_ratios(step: int, noise: float, lattice: int | None = None, *, mean: bool) -> np.ndarray:
    """Compute the log-likelihood of a value after a first step against that of none, for each bin.

    Around each multiple of the step values lie as the later rounding has moved them; without it anywhere, or on
    multiples of `lattice`, the last step, if that is given. What was rounded to 0 tells nothing, but of the mean.
    """
    values = np.arange(LARGEST * FINE + 1) / FINE
    ratio = _density(values, step, noise)
    if lattice is not None:
        ratio /= _density(np.arange(step) * float(lattice), step, noise).mean()
    if not mean:
        ratio[values < step / 2] = 1
    found: np.ndarray = np.log(_FLOOR + (1 - _FLOOR) * ratio)
    return found


def _density(values: np.ndarray, step: int, noise: float) -> np.ndarray:
    """Compute how likely values around multiples of a step are, 1 on average."""
    if noise >= step:
        return np.ones_like(values)
    beyond = values - np.round(values / step) * step
    wraps = np.arange(-3, 4)[:, None] * step
    density = np.exp(-0.5 * ((beyond + wraps) / noise) ** 2).sum(axis=0)
    found: np.ndarray = step * density / (np.sqrt(2 * np.pi) * noise)
    return found


def _gains(log_ratios: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Compute the gain in log-likelihood over no earlier compression, (shares,) or (shares, shifts).

    log_ratios: (n,). counts: of each, (n,) or (n, shifts).
    """
    found: np.ndarray = np.log1p(SHARES[:, None] * np.expm1(log_ratios)) @ counts
    return found
