"""The fingerprint of a camera: how much brighter or darker each of its pixels is, estimated from many photographs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forensictransfer.detectors.signals.prnu.residual import Noise, cleaned


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """The multiplicative noise K of a sensor, as its photographs are stored (not turned upright).

    pattern: float32 (h, w), mean 0; a pixel of brightness I is read as I (1 + K).
    """

    pattern: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.pattern.shape[0], self.pattern.shape[1]


class FingerprintSum:
    """The sums that a fingerprint is estimated from: two planes, however many photographs there are.

    K = sum(W I) / sum(I^2) is the maximum-likelihood estimate for residuals W = I K + noise (Chen et al., 2008).
    """

    def __init__(self, height: int, width: int) -> None:
        self._products = np.zeros((height, width), np.float32)
        self._energies = np.zeros((height, width), np.float32)
        self.count = 0

    def add(self, noise: Noise) -> None:
        """Add a photograph's noise as the denoiser leaves it (`raw_noise`)."""
        self._products += noise.residual * noise.luma
        self._energies += noise.luma * noise.luma
        self.count += 1

    def remove(self, noise: Noise) -> None:
        """Take out a photograph's noise that was added before."""
        self._products -= noise.residual * noise.luma
        self._energies -= noise.luma * noise.luma
        self.count -= 1

    def estimate(self, without: Noise | None = None) -> Fingerprint:
        """Estimate the fingerprint, of all photographs or of all but one that was added."""
        products, energies = self._products, self._energies
        if without is not None:
            products = products - without.residual * without.luma
            energies = energies - without.luma * without.luma
        # A pixel that was dark or saturated in every photograph says nothing: K is 0 there, not a ratio of noise.
        return Fingerprint(cleaned(products / np.maximum(energies, 1.0)))
