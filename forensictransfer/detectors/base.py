"""What every detector offers: the contract that training, adaptation and evaluation rely on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np


@dataclass(frozen=True)
class Analysis:
    """What a detector says of a batch of crops or images.

    energies: float32 (n, 2), the evidence for real and for fake; the score is energies[:, 1] - energies[:, 0], and
    larger means more likely fake. features: float32 (n, d), what a classifier without gradients works on.
    """

    energies: np.ndarray
    features: np.ndarray

    @property
    def scores(self) -> np.ndarray:
        """a_1 - a_0 of every row, float32 (n,)."""
        return self.energies[:, 1] - self.energies[:, 0]


class Detector(ABC):
    """A functional Keras model and how to train and read it.

    A detector is fed uint8 crops (n, crop, crop, 3) in 0..255 and labels real = 0, fake = 1. It looks at each crop by
    itself in inference mode: the same crop gets the same verdict whatever batch it comes in.
    """

    name: ClassVar[str]
    trainer: keras.Model  # what `fit` is called on: shares all weights with `model`

    def __init__(self, model: keras.Model) -> None:
        self.model = model
        self.trainer = model
        self._analyse: Any = None

    @classmethod
    @abstractmethod
    def build(cls, crop: int) -> Detector:
        """A detector with fresh weights (Keras' global seed) for crops of `crop` pixels."""

    @property
    @abstractmethod
    def crop(self) -> int:
        """Side of the crops that it was built for, pixels."""

    @abstractmethod
    def compile(self, learning_rate: float) -> None:
        """Set optimiser, losses and metrics for `keras.Model.fit`."""

    @abstractmethod
    def fit_batch(self, images: np.ndarray, labels: np.ndarray) -> tuple[Any, Any]:
        """Inputs and targets of one batch, as the model's `fit` takes them."""

    @abstractmethod
    def analyse(self, images: np.ndarray) -> Analysis:
        """Energies and features of crops, uint8 (n, crop, crop, 3), in inference mode."""

    @abstractmethod
    def refresh_statistics(self, batches: Any) -> None:
        """Make inference agree with training: estimate what was normalised by the batch (nothing, if nothing was)."""

    def pictures(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """What TensorBoard shows of a few crops: name -> float32 (n, h, w, 3) in [0, 1]."""
        return {"crops": images.astype(np.float32) / 255.0}

    def save(self, path: str) -> None:
        """Write the model as a `.keras` file (weights and structure; no optimiser)."""
        self.model.save(path)
