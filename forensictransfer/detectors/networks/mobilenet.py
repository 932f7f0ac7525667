"""MobileNetV3-Small on high-pass colours: a modern backbone that a processor can train.

    y = (x - b * x) / 16,   b the binomial kernel of 3 x 3 pixels,   x in grey levels

11 inverted bottlenecks with squeeze and excitation (keras.applications), mean over 576 planes, dropout, logit. Binary
cross-entropy, Adam. 0.94 million parameters, fewer multiply-adds than ForensicTransfer's encoder. ImageNet weights come
from a file (`--weights`).

Source: A. Howard and others, "Searching for MobileNetV3", 2019 (67.4 % on ImageNet). The high-pass input is
ours. Why this one: docs/detectors.md has the measurement of quality for processor seconds.
"""

from __future__ import annotations

from typing import ClassVar

import keras

from forensictransfer.detectors.layers import HighPassColours
from forensictransfer.detectors.networks.backbone import BackboneDetector


class MobileNet(BackboneDetector):
    """MobileNetV3-Small on high-pass colours."""

    name: ClassVar[str] = "mobilenet"
    smallest: ClassVar[int] = 40  # keras.applications wants 32, and the high pass takes two

    @classmethod
    def backbone(cls, scaled: keras.KerasTensor, weights: str | None = None) -> keras.Model:
        """Build MobileNetV3-Small without its top."""
        return keras.applications.MobileNetV3Small(
            include_top=False, weights=weights, input_tensor=scaled, include_preprocessing=False
        )

    @classmethod
    def scaled(cls, image: keras.KerasTensor) -> keras.KerasTensor:
        """Compute what a pixel's neighbours do not tell of it."""
        return HighPassColours(name="high_pass")(image)

    @property
    def stages(self) -> tuple[str, ...]:
        """After bottlenecks 1, 3, 6, 8 and 11, and the head."""
        ends = ("project_bn", "2_add", "5_add", "7_add", "10_add")
        return (*(f"expanded_conv_{end}" for end in ends), "logit")
