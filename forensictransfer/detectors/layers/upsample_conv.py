"""Up-sampling by nearest neighbours and a convolution, at less than half the multiplications."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("forensictransfer")
class UpsampleConv2D(keras.layers.Layer):
    """Nearest-neighbour up-sampling by 2 followed by a 3x3 convolution ("same", with bias), in one step.

    Nearest up-sampling is a transposed convolution of stride 2 with a 2x2 kernel of ones. Two linear steps are one:
    the transposed convolution whose 4x4 kernel is the 3x3 kernel convolved with those ones. It does 16 multiplications
    per low-resolution pixel and channel pair where the two steps do 36. The trained kernel stays 3x3.

    Shapes: float32 (b, h, w, c) -> (b, 2h, 2w, filters).
    """

    def __init__(self, filters: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.filters = filters

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the 3x3 kernel and the bias."""
        self.kernel = self.add_weight(
            name="kernel", shape=(3, 3, input_shape[-1], self.filters), initializer="glorot_uniform"
        )
        self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Up-sample and convolve a batch of feature maps."""
        padded = tf.pad(tf.reverse(self.kernel, [0, 1]), [[1, 1], [1, 1], [0, 0], [0, 0]])
        kernel = padded[:-1, :-1] + padded[1:, :-1] + padded[:-1, 1:] + padded[1:, 1:]
        shape = tf.shape(x)
        y = tf.nn.conv2d_transpose(
            x,
            tf.transpose(kernel, [0, 1, 3, 2]),
            [shape[0], 2 * shape[1], 2 * shape[2], self.filters],
            strides=2,
            padding="SAME",
        )
        return tf.nn.bias_add(y, self.bias)

    def compute_output_spec(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Return the shape and type: twice the sides, `filters` channels."""
        batch, height, width, _ = x.shape
        doubled = [None if side is None else 2 * side for side in (height, width)]
        return keras.KerasTensor((batch, *doubled, self.filters), dtype=x.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return every argument of the constructor."""
        return {**super().get_config(), "filters": self.filters}
