"""The fingerprint of a generator, how strongly an image bears it, and from where on that is no chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from scipy.stats import norm


class NoiseMean:
    """The mean of noises, float (side, side), one after the other."""

    def __init__(self, side: int) -> None:
        self._sum = np.zeros((side, side), np.float64)
        self.count = 0

    def add(self, noise: np.ndarray) -> None:
        """Add the noise of an image (`folded_noise`)."""
        self._sum += noise
        self.count += 1

    @property
    def mean(self) -> np.ndarray:
        """The mean of what was added, at least one."""
        found: np.ndarray = self._sum / self.count
        return found


class GeneratorFingerprint:
    """What the images of a generator have in common in the pixel grid.

    pattern: float32 (side, side) with mean 0: the mean noise of fakes less that of reals. What both share (the place of
    an aligned face, the grid of JPEG) is not the generator's.
    """

    def __init__(self, pattern: np.ndarray) -> None:
        self.pattern = (pattern - pattern.mean(dtype=np.float64)).astype(np.float32)

    @property
    def side(self) -> int:
        """Pixels of a side."""
        return self.pattern.shape[0]

    def strength(self, noise: np.ndarray) -> float:
        """Compute how far the correlation with an image's noise stands out, in deviations.

        That is the correlation where the pattern lies, by the root of its mean square over all places that it could be
        moved to, round the edges. Noise that knows nothing of the pattern has about a normal deviate, whatever spectra
        both have; a plain correlation would be as large by a common spectrum alone.

        noise: float (side, side) with mean 0, of `folded_noise`.
        """
        spread = math.sqrt(float((np.abs(np.fft.rfft2(noise)) ** 2 * self._power).sum())) / self.pattern.size
        return float((noise * self.pattern).sum(dtype=np.float64)) / spread if spread > 0 else 0.0

    @cached_property
    def _power(self) -> np.ndarray:
        """The power of the pattern at each frequency of rfft2, counted twice where the other half has it too."""
        power: np.ndarray = np.abs(np.fft.rfft2(self.pattern)) ** 2
        power[:, 1 : (self.side + 1) // 2] *= 2
        return power


def threshold(reals: Sequence[float], rate: float) -> float:
    """Choose the strength from which on an image is taken for the generator's, with at most `rate` of false alarms.

    The lowest strength that at most a share `rate` of reals like those held out exceeds (as for any new one of them:
    V. Vovk and others, Algorithmic Learning in a Random World, 2005), but no lower than where a normal deviate exceeds
    it at that rate: photographs of elsewhere do not have less.

    Raises ValueError for fewer reals than `fewest_reals`.
    """
    rank = math.ceil((1 - rate) * (len(reals) + 1) - 1e-9)
    if rank > len(reals):
        raise ValueError(f"expected at least {fewest_reals(rate)} reals for a rate of {rate:g}, got {len(reals)}")
    return max(sorted(reals)[rank - 1], float(norm.isf(rate)))


def fewest_reals(rate: float) -> int:
    """Count the held-out reals that a rate of false alarms needs."""
    return math.ceil(1 / rate - 1 - 1e-9)


def chance(reals: Sequence[float], strength: float) -> float:
    """Compute which share of reals is at least so strong, the image itself counted as one: never 0."""
    return (1 + sum(one >= strength for one in reals)) / (len(reals) + 1)
