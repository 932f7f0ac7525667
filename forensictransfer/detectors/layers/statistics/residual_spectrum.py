"""The power spectrum of residuals in luma and chroma: resampling and generators leave peaks and gaps in it."""

from __future__ import annotations

from math import log2, prod
from typing import Any

import keras
import tensorflow as tf

from forensictransfer.detectors.layers.statistics.planes import luma_and_chroma

_CLIP = 20.0  # grey levels: an edge of the picture must not drown its noise
_FLOOR = 0.01  # keeps the logarithms finite


@keras.saving.register_keras_serializable("forensictransfer")
class ResidualSpectrum(keras.layers.Layer):
    """Logarithms of the mean and the largest power of the residual of Y, Cb and Cr in cells of the frequency plane.

    The residual of each colour is the Laplacian 4 x - (left + right + up + down), cut to -20..20 and 0 at the border;
    its Fourier transform over the crop of n x m pixels is made one of luma and chroma, and |F|^2 / (n m) is taken in
    `rows` x `columns` cells of equal width: vertical frequencies from 0 to below 1, horizontal ones from 0 to below 1/2
    cycles a pixel (the rest mirrors it). Where cells do not divide the sides, zeros are added until they do. 0.01 is
    added before the logarithm. A peak narrower than a cell shows in the largest value. With `mirrored` the cells of
    vertical frequencies v and 1 - v are one, by the mean of their logarithms: a picture and its mirror image, left for
    right, tell the same of what made them, and half as many values vary less with the picture.

    Shapes: uint8 (b, n, m, 3), n at least `rows`, m at least twice `columns` -> float32 (b, 6 rows columns), or with
    `mirrored` half of the rows: of Y the means, then the largest, then those of Cb and of Cr; cells row by row.

    Sources: X. Zhang, S. Karaman, S.-F. Chang, "Detecting and Simulating Artifacts in GAN Fake Images", 2019; R.
    Corvi and others, "Intriguing properties of synthetic images: from generative adversarial networks to diffusion
    models", 2023.
    """

    def __init__(self, rows: int = 16, columns: int = 8, mirrored: bool = False, **kwargs: Any) -> None:
        """Create the layer; rows, columns: cells of the half-plane. Raises ValueError for odd rows to be mirrored."""
        super().__init__(**kwargs)
        self.rows, self.columns, self.mirrored = int(rows), int(columns), bool(mirrored)
        if self.mirrored and self.rows % 2:
            raise ValueError(f"expected an even number of rows, whose halves mirror each other, got {self.rows}")
        self._statistics = tf.function(self._logarithms, jit_compile=True, autograph=False)

    def call(self, image: tf.Tensor) -> tf.Tensor:
        """Compute the statistics of a batch of images."""
        return self._statistics(image)

    def _logarithms(self, image: tf.Tensor) -> tf.Tensor:
        height, width = image.shape[1:3]
        high, wide = -(-height // self.rows), -(-width // (2 * self.columns))  # frequencies in a cell
        residual = tf.transpose(_residual(tf.cast(image, tf.float32)), [0, 3, 1, 2])
        transform = tf.signal.rfft2d(residual, [high * self.rows, 2 * wide * self.columns])[..., :-1]
        parts = (luma_and_chroma(tf.math.real(transform)), luma_and_chroma(tf.math.imag(transform)))
        power = (tf.square(parts[0]) + tf.square(parts[1])) / float(height * width)
        cells = tf.reshape(power, [-1, 3, self.rows, high, self.columns, wide])
        kinds = tf.stack([tf.reduce_mean(cells, [3, 5]), tf.reduce_max(cells, [3, 5])], axis=2)
        logarithms = tf.math.log(kinds + _FLOOR)
        if self.mirrored:
            first, second = tf.split(logarithms, 2, axis=3)
            logarithms = (first + tf.reverse(second, [3])) / 2
        return tf.reshape(logarithms, [-1, self._width])

    @property
    def _width(self) -> int:
        return 6 * self.rows * self.columns // (2 if self.mirrored else 1)

    def compute_output_spec(self, image: keras.KerasTensor) -> keras.KerasTensor:
        """Return the shape and type of the statistics, without computing them."""
        height, width = image.shape[1:3]
        if height < self.rows or width < 2 * self.columns:
            raise ValueError(f"expected at least {self.rows} x {2 * self.columns} pixels, got {height} x {width}")
        return keras.KerasTensor((image.shape[0], self._width), dtype="float32")

    @property
    def multiply_adds(self) -> int:
        """Of one image: the Laplacian, 3 transforms (5/4 n log2 n for n real values), their planes and powers."""
        pixels = prod(self.input.shape[1:3])
        return int(3 * pixels * (5 + 1.25 * log2(pixels) + 5))

    def get_config(self) -> dict[str, Any]:
        """Return every argument of the constructor."""
        return {**super().get_config(), "rows": self.rows, "columns": self.columns, "mirrored": self.mirrored}


def _residual(colours: tf.Tensor) -> tf.Tensor:
    """Compute the Laplacian of each colour, cut, with a border of zeros: float32 (b, h, w, 3) -> the same."""
    around = colours[:, :-2, 1:-1] + colours[:, 2:, 1:-1] + colours[:, 1:-1, :-2] + colours[:, 1:-1, 2:]
    inner = tf.clip_by_value(4.0 * colours[:, 1:-1, 1:-1] - around, -_CLIP, _CLIP)
    return tf.pad(inner, [[0, 0], [1, 1], [1, 1], [0, 0]])
