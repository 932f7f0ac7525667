"""How large the DCT coefficients of 8 x 8 blocks are, and how many of them are zero: what JPEG and upsampling leave."""

from __future__ import annotations

from math import prod
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from forensictransfer.detectors.layers.statistics.planes import luma_and_chroma

SIDE = 8
FREQUENCIES = SIDE * SIDE - 1
_FLOOR = 0.01  # keeps the logarithms finite
_ZERO = 0.5  # below this, in grey levels, a coefficient counts as zero


@keras.saving.register_keras_serializable("forensictransfer")
class BlockDCT(keras.layers.Layer):
    """Logarithms of the mean |c| and of the share of |c| < 0.5 for each of the 63 AC frequencies of the 8 x 8 DCT.

    Blocks start at the upper left corner, so that those of a crop at a multiple of 8 lie on the grid of a JPEG. Of Y,
    Cb and Cr, not rounded; 0.01 is added before each logarithm. Rows and columns beyond the last whole block are left
    out.

    Shapes: uint8 (b, h, w, 3), h and w at least 8 -> float32 (b, 378): of Y the 63 means, then the 63 shares, then
    those of Cb and of Cr; frequencies row by row (vertical frequency first), without the DC.

    Source: after the DCT histograms of Z. Lin, J. He, X. Tang, C.-K. Tang, "Fast, automatic and fine-grained tampered
    JPEG image detection via DCT coefficient analysis", 2009, and of O. Giudice, L. Guarnera, S. Battiato, "Fighting
    deepfakes by detecting GAN DCT anomalies", 2021, whose scales of the AC coefficients these are.
    """

    def __init__(self, **kwargs: Any) -> None:
        """Create the layer; it has no settings of its own."""
        super().__init__(**kwargs)
        self._statistics = tf.function(_statistics, jit_compile=True, autograph=False)

    def call(self, image: tf.Tensor) -> tf.Tensor:
        """Compute the statistics of a batch of images."""
        return self._statistics(image)

    def compute_output_spec(self, image: keras.KerasTensor) -> keras.KerasTensor:
        """Return the shape and type of the statistics, without computing them."""
        if min(image.shape[1:3]) < SIDE:
            raise ValueError(f"expected sides of at least {SIDE} pixels, got {image.shape[1:3]}")
        return keras.KerasTensor((image.shape[0], 6 * FREQUENCIES), dtype="float32")

    @property
    def multiply_adds(self) -> int:
        """Of one image: colours, and two products with an 8 x 8 matrix for each plane."""
        return prod(self.input.shape[1:3]) * (5 + 3 * 2 * SIDE)


def dct_matrix() -> np.ndarray:
    """Compute the orthonormal DCT-II of 8 values, float32 (frequency, place)."""
    place, frequency = np.arange(SIDE)[None], np.arange(SIDE)[:, None]
    matrix = np.sqrt(2 / SIDE) * np.cos((2 * place + 1) * frequency * np.pi / (2 * SIDE))
    matrix[0] /= np.sqrt(2)
    return matrix.astype(np.float32)


def _statistics(image: tf.Tensor) -> tf.Tensor:
    planes = luma_and_chroma(tf.transpose(tf.cast(image, tf.float32), [0, 3, 1, 2]))
    height, width = (side // SIDE for side in image.shape[1:3])
    planes = planes[:, :, : height * SIDE, : width * SIDE]
    matrix = tf.constant(dct_matrix())
    along = tf.matmul(tf.reshape(planes, [-1, SIDE]), matrix, transpose_b=True)
    both = tf.einsum("ui,nik->nuk", matrix, tf.reshape(along, [-1, SIDE, width * SIDE]))
    size = tf.abs(tf.reshape(both, [-1, 3, height, SIDE, width, SIDE]))
    mean = tf.reduce_mean(size, axis=[2, 4])
    zeros = tf.reduce_mean(tf.cast(size < _ZERO, tf.float32), axis=[2, 4])
    logs = [tf.reshape(tf.math.log(values + _FLOOR), [-1, 3, SIDE * SIDE])[..., 1:] for values in (mean, zeros)]
    return tf.reshape(tf.concat(logs, axis=-1), [-1, 6 * FREQUENCIES])
