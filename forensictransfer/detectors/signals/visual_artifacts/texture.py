"""Measure how much fine structure a part of a face has.

Source: K. I. Laws, "Textured image segmentation", 1980.
"""

from __future__ import annotations

import itertools

import numpy as np
from scipy import ndimage

from forensictransfer.detectors.signals.luma import luma_of

_MASKS = {
    "level": (1, 4, 6, 4, 1),
    "edge": (-1, -2, 0, 2, 1),
    "spot": (-1, 0, 2, 0, -1),
    "ripple": (1, -4, 6, -4, 1),
}
# Each pair once: a picture and the same turned by 90 degrees have the same energy. Level with level is brightness.
ENERGIES = tuple(pair for pair in itertools.combinations_with_replacement(_MASKS, 2) if pair != ("level", "level"))


def texture_energies(box: np.ndarray) -> np.ndarray:
    """Compute log energies of Laws' masks over a box of pixels, uint8 (h, w, 3), float64 (len(ENERGIES),).

    The luma is taken about its mean and divided by its deviation, so that neither light nor contrast counts; a
    constant of 0.01 keeps boxes without any structure finite.
    """
    luma = luma_of(box)
    luma = (luma - luma.mean()) / max(float(luma.std()), 1.0)
    found = []
    for first, second in ENERGIES:
        both = [_response(luma, first, second), _response(luma, second, first)]
        found.append(np.log(np.mean([np.abs(one).mean() for one in both]) + 0.01))
    return np.array(found)


def _response(luma: np.ndarray, down: str, right: str) -> np.ndarray:
    masks = [np.array(_MASKS[name], np.float64) / np.abs(_MASKS[name]).sum() for name in (down, right)]
    one: np.ndarray = ndimage.correlate1d(luma, masks[0], axis=0, mode="mirror")
    both: np.ndarray = ndimage.correlate1d(one, masks[1], axis=1, mode="mirror")
    return both
