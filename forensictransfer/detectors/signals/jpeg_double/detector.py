"""The detector `jpeg_double`: blocks without the first compression, in a JPEG that was compressed twice.

Source: Bianchi, Piva: Image Forgery Localization via Block-Grained Analysis of JPEG Artifacts, IEEE TIFS 2012; after
Lin, He, Tang, Tang, Pattern Recognition 2009. README.md of this folder has what is ours, where it fails and what was
measured.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from scipy import ndimage
from scipy.special import expit

from forensictransfer.detectors.base import Evidence, ImageFile
from forensictransfer.detectors.signals.cells import large_parts, spread
from forensictransfer.detectors.signals.jpeg_double.fit import Doubled, fit_doubled
from forensictransfer.detectors.signals.single import SignalDetector

SMALLEST = 32  # pixels; fewer blocks make no histogram
FEWEST = 16  # connected blocks that are called changed: one of 32 x 32 pixels
_SIDE = 8
_AROUND = 3  # blocks along a side whose log-likelihoods are averaged, not added: neighbours err alike
_SURE = 0.9  # probability of one compression from which a block is called changed
_WINDOW = 5  # blocks along a side of the region that the score is of
_SHARES = (0.5, 0.95)  # what is believed beforehand of a block that it was compressed twice


class JpegDouble(SignalDetector):
    """Blocks compressed once in a JPEG whose others were compressed twice on the same grid, by DCT histograms.

    Score: log-likelihood, nats, of one compression against two in the 5 x 5 blocks where it is largest; 0 for an image
    that was not compressed twice, negative for one that was, all over. Features: that, the gain of two compressions
    over one, the share of blocks compressed twice, the area called changed.
    """

    name: ClassVar[str] = "jpeg_double"
    needs: ClassVar[frozenset[str]] = frozenset({"pixels", "jpeg"})
    maps: ClassVar[bool] = True
    smallest: ClassVar[int] = SMALLEST

    def judge(self, image: ImageFile) -> Evidence:
        """Say of one JPEG whether a part of it lacks a first compression."""
        return _evidence(image)


def _evidence(image: ImageFile) -> Evidence:
    found = fit_doubled(image.coefficients[0])
    stored = (image.container.height, image.container.width)
    if not found.is_found:
        heat = np.zeros(image.size, np.float32)
        reason = "no sign of an earlier compression on the same grid"
        return Evidence(0.0, None, heat, heat > 0, reasons=(reason,), features=_features(0.0, found, 0.0))
    log_odds = _whole_blocks(found.log_odds, stored)
    score = float(ndimage.uniform_filter(log_odds, _WINDOW, mode="nearest").max()) * _WINDOW**2
    prior = np.clip(found.share, *_SHARES)
    posterior = expit(ndimage.uniform_filter(log_odds, _AROUND, mode="nearest") + np.log(1 / prior - 1))
    mask = large_parts(posterior > _SURE, FEWEST)
    heat = image.upright(spread(posterior.astype(np.float32), stored, _SIDE))
    return Evidence(
        score,
        None,
        heat,
        image.upright(spread(mask, stored, _SIDE)),
        reasons=(_reason(found),),
        features=_features(score, found, float(mask.mean())),
    )


def _whole_blocks(log_odds: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Silence the blocks that the encoder filled up behind the right and lower border of h x w pixels."""
    found = log_odds.copy()
    found[size[0] // _SIDE :] = 0
    found[:, size[1] // _SIDE :] = 0
    return found


def _features(score: float, found: Doubled, area: float) -> np.ndarray:
    return np.array([score, found.gain, found.share if found.is_found else 0.0, area], np.float32)


def _reason(found: Doubled) -> str:
    first = "with other tables" if found.quality is None else f"at quality about {found.quality}"
    return f"{found.share:.0%} of the blocks were compressed before, {first} ({found.gain:.2f} nats for a block)"
