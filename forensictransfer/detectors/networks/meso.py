"""MesoNet: two small networks that look at the middle scale of an image.

Meso4:           [conv 3x3, 8] [conv 5x5, 8] [conv 5x5, 16] [conv 5x5, 16], each ReLU, batch norm, max pool 2, 2, 2, 4
MesoInception4:  the first two blocks are 1x1 | 1x1, 3x3 | 1x1, 3x3 of dilation 2 | 1x1, 3x3 of dilation 3 side by side
both:            dropout 0.5, dense 16, leaky ReLU 0.1, dropout 0.5, logit z

Loss (sigmoid(z) - y)^2, Adam, whose step size falls to a tenth every 1,000 steps. At crops of 256 pixels they have
28,073 and 28,725 parameters, as the authors' files of weights do, which `--weights FILE.h5` reads.

Source: D. Afchar, V. Nozick, J. Yamagishi, I. Echizen, "MesoNet: a Compact Facial Video Forgery Detection Network",
2018. Headline: over 98 % on Deepfakes, 95 % on Face2Face.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from forensictransfer.detectors.layers import PopulationBatchNormalization, ScaledPixels
from forensictransfer.detectors.networks.keras2_weights import read_keras2_weights, take_keras2_weights
from forensictransfer.detectors.networks.logit import LogitDetector

EPSILON = 1e-3  # of the authors' batch norm, which is Keras' default
DECAY_STEPS = 1000
POOLS = (2, 2, 2, 4)


@keras.saving.register_keras_serializable("forensictransfer")
def squared_error(label: tf.Tensor, logit: tf.Tensor) -> tf.Tensor:
    """Compute (sigmoid(z) - y)^2 of each image: label (b, 1) in {0, 1}, logit (b, 1) -> float32 (b,)."""
    return tf.reduce_mean(tf.square(tf.sigmoid(logit) - tf.cast(label, logit.dtype)), axis=-1)


class Meso4(LogitDetector):
    """Four convolutions and two dense layers; 28,073 parameters at crops of 256 pixels."""

    name: ClassVar[str] = "meso4"
    loss: ClassVar[Any] = staticmethod(squared_error)

    @classmethod
    def network(cls, image: keras.KerasTensor) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Build four blocks and the dense head."""
        x = ScaledPixels(name="scaled")(image)
        for number in (1, 2, 3, 4):
            x = cls.block(x, number)
            x = PopulationBatchNormalization(EPSILON, name=f"block_{number}_norm")(x)
            x = keras.layers.MaxPooling2D(POOLS[number - 1], padding="same", name=f"block_{number}_pool")(x)
        x = keras.layers.Flatten(name="flat")(x)
        x = keras.layers.Dropout(0.5, name="dropout_1")(x)
        x = keras.layers.Dense(16, name="dense")(x)
        features = keras.layers.LeakyReLU(negative_slope=0.1, name="leaky_relu")(x)
        x = keras.layers.Dropout(0.5, name="dropout_2")(features)
        return features, keras.layers.Dense(1, name="logit")(x)

    @classmethod
    def block(cls, x: keras.KerasTensor, number: int) -> keras.KerasTensor:
        """Build the convolution of block 1, 2, 3 or 4, with its ReLU."""
        filters, side = ((8, 3), (8, 5), (16, 5), (16, 5))[number - 1]
        return _convolution(x, filters, side, f"block_{number}")

    def optimizer(self, learning_rate: float) -> keras.optimizers.Optimizer:
        """Return Adam with the authors' staircase."""
        staircase = keras.optimizers.schedules.ExponentialDecay(learning_rate, DECAY_STEPS, 0.1, staircase=True)
        return keras.optimizers.Adam(staircase)

    @property
    def stages(self) -> tuple[str, ...]:
        """The four blocks and the head."""
        return (*(f"block_{number}_pool" for number in (1, 2, 3, 4)), "logit")

    def load_pretrained(self, path: Path) -> None:
        """Take the authors' weights, a file of Keras 2 (`.h5`), or what any detector takes.

        The authors' network says 1 for real, so the last layer changes its sign. Raises UserError for a file of another
        form, or of weights for another size of crops.
        """
        if path.name.endswith((".keras", ".weights.h5")):
            super().load_pretrained(path)
            return
        take_keras2_weights(self.model, read_keras2_weights(path), f"{path}: weights of '{self.name}'")
        last = self.model.get_layer("logit")
        last.set_weights([-np.asarray(weight) for weight in last.get_weights()])


class MesoInception4(Meso4):
    """Two blocks of four branches, two convolutions and two dense layers; 28,725 parameters at crops of 256 pixels."""

    name: ClassVar[str] = "mesoinception4"

    @classmethod
    def block(cls, x: keras.KerasTensor, number: int) -> keras.KerasTensor:
        """Build the branches of block 1 or 2 side by side, or the convolution of block 3 or 4."""
        if number > 2:
            return super().block(x, number)
        name = f"block_{number}"
        filters = ((1, 4, 4, 2), (2, 4, 4, 2))[number - 1]
        branches = [_convolution(x, filters[0], 1, f"{name}_a")]
        for letter, count, dilation in zip("bcd", filters[1:], (1, 2, 3), strict=True):
            y = _convolution(x, count, 1, f"{name}_{letter}_1")
            branches.append(_convolution(y, count, 3, f"{name}_{letter}_2", dilation))
        return keras.layers.Concatenate(name=f"{name}_branches")(branches)


def _convolution(x: keras.KerasTensor, filters: int, side: int, name: str, dilation: int = 1) -> keras.KerasTensor:
    return keras.layers.Conv2D(filters, side, dilation_rate=dilation, padding="same", activation="relu", name=name)(x)
