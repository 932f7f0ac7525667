"""ForensicTransfer whose features for a few shots are statistics of its stages, not the means of its latent alone.

The network, its losses and its decision are those of `ft-res`: an autoencoder with a latent in a real and a fake half,
fake if a_1 > a_0. Two things differ:

    input       residuals in colour in units of their noise (`ColourResidual`, 20 planes), which are also what is
                reconstructed
    features    what `head`, `prototype` and `fused` work on: scales of the channels and correlations between them, of
                the residuals (there also with four neighbours) and of the first two stages (`ChannelStatistics`)

Which stages and statistics was chosen on train and validation splits (docs/results.md): the latent, at a sixteenth of
the resolution, has lost what a new forgery leaves; the residuals and the first stages keep it.

Source: ours, after D. Cozzolino, J. Thies, A. Roessler, C. Riess, M. Niessner, L. Verdoliva, "ForensicTransfer:
Weakly-supervised Domain Adaptation for Forgery Detection", 2018; second-order statistics: J. Fridrich, J. Kodovsky,
"Rich Models for Steganalysis of Digital Images", 2012.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate, pairwise
from typing import ClassVar

import keras
import numpy as np

from forensictransfer.detectors.evidence import Analysis
from forensictransfer.detectors.layers import ChannelStatistics, ColourResidual
from forensictransfer.detectors.networks.forensic_transfer import ForensicTransferResidual
from forensictransfer.detectors.trainable import TrainableDetector

NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))
READ = ("residual", "encoder_1", "encoder_2_relu")


class ForensicTransferStatistics(ForensicTransferResidual):
    """ForensicTransfer on colour residuals, with second-order statistics of its stages as features."""

    name: ClassVar[str] = "ft-statistics"
    features: ClassVar[str] = "statistics"
    equal_units: ClassVar[bool] = True
    front: ClassVar[type[keras.layers.Layer]] = ColourResidual

    @classmethod
    def build(cls, crop: int) -> TrainableDetector:
        """Build a fresh network for crops of `crop` pixels."""
        plain = super().build(crop).model
        parts = []
        for stage in READ:
            layer = ChannelStatistics(offsets=NEIGHBOURS if stage == "residual" else (), name=f"{stage}_statistics")
            parts.append(layer(plain.get_layer(stage).output))
        statistics = keras.layers.Concatenate(name="statistics")(parts)
        return cls(keras.Model(plain.input, {**plain.output, "statistics": statistics}, name=plain.name))

    @property
    def feature_blocks(self) -> Mapping[str, slice]:
        """The columns of each stage that is read."""
        widths = [int(self.model.get_layer(f"{stage}_statistics").output.shape[-1]) for stage in READ]
        places = pairwise(accumulate(widths, initial=0))
        return {stage: slice(*place) for stage, place in zip(READ, places, strict=True)}

    def analyse(self, images: np.ndarray) -> Analysis:
        """Compute energies (n, 2) and statistics (n, d) of crops; the decoder is not run."""
        return TrainableDetector.analyse(self, images)
