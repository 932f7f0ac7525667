"""A frozen backbone of Keras Hub, read out at several depths: means and deviations over all positions."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Sequence
from math import prod
from types import ModuleType
from typing import Any

import keras
import tensorflow as tf

from forensictransfer.core.errors import ErrorCode, UserError

STAGES = 4  # depths at which a backbone is read at most


@keras.saving.register_keras_serializable("forensictransfer")
class BackboneStatistics(keras.layers.Layer):
    """Means and standard deviations over positions of what several stages of a backbone give.

    Shapes: uint8 (b, h, w, 3) -> float32 (b, d): of each stage the mean of every channel, then the deviation of every
    channel. A position is a pixel of the planes of a convolution, or a token of a transformer, class token and all.
    Nothing is resized; the backbone runs in inference mode and is never trained.

    backbone: a serialised backbone of Keras Hub (`keras.saving.serialize_keras_object`), for images of h x w pixels.
    stages: which of the stages that it has are read, from 0.
    scale, offset: a number for each colour, y = scale x + offset is what the backbone takes.
    """

    def __init__(
        self,
        backbone: dict[str, Any],
        stages: Sequence[int],
        scale: Sequence[float],
        offset: Sequence[float],
        **kwargs: Any,
    ) -> None:
        super().__init__(**{**kwargs, "trainable": False})
        import_keras_hub()
        self.backbone, self.stages, self.scale, self.offset = backbone, tuple(stages), tuple(scale), tuple(offset)
        self.extractor = stage_model(keras.saving.deserialize_keras_object(backbone), self.stages)
        self.extractor.trainable = False
        # What the statistics depend on, as a number: weights are too many to be compared before each use.
        self.digest = self.add_weight(shape=(8,), dtype="int32", initializer="zeros", trainable=False, name="digest")

    @property
    def widths(self) -> list[int]:
        """How many channels each stage has."""
        return [int(planes.shape[-1]) for planes in self.extractor.outputs]

    def call(self, image: tf.Tensor) -> tf.Tensor:
        """Compute the statistics of a batch of images."""
        scaled = tf.cast(image, tf.float32) * tf.constant(self.scale) + tf.constant(self.offset)
        parts = []
        for planes in keras.tree.flatten(self.extractor(scaled, training=False)):
            positions = list(range(1, len(planes.shape) - 1))
            mean, variance = tf.nn.moments(tf.cast(planes, tf.float32), axes=positions)
            parts += [mean, tf.sqrt(tf.maximum(variance, 0.0))]
        return tf.concat(parts, axis=-1)

    def compute_output_spec(self, image: keras.KerasTensor) -> keras.KerasTensor:
        """Return the shape and type: two numbers for each channel of each stage."""
        return keras.KerasTensor((image.shape[0], 2 * sum(self.widths)), dtype="float32")

    def get_config(self) -> dict[str, Any]:
        """Return every argument of the constructor."""
        own = {"stages": list(self.stages), "scale": list(self.scale), "offset": list(self.offset)}
        return {**super().get_config(), "backbone": self.backbone, **own}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> BackboneStatistics:
        """Build the layer with the backbone still serialised, which the constructor reads itself."""
        return cls(**config)

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds for one image: those of the convolutions and matrix products of the backbone's graph."""
        side = self.input.shape[1:]
        traced = tf.function(lambda image: self.extractor(image, training=False))
        graph = traced.get_concrete_function(tf.TensorSpec((1, *side), tf.float32)).graph
        return sum(_multiply_adds(operation) for operation in graph.get_operations())


def import_keras_hub() -> ModuleType:
    """Import Keras Hub, which makes its layers known to Keras. Raises UserError if it is not installed."""
    try:
        return importlib.import_module("keras_hub")
    except ImportError as error:
        raise UserError(
            f"'backbone' needs Keras Hub: pip install 'forensictransfer[backbones]' ({error})",
            code=ErrorCode.PACKAGE_MISSING,
        ) from error


