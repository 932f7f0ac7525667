"""Fine-tuning: all weights, the losses of the source, the shots alone."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from forensictransfer.data.pipeline import epoch_order, training_batch
from forensictransfer.decision import Decision
from forensictransfer.detectors.base import Detector
from forensictransfer.strategies.base import Adapted, FewShotTask

_KEY = 7919  # sets the random crops of adaptation apart from those of training


def finetune(task: FewShotTask) -> Adapted:
    """Train all weights on random crops of the shots with Adam, by the losses that the detector was trained with.

    The network runs in inference mode: the source's batch-norm statistics stay as they are, so that what is trained is
    what will decide, and a handful of shots need not stand for a population. Gains and offsets are trained like all
    other weights. It stops by the rule `adapt.stop`.

    Source: D. Cozzolino et al., "ForensicTransfer", 2018.
    """
    options, seed = task.settings.adapt, task.settings.seed
    step = _step_of(task.detector)
    step.reset(options.learning_rate)
    history: list[dict[str, float]] = []
    labels = task.shots.labels
    number = 0
    epoch = 0
    while number < options.steps:
        for place, indices in enumerate(
            epoch_order(labels, seed=seed + _KEY * (task.draw + 1), epoch=epoch, batch=options.batch, balance=True)
        ):
            images, targets = training_batch(
                task.shots,
                indices,
                crop=task.detector.crop,
                augment=task.settings.data.augment,
                seed=seed + _KEY * (task.draw + 1),
                epoch=epoch,
                step=place,
            )
            history.append({"step": number, "loss": step(*task.detector.fit_batch(images, targets))})
            number += 1
            if number >= options.steps:
                break
        epoch += 1
    return Adapted(Decision(), changed=True, history=history)


class _GradientStep:
    """One Adam step of a detector in inference mode; its graph is traced once and serves all draws."""

    def __init__(self, detector: Detector) -> None:
        self.trainer = detector.trainer
        self.optimizer = keras.optimizers.Adam()
        self.optimizer.build(self.trainer.trainable_variables)
        if not getattr(self.trainer, "compiled", False):
            detector.compile(1e-3)
        self._step = tf.function(self._gradient_step, reduce_retracing=True)

    def reset(self, learning_rate: float) -> None:
        """Forget the moments of earlier draws."""
        for variable in self.optimizer.variables:
            variable.assign(tf.zeros_like(variable))
        self.optimizer.learning_rate.assign(learning_rate)

    def __call__(self, inputs: Any, targets: Any) -> float:
        """Take a step; returns the loss before it."""
        as_tensors = [tf.nest.map_structure(tf.convert_to_tensor, part) for part in (inputs, targets)]
        return float(self._step(*as_tensors))

    def _gradient_step(self, inputs: Any, targets: Any) -> tf.Tensor:
        with tf.GradientTape() as tape:
            outputs = self.trainer(inputs, training=False)
            loss = self.trainer.compute_loss(x=inputs, y=targets, y_pred=outputs)
        variables = self.trainer.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        return loss


def _step_of(detector: Detector) -> _GradientStep:
    step = getattr(detector, "_gradient_step", None)
    if step is None:
        step = _GradientStep(detector)
        detector._gradient_step = step  # type: ignore[attr-defined]
    return step
