"""Pixels as a network wants them: some of the colours, scaled and shifted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("forensictransfer")
class ScaledPixels(keras.layers.Layer):
    """y = scale x + offset for some of the colours of an image.

    Shapes: uint8 (b, h, w, 3) in 0..255 -> float32 (b, h, w, c), one of c for each of `channels` (0 red, 1 green,
    2 blue).
    """

    def __init__(
        self, scale: float = 1 / 255, offset: float = 0.0, channels: Sequence[int] = (0, 1, 2), **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.scale, self.offset, self.channels = scale, offset, tuple(channels)

    def call(self, image: tf.Tensor) -> tf.Tensor:
        """Scale the colours of a batch of images."""
        if self.channels != (0, 1, 2):
            image = tf.gather(image, self.channels, axis=-1)
        return tf.cast(image, tf.float32) * self.scale + self.offset

    def compute_output_spec(self, image: keras.KerasTensor) -> keras.KerasTensor:
        """Return the shape and type: the image's size, as many planes as colours."""
        return keras.KerasTensor((*image.shape[:-1], len(self.channels)), dtype="float32")

    def get_config(self) -> dict[str, Any]:
        """Return every argument of the constructor."""
        return {**super().get_config(), "scale": self.scale, "offset": self.offset, "channels": list(self.channels)}


@keras.saving.register_keras_serializable("forensictransfer")
class Luma(keras.layers.Layer):
    """The luma of an image in grey levels. Shapes: uint8 (b, h, w, 3) -> float32 (b, h, w, 1), whole numbers 0..255."""

    def call(self, image: tf.Tensor) -> tf.Tensor:
        """Compute the luma of a batch of images."""
        return luma(image)[..., None]

    def compute_output_spec(self, image: keras.KerasTensor) -> keras.KerasTensor:
        """Return the shape and type: the image's size, one plane."""
        return keras.KerasTensor((*image.shape[:-1], 1), dtype="float32")

    def get_config(self) -> dict[str, Any]:
        """Return the base layer's settings; it has none of its own."""
        return super().get_config()


def luma(image: tf.Tensor) -> tf.Tensor:
    """Compute 0.299 R + 0.587 G + 0.114 B, rounded: uint8 (b, h, w, 3) -> float32 (b, h, w), whole numbers."""
    x = tf.cast(image, tf.float32)
    # Sums of whole numbers are exact, so that every machine rounds alike.
    return tf.floor((299.0 * x[..., 0] + 587.0 * x[..., 1] + 114.0 * x[..., 2] + 500.0) / 1000.0)
