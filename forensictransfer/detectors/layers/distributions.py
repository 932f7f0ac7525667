"""How far a normal distribution is from the one that stands for reals, and from the one that stands for fakes."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

_KEPT_OFF_ZERO = 1e-12  # the root has no gradient at nought


@keras.saving.register_keras_serializable("forensictransfer")
class WassersteinEnergies(keras.layers.Layer):
    """Minus the Wasserstein distances of N(|mu|, sigma^2) from the distributions of reals and of fakes.

    W_c = sqrt( sum_j (|mu_j| - m_cj)^2 + sum_j (sigma_j - 1)^2 ), m_0 = (1..1, 0..0) for reals and m_1 = (0..0, 1..1)
    for fakes, half of the d dimensions each; the energies are (-W_0, -W_1).

    Shapes: mu and log sigma^2, float32 (b, d) each, d even -> (b, 2).

    Source: S. Aneja, M. Niessner, "Generalized Zero and Few-Shot Transfer for Facial Forgery Detection", 2020; the
    absolute value is in the authors' program.
    """

    def call(self, mean: tf.Tensor, log_variance: tf.Tensor) -> tf.Tensor:
        """Compute both energies of a batch."""
        half = mean.shape[-1] // 2
        mean = tf.abs(mean)
        spread = tf.reduce_sum(tf.square(tf.exp(0.5 * log_variance) - 1.0), axis=-1)
        squares, others = tf.square(mean), tf.square(mean - 1.0)
        real = tf.reduce_sum(others[:, :half], axis=-1) + tf.reduce_sum(squares[:, half:], axis=-1)
        fake = tf.reduce_sum(squares[:, :half], axis=-1) + tf.reduce_sum(others[:, half:], axis=-1)
        return -tf.sqrt(tf.stack([real + spread, fake + spread], axis=-1) + _KEPT_OFF_ZERO)

    def compute_output_spec(self, mean: keras.KerasTensor, log_variance: keras.KerasTensor) -> keras.KerasTensor:
        """Return the shape and type of two numbers for each image."""
        return keras.KerasTensor((mean.shape[0], 2), dtype=mean.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the base layer's settings; it has none of its own."""
        return super().get_config()
