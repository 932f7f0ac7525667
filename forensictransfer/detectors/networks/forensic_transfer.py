"""ForensicTransfer: an autoencoder whose latent is partitioned into a real and a fake half.

Source: D. Cozzolino, J. Thies, A. Roessler, C. Riess, M. Niessner, L. Verdoliva, "ForensicTransfer: Weakly-supervised
Domain Adaptation for Forgery Detection", 2018. The equations are in docs/method.md.
"""

from __future__ import annotations

from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from forensictransfer.detectors.evidence import Analysis
from forensictransfer.detectors.layers import (
    UNKNOWN,
    ActivationEnergy,
    HighPassResidual,
    LatentSelection,
    PartitionEnergy,
    PopulationBatchNormalization,
    ReconstructionError,
    RescaledRGB,
    UpsampleConv2D,
)
from forensictransfer.detectors.trainable import TrainableDetector

ENCODER_FILTERS = (16, 32, 64, 128)
DECODER_FILTERS = (64, 32, 16, 8)
RECONSTRUCTION_WEIGHT = 0.1


@keras.saving.register_keras_serializable("forensictransfer")
def activation_loss(label: tf.Tensor, energies: tf.Tensor) -> tf.Tensor:
    """Compute |a_1 - y| + |a_0 - (1 - y)| of each image.

    For label y in {0, 1}, (b,) or (b, 1), and energies (b, 2) -> (b,).
    """
    y = tf.reshape(tf.cast(label, energies.dtype), [-1])
    return tf.abs(energies[:, 1] - y) + tf.abs(energies[:, 0] - (1.0 - y))


@keras.saving.register_keras_serializable("forensictransfer")
def energy_accuracy(label: tf.Tensor, energies: tf.Tensor) -> tf.Tensor:
    """Give 1 to each image that a_1 > a_0 decides rightly, 0 otherwise: -> float32 (b,)."""
    y = tf.reshape(tf.cast(label, tf.bool), [-1])
    return tf.cast((energies[:, 1] > energies[:, 0]) == y, tf.float32)


