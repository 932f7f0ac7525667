"""How far the decoder's output is from what the encoder was fed."""

from __future__ import annotations

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("forensictransfer")
class ReconstructionError(keras.layers.Layer):
    """L1 distance of each image's reconstruction: the mean over pixels and channels of |reconstruction - target|.

    Shapes: reconstruction and target (b, h, w, c) -> (b,), at least 0.
    """

    def call(self, reconstruction: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
        """Compute the error of every image of a batch."""
        return tf.reduce_mean(tf.abs(reconstruction - target), axis=(1, 2, 3))
