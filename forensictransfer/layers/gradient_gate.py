"""A door for gradients: open, they pass; shut, what lies before learns nothing from what lies behind."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("forensictransfer")
class GradientGate(keras.layers.Layer):
    """Passes its input on unchanged; the gradient is multiplied by `opening`, 1 (open) or 0 (shut).

    Shapes: any -> the same.
    """

    def build(self, input_shape: Any) -> None:
        """Create the opening, open at first."""
        self.opening = self.add_weight(name="opening", shape=(), initializer="ones", trainable=False)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """The input."""
        opening = tf.convert_to_tensor(self.opening)
        return tf.stop_gradient(x) + opening * (x - tf.stop_gradient(x))

    def compute_output_spec(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """The input's shape."""
        return keras.KerasTensor(x.shape, dtype=x.dtype)

    def get_config(self) -> dict[str, Any]:
        """The layer has no settings of its own."""
        return super().get_config()
