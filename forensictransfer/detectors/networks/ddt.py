"""Deep Distribution Transfer: each class is pulled to a normal distribution of its own.

ResNet-18 up to its third stage, mean over the planes, two dense layers to mu and log sigma^2 of 16 dimensions. The loss
of an image of class c is the Wasserstein distance W_c of N(|mu|, sigma^2) from N(m_c, 1), m_0 = (1..1, 0..0) for reals,
m_1 = (0..0, 1..1) for fakes; the score is W_0 - W_1. Half of the training crops get the right half of another crop of
their class (`data.augment.spatial_mixup: 0.5`, in configs/ddt.yaml). Adam, step size 1e-3;
for the shots the authors take 1e-5, configs/ddt.yaml 5e-4.

Source: S. Aneja, M. Niessner, "Generalized Zero and Few-Shot Transfer for Facial Forgery Detection", 2020. Headline:
NeuralTextures to Deepfakes 78.8 % without shots, 84.0 % with 10 (ForensicTransfer there: 75.5 and 82.9 %).
"""

from __future__ import annotations

from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from forensictransfer.detectors.layers import ScaledPixels, WassersteinEnergies
from forensictransfer.detectors.networks import resnet
from forensictransfer.detectors.networks.forensic_transfer import energy_accuracy
from forensictransfer.detectors.trainable import TrainableDetector

LATENT = 16


@keras.saving.register_keras_serializable("forensictransfer")
def distance_to_class(label: tf.Tensor, energies: tf.Tensor) -> tf.Tensor:
    """Compute W_y of each image: labels (b,) or (b, 1) in {0, 1}, energies (-W_0, -W_1) (b, 2) -> float32 (b,)."""
    y = tf.reshape(tf.cast(label, tf.int32), [-1])
    return -tf.gather(energies, y, axis=1, batch_dims=1)


class DeepDistributionTransfer(TrainableDetector):
    """DDT on colours; 2.8 million parameters."""

    name: ClassVar[str] = "ddt"

    @classmethod
    def build(cls, crop: int) -> TrainableDetector:
        """Build a fresh network for crops of `crop` pixels."""
        image = keras.Input((crop, crop, 3), dtype="uint8", name="image")
        x = resnet.encoded(ScaledPixels(1 / 127.5, -1.0, name="scaled")(image))
        features = keras.layers.GlobalAveragePooling2D(name="features")(x)
        mean = keras.layers.Dense(LATENT, name="mean")(features)
        log_variance = keras.layers.Dense(LATENT, name="log_variance")(features)
        energies = WassersteinEnergies(name="energies")(mean, log_variance)
        return cls(keras.Model(image, {"energies": energies, "features": features}, name=cls.name))

    def __init__(self, model: keras.Model) -> None:
        super().__init__(model)
        self.trainer = keras.Model(model.input, model.output["energies"], name=model.name)

    def compile(self, learning_rate: float) -> None:
        """Compile with Adam on the distance to the own class's distribution."""
        accuracy = keras.metrics.MeanMetricWrapper(energy_accuracy, name="accuracy")
        self.trainer.compile(keras.optimizers.Adam(learning_rate), loss=distance_to_class, metrics=[accuracy])

    def fit_batch(self, images: np.ndarray, labels: np.ndarray) -> tuple[Any, Any]:
        """Return the crops, and the labels as int32 (b, 1)."""
        return images, labels.astype(np.int32)[:, None]

    @property
    def stages(self) -> tuple[str, ...]:
        """Stem and three stages of the encoder; the dense layers are trained in any case."""
        return (*resnet.ENDS, "energies")
