"""Backbones of keras.applications as detectors: their layers, the framework's batch norm, a new head."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any

import keras

from forensictransfer.core.errors import ErrorCode, UserError, first_line
from forensictransfer.detectors.layers import PopulationBatchNormalization
from forensictransfer.detectors.networks.logit import LogitDetector
from forensictransfer.detectors.trainable import TrainableDetector


class BackboneDetector(LogitDetector):
    """A published backbone without its top, mean over the planes, dropout, one dense layer to the logit.

    Its batch-norm layers become `PopulationBatchNormalization`, of the same weights. Nothing is downloaded: ImageNet
    weights are taken from the file that `--weights` names (`..._notop.h5`, from the releases of keras.applications).
    """

    @classmethod
    @abstractmethod
    def backbone(cls, scaled: keras.KerasTensor, weights: str | None = None) -> keras.Model:
        """Build the backbone on scaled colours, (b, crop, crop, 3); with the weights of a file if one is named."""

    @classmethod
    @abstractmethod
    def scaled(cls, image: keras.KerasTensor) -> keras.KerasTensor:
        """Scale crops, uint8, as the backbone wants them."""

    @classmethod
    def build(cls, crop: int) -> TrainableDetector:
        """Build a fresh network for crops of `crop` pixels."""
        model = super().build(crop).model
        # Cloned as a whole: a part of a graph cannot be put onto another one.
        return cls(keras.models.clone_model(model, clone_function=_cloned, call_function=_called))

    @classmethod
    def network(cls, image: keras.KerasTensor) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Build the backbone and the head."""
        planes = cls.backbone(cls.scaled(image)).output
        features = keras.layers.GlobalAveragePooling2D(name="features")(planes)
        x = keras.layers.Dropout(0.2, name="dropout")(features)
        return features, keras.layers.Dense(1, name="logit")(x)

    def load_pretrained(self, path: Path) -> None:
        """Take a file of ImageNet weights without the top (`.h5`), or what any detector takes. Raises UserError."""
        if path.name.endswith((".keras", ".weights.h5")):
            super().load_pretrained(path)
            return
        try:
            given = self.backbone(keras.Input((self.crop, self.crop, 3)), weights=str(path))
        except (ValueError, OSError, KeyError, TypeError, IndexError) as error:
            raise UserError(
                f"{path}: expected ImageNet weights of '{self.name}' without top (.h5): {first_line(error)}",
                code=ErrorCode.WEIGHTS_UNSUITABLE,
            ) from error
        # By order: Keras names some layers again in each model.
        ours = [layer for layer in self.model.layers if layer.weights and layer.name != "logit"]
        theirs = [layer for layer in given.layers if layer.weights]
        for mine, other in zip(ours, theirs, strict=True):
            mine.set_weights(other.get_weights())


def _called(layer: keras.Layer, *inputs: Any, **_: Any) -> Any:
    """Apply a layer to its inputs; masks and modes of the original's layers mean nothing to ours."""
    return layer(*inputs)


def _cloned(layer: keras.Layer) -> keras.Layer:
    if not isinstance(layer, keras.layers.BatchNormalization):
        return layer.__class__.from_config(layer.get_config())
    return PopulationBatchNormalization(layer.epsilon, name=layer.name)
