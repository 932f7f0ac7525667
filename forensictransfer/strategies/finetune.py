"""Fine-tuning: all weights, the losses of the source, the shots alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from forensictransfer.data.pipeline import STATISTICS_EPOCH, epoch_order, training_batch
from forensictransfer.decision import Decision
from forensictransfer.detectors.base import Detector
from forensictransfer.strategies.base import Adapted, FewShotTask
from forensictransfer.strategies.stopping import stop_rule

_DRAW = 7919  # sets the random crops of one draw apart from another's, and from those of training
_STATISTICS_BATCHES = 8  # of the size of a training batch; more of so few photographs would only cost time


def finetune(task: FewShotTask) -> Adapted:
    """Train all weights on random crops of the shots with Adam, by the losses that the detector was trained with.

    Batches are half real, half fake, and normalised by their own statistics as in training on the source, which adapts
    the network to the target's scale at the first step; those statistics are estimated anew over the shots at the end,
    so that inference agrees with what was trained. (Kept at the source's statistics instead, ten shots of another
    forgery were learned three times more slowly.) It ends by the rule `adapt.stop`, after `adapt.steps` at the latest.

    Source: D. Cozzolino et al., "ForensicTransfer", 2018.
    """
    options = task.settings.adapt
    step = _step_of(task.detector)
    step.reset(options.learning_rate)
    ended = stop_rule(options.stop)
    losses: list[float] = []
    for images, labels in _batches(task):
        losses.append(step(*task.detector.fit_batch(images, labels)))
        if len(losses) >= options.steps or ended(losses):
            break
    task.detector.refresh_statistics(task.detector.fit_batch(*batch)[0] for batch in _statistics_batches(task))
    return Adapted(Decision(), changed=True, history=[{"step": i, "loss": loss} for i, loss in enumerate(losses)])


def _batches(task: FewShotTask) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Endless random crops of the shots; the same for the same seed and draw."""
    epoch = 0
    while True:
        order = epoch_order(
            task.shots.labels, seed=_seed(task), epoch=epoch, batch=task.settings.adapt.batch, balance=True
        )
        for place, indices in enumerate(order):
            yield _crops(task, indices, epoch, place)
        epoch += 1


def _statistics_batches(task: FewShotTask) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for number in range(_STATISTICS_BATCHES):
        epoch = STATISTICS_EPOCH + number
        order = epoch_order(
            task.shots.labels, seed=_seed(task), epoch=epoch, batch=task.settings.adapt.batch, balance=True
        )
        yield _crops(task, order[0], epoch, 0)


def _crops(task: FewShotTask, indices: np.ndarray, epoch: int, place: int) -> tuple[np.ndarray, np.ndarray]:
    return training_batch(
        task.shots,
        indices,
        crop=task.detector.crop,
        augment=task.settings.data.augment,
        seed=_seed(task),
        epoch=epoch,
        step=place,
    )


def _seed(task: FewShotTask) -> int:
    return task.settings.seed + _DRAW * (task.draw + 1)


class _GradientStep:
    """One Adam step of a detector in training mode; its graph is traced once and serves all draws."""

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
            outputs = self.trainer(inputs, training=True)
            loss = self.trainer.compute_loss(x=inputs, y=targets, y_pred=outputs, training=True)
        variables = self.trainer.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        return loss


def _step_of(detector: Detector) -> _GradientStep:
    step = getattr(detector, "_gradient_step", None)
    if step is None:
        step = _GradientStep(detector)
        detector._gradient_step = step  # type: ignore[attr-defined]
    return step
