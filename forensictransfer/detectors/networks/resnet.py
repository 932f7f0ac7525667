"""The first three stages of ResNet-18, the encoder of two detectors.

conv 7x7, 64, stride 2 - max pool 3x3, stride 2 - two basic blocks each of 64, 128 and 256 filters, the last two stages
at stride 2: 1/16 of the side, 256 planes, 2.8 million parameters.

Source: K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition", 2016.
"""

from __future__ import annotations

import keras

from forensictransfer.detectors.layers import PopulationBatchNormalization

STAGES = ((64, 1), (128, 2), (256, 2))  # filters, stride of the first block
EPSILON = 1e-5
ENDS = ("stem_pool", *(f"stage_{stage}_block_2_out" for stage in range(1, len(STAGES) + 1)))


def encoded(x: keras.KerasTensor) -> keras.KerasTensor:
    """Build the planes of stage 3, (b, h / 16, w / 16, 256), of scaled colours (b, h, w, 3).

    ENDS are the stages' last layers.
    """
    x = _convolution(x, 64, 7, 2, "stem")
    x = keras.layers.ReLU(name="stem_relu")(x)
    x = keras.layers.MaxPooling2D(3, strides=2, padding="same", name="stem_pool")(x)
    for stage, (filters, stride) in enumerate(STAGES, start=1):
        x = _block(x, filters, stride, f"stage_{stage}_block_1")
        x = _block(x, filters, 1, f"stage_{stage}_block_2")
    return x


def _block(x: keras.KerasTensor, filters: int, stride: int, name: str) -> keras.KerasTensor:
    """Build ReLU(x + BN(conv(ReLU(BN(conv(x)))))), with a 1x1 convolution on x where the shape changes."""
    y = _convolution(x, filters, 3, stride, f"{name}_conv_1")
    y = keras.layers.ReLU(name=f"{name}_relu")(y)
    y = _convolution(y, filters, 3, 1, f"{name}_conv_2")
    if stride > 1 or x.shape[-1] != filters:
        x = _convolution(x, filters, 1, stride, f"{name}_shortcut")
    x = keras.layers.Add(name=f"{name}_sum")([x, y])
    return keras.layers.ReLU(name=f"{name}_out")(x)


def _convolution(x: keras.KerasTensor, filters: int, side: int, stride: int, name: str) -> keras.KerasTensor:
    x = keras.layers.Conv2D(
        filters, side, strides=stride, padding="same", use_bias=False, kernel_initializer="he_normal", name=name
    )(x)
    return PopulationBatchNormalization(EPSILON, name=f"{name}_norm")(x)
