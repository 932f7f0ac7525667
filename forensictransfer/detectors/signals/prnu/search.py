"""Does an image bear a camera's fingerprint, and at which place, turn and size? Peak-to-correlation energy.

Source: Goljan, Fridrich, Filler: Large scale test of sensor fingerprint camera identification, 2009; crops and sizes:
Goljan, Fridrich: Camera identification from cropped and scaled images, 2008.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import fft
from scipy.stats import norm

from forensictransfer.detectors.signals.prnu import THRESHOLD
from forensictransfer.detectors.signals.prnu.fingerprint import Fingerprint
from forensictransfer.detectors.signals.prnu.residual import Noise

EXPECTED = 1e-6  # false alarms of an image and a camera, by theory, that no threshold may exceed
SMALLEST = 64  # side of an image that is searched for, pixels
_AROUND = 5  # pixels on each side of the peak that belong to it


@dataclass(frozen=True)
class Match:
    """The best place of an image in a camera's frame.

    pce: peak-to-correlation energy, negative for a negative peak. positions: how many were looked at, all turns and
    sizes together. top, left: where its corner lies, pixels of the camera. quarters: turns against the clock that bring
    it there. scale: its size by that of the camera's pixels.
    """

    pce: float
    positions: int
    top: int = 0
    left: int = 0
    quarters: int = 0
    scale: float = 1.0

    @property
    def log10_false_alarms(self) -> float:
        """Common logarithm of the false alarms expected at this PCE or above, were there no fingerprint."""
        return log10_false_alarms(self.pce, self.positions)

    @property
    def threshold(self) -> float:
        """What the PCE has to exceed."""
        return threshold(self.positions)

    @property
    def found(self) -> bool:
        """Whether the image bears the fingerprint."""
        return self.pce > self.threshold


def log10_false_alarms(pce: float, positions: int) -> float:
    """Compute how many of `positions` exceed a PCE by chance: each is a squared normal deviate, where positive."""
    root = np.sign(pce) * np.sqrt(abs(pce))
    return float(np.log10(positions) + norm.logsf(root) / np.log(10))


def threshold(positions: int) -> float:
    """Compute the threshold: 60, or more where so many positions were searched that 60 would not keep EXPECTED."""
    return max(THRESHOLD, float(norm.isf(EXPECTED / positions) ** 2))


class Searcher:
    """Searches images for one camera's fingerprint; keeps its spectrum, 8 bytes a pixel with the pattern."""

    def __init__(self, fingerprint: Fingerprint) -> None:
        self.fingerprint = fingerprint
        self._spectrum = fft.rfft2(fingerprint.pattern)

    def search(self, noise: Noise, scales: Sequence[float] = ()) -> Match | None:
        """Find the best place of an image: every crop at 4 turns, resized whole photographs, crops of some sizes.

        noise: of the image (`image_noise`). scales: by which cropped photographs may have been resized, besides 1.
        Returns None for an image that has no place in the camera's frame: larger than it, at every size and turn.
        """
        best: Match | None = None
        positions = 0
        products = np.ascontiguousarray(noise.residual * noise.luma)
        for scale, size in self._sizes(noise.size, scales):
            scaled = products if size == noise.size else _resized(products, size)
            for quarters in range(4):
                turned = np.rot90(scaled, quarters)
                if not all(side <= whole for side, whole in zip(turned.shape, self.fingerprint.size, strict=True)):
                    continue
                match = self._place(turned, quarters, scale)
                positions += match.positions
                if best is None or match.pce > best.pce:
                    best = match
        if best is None:
            return None
        return Match(best.pce, positions, best.top, best.left, best.quarters, best.scale)

    def _sizes(self, size: tuple[int, int], scales: Sequence[float]) -> Iterator[tuple[float, tuple[int, int]]]:
        """Yield each size to try, with the scale that brought the image from it to its own."""
        yield 1.0, size
        whole = self.fingerprint.size
        for frame in (whole, whole[::-1]):  # the whole frame, resized: the same shape but for rounding
            scale = size[0] / frame[0]
            if size != frame and abs(frame[1] * scale - size[1]) <= 1:
                yield scale, frame
        for scale in scales:
            if scale != 1:
                yield scale, (round(size[0] / scale), round(size[1] / scale))

    def _place(self, products: np.ndarray, quarters: int, scale: float) -> Match:
        """Find the best place of residual times luma within the frame, (h, w) no larger than it."""
        frame = self.fingerprint.size
        height, width = products.shape
        # K times I at every shift, correlated with W, is K correlated with W I: one pair of transforms for all crops.
        spectrum = fft.rfft2(products, s=frame)
        np.conjugate(spectrum, out=spectrum)
        spectrum *= self._spectrum
        correlation = fft.irfft2(spectrum, s=frame)
        inside = correlation[: frame[0] - height + 1, : frame[1] - width + 1]
        top, left = (int(place) for place in np.unravel_index(np.argmax(inside), inside.shape))
        return Match(peak_energy(correlation, top, left), inside.size, top, left, quarters, scale)


def zero_shift_energy(noise: Noise, fingerprint: Fingerprint) -> float:
    """Compute the peak-to-correlation energy of a whole photograph, stored as the camera's are, at its own place."""
    spectrum = fft.rfft2(noise.residual * noise.luma)
    np.conjugate(spectrum, out=spectrum)
    spectrum *= fft.rfft2(fingerprint.pattern)
    return peak_energy(fft.irfft2(spectrum, s=fingerprint.size), 0, 0)


def peak_energy(correlation: np.ndarray, top: int, left: int) -> float:
    """Compute the peak-to-correlation energy at one place: its square by the mean square of all others, signed.

    correlation: float32 (h, w), circular. The 11 x 11 pixels around the place are left out of the others.
    """
    height, width = correlation.shape
    around = np.arange(-_AROUND, _AROUND + 1)
    near = np.ix_(np.unique((top + around) % height), np.unique((left + around) % width))
    peak = float(correlation[top, left])
    total = float(np.einsum("ij,ij->", correlation, correlation, dtype=np.float64))
    rest = total - float(np.sum(np.square(correlation[near], dtype=np.float64)))
    others = correlation.size - correlation[near].size
    if others <= 0 or rest <= 0:
        return 0.0
    return float(np.sign(peak) * peak * peak / (rest / others))


def _resized(plane: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.asarray(Image.fromarray(plane).resize(size[::-1], Image.Resampling.LANCZOS))
