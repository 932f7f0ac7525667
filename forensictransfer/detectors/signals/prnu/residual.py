"""The noise of an image, without its content: what is left of it when a denoised copy is taken off.

Source of the denoiser: Mihcak, Kozintsev, Ramchandran, Moulin: Low-complexity image denoising based on statistical
modeling of wavelet coefficients, 1999, with the windows and the deviation of Lukas, Fridrich, Goljan: Digital camera
identification from sensor pattern noise, 2006.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pywt
from scipy import fft, ndimage

from forensictransfer.detectors.signals.luma import luma_of

SIGMA = 5.0  # deviation of the noise that is taken off, grey levels
SATURATED = 250  # from this value on a channel no longer follows the light
_WAVELET, _MODE = "db4", "symmetric"  # the filter of 8 taps
_LEVELS = 4
_WINDOWS = (3, 5, 7, 9)  # over which local variances are estimated; the least of them counts


@dataclass(frozen=True, eq=False)
class Noise:
    """An image as far as fingerprints go: float32 (h, w) each, both 0 where a channel is saturated.

    residual: the noise of the luma. luma: grey levels. usable: bool (h, w), where no channel is saturated.
    """

    residual: np.ndarray
    luma: np.ndarray
    usable: np.ndarray

    def turned(self, quarters: int) -> Noise:
        """Turn by quarters, against the clock."""
        return Noise(*(np.rot90(plane, quarters) for plane in (self.residual, self.luma, self.usable)))

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.residual.shape[0], self.residual.shape[1]


def image_noise(pixels: np.ndarray) -> Noise:
    """Extract the noise of an image, pixels uint8 (h, w, 3), cleaned as a fingerprint is (`cleaned`)."""
    raw = raw_noise(pixels)
    return Noise(cleaned(raw.residual), raw.luma, raw.usable)


def raw_noise(pixels: np.ndarray) -> Noise:
    """Extract the noise of an image, pixels uint8 (h, w, 3), as the denoiser leaves it."""
    grey = luma_of(pixels)
    usable = pixels.max(axis=2) < SATURATED
    residual = denoising_residual(grey)
    residual *= usable
    grey *= usable
    return Noise(residual, grey, usable)


def denoising_residual(plane: np.ndarray, sigma: float = SIGMA) -> np.ndarray:
    """Take a denoised copy off a plane, float32 (h, w): its coefficients of four levels, each by a local Wiener filter.

    A coefficient with local variance v (the signal's, without the noise) keeps s^2 / (v + s^2) of itself in the noise.
    """
    levels = min(_LEVELS, pywt.dwt_max_level(min(plane.shape), _WAVELET))
    coarse, *details = pywt.wavedec2(plane, _WAVELET, _MODE, level=levels)
    noise = [np.zeros_like(coarse)]
    while details:  # what is done with is let go
        noise.append(tuple(_noise_part(band, sigma * sigma) for band in details.pop(0)))
    found = pywt.waverec2(noise, _WAVELET, _MODE)
    return np.ascontiguousarray(found[: plane.shape[0], : plane.shape[1]])


def _noise_part(band: np.ndarray, noise: float) -> np.ndarray:
    signal = _least_local_mean(band * band, mode="constant")
    signal -= noise
    np.maximum(signal, 0, out=signal)
    signal += noise
    part: np.ndarray = band * np.float32(noise)
    part /= signal
    return part


def _least_local_mean(energy: np.ndarray, mode: str) -> np.ndarray:
    least: np.ndarray = ndimage.uniform_filter(energy, _WINDOWS[0], mode=mode)
    for side in _WINDOWS[1:]:
        np.minimum(least, ndimage.uniform_filter(energy, side, mode=mode), out=least)
    return least


def cleaned(plane: np.ndarray) -> np.ndarray:
    """Remove from noise, float32 (h, w), what all cameras of a kind share: lines, and whatever is periodic.

    Rows and columns get mean 0 (readout, demosaicing); peaks of the spectrum are levelled by a Wiener filter (blocks of
    JPEG, periods of demosaicing). Source: Chen, Fridrich, Goljan, Lukas: Determining image origin and integrity using
    sensor noise, 2008.
    """
    plane = plane - plane.mean(axis=0, dtype=np.float64).astype(np.float32)
    plane -= plane.mean(axis=1, keepdims=True, dtype=np.float64).astype(np.float32)
    variance = float(np.var(plane, dtype=np.float64))
    if variance == 0:
        return plane
    spectrum = fft.rfft2(plane)
    energy = np.abs(spectrum)
    energy *= energy
    energy /= plane.size
    # Half of a spectrum that is periodic in both directions: its rows wrap, beyond its columns lies its mirror image.
    signal = _least_local_mean(energy, mode="wrap")
    signal -= variance
    np.maximum(signal, 0, out=signal)
    signal += variance
    spectrum *= np.float32(variance)
    spectrum /= signal
    found: np.ndarray = fft.irfft2(spectrum, s=plane.shape)
    return found
