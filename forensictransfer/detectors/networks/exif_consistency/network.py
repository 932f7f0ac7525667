"""The network that tells of two patches whether they have the same value of an attribute, and its balanced loss.

Every patch goes through one backbone to 64 features; `PairLogits` gives for all pairs of a batch and each attribute a
the logit z_ija that the values agree. With s_ija = 1 where they do, over the pairs i != j whose values are both known,

    L = mean over a of 1/2 mean over s = 1 of log(1 + exp(-z)) + 1/2 mean over s = 0 of log(1 + exp(z)),

a binary cross-entropy for which each attribute has as many pairs that agree as pairs that do not, whatever the batch.
An attribute of which a batch has only one of the two kinds is left out of that batch.

The backbone is a small residual network (184,000 parameters for patches of 64 pixels) where the authors have ResNet-50:
what a CPU trains in minutes. All three stages speak, by the logarithms of how active their filters are: what a history
does shows in ratios of fine and coarse detail, whatever there is of it. It is fed each colour less its blur: a
photograph has gigabytes of content for each byte of history, and plain pixels would teach which scenes there are.

Source: M. Huh, A. Liu, A. Owens, A. Efros, "Fighting Fake News: Image Splice Detection via Learned Self-Consistency",
2018 (83 attributes, pairs of patches of 128 pixels).
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import tensorflow as tf

from forensictransfer.detectors.layers import HighPassColours, LogEnergy, PairLogits, PopulationBatchNormalization

FEATURES = 64
UNKNOWN = -1  # code of an attribute that a photograph does not tell
_STAGES = (24, 48, 96)  # filters; each stage halves the side


def pair_network(side: int, attributes: Sequence[str]) -> keras.Model:
    """Build a fresh network (Keras' global seed): uint8 (b, side, side, 3) -> logits of all pairs, (b, b, a)."""
    image = keras.Input((side, side, 3), dtype="uint8", name="image")
    x = HighPassColours(name="detail")(image)
    energies = []
    for number, filters in enumerate(_STAGES, start=1):
        # The first kernels are larger: traces of mosaics and blocks are wider than three pixels.
        x = _convolution(x, filters, 2, f"down_{number}", 5 if number == 1 else 3)
        y = _convolution(x, filters, 1, f"block_{number}")
        x = keras.layers.Add(name=f"sum_{number}")([x, y])
        energies.append(LogEnergy(name=f"energy_{number}")(x))
    x = keras.layers.Concatenate(name="energies")(energies)
    x = PopulationBatchNormalization(1e-5, name="energies_norm")(x)
    features = keras.layers.Dense(FEATURES, name="features")(x)
    return keras.Model(image, PairLogits(attributes, name="same")(features), name="exif_consistency")


def _convolution(x: keras.KerasTensor, filters: int, stride: int, name: str, kernel: int = 3) -> keras.KerasTensor:
    x = keras.layers.Conv2D(
        filters, kernel, stride, padding="same", use_bias=False, kernel_initializer="he_normal", name=name
    )(x)
    return keras.layers.ReLU(name=f"{name}_relu")(PopulationBatchNormalization(1e-5, name=f"{name}_norm")(x))


@keras.saving.register_keras_serializable("forensictransfer")
def balanced_loss(codes: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Compute what each patch adds to L, times b: codes int (b, a), logits (b, b, a) -> float32 (b,), of mean L."""
    same, weights = balanced_pairs(codes)
    entropy = tf.nn.sigmoid_cross_entropy_with_logits(same, logits)
    return tf.reduce_sum(weights * entropy, axis=(1, 2))


@keras.saving.register_keras_serializable("forensictransfer")
def balanced_accuracy(codes: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Compute the share of right answers, attributes and both kinds of pairs alike, as `balanced_loss`: (b,)."""
    same, weights = balanced_pairs(codes)
    right = tf.cast(tf.equal(logits > 0, same > 0.5), tf.float32)
    return tf.reduce_sum(weights * right, axis=(1, 2))


def balanced_pairs(codes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Tell which pairs agree and how much each counts: int (b, a) -> float32 (b, b, a) twice; weights sum to b."""
    known = tf.not_equal(codes, UNKNOWN)
    count = tf.shape(codes)[0]
    asked = known[:, None] & known[None] & ~tf.eye(count, dtype=tf.bool)[..., None]
    equal = tf.equal(codes[:, None], codes[None])
    kinds = [tf.cast(asked & kind, tf.float32) for kind in (equal, ~equal)]
    totals = [tf.reduce_sum(kind, axis=(0, 1)) for kind in kinds]
    used = tf.cast((totals[0] > 0) & (totals[1] > 0), tf.float32)
    share = used / tf.maximum(tf.reduce_sum(used), 1.0) * tf.cast(count, tf.float32) / 2.0
    weights = [kind * share / tf.maximum(total, 1.0) for kind, total in zip(kinds, totals, strict=True)]
    return tf.cast(equal, tf.float32), weights[0] + weights[1]
