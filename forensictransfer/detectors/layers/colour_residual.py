"""Residuals in colour, squashed: third-order ones of luma and chroma, first-order ones of colour differences too."""

from __future__ import annotations

from math import prod
from typing import Any

import keras
import tensorflow as tf

from forensictransfer.detectors.layers.high_pass import interior

FINE, COARSE = (3.0, 2.0, 2.0), (10.0, 6.0, 6.0)  # grey levels of a third difference of Y, Cb, Cr
FIRST = (4.0, 2.0, 4.0, 2.0)  # grey levels of a first difference of Y, Cr, S, G - B
PLANES = 2 * (len(FINE) + len(COARSE) + len(FIRST))
MARGIN = 3


@keras.saving.register_keras_serializable("forensictransfer")
class ColourResidual(keras.layers.Layer):
    """Derivatives of colour planes along both directions, r = tanh(d / q): noise fills the range, edges saturate.

    d is the third-order derivative x(i) - 3 x(i+1) + 3 x(i+2) - x(i+3) of Y, Cb and Cr with q = 3, 2, 2 (`FINE`) and
    once more with q = 10, 6, 6 (`COARSE`), then the first-order x(i+1) - x(i) of Y, Cr, saturation S and G - B with q =
    4, 2, 4, 2 (`FIRST`); x in grey levels, Y = 0.299 R + 0.587 G + 0.114 B, Cb = 0.564 (B - Y), Cr = 0.713 (R - Y), S =
    255 (max - min) / max (0 for black). Not padded, cut, centred, to sides that 16 divides: 256 -> 240, 128 -> 112.

    Shapes: uint8 (b, h, w, 3) in 0..255 -> float32 (b, h', w', 20) in [-1, 1]: fine, coarse, first-order, of each all
    planes down the columns, then along the rows. Raises ValueError for sides under 19 pixels.
    """

    def __init__(self, **kwargs: Any) -> None:
        """Create the layer, which has no settings."""
        super().__init__(**kwargs)
        self._compiled = tf.function(_residuals, jit_compile=True, autograph=False)

    def call(self, image: tf.Tensor) -> tf.Tensor:
        """Compute the residuals of a batch of images."""
        (top, height), (left, width) = (interior(side, MARGIN) for side in image.shape[1:3])
        return self._compiled(image[:, top : top + height + MARGIN, left : left + width + MARGIN])

    def compute_output_spec(self, image: keras.KerasTensor) -> keras.KerasTensor:
        """Return the shape and type of the residuals, without computing them."""
        height, width = (interior(side, MARGIN)[1] for side in image.shape[1:3])
        return keras.KerasTensor((image.shape[0], height, width, PLANES), dtype="float32")

    @property
    def multiply_adds(self) -> int:
        """Of one image: five planes, four taps for six third-order derivatives, two for eight first-order ones."""
        return prod(self.output.shape[1:3]) * (5 * 3 + 6 * 4 + 8 * 2)

    def get_config(self) -> dict[str, Any]:
        """Return the base layer's settings; it has none of its own."""
        return super().get_config()


def _residuals(image: tf.Tensor) -> tf.Tensor:
    colours = tf.cast(image, tf.float32)
    red, green, blue = colours[..., 0], colours[..., 1], colours[..., 2]
    most = tf.reduce_max(colours, axis=-1)
    saturation = 255.0 * (most - tf.reduce_min(colours, axis=-1)) / tf.maximum(most, 1.0)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    chroma = 0.713 * (red - luma)
    third = _third(tf.stack([luma, 0.564 * (blue - luma), chroma], axis=-1))
    first = _first(tf.stack([luma, chroma, saturation, green - blue], axis=-1))
    divided = [third / tf.constant(2 * FINE), third / tf.constant(2 * COARSE), first / tf.constant(2 * FIRST)]
    return tf.tanh(tf.concat(divided, axis=-1))


def _third(planes: tf.Tensor) -> tf.Tensor:
    """Compute the third-order derivatives down the columns, then along the rows: (b, h + 3, w + 3, c) -> 2 c planes."""
    rows, columns = planes[:, :, 1:-2], planes[:, 1:-2]
    vertical = rows[:, :-3] - rows[:, 3:] + 3.0 * (rows[:, 2:-1] - rows[:, 1:-2])
    horizontal = columns[:, :, :-3] - columns[:, :, 3:] + 3.0 * (columns[:, :, 2:-1] - columns[:, :, 1:-2])
    return tf.concat([vertical, horizontal], axis=-1)


def _first(planes: tf.Tensor) -> tf.Tensor:
    """Compute the first-order derivatives at the same places: (b, h + 3, w + 3, c) -> 2 c planes."""
    here = planes[:, 1:-2, 1:-2]
    return tf.concat([planes[:, 2:-1, 1:-2] - here, planes[:, 1:-2, 2:-1] - here], axis=-1)
