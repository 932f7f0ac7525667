"""The detector `noise_level`: regions whose noise is not that of the rest of the image at the same brightness.

Source: after Mahdian, Saic: Using noise inconsistencies for blind image forensics, Image and Vision Computing 2009.
README.md of this folder has what is ours, where it fails and what was measured.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from scipy import ndimage

from forensictransfer.detectors.base import Evidence, ImageFile
from forensictransfer.detectors.signals.cells import spread
from forensictransfer.detectors.signals.noise_level.levels import CELL, deviations, noise_levels
from forensictransfer.detectors.signals.single import SignalDetector

SMALLEST = 64  # pixels
AROUND = 9  # cells along a side of what is averaged, 72 pixels
_FEWEST = 150  # cells that can tell
_TOP = 0.02  # share of the cells that the score is of
_KNOWN = 0.3  # share of the cells around one that have to tell
_HALF = 1.5  # deviations where the heat map is one half


class NoiseLevel(SignalDetector):
    """Noise of cells against the image's own noise at their brightness, averaged over 72 pixels.

    Score: deviations by which the most deviating fiftieth of the image differs at least, up or down. Features: that,
    the largest up and down, the image's noise (logarithm of grey levels), its spread, the share of cells that can tell.
    """

    name: ClassVar[str] = "noise_level"
    maps: ClassVar[bool] = True
    smallest: ClassVar[int] = SMALLEST

    def judge(self, image: ImageFile) -> Evidence:
        """Say of one image how far the noise of a compact part is from the image's own."""
        return _evidence(image)


def _evidence(image: ImageFile) -> Evidence:
    levels = noise_levels(image.pixels)
    able = levels.able
    if able.sum() < _FEWEST:
        return Evidence.does_not_apply(f"fewer than {_FEWEST} cells that have noise and are not clipped")
    far, deviation = deviations(levels)
    known = ndimage.uniform_filter(able.astype(float), AROUND, mode="nearest")
    compact = ndimage.uniform_filter(far, AROUND, mode="nearest") / np.maximum(known, _KNOWN)
    score = float(np.quantile(np.abs(compact[able]), 1 - _TOP))
    usual = float(np.median(levels.noise[able]))
    heat = np.where(able, np.abs(compact) / (np.abs(compact) + _HALF), 0).astype(np.float32)
    row, column = np.unravel_index(np.argmax(np.abs(compact) * able), able.shape)
    ratio = float(np.exp(compact[row, column] * deviation))
    said = (
        f"noise about {usual:.1f} grey levels, texture included; most different around "
        f"({column * CELL + CELL // 2}, {row * CELL + CELL // 2}): {ratio:.2f} times what is usual at its brightness"
    )
    features = [score, compact[able].max(), -compact[able].min(), np.log(usual), deviation, able.mean()]
    return Evidence(
        score=score,
        heat_map=spread(heat, image.size, CELL, (1, 1)),
        reasons=(said, "texture and smooth areas deviate in sound images, too"),
        features=np.array(features, np.float32),
    )