def chosen_stages(backbone: keras.Model) -> list[int]:
    """Choose which stages of a backbone are read: at most STAGES, evenly spread, without the last, which tells least.

    The last stage is made for what is shown, has by far the most channels in many networks, and costs accuracy with few
    shots (docs/detectors.md). Of five stages these are the first four, of twelve numbers 2, 5, 7 and 10; a single one
    is read. Raises ValueError for a backbone that takes anything but one image.
    """
    inputs = keras.tree.flatten(backbone.input)
    if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].shape[-1] != 3:
        raise ValueError(f"it takes {', '.join(str(tuple(given.shape)) for given in inputs)}, not an image (h, w, 3)")
    found = len(_stages(backbone))
    number = min(STAGES, found - 1)
    return [round((i + 1) * found / (number + 1)) - 1 for i in range(number)] or [0]


def stage_model(backbone: keras.Model, stages: Sequence[int]) -> keras.Model:
    """Build the part of a backbone that leads to some of its stages.

    image (b, h, w, 3) -> a list of (b, h', w', c) or (b, tokens, c).
    """
    found = _stages(backbone)
    return keras.Model(keras.tree.flatten(backbone.input)[0], [found[stage] for stage in stages])


def _stages(backbone: keras.Model) -> list[keras.KerasTensor]:
    """List what a backbone gives at all of its stages, first to last.

    These are the levels of its feature pyramid (convolutions, DINO), the blocks of its encoder (CLIP, ViT), or the last
    planes or tokens of each size (VGG, Swin).
    """
    pyramid = getattr(backbone, "pyramid_outputs", None) or {}
    levels = [planes for name, planes in pyramid.items() if name != "stem"]
    if levels:
        return levels
    blocks = getattr(backbone, "encoder_layers", None)
    if blocks:
        return [keras.tree.flatten(block.output)[0] for block in blocks]
    for layer in backbone.layers:
        if blocks := getattr(layer, "encoder_layers", None):
            # Blocks that give more than tokens cannot be called by themselves (DeiT): its last output is what there is.
            with contextlib.suppress(ValueError):
                return _in_turn(blocks, keras.tree.flatten(layer.input)[0])
    sizes: dict[Any, keras.KerasTensor] = {}
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        for planes in keras.tree.flatten(layer.output):
            size = planes.shape[1:-1]
            if planes.shape[0] is None and len(size) in (1, 2) and None not in size and min(size) > 1:
                sizes[size] = planes
    last = keras.tree.flatten(backbone.output)[0]
    return [*(planes for planes in sizes.values() if planes is not last), last]


def _in_turn(blocks: Sequence[keras.Layer], tokens: keras.KerasTensor) -> list[keras.KerasTensor]:
    """List what blocks give that are called one after the other."""
    found = []
    for block in blocks:
        tokens = block(tokens)
        found.append(tokens)
    return found


def _multiply_adds(operation: tf.Operation) -> int:
    """Count the multiply-adds of one operation of a graph; 0 for what is no convolution or matrix product."""
    if operation.type in ("Conv2D", "DepthwiseConv2dNative"):
        kernel = operation.inputs[1].shape
        taps = prod(kernel[:3]) if operation.type == "Conv2D" else prod(kernel[:2])
        return int(prod(operation.outputs[0].shape) * taps)
    if operation.type in ("MatMul", "BatchMatMulV2"):
        turned = operation.get_attr("transpose_a" if operation.type == "MatMul" else "adj_x")
        return int(prod(operation.outputs[0].shape) * operation.inputs[0].shape[-2 if turned else -1])
    if operation.type == "Einsum":
        letters = operation.get_attr("equation").decode().split("->")[0].split(",")
        sizes: dict[str, int] = {}
        for names, given in zip(letters, operation.inputs, strict=True):
            sizes |= dict(zip(names, given.shape, strict=True))
        return int(prod(sizes.values()))
    return 0
