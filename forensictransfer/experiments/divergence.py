"""Where a training stopped being numbers: the step of the epoch, its images, and those whose own loss is none."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import keras
import numpy as np

from forensictransfer.detectors.trainable import TrainableDetector
from forensictransfer.experiments import checkpoint

_log = logging.getLogger(__name__)
_NAMED = 3  # images in a message

Step = tuple[np.ndarray, np.ndarray, list[str]]  # crops uint8 (b, crop, crop, 3), labels (b,), names of their images


@dataclass(frozen=True)
class Divergence:
    """The first step whose loss is not a number.

    Attributes:
        epoch, step: from 1 on; step 0 if no step of the epoch has such a loss when it is done again.
        images: names of those in the step's batch.
        culprits: the images of the batch whose loss is not a number, each by itself, before the step.
    """

    epoch: int
    step: int
    images: tuple[str, ...]
    culprits: tuple[str, ...]

    def __str__(self) -> str:
        if not self.step:
            return f"the loss of epoch {self.epoch} is not a number"
        where = f"the loss is not a number from epoch {self.epoch}, step {self.step} on"
        if len(self.culprits) == len(self.images):
            return f"{where}, for all images of its batch: the step before was too large"
        if self.culprits:
            return f"{where}; by themselves these images have none: {_some(self.culprits)}"
        return f"{where}; no image of its batch ({_some(self.images)}) has none by itself: the steps are too large"


def find_divergence(detector: TrainableDetector, epoch: int, steps: Iterator[Step]) -> Divergence:
    """Do the steps of an epoch again, from the weights that it began with, until the loss is not a number.

    Leaves the detector with the weights before that step. epoch: from 0 on. steps: the same batches once more.
    """
    trainer = detector.trainer
    for number, (crops, labels, names) in enumerate(steps, 1):
        before = trainer.get_weights()
        if math.isfinite(_loss(trainer.train_on_batch(*detector.fit_batch(crops, labels), return_dict=True))):
            continue
        trainer.set_weights(before)
        alone = [
            _loss(trainer.test_on_batch(*detector.fit_batch(crops[[i]], labels[[i]]), return_dict=True))
            for i in range(len(crops))
        ]
        culprits = tuple(dict.fromkeys(n for n, loss in zip(names, alone, strict=True) if not math.isfinite(loss)))
        return Divergence(epoch + 1, number, tuple(dict.fromkeys(names)), culprits)
    return Divergence(epoch + 1, 0, (), ())


class StopAtDivergence(keras.callbacks.Callback):
    """Ends a training whose loss is not a number, and says where it began; to stand before what saves the state."""

    def __init__(
        self,
        detector: TrainableDetector,
        state: checkpoint.TrainingState,
        restore: Callable[[], object],
        steps: Callable[[int], Iterator[Step]],
    ) -> None:
        """Look at each epoch's loss.

        restore: gives the trainer the weights that the epoch before ended with. steps: the batches of an epoch.
        """
        super().__init__()
        self.detector, self.state, self.restore, self.steps = detector, state, restore, steps
        self.beginning: list[list[np.ndarray]] | None = None

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Keep the weights of a training that has no checkpoint yet."""
        if not self.state.epochs:
            self.beginning = [_values(self.model.variables), _values(self.model.optimizer.variables)]

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Find the step and stop, if the loss is not a number."""
        if not math.isfinite((logs or {}).get("loss", 0.0)):
            self._go_back()
            found = find_divergence(self.detector, epoch, self.steps(epoch))
            _log.warning("the training stops: %s", found)
            self.state.divergence = str(found)
            self.model.stop_training = True
        self.beginning = None

    def _go_back(self) -> None:
        if self.beginning is None:
            self.restore()
            return
        for variables, values in zip(
            (self.model.variables, self.model.optimizer.variables), self.beginning, strict=True
        ):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)


def _values(variables: list[keras.Variable]) -> list[np.ndarray]:
    return [np.array(variable) for variable in variables]


def _loss(measured: dict[str, float]) -> float:
    return float(measured["loss"])


def _some(names: tuple[str, ...]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
