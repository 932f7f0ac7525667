"""Tiny presets of Keras Hub with weights by chance, as tests of the detector `backbone` want them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


def keras_hub() -> Any:
    """Import Keras Hub, or skip the test where it is not installed."""
    return pytest.importorskip("keras_hub", reason="Keras Hub is not installed: requirements/backbones.txt")


def efficientnet() -> Any:
    """Make a tiny EfficientNet, which takes images of any size."""
    stages = 4
    return keras_hub().models.EfficientNetBackbone(
        stackwise_width_coefficients=[0.5] * stages,
        stackwise_depth_coefficients=[1.0] * stages,
        stackwise_kernel_sizes=[3] * stages,
        stackwise_num_repeats=[1] * stages,
        stackwise_input_filters=[16, 16, 24, 32],
        stackwise_output_filters=[16, 24, 32, 48],
        stackwise_expansion_ratios=[1, 2, 2, 2],
        stackwise_strides=[1, 2, 2, 2],
        stackwise_squeeze_and_excite_ratios=[0.25] * stages,
        stackwise_block_types=["v1"] * stages,
        stackwise_force_input_filters=[0] * stages,
        stackwise_nores_option=[False] * stages,
    )


def vgg() -> Any:
    """Make a tiny VGG, the least that a backbone can be: no pyramid and no blocks, any size, three layers."""
    return keras_hub().models.VGGBackbone(stackwise_num_repeats=[1, 1, 1], stackwise_num_filters=[4, 6, 8])


def write_preset(folder: Path, backbone: Any, *, scale: Any = 1 / 255, offset: Any = -0.5) -> Path:
    """Write a preset of a backbone and an image converter that scales so; returns the folder."""
    backbone.save_to_preset(str(folder))
    converter = keras_hub().layers.ImageConverter(image_size=(224, 224), scale=scale, offset=offset)
    converter.save_to_preset(str(folder))
    return folder
