"""Constrained convolutions: a first layer that learns prediction errors, then a plain network.

    e_k = w_k * x,  w_k(0, 0) = -1,  sum of the other w_k = 1           (k = 1, 2, 3; 5 x 5 pixels; green plane)
    e -> conv 7x7, 96, stride 2 -> conv 5x5, 64 -> conv 5x5, 64 -> conv 1x1, 128 -> dense 200 -> dense 200 -> logit

Each of the four convolutions is followed by batch norm, tanh and a pooling of 3 x 3 at stride 2 (the last one by the
mean, the others by the maximum); the dense layers by tanh. SGD, step size 1e-3, momentum 0.95.

Source: B. Bayar, M. C. Stamm, "A Deep Learning Approach to Universal Image Manipulation Detection Using a New
Convolutional Layer", 2016; layers as in their "Constrained Convolutional Neural Networks: A New Approach Towards
General Purpose Image Manipulation Detection", 2018. Headline: 99.1 % on five manipulations; in the ForensicTransfer
paper 93 to 99.98 % on the source, 50 to 53 % on the target without shots.
"""

from __future__ import annotations

from typing import ClassVar

import keras

from forensictransfer.detectors.layers import ConstrainedConv2D, PopulationBatchNormalization, ScaledPixels
from forensictransfer.detectors.networks.logit import LogitDetector

GREEN = (1,)
MOMENTUM = 0.95
# filters, side of the kernel, stride
BLOCKS = ((96, 7, 2), (64, 5, 1), (64, 5, 1), (128, 1, 1))


class ConstrainedConv(LogitDetector):
    """The constrained network of Bayar and Stamm on the green plane: 1,959,140 parameters at crops of 256."""

    name: ClassVar[str] = "constrained_conv"

    @classmethod
    def network(cls, image: keras.KerasTensor) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Build the prediction errors, four blocks, two dense layers."""
        x = ScaledPixels(channels=GREEN, name="green")(image)
        x = ConstrainedConv2D(3, 5, name="prediction_error")(x)
        for number, (filters, side, stride) in enumerate(BLOCKS, start=1):
            x = keras.layers.Conv2D(filters, side, strides=stride, padding="same", name=f"block_{number}")(x)
            x = PopulationBatchNormalization(name=f"block_{number}_norm")(x)
            x = keras.layers.Activation("tanh", name=f"block_{number}_tanh")(x)
            pool = keras.layers.AveragePooling2D if number == len(BLOCKS) else keras.layers.MaxPooling2D
            x = pool(3, strides=2, padding="same", name=f"block_{number}_pool")(x)
        x = keras.layers.Flatten(name="flat")(x)
        x = keras.layers.Dense(200, activation="tanh", name="dense_1")(x)
        x = keras.layers.Dense(200, activation="tanh", name="dense_2")(x)
        return x, keras.layers.Dense(1, name="logit")(x)

    def optimizer(self, learning_rate: float) -> keras.optimizers.Optimizer:
        """Return stochastic gradient descent with the authors' momentum."""
        return keras.optimizers.SGD(learning_rate, momentum=MOMENTUM)

    @property
    def stages(self) -> tuple[str, ...]:
        """The constrained layer, the four blocks, the dense layers."""
        blocks = (f"block_{number}_pool" for number in range(1, len(BLOCKS) + 1))
        return ("prediction_error", *blocks, "dense_1", "dense_2", "logit")
