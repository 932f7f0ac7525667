"""Distances of embeddings from the mean embedding of each class: from a batch's own means in training."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("forensictransfer")
class PrototypeEnergies(keras.layers.Layer):
    """Minus the squared distances of embeddings from the prototypes, the mean embeddings of reals and of fakes.

    e_c = -|f - p_c|^2. In training mode a batch is two episodes: the first half of it is the support set of the second
    and the second of the first, p_c the mean over the support's images of class c (zero, where it has none). In
    inference mode the prototypes are the stored ones, which `assign` sets.

    Shapes: embeddings float32 (b, d), labels int32 (b,) (looked at in training mode only) -> (b, 2).

    Source: J. Snell, K. Swersky, R. Zemel, "Prototypical Networks for Few-shot Learning", 2017.
    """

    def build(self, embedding_shape: tuple[int | None, ...], label_shape: Any = None) -> None:
        """Create the stored prototypes."""
        self.prototypes = self.add_weight(
            name="prototypes", shape=(2, embedding_shape[-1]), initializer="zeros", trainable=False
        )

    def call(self, embedding: tf.Tensor, label: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Compute both energies of a batch."""
        if not training:
            return _energies(embedding, tf.convert_to_tensor(self.prototypes))
        middle = tf.shape(embedding)[0] // 2
        first, second = embedding[:middle], embedding[middle:]
        means = class_means(first, label[:middle]), class_means(second, label[middle:])
        return tf.concat([_energies(first, means[1]), _energies(second, means[0])], axis=0)

    def assign(self, means: Any) -> None:
        """Store the prototypes of reals and of fakes, (2, d)."""
        self.prototypes.assign(means)

    def compute_output_spec(
        self, embedding: keras.KerasTensor, label: keras.KerasTensor, training: bool = False
    ) -> keras.KerasTensor:
        """Return the shape and type of two numbers for each image."""
        return keras.KerasTensor((embedding.shape[0], 2), dtype=embedding.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the base layer's settings; it has none of its own."""
        return super().get_config()


def class_means(embedding: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """Compute the mean embedding of each class, (2, d); 0 for a class without images."""
    of_class = tf.one_hot(tf.reshape(label, [-1]), 2, dtype=embedding.dtype)
    counts = tf.reduce_sum(of_class, axis=0)[:, None]
    return tf.math.divide_no_nan(tf.matmul(of_class, embedding, transpose_a=True), counts)


def _energies(embedding: tf.Tensor, prototypes: tf.Tensor) -> tf.Tensor:
    return -tf.reduce_sum(tf.square(embedding[:, None, :] - prototypes[None]), axis=-1)
