"""Fine-tuning: all weights, the losses of the source, the shots alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from forensictransfer.data.batches import STATISTICS_EPOCH, epoch_order, training_batch
from forensictransfer.detectors.trainable import as_trainable
from forensictransfer.evaluation.decision import Decision
from forensictransfer.experiments.strategies.base import Adapted, FewShotTask
from forensictransfer.experiments.strategies.gradient import gradient_steps
from forensictransfer.experiments.strategies.stopping import stop_rule

_DRAW = 7919  # sets the random crops of one draw apart from another's, and from those of training
_STATISTICS_BATCHES = 8  # of the size of a training batch; more of so few photographs would only cost time


def finetune(task: FewShotTask) -> Adapted:
    """Train all weights on random crops of the shots with Adam, by the losses that the detector was trained with.

    Batches are half real, half fake, and normalised by their own statistics as in training on the source, which adapts
    the network to the target's scale at the first step; those statistics are estimated again over the shots at the end,
    so that inference agrees with what was trained. (Kept at the source's statistics instead, ten shots of another
    forgery were learned three times more slowly.) It ends by the rule `adapt.stop`, after `adapt.steps` at the latest.

    Source: D. Cozzolino et al., "ForensicTransfer", 2018.
    """
    options = task.settings.adapt
    steps = gradient_steps(as_trainable(task.detector), options.frozen, options.reconstruction)
    steps.reset(options.learning_rate, options.reconstruction, _seed(task))
    ended = stop_rule(options.stop)
    losses: list[Any] = []
    for images, labels in _batches(task):
        loss = steps.step(images, labels)
        # A number is waited for where a rule asks for it: where none does, the device runs ahead.
        losses.append(loss if options.stop == "steps" else float(loss))
        if len(losses) >= options.steps or ended(losses):
            break
    steps.refresh_statistics(_statistics_batches(task))
    history = [{"step": i, "loss": float(loss)} for i, loss in enumerate(losses)]
    return Adapted(Decision(), changed=True, history=history)


def _batches(task: FewShotTask) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield random crops of the shots without end; the same for the same seed and draw."""
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
        crop=as_trainable(task.detector).crop,
        augment=task.settings.data.augment,
        seed=_seed(task),
        epoch=epoch,
        step=place,
    )


def _seed(task: FewShotTask) -> int:
    return task.settings.seed + _DRAW * (task.draw + 1)
