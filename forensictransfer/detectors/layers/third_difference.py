"""A kernel that starts as the third-order difference of neighbouring pixels."""

from __future__ import annotations

import keras
import tensorflow as tf

TAPS = (1.0, -3.0, 3.0, -1.0)


@keras.saving.register_keras_serializable("forensictransfer")
class ThirdDifference(keras.initializers.Initializer):
    """A kernel of four taps, 1 -3 3 -1, down or along: the third-order derivative."""

    def __call__(self, shape: tuple[int, ...], dtype: str | None = None) -> tf.Tensor:
        """Return the kernel, (4, 1, 1, 1) or (1, 4, 1, 1)."""
        return tf.reshape(tf.constant(TAPS, dtype or "float32"), shape)
