"""Multiply-adds for one crop, counted from a detector's layers.

What counts: convolutions, dense layers, and the residual's four taps for each of its values. What does not: batch
norm, activations, energies, losses, the optimiser; they cost time and memory traffic, but few multiplications. A layer
of another kind can say itself what it takes, as `multiply_adds`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import keras

from forensictransfer.detectors.layers import HighPassResidual, UpsampleConv2D
from forensictransfer.detectors.trainable import TrainableDetector

FILTER_TAPS = 4
KERNEL_AREA = 9
FOLDED_TAPS = 16  # 4 output pixels x 4 taps each, where up-sampling and convolving takes 4 x 9


@dataclass(frozen=True)
class Arithmetic:
    """Multiply-adds of one crop's forward pass.

    `drawn` counts up-sampling followed by a 3x3 convolution, as the network is drawn; `computed` what is done instead.
    fixed: part of the encoder that has no weights. first: the first layer with weights, whose input needs no gradient.
    uncounted: layers with weights of a kind that is not known here; a figure with any of them is too small.
    """

    encoder: int
    fixed: int
    first: int
    decoder_drawn: int
    decoder_computed: int
    uncounted: tuple[str, ...] = ()

    def training(self, *, drawn: bool) -> int:
        """Count a training step: forward, and as much again for the gradients of the weights and of the inputs each."""
        learned = self.encoder - self.fixed + (self.decoder_drawn if drawn else self.decoder_computed)
        return self.fixed + 3 * learned - self.first

    def to_json(self) -> dict[str, Any]:
        """Return the counts as plain values, with what a training step takes."""
        return {
            "encoder": self.encoder,
            "decoder_as_drawn": self.decoder_drawn,
            "decoder_as_computed": self.decoder_computed,
            "training_as_drawn": self.training(drawn=True),
            "training_as_computed": self.training(drawn=False),
            "uncounted_layers": list(self.uncounted),
        }


def arithmetic(detector: TrainableDetector) -> Arithmetic:
    """Count the multiply-adds of a detector; its encoder is what the energies depend on."""
    encoder = keras.Model(detector.model.input, detector.model.output["energies"]).layers
    decoder = [layer for layer in detector.model.layers if layer not in encoder]
    fixed = sum(multiply_adds(layer)[0] for layer in encoder if not layer.weights)
    learned = [multiply_adds(layer)[0] for layer in encoder if layer.weights]
    return Arithmetic(
        encoder=fixed + sum(learned),
        fixed=fixed,
        first=next((count for count in learned if count), 0),
        decoder_drawn=sum(multiply_adds(layer)[0] for layer in decoder),
        decoder_computed=sum(multiply_adds(layer)[1] for layer in decoder),
        uncounted=tuple(layer.name for layer in detector.model.layers if _unknown(layer)),
    )


def multiply_adds(layer: keras.Layer) -> tuple[int, int]:
    """Count the multiply-adds of one layer for one crop, as drawn and as computed; 0 for what does not count."""
    if isinstance(layer, UpsampleConv2D):
        pairs = prod(layer.input.shape[1:]) * layer.filters
        return 4 * KERNEL_AREA * pairs, FOLDED_TAPS * pairs
    if isinstance(layer, HighPassResidual):
        count = FILTER_TAPS * prod(layer.output.shape[1:])
    elif isinstance(layer, keras.layers.SeparableConv2D):
        taps = prod(layer.depthwise_kernel.shape)
        count = prod(layer.output.shape[1:-1]) * (taps + prod(layer.pointwise_kernel.shape))
    elif isinstance(layer, keras.layers.DepthwiseConv2D):
        count = prod(layer.output.shape[1:]) * prod(layer.kernel.shape[:2])
    elif isinstance(layer, (keras.layers.Conv2D, keras.layers.Dense)):
        # Every output value takes one row of the kernel: all of it but its last axis.
        count = prod(layer.output.shape[1:]) * prod(layer.kernel.shape[:-1])
    else:
        count = int(getattr(layer, "multiply_adds", 0))
    return count, count


def _unknown(layer: keras.Layer) -> bool:
    return not any(multiply_adds(layer)) and any(len(weight.shape) > 1 for weight in layer.trainable_weights)
