"""Pairwise learning: a Siamese network learns what fakes have in common, then a classifier is put on it.

The common fake feature network: conv 7x7, 48, stride 4; dense blocks of 2, 3, 4 and 2 layers of 24 planes, after each
but the last a transition to half the planes and half the side (48, 60, 78, 126 planes); mean over the planes; a dense
layer to f of 128 dimensions.

    E = 1/2 [ p d^2 + (1 - p) max(0, m - d)^2 ],   d = |f(x) - f(x')|,   m = 0.5,   p = 1 for a pair of one class

over all pairs of a batch. For the first two epochs f learns by E, and the classifier (one dense layer to the logit) by
cross-entropy on f as it is; after that all of it learns by cross-entropy. Adam, step size 1e-3, 2 + 15 epochs, crops
of 64 pixels.

Sources: C.-C. Hsu, C.-Y. Lee, Y.-X. Zhuang, "Learning to Detect Fake Face Images in the Wild", 2018; C.-C. Hsu, Y.-X.
Zhuang, C.-Y. Lee, "Deep Fake Image Detection Based on Pairwise Learning", 2020. Headline: 94.7 %. The authors draw
random pairs and read the features from several blocks; here it is all pairs, and the last block.
"""

from __future__ import annotations

from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from forensictransfer.detectors.layers import GradientGate, LogitEnergies, PopulationBatchNormalization, ScaledPixels
from forensictransfer.detectors.trainable import TrainableDetector

MARGIN = 0.5
GROWTH = 24
LAYERS = (2, 3, 4, 2)  # of the dense blocks
CONTRASTIVE_EPOCHS = 2
_KEPT_OFF_ZERO = 1e-12  # the root has no gradient at nought


@keras.saving.register_keras_serializable("forensictransfer")
def contrastive_energy(label: tf.Tensor, features: tf.Tensor) -> tf.Tensor:
    """Compute E of each image, the mean over its pairs with the others of the batch.

    Labels (b, 1), features (b, d) -> (b,).
    """
    y = tf.reshape(tf.cast(label, features.dtype), [-1])
    same = tf.cast(tf.equal(y[:, None], y[None]), features.dtype)
    squared = tf.reduce_sum(tf.square(features[:, None] - features[None]), axis=-1)
    # A pair of an image with itself has d = 0 and costs nothing.
    apart = tf.square(tf.maximum(MARGIN - tf.sqrt(squared + _KEPT_OFF_ZERO), 0.0))
    energy = 0.5 * (same * squared + (1.0 - same) * apart)
    return tf.reduce_sum(energy, axis=1) / tf.maximum(tf.cast(tf.shape(y)[0], features.dtype) - 1.0, 1.0)


class Pairwise(TrainableDetector):
    """The common fake feature network with its classifier."""

    name: ClassVar[str] = "pairwise"

    @classmethod
    def build(cls, crop: int) -> TrainableDetector:
        """Build a fresh network for crops of `crop` pixels."""
        image = keras.Input((crop, crop, 3), dtype="uint8", name="image")
        x = ScaledPixels(1 / 127.5, -1.0, name="scaled")(image)
        x = keras.layers.Conv2D(2 * GROWTH, 7, strides=4, padding="same", name="stem")(x)
        for number, layers in enumerate(LAYERS, start=1):
            for layer in range(1, layers + 1):
                y = _convolution(x, GROWTH, 3, f"block_{number}_layer_{layer}")
                x = keras.layers.Concatenate(name=f"block_{number}_joined_{layer}")([x, y])
            if number < len(LAYERS):
                x = _convolution(x, x.shape[-1] // 2, 1, f"transition_{number}")
                x = keras.layers.AveragePooling2D(2, padding="same", name=f"transition_{number}_pool")(x)
        x = keras.layers.GlobalAveragePooling2D(name="pooled")(x)
        features = keras.layers.Dense(128, name="features")(x)
        logit = keras.layers.Dense(1, name="logit")(GradientGate(name="gate")(features))
        energies = LogitEnergies(name="energies")(logit)
        return cls(keras.Model(image, {"energies": energies, "features": features, "logit": logit}, name=cls.name))

    def __init__(self, model: keras.Model) -> None:
        super().__init__(model)
        outputs = {name: model.output[name] for name in ("logit", "features")}
        self.trainer = keras.Model(model.input, outputs, name=model.name)
        self._contrast = keras.Variable(0.0, trainable=False, dtype="float32", name="contrast")

    def compile(self, learning_rate: float) -> None:
        """Compile with Adam and the cross-entropy, and for the first epochs the contrastive energy."""

        def contrast(label: Any, features: Any) -> Any:
            return self._contrast * contrastive_energy(label, features)

        self.trainer.compile(
            optimizer=keras.optimizers.Adam(learning_rate),
            loss={"logit": keras.losses.BinaryCrossentropy(from_logits=True), "features": contrast},
            metrics={"logit": [keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0)]},
        )

    def begin_epoch(self, epoch: int) -> None:
        """Switch the contrastive energy on for the first epochs.

        Meanwhile the classifier's gradient is kept from the features.
        """
        contrastive = float(epoch < CONTRASTIVE_EPOCHS)
        self._contrast.assign(contrastive)
        self.model.get_layer("gate").opening.assign(1.0 - contrastive)

    def fit_batch(self, images: np.ndarray, labels: np.ndarray) -> tuple[Any, Any]:
        """Return the crops, and the labels, float32 (b, 1), for both losses."""
        labels = labels.astype(np.float32)[:, None]
        return images, {"logit": labels, "features": labels}

    @property
    def stages(self) -> tuple[str, ...]:
        """The stem, the four dense blocks, the dense layers."""
        transitions = (f"transition_{number}_pool" for number in range(1, len(LAYERS)))
        last = f"block_{len(LAYERS)}_joined_{LAYERS[-1]}"
        return ("stem", *transitions, last, "logit")


def _convolution(x: keras.KerasTensor, filters: int, side: int, name: str) -> keras.KerasTensor:
    """Apply batch norm, ReLU, convolution: the order of DenseNet."""
    x = PopulationBatchNormalization(1e-5, name=f"{name}_norm")(x)
    x = keras.layers.ReLU(name=f"{name}_relu")(x)
    return keras.layers.Conv2D(filters, side, padding="same", use_bias=False, name=name)(x)
