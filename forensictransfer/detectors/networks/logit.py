"""What the detectors share that are plain classifiers: a network that ends in one logit."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import keras
import numpy as np

from forensictransfer.detectors.layers import LogitEnergies
from forensictransfer.detectors.trainable import TrainableDetector


class LogitDetector(TrainableDetector):
    """A network from crops to the logit z of "fake", trained by binary cross-entropy with Adam.

    p(fake) = 1 / (1 + exp(-z)); the energies are (-z / 2, z / 2), so the score is z. Features are what the last dense
    layer takes.
    """

    loss: ClassVar[Any] = keras.losses.BinaryCrossentropy(from_logits=True, name="binary_crossentropy")

    @classmethod
    @abstractmethod
    def network(cls, image: keras.KerasTensor) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Build the features, float32 (b, d), and the logit, float32 (b, 1), of crops, uint8 (b, crop, crop, 3)."""

    @classmethod
    def build(cls, crop: int) -> TrainableDetector:
        """Build a fresh network for crops of `crop` pixels."""
        image = keras.Input((crop, crop, 3), dtype="uint8", name="image")
        return cls.assembled(image, *cls.network(image))

    @classmethod
    def assembled(
        cls, image: keras.KerasTensor, features: keras.KerasTensor, logit: keras.KerasTensor
    ) -> TrainableDetector:
        """Build the detector around a network from crops to features and the logit."""
        outputs = {"energies": LogitEnergies(name="energies")(logit), "features": features, "logit": logit}
        return cls(keras.Model(image, outputs, name=cls.name.replace("-", "_")))

    def __init__(self, model: keras.Model) -> None:
        super().__init__(model)
        self.trainer = keras.Model(model.input, model.output["logit"], name=model.name)

    def optimizer(self, learning_rate: float) -> keras.optimizers.Optimizer:
        """Return what trains it on the source: Adam."""
        return keras.optimizers.Adam(learning_rate)

    def feature_weights(self) -> list[np.ndarray] | None:
        """As the contract says: of a detector that is fitted at once, all but those of the last layer."""
        if self.gradient:
            return None
        last = {id(weight) for weight in self._logit.weights}
        return [np.asarray(weight) for weight in self.model.weights if id(weight) not in last]

    def energies_of(self, features: np.ndarray) -> np.ndarray:
        """Compute the energies of features by the last layer, which is linear: of a mean, the mean of the energies."""
        weights, bias = (values.astype(np.float64) for values in self._logit.get_weights())
        half = (features.astype(np.float64) @ weights + bias) / 2
        energies: np.ndarray = np.concatenate([-half, half], axis=1).astype(np.float32)
        return energies

    def set_classifier(self, weights: np.ndarray, bias: float) -> None:
        """Set the last layer: z = features . weights + bias, weights (d,)."""
        self._logit.set_weights([weights.astype(np.float32)[:, None], np.array([bias], np.float32)])

    @property
    def _logit(self) -> keras.layers.Layer:
        return self.model.get_layer("logit")

    def compile(self, learning_rate: float) -> None:
        """Compile with the optimiser, the loss, and the accuracy at z > 0."""
        accuracy = keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0)
        self.trainer.compile(optimizer=self.optimizer(learning_rate), loss=self.loss, metrics=[accuracy])

    def fit_batch(self, images: np.ndarray, labels: np.ndarray) -> tuple[Any, Any]:
        """Return the crops, and the labels as float32 (b, 1)."""
        return images, labels.astype(np.float32)[:, None]
