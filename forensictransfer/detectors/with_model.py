"""A detector that is a Keras model, whatever it learns from: what training, runs and sessions do with any of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import keras
import numpy as np

from forensictransfer.core.errors import ErrorCode, UserError, first_line
from forensictransfer.detectors.base import Detector
from forensictransfer.detectors.layers import estimate_statistics

Made = TypeVar("Made")


class ModelDetector(Detector):
    """A Keras model with its weights.

    Attributes:
        trainer: what `fit` is called on: shares all weights with `model`.
    """

    trainer: keras.Model
    _fits = "for this crop"  # what weights have to agree with, in the message of an error

    def __init__(self, model: keras.Model) -> None:
        self.model = model
        self.trainer = model
        self._made: dict[Hashable, Any] = {}

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what `make` gave when `key` was first asked for. It is for graphs, which live as long as the model.

        They read the weights where these are, so they serve whatever weights are loaded later.
        """
        if key not in self._made:
            self._made[key] = make()
        made: Made = self._made[key]
        return made

    def get_weights(self) -> list[np.ndarray]:
        """Return the weights of the model."""
        return list(self.model.get_weights())

    def refresh_statistics(self, batches: Iterable[Any]) -> None:
        """Make inference agree with training: estimate what was normalised by the batch over batches of inputs."""
        estimate_statistics(self.model, batches)

    def begin_epoch(self, epoch: int) -> None:
        """Prepare an epoch; called before each one of a training, also of a resumed one.

        For a loss that changes with the epochs.
        """

    def load_pretrained(self, path: Path) -> None:
        """Take the weights of a file: a `.keras` model or a `.weights.h5` of this network; a detector may know more.

        Raises UserError if the file holds something else.
        """
        if not path.name.endswith((".keras", ".weights.h5")):
            raise UserError(
                f"{path}: expected weights of '{self.name}' that end in .keras or .weights.h5",
                code=ErrorCode.WEIGHTS_UNSUITABLE,
            )
        try:
            self.model.load_weights(path)
        except (ValueError, OSError, KeyError, TypeError) as error:
            raise UserError(
                f"{path}: expected weights of '{self.name}' {self._fits}: {first_line(error)}",
                code=ErrorCode.WEIGHTS_UNSUITABLE,
            ) from error

    def save(self, path: str) -> None:
        """Write the model as a `.keras` file (weights and structure; no optimiser)."""
        self.model.save(path)
