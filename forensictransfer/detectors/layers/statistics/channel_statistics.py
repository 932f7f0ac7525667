"""What the channels of a feature map do over an image: their scales, and how neighbours vary together."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import keras
import numpy as np
import tensorflow as tf

_FLOOR = 1e-3  # keeps logarithms and quotients finite where a channel is silent


@keras.saving.register_keras_serializable("forensictransfer")
class ChannelStatistics(keras.layers.Layer):
    """Scales of the channels of a feature map, and the correlations between channels and with their neighbourhood.

    Of each channel h_k over its positions, with s_k its deviation and e = 0.001,

        log(mean |h_k| + e),  log(s_k + e),

    then, with z_k = (h_k - mean h_k) / (s_k + e), the correlations of channels i < j at the same position, the mean of
    z_i z_j, and for each offset (y, x) those of all i and j, the mean over the positions p whose neighbour p + (y, x)
    exists of z_i(p) z_j(p + (y, x)).

    groups: equal runs of neighbouring channels; correlations are taken within a group. offsets: rows down (at least 0)
    and columns to the right (may be negative), in positions.

    Shapes: float32 (b, h, w, c), c a multiple of `groups` -> (b, 2 c + groups (n (n - 1) / 2 + n^2 len(offsets))), n =
    c / groups: the means, the deviations, then group after group its pairs at the same position, then offset by offset
    its pairs, i before j.
    """

    def __init__(self, groups: int = 1, offsets: Sequence[Sequence[int]] = (), **kwargs: Any) -> None:
        """Create the layer; groups, offsets: see above."""
        super().__init__(**kwargs)
        self.groups = int(groups)
        self.offsets = [(int(down), int(across)) for down, across in offsets]

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Check that the channels can be divided. Raises ValueError if they cannot."""
        channels = input_shape[-1]
        if channels is None or channels % self.groups:
            raise ValueError(f"expected a number of channels that {self.groups} divides, got {channels}")

    def call(self, maps: tf.Tensor) -> tf.Tensor:
        """Compute the statistics of a batch of feature maps."""
        centred = maps - tf.reduce_mean(maps, axis=(1, 2), keepdims=True)
        deviation = tf.sqrt(tf.reduce_mean(tf.square(centred), axis=(1, 2)))
        divided = centred / (deviation[:, None, None] + _FLOOR)
        found = [tf.math.log(tf.reduce_mean(tf.abs(maps), axis=(1, 2)) + _FLOOR), tf.math.log(deviation + _FLOOR)]
        width = maps.shape[-1] // self.groups
        upper = np.flatnonzero(np.triu(np.ones((width, width)), 1))
        for first in range(0, maps.shape[-1], width):
            part = divided[..., first : first + width]
            found.append(tf.gather(_products(part, 0, 0), upper, axis=1))
            found += [_products(part, down, across) for down, across in self.offsets]
        return tf.concat(found, axis=-1)

    def compute_output_spec(self, maps: keras.KerasTensor) -> keras.KerasTensor:
        """Return the shape and type of the statistics, without computing them."""
        channels = maps.shape[-1]
        width = channels // self.groups
        pairs = width * (width - 1) // 2 + width * width * len(self.offsets)
        return keras.KerasTensor((maps.shape[0], 2 * channels + self.groups * pairs), dtype="float32")

    @property
    def multiply_adds(self) -> int:
        """Of one image: the products of all channels of a group at every position and offset."""
        return prod(self.input.shape[1:]) * self.input.shape[-1] // self.groups * (1 + len(self.offsets))

    def get_config(self) -> dict[str, Any]:
        """Return every argument of the constructor."""
        return {**super().get_config(), "groups": self.groups, "offsets": [list(pair) for pair in self.offsets]}


def _products(maps: tf.Tensor, down: int, across: int) -> tf.Tensor:
    """Average z_i(p) z_j(p + (down, across)) over the positions: float32 (b, h, w, n) -> (b, n n)."""
    height, width, channels = maps.shape[1] - down, maps.shape[2] - abs(across), maps.shape[-1]
    left, right = max(0, -across), max(0, across)
    here = tf.reshape(maps[:, :height, left : left + width], [-1, height * width, channels])
    there = tf.reshape(maps[:, down:, right : right + width], [-1, height * width, channels])
    return tf.reshape(tf.matmul(here, there, transpose_a=True) / float(height * width), [-1, channels * channels])
