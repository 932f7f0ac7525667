"""How active each plane of a stage is, as a logarithm."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("forensictransfer")
class LogEnergy(keras.layers.Layer):
    """e_c = log(floor + mean over the plane of x_c), x at least 0: a ratio of two planes becomes a difference.

    Shapes: float32 (b, h, w, c) -> (b, c).
    """

    def __init__(self, floor: float = 0.01, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.floor = floor

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Compute the logarithms of a batch."""
        return tf.math.log(self.floor + tf.reduce_mean(x, axis=(1, 2)))

    def compute_output_spec(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Return the shape and type: a number for each plane."""
        return keras.KerasTensor((x.shape[0], x.shape[-1]), dtype="float32")

    def get_config(self) -> dict[str, Any]:
        """Return every argument of the constructor."""
        return {**super().get_config(), "floor": self.floor}
