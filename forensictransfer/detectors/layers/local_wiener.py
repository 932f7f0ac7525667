"""Noise by a local Wiener filter in the pixels: what fingerprints are averaged from, without wavelets."""

from __future__ import annotations

from math import prod
from typing import Any

import keras
import tensorflow as tf

from forensictransfer.detectors.layers.pixels import luma

_FLAT = 1e-3  # grey levels: noise below it is none


@keras.saving.register_keras_serializable("forensictransfer")
class LocalWienerResidual(keras.layers.Layer):
    """The noise of the luma, in units of its deviation, pixel by pixel.

    r = (x - m) s^2 / max(v, s^2) with m and v the mean and the variance of x over squares of `side` pixels: all of what
    differs from the mean where that is weak, little of it in edges; then divided by the root of its mean square.

    Shapes: uint8 (b, h, w, 3) -> float32 (b, h w), row by row, whose squares have mean 1; 0 for a flat image.

    Sources: J.-S. Lee, "Digital image enhancement and noise filtering by use of local statistics", 1980. F. Marra and
    others average residuals of a learned denoiser; the wavelets of `signals.prnu` tell less here (docs/detectors.md).
    """

    def __init__(self, side: int = 5, sigma: float = 5.0, **kwargs: Any) -> None:
        """Create the layer. side: of the squares, pixels, odd. sigma: deviation of the noise s, grey levels."""
        super().__init__(**kwargs)
        self.side, self.sigma = int(side), float(sigma)

    def call(self, image: tf.Tensor) -> tf.Tensor:
        """Compute the noise of a batch of images."""
        x = luma(image)[..., None] - 128.0  # smaller squares: less is lost in their difference
        mean, square = (tf.nn.avg_pool2d(plane, self.side, 1, "SAME") for plane in (x, x * x))
        least = self.sigma**2
        noise = (x - mean) * (least / tf.maximum(square - mean * mean, least))
        flat = tf.reshape(noise, [-1, prod(image.shape[1:3])])
        unit = tf.sqrt(tf.reduce_mean(tf.square(flat), axis=1, keepdims=True))
        return flat / tf.maximum(unit, _FLAT)

    def compute_output_spec(self, image: keras.KerasTensor) -> keras.KerasTensor:
        """Return the shape and type of the noise, without computing it."""
        return keras.KerasTensor((image.shape[0], prod(image.shape[1:3])), dtype="float32")

    @property
    def multiply_adds(self) -> int:
        """Of one image: luma, two means over squares, and the filter."""
        return prod(self.input.shape[1:3]) * (3 + 2 * self.side**2 + 6)

    def get_config(self) -> dict[str, Any]:
        """Return every argument of the constructor."""
        return {**super().get_config(), "side": self.side, "sigma": self.sigma}
