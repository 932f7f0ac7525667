"""The network that makes a noiseprint of an image, and the loss by which it learns.

The network is a DnCNN: conv 3x3 + ReLU, then conv 3x3 + batch norm + ReLU, then conv 3x3 to one plane; 17 layers of 64
filters in the paper. Its input is the luma x in [0, 1], its output the noiseprint r, of the same size. A batch holds m
patches: groups of four, of four photographs by one camera and from one place in the frame. With

    d_ij = |r_i - r_j|^2,   p_ij = exp(-d_ij) / sum over k != i of exp(-d_ik),   L_i = -log sum over j of i's group p_ij

(j != i), the power spectrum of the batch S(u, v) = 1/m sum over i of |F(r_i)(u, v)|^2 over its K x K frequencies, and

    R = log( geometric mean of S / arithmetic mean of S ) = mean of log S - log of the mean of S  <=  0,

the loss is L = mean over i of L_i - lambda R. R is 0 for a white noiseprint: the term keeps energy from gathering in a
few frequencies, whose periodic patterns would be alike everywhere in the frame.

Source: D. Cozzolino, L. Verdoliva, "Noiseprint: a CNN-based camera model fingerprint", 2018. Ours: the mean over i
where a sum only scales lambda; lambda itself; the first layer begins with second differences and the last one small, as
the residual of noise of five grey levels, where the authors begin with the weights of a denoiser.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from forensictransfer.detectors.layers import Luma, PopulationBatchNormalization

LAYERS, FILTERS = 17, 64  # of the paper
GROUP = 4  # patches of one camera and place in a batch
LAMBDA = 0.01
_UNIT = 0.1  # of the last layer's output: with weights as small as noiseprints Adam's steps would be wild
_FIRST_DEVIATION = 0.02  # of the noiseprint before the first step: that of noise of five grey levels
_GAIN = 5.0  # length of the kernels of the first layer
_KEPT_OFF_ZERO = 1e-12  # power of a frequency, so that its logarithm is a number


def residual_network(layers: int, filters: int) -> keras.Model:
    """Build a fresh network (Keras' global seed): uint8 (b, h, w, 3) -> float32 (b, h, w, 1), images of any size."""
    image = keras.Input((None, None, 3), dtype="uint8", name="image")
    x = keras.layers.Rescaling(1 / 255, name="scaled")(Luma(name="luma")(image))
    x = keras.layers.Conv2D(filters, 3, padding="same", kernel_initializer=second_differences, name="conv_1")(x)
    x = keras.layers.ReLU(name="relu_1")(x)
    for number in range(2, layers):
        x = keras.layers.Conv2D(
            filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal", name=f"conv_{number}"
        )(x)
        x = PopulationBatchNormalization(1e-5, name=f"norm_{number}")(x)
        x = keras.layers.ReLU(name=f"relu_{number}")(x)
    small = keras.initializers.VarianceScaling(scale=2 * (_FIRST_DEVIATION / _UNIT) ** 2)
    x = keras.layers.Conv2D(1, 3, padding="same", kernel_initializer=small, name=f"conv_{layers}")(x)
    return keras.Model(image, keras.layers.Rescaling(_UNIT, name="noiseprint")(x), name="noiseprint")


@keras.saving.register_keras_serializable("forensictransfer")
def second_differences(shape: Sequence[int], dtype: Any = None) -> Any:
    """Draw kernels (3, 3, c, filters) that are nought on even and on evenly rising brightness.

    Random sums of the six 3 x 3 products of (1, 1, 1), (1, 0, -1), (1, -2, 1) whose orders add up to two or more, each
    of unit length. What a camera leaves is a hundredth of what the scene does, which random kernels would pass on.
    """
    lines = [np.array(line) / np.linalg.norm(line) for line in ((1, 1, 1), (1, 0, -1), (1, -2, 1))]
    basis = np.stack([np.outer(lines[i], lines[j]) for i in range(3) for j in range(3) if i + j >= 2], axis=-1)
    drawn = keras.random.normal((basis.shape[-1], shape[2] * shape[3]), stddev=_GAIN / basis.shape[-1] ** 0.5)
    return keras.ops.reshape(keras.ops.matmul(keras.ops.cast(basis, drawn.dtype), drawn), shape)


@keras.saving.register_keras_serializable("forensictransfer")
def noiseprint_loss(group: tf.Tensor, noiseprint: tf.Tensor) -> tf.Tensor:
    """Compute L_i - lambda R of each patch: groups (b,) or (b, 1), noiseprints (b, k, k, 1) -> float32 (b,)."""
    log_shares, same = _log_shares(group, noiseprint)
    alike = tf.reduce_logsumexp(tf.where(same, log_shares, -float("inf")), axis=1)
    return -alike - LAMBDA * flatness(noiseprint)


@keras.saving.register_keras_serializable("forensictransfer")
def nearest_is_alike(group: tf.Tensor, noiseprint: tf.Tensor) -> tf.Tensor:
    """Tell of each patch whether the one nearest to it is of its group: as `noiseprint_loss`, 0 or 1, float32 (b,).

    Chance is 3 / (b - 1).
    """
    log_shares, same = _log_shares(group, noiseprint)
    nearest = tf.argmax(log_shares, axis=1)
    return tf.cast(tf.gather(same, nearest, axis=1, batch_dims=1), tf.float32)


def flatness(noiseprint: tf.Tensor) -> tf.Tensor:
    """Compute R of a batch of noiseprints (b, k, k, 1): a scalar, at most 0."""
    plane = noiseprint[..., 0]
    spectrum = tf.signal.fft2d(tf.complex(plane, tf.zeros_like(plane)))
    squares = tf.square(tf.math.real(spectrum)) + tf.square(tf.math.imag(spectrum))
    power = tf.reduce_mean(squares, axis=0) + _KEPT_OFF_ZERO
    return tf.reduce_mean(tf.math.log(power)) - tf.math.log(tf.reduce_mean(power))


def _log_shares(group: tf.Tensor, noiseprint: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Compute log p_ij, (b, b), -inf for i = j, and whether j is another patch of i's group, bool (b, b)."""
    number = tf.reshape(group, [-1])
    flat = tf.reshape(noiseprint, [tf.shape(noiseprint)[0], -1])
    squares = tf.reduce_sum(tf.square(flat), axis=1)
    # |a - b|^2 = |a|^2 + |b|^2 - 2 a.b: the differences of all pairs of 200 patches of 48 pixels would take 370 MB.
    distance = squares[:, None] + squares[None] - 2.0 * tf.matmul(flat, flat, transpose_b=True)
    itself = tf.eye(tf.shape(number)[0], dtype=tf.bool)
    log_shares = tf.nn.log_softmax(tf.where(itself, -float("inf"), -tf.maximum(distance, 0.0)), axis=1)
    return log_shares, tf.equal(number[:, None], number[None]) & ~itself
