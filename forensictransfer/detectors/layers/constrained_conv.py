"""A convolution that can do nothing but predict a pixel from its neighbours."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

_LEAST_SUM = 1e-3  # below it, dividing by the sum would blow the kernel up


@keras.saving.register_keras_serializable("forensictransfer")
class PredictionErrorConstraint(keras.constraints.Constraint):
    """The centre of each kernel is -1 and its other weights sum to 1: the output is the error of a prediction.

    w(0, 0) = -1, sum over (l, m) != (0, 0) of w(l, m) = 1, for each kernel of each input plane. Weights are scaled
    by 1 / sum; where the sum is nearly nought they are shifted instead. Shapes: (kh, kw, c, f), kh and kw odd.

    Source: B. Bayar, M. C. Stamm, "A Deep Learning Approach to Universal Image Manipulation Detection Using a New
    Convolutional Layer", 2016.
    """

    def __call__(self, kernel: Any) -> tf.Tensor:
        """Find the nearest kernel of this form, by the authors' projection."""
        kernel = tf.convert_to_tensor(kernel)
        height, width = kernel.shape[:2]
        around = tf.ones((height, width, 1, 1)) - tf.scatter_nd(
            [[height // 2, width // 2, 0, 0]], [1.0], (height, width, 1, 1)
        )
        kernel *= around
        total = tf.reduce_sum(kernel, axis=(0, 1), keepdims=True)
        shifted = kernel + around * (1.0 - total) / float(height * width - 1)
        scaled = tf.math.divide_no_nan(kernel, total)
        return tf.where(tf.abs(total) > _LEAST_SUM, scaled, shifted) - (1.0 - around)

    def get_config(self) -> dict[str, Any]:
        """Return no settings: there is nothing to set."""
        return {}


@keras.saving.register_keras_serializable("forensictransfer")
class ConstrainedConv2D(keras.layers.Conv2D):
    """A convolution without bias whose kernels obey `PredictionErrorConstraint` from the start and after every step.

    Shapes: float32 (b, h, w, c) -> (b, h - k + 1, w - k + 1, f), for kernels of k x k pixels.
    """

    def __init__(self, filters: int, kernel_size: Any, **kwargs: Any) -> None:
        kwargs.pop("use_bias", None)
        kwargs.pop("kernel_constraint", None)
        super().__init__(filters, kernel_size, use_bias=False, kernel_constraint=PredictionErrorConstraint(), **kwargs)

    def build(self, input_shape: Any) -> None:
        """Create the kernel and put it into its form."""
        super().build(input_shape)
        self._kernel.assign(self.kernel_constraint(self._kernel.value))
