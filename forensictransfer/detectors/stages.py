"""A detector cut in two for fine-tuning: leading stages that stay as they are, and what is trained."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras
import tensorflow as tf

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.detectors.layers import estimate_statistics
from forensictransfer.detectors.trainable import TrainableDetector


class TrainedPart:
    """What a loss needs of a detector, less the leading stages that are frozen; layers and weights are the detector's.

    The frozen stages run in inference mode, with the batch-norm statistics of the source: these belong to their
    weights. What the loss is not computed from (the decoder, where the reconstruction does not count) is left out.
    """

    def __init__(self, detector: TrainableDetector, frozen: int, reconstruction: bool) -> None:
        """Cut after the first `frozen` of the detector's stages. Raises UserError if nothing would be left to train."""
        check_frozen(detector, frozen)
        whole = detector.trainer
        outputs = detector.loss_outputs(reconstruction)
        inputs = keras.tree.flatten(whole.input)
        self._front: Any = None
        self.complete = not frozen and reconstruction == detector.reconstructs
        if frozen:
            cut = whole.get_layer(detector.stages[frozen - 1]).output
            front = keras.Model(inputs, cut)
            self._front = tf.function(lambda batch: front(batch, training=False))
            inputs = [*inputs, cut]
        self.model = keras.Model(inputs, outputs)

    def feed(self, inputs: Any) -> list[Any]:
        """Compute what `model` takes from the inputs of the whole: the frozen stages are run."""
        flat = [tf.convert_to_tensor(part) for part in keras.tree.flatten(inputs)]
        return flat if self._front is None else [*flat, self._front(flat)]

    def refresh_statistics(self, detector: TrainableDetector, batches: Iterable[Any]) -> None:
        """Estimate the statistics of what was trained over `batches` of inputs of the whole; frozen ones stay.

        Of a part, these are the statistics of its PopulationBatchNormalization layers.
        """
        if self.complete:
            detector.refresh_statistics(batches)
        else:
            estimate_statistics(self.model, (self.feed(batch) for batch in batches))


def check_frozen(detector: TrainableDetector, frozen: int) -> None:
    """Raise UserError unless a stage is left to train when the first `frozen` are not."""
    most = max(len(detector.stages) - 1, 0)
    if frozen > most:
        raise UserError(
            f"adapt.frozen: '{detector.name}' can keep at most {most} of its stages frozen, got {frozen}",
            code=ErrorCode.DETECTOR_UNSUITABLE,
        )
