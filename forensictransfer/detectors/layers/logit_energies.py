"""From one logit to the two energies that every detector gives."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("forensictransfer")
class LogitEnergies(keras.layers.Layer):
    """The logit z of "fake" as evidence for real and for fake: (-z / 2, z / 2), so that their difference is z.

    Shapes: float32 (b, 1) -> (b, 2).
    """

    def call(self, logit: tf.Tensor) -> tf.Tensor:
        """Compute both energies of a batch."""
        return tf.concat([-0.5 * logit, 0.5 * logit], axis=-1)

    def compute_output_spec(self, logit: keras.KerasTensor) -> keras.KerasTensor:
        """Return the shape and type of two numbers for each image."""
        return keras.KerasTensor((logit.shape[0], 2), dtype=logit.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the base layer's settings; it has none of its own."""
        return super().get_config()
