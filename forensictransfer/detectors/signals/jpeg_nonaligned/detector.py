"""The detector `jpeg_nonaligned`: an earlier JPEG compression on another grid, of a part of the image or of the rest.

Source: Bianchi, Piva: Image Forgery Localization via Block-Grained Analysis of JPEG Artifacts, IEEE TIFS 2012.
README.md of this folder has what is ours, where it fails and what was measured.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from scipy import ndimage
from scipy.special import expit

from forensictransfer.detectors.base import Evidence, ImageFile
from forensictransfer.detectors.signals.cells import large_parts, spread
from forensictransfer.detectors.signals.jpeg_nonaligned.fit import Earlier, fit_earlier
from forensictransfer.detectors.signals.jpeg_nonaligned.shifts import SIDE
from forensictransfer.detectors.signals.single import SignalDetector

SMALLEST = 32  # pixels; fewer blocks make no histogram
FEWEST = 16  # connected blocks that are called changed: one of 32 x 32 pixels
_AROUND = 3  # blocks along a side whose log-likelihoods are averaged, not added: neighbours err alike
_SURE = 0.9  # probability from which a block is called changed
_WINDOW = 5  # blocks along a side of the region that the score is of
_SHARES = (0.05, 0.95)  # what is believed beforehand of a block that it had the earlier compression


class JpegNonaligned(SignalDetector):
    """Blocks with an earlier JPEG compression on another grid than the file's, or, where most have it, without.

    Score: log-likelihood, nats, of what fewer blocks have in the 5 x 5 blocks where it is largest; 0 for an image
    without an earlier compression on another grid. Features: that, logarithms of the gains of the best shift and of the
    next, the share of blocks, the area called changed.
    """

    name: ClassVar[str] = "jpeg_nonaligned"
    needs: ClassVar[frozenset[str]] = frozenset({"pixels", "jpeg"})
    maps: ClassVar[bool] = True
    smallest: ClassVar[int] = SMALLEST

    def judge(self, image: ImageFile) -> Evidence:
        """Say of one JPEG whether it, or a part of it, was compressed before on another grid."""
        return _evidence(image)


def _evidence(image: ImageFile) -> Evidence:
    found = fit_earlier(image.coefficients[0])
    if not found.is_found:
        heat = np.zeros(image.size, np.float32)
        reason = "no sign of an earlier compression on another grid"
        return Evidence(0.0, None, heat, heat > 0, reasons=(reason,), features=_features(0.0, found, 0.0))
    stored = (image.container.height, image.container.width)
    local = found.share <= 0.5
    log_odds = found.log_odds if local else -found.log_odds  # of what fewer blocks have
    score = float(ndimage.uniform_filter(log_odds, _WINDOW, mode="nearest").max()) * _WINDOW**2
    prior = np.clip(found.share if local else 1 - found.share, *_SHARES)
    smooth = ndimage.uniform_filter(log_odds, _AROUND, mode="nearest")
    posterior = np.where(log_odds == 0, 0, expit(smooth - np.log(1 / prior - 1))).astype(np.float32)
    # Closed over blocks that tell nothing.
    mask = large_parts(ndimage.binary_closing(posterior > _SURE, np.ones((3, 3))), FEWEST)
    return Evidence(
        score,
        None,
        image.upright(spread(posterior, stored, SIDE, found.shift, "nothing")),
        image.upright(spread(mask, stored, SIDE, found.shift, "nothing")),
        reasons=(_reason(found),),
        features=_features(score, found, float(mask.mean())),
    )


def _features(score: float, found: Earlier, area: float) -> np.ndarray:
    gains = np.log1p(np.maximum([found.gain, found.second], 0))
    return np.array([score, *gains, found.share if found.is_found else 0.0, area], np.float32)


def _reason(found: Earlier) -> str:
    return (
        f"about {found.share:.0%} of the blocks were compressed before at quality about {found.quality}, on a grid"
        f" from {found.shift} ({found.gain:.0f} nats, elsewhere {max(found.second, 0):.0f})"
    )
