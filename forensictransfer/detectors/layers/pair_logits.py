"""For all pairs of a batch, attribute by attribute, whether the two have the same value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

_ROWS = 64  # of the pairs that inference looks at together


@keras.saving.register_keras_serializable("forensictransfer")
class PairLogits(keras.layers.Layer):
    """Logits that two images have the same value of each attribute, for all pairs of a batch.

        h_ij = ReLU(S (f_i + f_j) + D |f_i - f_j| + b),   z_ij = V h_ij + c

    A layer of `hidden` units on the pair, then one logit for each of `attributes`. The concatenation of the two, which
    the authors feed their layers with, tells the same; sum and difference make z_ij = z_ji by construction. `shares`
    holds how much each attribute counts in a consistency; it is no parameter of the logits and not trained.

    Shapes: float32 (b, d) -> float32 (b, b, a).

    Source: M. Huh, A. Liu, A. Owens, A. Efros, "Fighting Fake News: Image Splice Detection via Learned
    Self-Consistency", 2018.
    """

    def __init__(self, attributes: Sequence[str], hidden: int = 64, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.attributes = tuple(attributes)
        self.hidden = hidden

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the weights of the pair, of the attributes, and their shares."""
        width, number = input_shape[-1], len(self.attributes)
        self.of_sum = self.add_weight(name="of_sum", shape=(width, self.hidden), initializer="glorot_uniform")
        self.of_difference = self.add_weight(
            name="of_difference", shape=(width, self.hidden), initializer="glorot_uniform"
        )
        self.hidden_bias = self.add_weight(name="hidden_bias", shape=(self.hidden,), initializer="zeros")
        self.kernel = self.add_weight(name="kernel", shape=(self.hidden, number), initializer="glorot_uniform")
        self.bias = self.add_weight(name="bias", shape=(number,), initializer="zeros")
        self.shares = self.add_weight(name="shares", shape=(number,), initializer="ones", trainable=False)

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Compute the logits of all pairs of a batch."""
        return self.between(features, features)

    def between(self, some: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
        """Compute the logits of pairs of two batches: (m, d), (n, d) -> (m, n, a)."""
        added = tf.matmul(some, self.of_sum)[:, None] + tf.matmul(others, self.of_sum)[None]
        apart = tf.tensordot(tf.abs(some[:, None] - others[None]), self.of_difference, 1)
        hidden = tf.nn.relu(added + apart + self.hidden_bias)
        return tf.tensordot(hidden, self.kernel, 1) + self.bias

    def consistency(self, features: tf.Tensor) -> tf.Tensor:
        """Compute the mean over attributes, by their shares, of the probabilities of all pairs: (n, d) -> (n, n).

        Row by row in parts: the differences of 400 patches would take 40 MB for 64 features.
        """
        shares = self.shares / tf.maximum(tf.reduce_sum(self.shares), 1e-9)
        parts = [
            tf.tensordot(tf.sigmoid(self.between(features[start : start + _ROWS], features)), shares, 1)
            for start in range(0, len(features), _ROWS)
        ]
        return tf.concat(parts, axis=0)

    def compute_output_spec(self, features: keras.KerasTensor) -> keras.KerasTensor:
        """Return the shape and type of the logits."""
        count = features.shape[0]
        return keras.KerasTensor((count, count, len(self.attributes)), dtype="float32")

    def get_config(self) -> dict[str, Any]:
        """Return every argument of the constructor."""
        return {**super().get_config(), "attributes": list(self.attributes), "hidden": self.hidden}
