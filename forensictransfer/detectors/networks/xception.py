"""Xception, the network that most detectors of manipulated faces are compared with.

36 convolutions, 34 of them separable, in 14 blocks with shortcuts (keras.applications), colours scaled to [-1, 1], mean
over the planes, dropout, logit. Binary cross-entropy, Adam. 20.9 million parameters. Crops of 72 pixels
(configs/xception.yaml) make it a thing to try on a processor; ImageNet weights come from a file (`--weights`).

Sources: F. Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", 2017; A. Roessler and others,
"FaceForensics++: Learning to Detect Manipulated Facial Images", 2019. Headline: 99 % on raw videos of FaceForensics++,
in the ForensicTransfer paper 98 to 100 % on the source and 50 to 59 % on the target without shots.
"""

from __future__ import annotations

from typing import ClassVar

import keras

from forensictransfer.detectors.layers import ScaledPixels
from forensictransfer.detectors.networks.backbone import BackboneDetector


class Xception(BackboneDetector):
    """Xception on colours."""

    name: ClassVar[str] = "xception"
    smallest: ClassVar[int] = 72  # keras.applications wants 71

    @classmethod
    def backbone(cls, scaled: keras.KerasTensor, weights: str | None = None) -> keras.Model:
        """Build Xception without its top."""
        return keras.applications.Xception(include_top=False, weights=weights, input_tensor=scaled)

    @classmethod
    def scaled(cls, image: keras.KerasTensor) -> keras.KerasTensor:
        """Scale colours to [-1, 1]."""
        return ScaledPixels(1 / 127.5, -1.0, name="scaled")(image)

    @property
    def stages(self) -> tuple[str, ...]:
        """Entry flow, middle flow, exit flow, head."""
        # Keras numbers the sums again in each process: three of the entry, one of each middle block, one of the exit.
        sums = [layer.name for layer in self.model.layers if isinstance(layer, keras.layers.Add)]
        return (sums[2], sums[-2], "block14_sepconv2_act", "logit")
