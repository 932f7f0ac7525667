"""The latent of ForensicTransfer: one half speaks for real images, the other for fakes.

Source: D. Cozzolino, J. Thies, A. Roessler, C. Riess, M. Niessner, L. Verdoliva, "ForensicTransfer: Weakly-supervised
Domain Adaptation for Forgery Detection", 2018.
"""

from __future__ import annotations

import keras
import tensorflow as tf

UNKNOWN = -1  # the label of an image whose class is not known: the larger energy decides


@keras.saving.register_keras_serializable("forensictransfer")
class ActivationEnergy(keras.layers.Layer):
    """Mean absolute activation of each channel of the latent: e_k = mean over rows and columns of |h_k|.

    Shapes: float32 (b, h, w, c) -> (b, c), at least 0.
    """

    def call(self, latent: tf.Tensor) -> tf.Tensor:
        """Compute the channel energies of a batch of latents."""
        return tf.reduce_mean(tf.abs(latent), axis=(1, 2))


@keras.saving.register_keras_serializable("forensictransfer")
class PartitionEnergy(keras.layers.Layer):
    """Energies of the two halves of the latent: a_0 (real) and a_1 (fake), each the mean over its channels.

    a_c = (1 / K_c) sum |h_c| with K_c the number of values in half c. An image is called fake if a_1 > a_0.

    Shapes: channel energies (b, c) with c even -> (b, 2): [a_0, a_1]. Raises ValueError for an odd c.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Check that the channels can be halved."""
        if input_shape[-1] is None or input_shape[-1] % 2:
            raise ValueError(f"expected an even number of channels, got {input_shape[-1]}")

    def call(self, channel_energies: tf.Tensor) -> tf.Tensor:
        """Compute the energies of both halves."""
        real, fake = tf.split(channel_energies, 2, axis=-1)
        return tf.stack([tf.reduce_mean(real, axis=-1), tf.reduce_mean(fake, axis=-1)], axis=-1)


@keras.saving.register_keras_serializable("forensictransfer")
class LatentSelection(keras.layers.Layer):
    """Sets the half of the other class to zero before decoding, by the label where it is known.

    Where the label is -1 the larger energy decides (a tie is real). The latent that the energies are read from is not
    changed.

    Shapes: latent (b, h, w, c), label (b,) or (b, 1) in {-1, 0, 1}, energies (b, 2) -> (b, h, w, c).
    """

    def call(self, latent: tf.Tensor, label: tf.Tensor, energies: tf.Tensor) -> tf.Tensor:
        """Set one half of the latent to zero."""
        label = tf.reshape(tf.cast(label, tf.int32), [-1])
        decided = tf.cast(energies[:, 1] > energies[:, 0], tf.int32)
        chosen = tf.where(label == UNKNOWN, decided, label)
        half = tf.range(latent.shape[-1]) // (latent.shape[-1] // 2)
        keep = tf.cast(chosen[:, None] == half[None, :], latent.dtype)
        return latent * keep[:, None, None, :]

    def compute_output_spec(
        self, latent: keras.KerasTensor, label: keras.KerasTensor, energies: keras.KerasTensor
    ) -> keras.KerasTensor:
        """Return the latent's shape and type."""
        return keras.KerasTensor(latent.shape, dtype=latent.dtype)
