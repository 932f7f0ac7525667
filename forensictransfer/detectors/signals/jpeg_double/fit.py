"""Find out whether most of a JPEG was compressed before on the same grid, how finely, and which blocks were not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forensictransfer.data.codecs.jpeg_coefficients import Coefficients
from forensictransfer.data.codecs.jpeg_history import scaled_table
from forensictransfer.detectors.signals.jpeg_double.histograms import FREQUENCIES, Model, single_values

QUALITIES = range(100, 39, -1)  # of the first compression, with standard tables; of equal ones the highest is named
SHARES = np.linspace(0.5, 1.0, 11)  # of blocks that were compressed twice: less than half are not looked for
LEAST_GAIN = 0.25  # nats for a block; below it the models' own errors can be as large
# Of coefficients compressed twice, those that have lost the trace: where pixels were clipped or colours rounded, as in
# much detail, no multiple of the first step is left. So no single one says more than -log of this for one compression.
WITHOUT_TRACE = 0.1
LEAST_FREE_GAIN, LEAST_FREE_SHARE = 0.5, 0.7  # of steps that belong to no standard table


@dataclass(frozen=True, eq=False)
class Doubled:
    """What the histograms say.

    gain: how much better two compressions explain the coefficients than one, nats for a block. is_found: whether that
    is enough. quality: of the first compression, with standard tables; None if it had others. share: of blocks that had
    it. log_odds: float32 (rows, columns) of blocks, the logarithm of the likelihood of one compression against two.
    """

    gain: float
    is_found: bool
    quality: int | None
    share: float
    log_odds: np.ndarray


@dataclass(frozen=True, eq=False)
class _Frequency:
    """The fits of one frequency. places: of each block's value in the shares. gains: of each first step, by SHARES."""

    place: tuple[int, int]
    places: np.ndarray
    once: np.ndarray
    twice: dict[int, np.ndarray]
    gains: dict[int, np.ndarray]

    def best_step(self, share: int) -> int:
        """Return the first step that gains most at one of SHARES, by its place."""
        return max(self.gains, key=lambda step: float(self.gains[step][share]))


def fit_doubled(luma: Coefficients) -> Doubled:
    """Fit a first compression to the coefficients of luma, of at least 2 x 2 blocks.

    First with standard tables, of each quality; then with any steps, which have more freedom and have to gain more.
    """
    values = single_values(luma)
    tables = {quality: scaled_table(quality) for quality in QUALITIES}
    fits = [_fit(values, luma, place, {int(table[place]) for table in tables.values()}) for place in FREQUENCIES]
    blocks = luma.values.shape[0] * luma.values.shape[1]
    gains = {
        quality: np.sum([fit.gains[int(table[fit.place])] for fit in fits], axis=0) / blocks
        for quality, table in tables.items()
    }
    quality: int | None = max(gains, key=lambda one: float(gains[one].max()))
    assert quality is not None
    best = gains[quality]
    steps = [int(tables[quality][fit.place]) for fit in fits]
    free = np.sum([np.max(list(fit.gains.values()), axis=0) for fit in fits], axis=0) / blocks
    free[SHARES < LEAST_FREE_SHARE] = 0
    if free.max() >= LEAST_FREE_GAIN and free.max() > 1.2 * best.max():
        best, quality = free, None
        steps = [fit.best_step(int(free.argmax())) for fit in fits]
    log_odds = np.zeros(luma.values.shape[:2], np.float32)
    for fit, step in zip(fits, steps, strict=True):
        twice = (1 - WITHOUT_TRACE) * fit.twice[step] + WITHOUT_TRACE * fit.once
        log_odds += (np.log(fit.once) - np.log(twice)).astype(np.float32)[fit.places]
    gain = float(best.max())
    return Doubled(gain, gain >= LEAST_GAIN, quality, float(SHARES[best.argmax()]), log_odds)


def _fit(values: np.ndarray, luma: Coefficients, place: tuple[int, int], steps: set[int]) -> _Frequency:
    model = Model(values[:, place[0], place[1]], int(luma.steps[place]))
    places = model.place(luma.values[:, :, place[0], place[1]])
    counts = np.bincount(places.ravel(), minlength=2 * model.bins + 1)
    held = counts > 0
    # A step of 1 leaves no trace but the rounding of pixels: the better of the two is one compression.
    once = max((model.once, model.twice(1)), key=lambda shares: float(counts[held] @ np.log(shares[held])))
    # The same step twice changes next to nothing.
    twice = {first: once if first == model.step else model.twice(first) for first in sorted(steps)}
    gains = {first: _gains(counts[held], once[held], shares[held]) for first, shares in twice.items()}
    return _Frequency(place, places, once, twice, gains)


def _gains(counts: np.ndarray, once: np.ndarray, twice: np.ndarray) -> np.ndarray:
    """Compute the gain in log-likelihood over one compression for each of SHARES, float (11,)."""
    mixtures = SHARES[:, None] * twice + (1 - SHARES[:, None]) * once
    result: np.ndarray = (np.log(mixtures) - np.log(once)) @ counts
    return result
