"""Gradient steps of a detector on batches of crops, by graphs that outlive draws and jobs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras
import tensorflow as tf

from forensictransfer.detectors.stages import TrainedPart
from forensictransfer.detectors.trainable import TrainableDetector


class GradientSteps:
    """Adam on what a detector trains with some stages frozen, with the loss of its reconstruction or without.

    The graph is traced once for a detector object and serves all weights that are loaded into it: learning rate,
    weight of the reconstruction and moments are variables or arguments. `reset` brings it back to its beginning.
    """

    def __init__(self, detector: TrainableDetector, frozen: int, reconstruction: bool) -> None:
        if not getattr(detector.trainer, "compiled", False):
            detector.compile(1e-3)
        self.detector = detector
        self.part = TrainedPart(detector, frozen, reconstruction)
        self.optimizer = keras.optimizers.Adam()
        self.optimizer.build(self.part.model.trainable_variables)
        self._step = tf.function(self._gradient_step, reduce_retracing=True)

    def reset(self, learning_rate: float, reconstruction: float, seed: int) -> None:
        """Forget the moments of earlier jobs, and start random layers (dropout) from `seed`."""
        for variable in self.optimizer.variables:
            variable.assign(tf.zeros_like(variable))
        self.optimizer.learning_rate.assign(learning_rate)
        self._reconstruction = tf.constant(reconstruction, tf.float32)
        for layer in self.part.model.layers:
            if isinstance(generator := getattr(layer, "seed_generator", None), keras.random.SeedGenerator):
                generator.state.assign([seed % 2**32, 0])

    def step(self, images: Any, labels: Any) -> tf.Tensor:
        """Take a step on a batch of crops; returns the loss before it, a scalar tensor."""
        inputs, targets = self.detector.fit_batch(images, labels)
        fed = self.part.feed(inputs)
        return self._step(fed, keras.tree.map_structure(tf.convert_to_tensor, targets), self._reconstruction)

    def refresh_statistics(self, batches: Iterable[tuple[Any, Any]]) -> None:
        """Estimate the batch-norm statistics of what was trained over batches of crops and labels."""
        self.part.refresh_statistics(self.detector, (self.detector.fit_batch(*batch)[0] for batch in batches))

    def _gradient_step(self, inputs: Any, targets: Any, reconstruction: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            outputs = self.part.model(inputs, training=True)
            loss = self.detector.batch_loss(outputs, targets, reconstruction)
        variables = self.part.model.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        return loss


def gradient_steps(detector: TrainableDetector, frozen: int, reconstruction: float) -> GradientSteps:
    """Build the steps of a detector for so many frozen stages; without the decoder where `reconstruction` is 0.

    Raises UserError if nothing would be left to train.
    """
    reconstructs = detector.reconstructs and reconstruction > 0
    return detector.once(
        ("gradient steps", frozen, reconstructs), lambda: GradientSteps(detector, frozen, reconstructs)
    )
