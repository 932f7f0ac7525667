"""The co-occurrence descriptor as layers that can be trained: levels by softmax, runs by rectified sums."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

RUN = 4


@keras.saving.register_keras_serializable("forensictransfer")
class SoftLevels(keras.layers.Layer):
    """To which level each residual belongs: softmax over k of s (2 c_k r - c_k^2), largest for the nearest c_k.

    With a large sharpness s it is the quantiser; levels and sharpness are trained. Shapes: float32 (b, h, w, p) -> (b,
    h, w, p, levels), sums of 1.
    """

    def __init__(self, levels: Sequence[float] = (-4.0, 0.0, 4.0), sharpness: float = 0.5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.levels, self.sharpness = tuple(float(level) for level in levels), float(sharpness)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create slopes and offsets of the levels, those of the quantiser."""
        c, s = np.array(self.levels, np.float32), np.float32(self.sharpness)
        shape = (len(self.levels),)
        self.slopes = self.add_weight(name="slopes", shape=shape, initializer=_given(2 * s * c))
        self.offsets = self.add_weight(name="offsets", shape=shape, initializer=_given(-s * c * c))

    def call(self, residual: tf.Tensor) -> tf.Tensor:
        """Compute the shares of each level."""
        return tf.nn.softmax(residual[..., None] * self.slopes + self.offsets, axis=-1)

    def compute_output_spec(self, residual: keras.KerasTensor) -> keras.KerasTensor:
        """Return the shape and type: one more axis, of the levels."""
        return keras.KerasTensor((*residual.shape, len(self.levels)), dtype=residual.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return every argument of the constructor."""
        return {**super().get_config(), "levels": list(self.levels), "sharpness": self.sharpness}


@keras.saving.register_keras_serializable("forensictransfer")
class RunDetectors(keras.layers.Layer):
    """One detector for each run of four levels: ReLU(sum over the run of weight x share - 3), averaged over the image.

    At first the weights pick the levels of each run, so that with sharp levels a detector gives 1 where its run stands
    and 0 elsewhere, and its mean is the run's frequency; they are trained. Runs are looked for down the columns and
    along the rows of each plane, with weights of their own.

    Shapes: float32 (b, h, w, p, n) -> (b, 2 p n^4).
    """

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Create the detectors of both directions: kernels (4, 1, n, n^4) and (1, 4, n, n^4), and their offsets."""
        n = int(shape[-1])  # type: ignore[arg-type]
        picks = np.zeros((RUN, n, n**RUN), np.float32)
        for number, run in enumerate(itertools.product(range(n), repeat=RUN)):
            for place, level in enumerate(run):
                picks[place, level, number] = 1.0
        self.down = self.add_weight(name="down", shape=(RUN, 1, n, n**RUN), initializer=_given(picks[:, None]))
        self.along = self.add_weight(name="along", shape=(1, RUN, n, n**RUN), initializer=_given(picks[None]))
        self.offsets = self.add_weight(
            name="offsets", shape=(2, n**RUN), initializer=keras.initializers.Constant(1.0 - RUN)
        )

    def call(self, shares: tf.Tensor) -> tf.Tensor:
        """Compute the mean answer of each detector on each plane."""
        found = []
        for plane in tf.unstack(shares, axis=3):
            for kernel, offset in ((self.down, self.offsets[0]), (self.along, self.offsets[1])):
                answer = tf.nn.relu(tf.nn.conv2d(plane, kernel, strides=1, padding="VALID") + offset)
                found.append(tf.reduce_mean(answer, axis=(1, 2)))
        return tf.concat(found, axis=-1)

    def compute_output_spec(self, shares: keras.KerasTensor) -> keras.KerasTensor:
        """Return the shape and type of a vector for each image."""
        return keras.KerasTensor((shares.shape[0], 2 * shares.shape[3] * shares.shape[-1] ** RUN), dtype=shares.dtype)

    @property
    def multiply_adds(self) -> int:
        """Of one image: a convolution of four taps for both directions on each plane."""
        _, height, width, planes, n = self.input.shape
        return planes * n * n**RUN * RUN * ((height - 3) * width + height * (width - 3))

    def get_config(self) -> dict[str, Any]:
        """Return the base layer's settings; it has none of its own."""
        return super().get_config()


def _given(values: np.ndarray) -> Any:
    """Make an initialiser that gives these values."""
    return lambda shape, dtype=None: tf.constant(values, shape=tuple(shape), dtype=dtype or "float32")
