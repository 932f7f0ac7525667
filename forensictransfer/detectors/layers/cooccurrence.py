"""How often runs of four neighbouring residuals occur: the descriptor that networks on residuals have to beat."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import keras
import tensorflow as tf

from forensictransfer.detectors.layers.pixels import luma
from forensictransfer.detectors.runs import RUN, merged_runs


@keras.saving.register_keras_serializable("forensictransfer")
class ResidualCooccurrence(keras.layers.Layer):
    """Square roots of the frequencies of runs of four quantised third-order residuals.

    Of the luma x (0.299 R + 0.587 G + 0.114 B, rounded), for each step q:

        r(i) = x(i) - 3 x(i+1) + 3 x(i+2) - x(i+3),    k(i) = round(r(i) / q), cut to -T..T

    down the columns and along the rows; the frequencies of (k(j), k(j+1), k(j+2), k(j+3)) with j along the derivative
    and with j across it, both directions of the derivative added up; a run, its reverse and the negatives of both are
    one. T = 2 gives 169 runs, so 338 values for each q.

    Shapes: uint8 (b, h, w, 3), h and w at least 7 -> float32 (b, 338 len(steps)), each 338 values with squares that sum
    to 2 (along, then across).

    Sources: J. Fridrich, J. Kodovsky, "Rich Models for Steganalysis of Digital Images", 2012; D. Cozzolino, D.
    Gragnaniello, L. Verdoliva, "Image forgery detection through residual-based local descriptors and block-matching",
    2014. The steps are ours.
    """

    def __init__(self, steps: Sequence[float] = (1.0, 4.0), cut: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.steps, self.cut = tuple(float(step) for step in steps), int(cut)
        self._merge = merged_runs(self.cut)

    def call(self, image: tf.Tensor) -> tf.Tensor:
        """Compute the descriptor of a batch of images."""
        plane = luma(image)
        found = []
        planes = (plane, tf.transpose(plane, [0, 2, 1]))
        residuals = [p[:, :-3] - 3.0 * p[:, 1:-2] + 3.0 * p[:, 2:-1] - p[:, 3:] for p in planes]
        for step in self.steps:
            levels = [self._quantised(residual, step) for residual in residuals]
            along = tf.add_n([self._frequencies(level) for level in levels])
            across = tf.add_n([self._frequencies(tf.transpose(level, [0, 2, 1])) for level in levels])
            found += [along, across]
        return tf.sqrt(tf.concat(found, axis=-1) / 2.0)

    def _quantised(self, residual: tf.Tensor, step: float) -> tf.Tensor:
        return tf.clip_by_value(tf.round(residual / step), -self.cut, self.cut) + self.cut

    def _frequencies(self, level: tf.Tensor) -> tf.Tensor:
        """Count the frequencies of runs down the columns, (b, 169)."""
        n = 2 * self.cut + 1  # levels, as whole numbers that float32 holds exactly
        code = ((level[:, :-3] * n + level[:, 1:-2]) * n + level[:, 2:-1]) * n + level[:, 3:]
        count = prod(code.shape[1:])
        flat = tf.cast(tf.reshape(code, [-1, count]), tf.int32)
        counts = tf.math.bincount(flat, minlength=n**RUN, maxlength=n**RUN, axis=-1)
        return tf.matmul(tf.cast(counts, tf.float32), tf.constant(self._merge)) / float(count)

    def compute_output_spec(self, image: keras.KerasTensor) -> keras.KerasTensor:
        """Return the shape and type of the descriptor, without computing it."""
        if min(image.shape[1:3]) < 2 * RUN - 1:
            raise ValueError(f"expected sides of at least {2 * RUN - 1} pixels, got {image.shape[1:3]}")
        return keras.KerasTensor((image.shape[0], 2 * len(self.steps) * self._merge.shape[1]), dtype="float32")

    @property
    def multiply_adds(self) -> int:
        """Of one image: luma, residuals, and the sums over runs that are one. Counting multiplies nothing."""
        pixels = prod(self.input.shape[1:3])
        return pixels * (3 + 2 * RUN) + 4 * len(self.steps) * self._merge.size

    def get_config(self) -> dict[str, Any]:
        """Return every argument of the constructor."""
        return {**super().get_config(), "steps": list(self.steps), "cut": self.cut}
