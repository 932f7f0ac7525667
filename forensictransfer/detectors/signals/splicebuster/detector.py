"""The detector `splicebuster`: blocks whose residual has other statistics than the rest of the image.

Source: Cozzolino, Poggi, Verdoliva: Splicebuster: a new blind image splicing detector, WIFS 2015. README.md of this
folder has what is ours, where it fails and what was measured.
"""

from __future__ import annotations

from typing import ClassVar

from forensictransfer.detectors.base import Evidence, ImageFile
from forensictransfer.detectors.signals.single import SignalDetector
from forensictransfer.detectors.signals.splicebuster.blocks import evidence_of
from forensictransfer.detectors.signals.splicebuster.words import cell_words

SMALLEST = 64  # pixels


class Splicebuster(SignalDetector):
    """Distances of blocks, in words of third-order residuals, to a Gaussian of the image itself, beside outliers.

    Score: gain in mean log-likelihood of two Gaussians over one, nats for a block, times the share of the blocks
    nearest to the smaller one that are neighbours. Features: both, the share of the smaller one, that of
    the outliers, the distance of the farthest blocks over the median.
    """

    name: ClassVar[str] = "splicebuster"
    maps: ClassVar[bool] = True
    smallest: ClassVar[int] = SMALLEST

    def judge(self, image: ImageFile) -> Evidence:
        """Say of one image how far a compact part of its blocks lies from the others."""
        return evidence_of(cell_words(image.pixels), image.size)
