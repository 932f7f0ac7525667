"""A door for gradients: open, they pass; shut, what lies before learns nothing from what lies behind."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from forensictransfer.detectors.layers.unsaved import Unsaved


@keras.saving.register_keras_serializable("forensictransfer")
class GradientGate(keras.layers.Layer):
    """Passes its input on unchanged; in training the gradient is multiplied by `opening`, 1 (open) or 0 (shut).

    The opening belongs to a phase of a training and not to the network: it is not saved, and open after loading.
    Shapes: any -> the same.
    """

    def build(self, input_shape: Any) -> None:
        """Create the opening, open at first."""
        self._unsaved = Unsaved(keras.Variable(1.0, trainable=False, dtype="float32", name="opening"))

    @property
    def opening(self) -> keras.Variable:
        """What the gradient is multiplied by."""
        return self._unsaved.variable

    def load_own_variables(self, store: Any) -> None:
        """Read nothing; files of earlier versions hold the opening."""

    def call(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return the input; in training its gradient is scaled by the opening."""
        if not training:
            return x
        opening = tf.convert_to_tensor(self.opening)
        return tf.stop_gradient(x) + opening * (x - tf.stop_gradient(x))

    def compute_output_spec(self, x: keras.KerasTensor, training: bool = False) -> keras.KerasTensor:
        """Return the input's shape and type."""
        return keras.KerasTensor(x.shape, dtype=x.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the base layer's settings; it has none of its own."""
        return super().get_config()
