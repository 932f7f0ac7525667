"""Batch normalisation whose inference agrees with training: its statistics are estimated, not tracked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from forensictransfer.detectors.layers.unsaved import Unsaved


@keras.saving.register_keras_serializable("forensictransfer")
class PopulationBatchNormalization(keras.layers.Layer):
    """y = gamma (x - mean) / sqrt(variance + epsilon) + beta, over all axes but the last.

    In training mode mean and variance are the batch's. In inference mode they are the moving statistics, which
    `estimate_statistics` sets to those of the finished network. Exponential averages of the weights' past lag behind,
    and on residuals (about 0.01) the usual epsilon of 1e-3 swamps the variance: together they cost 16 points of
    accuracy at an unchanged AUC. Hence the small epsilon and the estimation.

    Shapes: float32 (b, h, w, c) or (b, c) -> the same.

    Sources: S. Ioffe, C. Szegedy, "Batch Normalization", 2015; Y. Wu, J. Johnson, "Rethinking 'Batch' in BatchNorm",
    2021 (estimation over the population).
    """

    def __init__(self, epsilon: float = 1e-8, rate: float = 0.1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.epsilon = epsilon
        self.rate = rate

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create gamma, beta and the moving statistics."""
        shape = (input_shape[-1],)
        self.gamma = self.add_weight(name="gamma", shape=shape, initializer="ones")
        self.beta = self.add_weight(name="beta", shape=shape, initializer="zeros")
        self.moving_mean = self.add_weight(name="moving_mean", shape=shape, initializer="zeros", trainable=False)
        self.moving_variance = self.add_weight(name="moving_variance", shape=shape, initializer="ones", trainable=False)
        # A variable, so that a graph traced once serves training (rate) and estimation (1/1, 1/2, 1/3, ...); out
        # of Keras' sight, since it is no weight of the network.
        self._unsaved = Unsaved(keras.Variable(self.rate, trainable=False, dtype="float32", name="update_rate"))

    @property
    def update_rate(self) -> keras.Variable:
        """Weight of the newest batch in the moving statistics."""
        return self._unsaved.variable

    def load_own_variables(self, store: Any) -> None:
        """Read the four weights; files of earlier versions hold a fifth one, the rate."""
        for key, variable in enumerate(self.weights):
            variable.assign(store[str(key)])

    def call(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Normalise by the batch's statistics in training mode, by the moving ones otherwise."""
        if training:
            planes = x if len(x.shape) == 4 else x[:, None, None, :]
            y, mean, variance = tf.compat.v1.nn.fused_batch_norm(
                planes, self.gamma.value, self.beta.value, epsilon=self.epsilon, is_training=True
            )
            for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
                moving.assign(moving + self.update_rate * (batch - moving))
            return tf.reshape(y, tf.shape(x))
        scale = self.gamma * tf.math.rsqrt(self.moving_variance + self.epsilon)
        return x * scale + (self.beta - self.moving_mean * scale)

    def folded(self, kernel: tf.Tensor, bias: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Fold this layer into the convolution before: its kernel and bias then do this layer's inference too.

        kernel (..., c), bias (c,): BN(W * x + b) = (W s) * x + (b - mean) s + beta, s = gamma / sqrt(variance + eps).
        """
        scale = self.gamma * tf.math.rsqrt(self.moving_variance + self.epsilon)
        return kernel * scale, (bias - self.moving_mean) * scale + self.beta

    def compute_output_spec(self, x: keras.KerasTensor, training: bool = False) -> keras.KerasTensor:
        """Return the input's shape and type."""
        return keras.KerasTensor(x.shape, dtype=x.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return every argument of the constructor."""
        return {**super().get_config(), "epsilon": self.epsilon, "rate": self.rate}


def estimate_statistics(model: keras.Model, batches: Iterable[Any]) -> int:
    """Set the moving statistics of every PopulationBatchNormalization in `model` to their means over `batches`.

    The weights do not change. Each batch is passed through in training mode; after batch i the moving statistics are
    the plain means over the first i batches. Returns the number of batches; 0 means that nothing was changed.
    """
    layers = [layer for layer in model.layers if isinstance(layer, PopulationBatchNormalization)]
    forward = _training_forward(model)
    count = 0
    try:
        for count, batch in enumerate(batches, start=1):
            for layer in layers:
                layer.update_rate.assign(1.0 / count)
            forward(batch)
    finally:
        for layer in layers:
            layer.update_rate.assign(layer.rate)
    return count


def statistics(model: keras.Model) -> list[np.ndarray]:
    """Copy the moving means and variances of `model`, in the order of its layers."""
    layers = [layer for layer in model.layers if isinstance(layer, PopulationBatchNormalization)]
    return [np.array(value) for layer in layers for value in (layer.moving_mean, layer.moving_variance)]


def _training_forward(model: keras.Model) -> Any:
    cached = getattr(model, "_training_forward", None)
    if cached is None:
        cached = tf.function(lambda batch: model(batch, training=True), reduce_retracing=True)
        model._training_forward = cached  # one graph for all epochs
    return cached