class ForensicTransferResidual(TrainableDetector):
    """FT-res: ForensicTransfer on the third-order residual."""

    name: ClassVar[str] = "ft-res"
    reconstructs: ClassVar[bool] = True
    features: ClassVar[str] = "channel_energies"
    front: ClassVar[type[keras.layers.Layer]] = HighPassResidual

    @classmethod
    def build(cls, crop: int) -> TrainableDetector:
        """Build a fresh network for crops of `crop` pixels."""
        image = keras.Input((crop, crop, 3), dtype="uint8", name="image")
        label = keras.Input((), dtype="int32", name="label")
        target = cls.front(name="residual")(image)
        x = keras.layers.Conv2D(8, 3, padding="same", activation="relu", name="encoder_1")(target)
        for stage, filters in enumerate(ENCODER_FILTERS, start=2):
            x = keras.layers.Conv2D(filters, 3, strides=2, padding="same", name=f"encoder_{stage}")(x)
            x = PopulationBatchNormalization(name=f"encoder_{stage}_norm")(x)
            x = keras.layers.ReLU(name=f"encoder_{stage}_relu" if stage < 5 else "latent")(x)
        latent = x
        channel_energies = ActivationEnergy(name="channel_energies")(latent)
        energies = PartitionEnergy(name="energies")(channel_energies)
        x = LatentSelection(name="selection")(latent, label, energies)
        for stage, filters in enumerate(DECODER_FILTERS, start=1):
            x = UpsampleConv2D(filters, name=f"decoder_{stage}")(x)
            x = PopulationBatchNormalization(name=f"decoder_{stage}_norm")(x)
            x = keras.layers.ReLU(name=f"decoder_{stage}_relu")(x)
        channels = target.shape[-1]
        reconstruction = keras.layers.Conv2D(channels, 3, padding="same", activation="tanh", name="reconstruction")(x)
        error = ReconstructionError(name="reconstruction_error")(reconstruction, target)
        outputs = {
            "energies": energies,
            "channel_energies": channel_energies,
            "reconstruction": reconstruction,
            "reconstruction_error": error,
        }
        return cls(keras.Model({"image": image, "label": label}, outputs, name=cls.name.replace("-", "_")))

    def __init__(self, model: keras.Model) -> None:
        super().__init__(model)
        # The same layers and weights, less the outputs that have no loss: Keras wants a target for every output.
        self.trainer = keras.Model(
            model.input, {name: model.output[name] for name in ("energies", "reconstruction_error")}, name=model.name
        )

    def compile(self, learning_rate: float) -> None:
        """Compile with Adam; the loss is the activation loss + 0.1 x the L1 error of the reconstruction."""
        self.trainer.compile(
            optimizer=keras.optimizers.Adam(learning_rate),
            # The error is an output of the model, so its loss is its distance from nought.
            loss={"energies": activation_loss, "reconstruction_error": "mean_absolute_error"},
            loss_weights={"energies": 1.0, "reconstruction_error": RECONSTRUCTION_WEIGHT},
            metrics={"energies": [keras.metrics.MeanMetricWrapper(energy_accuracy, name="accuracy")]},
        )

    def fit_batch(self, images: np.ndarray, labels: np.ndarray) -> tuple[Any, Any]:
        """Make the label an input too: it selects the half that is decoded."""
        labels = labels.astype(np.int32)
        return {"image": images, "label": labels}, {
            "energies": labels,
            "reconstruction_error": np.zeros(len(labels), np.float32),
        }

    def analyse(self, images: np.ndarray) -> Analysis:
        """Compute energies (n, 2) and channel energies (n, 128) of crops; the decoder is not run."""
        energies, features = self.once("analyse", lambda: tf.function(self._encode))(images)
        return Analysis(energies.numpy(), features.numpy())

    def _encode(self, images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Compute energies and channel energies in inference mode.

        Batch norm is folded into the convolutions: two passes less.
        """
        layer = self.model.get_layer
        x = layer("encoder_1")(layer("residual")(images))
        for stage in range(2, 2 + len(ENCODER_FILTERS)):
            convolution = layer(f"encoder_{stage}")
            kernel, bias = layer(f"encoder_{stage}_norm").folded(convolution.kernel, convolution.bias)
            x = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, kernel, strides=2, padding="SAME"), bias))
        channel_energies = layer("channel_energies")(x)
        return layer("energies")(channel_energies), channel_energies

    def pictures(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Draw the crops, what the encoder is fed and what the decoder makes of it, stretched to be seen.

        Of a residual the derivatives down the columns are shown. The half that decodes is the one of larger energy.
        """
        reconstruct = self.once("reconstruct", self._reconstruction)
        fed, made = reconstruct({"image": images, "label": np.full(len(images), UNKNOWN, np.int32)})
        fed, made = fed.numpy()[..., :3], made.numpy()[..., :3]
        reach = max(float(np.quantile(np.abs(fed), 0.99)), 1e-6)
        shown = {name: np.clip(value / (2 * reach) + 0.5, 0, 1) for name, value in (("input", fed), ("output", made))}
        return {
            **super().pictures(images),
            "what the encoder is fed": shown["input"],
            "reconstruction": shown["output"],
        }

    def _reconstruction(self) -> Any:
        shown = [self.model.get_layer(name).output for name in ("residual", "reconstruction")]
        front = keras.Model(self.model.input, shown)
        return tf.function(lambda batch: front(batch, training=False))

    @property
    def stages(self) -> tuple[str, ...]:
        """The five of the encoder, each ending with its ReLU."""
        last = 1 + len(ENCODER_FILTERS)
        return ("encoder_1", *(f"encoder_{stage}_relu" for stage in range(2, last)), "latent")

    def loss_outputs(self, reconstruction: bool) -> dict[str, Any]:
        """Choose the energies, and where it counts the reconstruction's error.

        The decoder is two thirds of the work.
        """
        names = ("energies", "reconstruction_error") if reconstruction else ("energies",)
        return {name: self.trainer.output[name] for name in names}

    def batch_loss(self, outputs: Any, targets: Any, reconstruction: Any) -> tf.Tensor:
        """Compute the activation loss + `reconstruction` x the L1 error of the reconstruction."""
        loss = tf.reduce_mean(activation_loss(targets["energies"], outputs["energies"]))
        if "reconstruction_error" in outputs:
            loss += reconstruction * tf.reduce_mean(outputs["reconstruction_error"])
        return loss


class ForensicTransferRGB(ForensicTransferResidual):
    """FT: the same network on the colours themselves."""

    name: ClassVar[str] = "ft"
    front: ClassVar[type[keras.layers.Layer]] = RescaledRGB
