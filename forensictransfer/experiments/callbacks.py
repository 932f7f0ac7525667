"""What happens between the epochs of a training: statistics, best weights, checkpoint, stop, TensorBoard."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from forensictransfer.core.progress import ProgressBar
from forensictransfer.detectors.trainable import TrainableDetector
from forensictransfer.detectors.with_model import ModelDetector
from forensictransfer.experiments.checkpoint import TrainingState

_log = logging.getLogger(__name__)


class TellEpochs(keras.callbacks.Callback):
    """Shows how far an epoch is, and logs a line at its end: `epoch 3 of 15: loss 0.51, val_loss 0.49, 12 s`."""

    async_safe = True  # the bar needs no numbers, so that Keras need not wait for them after each step

    def __init__(self, epochs: int) -> None:
        super().__init__()
        self.epochs = epochs
        self.bar = ProgressBar(disable=True)
        self.began = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Begin a bar of the epoch's steps."""
        self.began = time.monotonic()
        self.bar = ProgressBar(desc=f"epoch {epoch + 1} of {self.epochs}", unit="step", total=self.params["steps"])

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Move the bar."""
        self.bar.update(batch + 1 - self.bar.done)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """End the bar and log what was measured."""
        self.bar.close()
        found = {name: f"{name} {value:.4g}" for name, value in (logs or {}).items()}
        most = [found[name] for name in ("loss", "val_loss") if name in found]
        most += [text for name, text in found.items() if name.startswith("val_") and name.endswith("accuracy")]
        seconds = time.monotonic() - self.began
        _log.info("epoch %d of %d: %s, %.0f s", epoch + 1, self.epochs, ", ".join(most), seconds)
        _log.debug("epoch %d of %d, all that is measured: %s", epoch + 1, self.epochs, ", ".join(found.values()))

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """End the bar of a training that ended in the middle of an epoch."""
        self.bar.close()


class BeginEpoch(keras.callbacks.Callback):
    """Tells a detector which epoch begins, for losses that change with the epochs."""

    def __init__(self, detector: ModelDetector) -> None:
        super().__init__()
        self.detector = detector

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Begin an epoch; called by `fit`, with the right number also in a resumed training."""
        self.detector.begin_epoch(epoch)


class Clock(keras.callbacks.Callback):
    """Adds up the processor time that the epochs take; to stand before what saves the state."""

    def __init__(self, state: TrainingState) -> None:
        super().__init__()
        self.state = state
        self.last = time.process_time()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Add this epoch with its validation."""
        now = time.process_time()
        self.state.seconds += now - self.last
        self.last = now


class RefreshStatistics(keras.callbacks.Callback):
    """Estimates the batch-norm statistics again before each validation, so that what is validated is what is kept."""

    def __init__(self, detector: ModelDetector, batches: Callable[[], Iterator[Any]]) -> None:
        super().__init__()
        self.detector, self.batches = detector, batches

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        """Refresh the statistics; called by `fit` between the training steps and the validation of an epoch."""
        self.detector.refresh_statistics(self.batches())


class KeepBest(keras.callbacks.Callback):
    """Records each epoch, keeps the best weights, saves the state, and stops when patience runs out."""

    def __init__(
        self, state: TrainingState, monitor: str, patience: int, save: Callable[[TrainingState, keras.Model], None]
    ) -> None:
        super().__init__()
        self.state, self.monitor, self.patience, self.save = state, monitor, patience, save

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Record, save, and stop if there was no gain for `patience` epochs."""
        self.state.record(dict(logs or {}), self.monitor, self.model)
        self.save(self.state, self.model)
        if self.state.exhausted(self.patience):
            self.model.stop_training = True


class EndEarly(keras.callbacks.Callback):
    """Ends a training where something that looks at its state after each epoch (as KeepBest records it) says so."""

    def __init__(self, state: TrainingState, ended: Callable[[TrainingState], bool]) -> None:
        super().__init__()
        self.state, self.ended = state, ended

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Stop the training where `ended` says so."""
        if self.ended(self.state):
            self.model.stop_training = True


class TensorBoardLog(keras.callbacks.Callback):
    """Losses apart, accuracy, the energies' histograms by class, and what the detector sees and reconstructs."""

    PICTURES = 4

    def __init__(self, folder: Path, detector: TrainableDetector, crops: np.ndarray, labels: np.ndarray) -> None:
        super().__init__()
        self.writer = tf.summary.create_file_writer(str(folder))
        self.detector, self.crops, self.labels = detector, crops, labels
        shown = [int(i) for label in (0, 1) for i in np.flatnonzero(labels == label)[: self.PICTURES // 2]]
        self.shown = crops[shown]

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Write one epoch's scalars, histograms and pictures."""
        with self.writer.as_default(step=epoch):
            for name, value in (logs or {}).items():
                tf.summary.scalar(f"validation/{name[4:]}" if name.startswith("val_") else f"train/{name}", value)
            size = 64
            found = [
                self.detector.analyse(self.crops[i : i + size]).energies
                for i in range(0, len(self.crops) - size + 1, size)
            ] or [self.detector.analyse(self.crops).energies]
            energies = np.concatenate(found)
            for label, kind in enumerate(("real", "fake")):
                of_class = energies[self.labels[: len(energies)] == label]
                for half in (0, 1):
                    tf.summary.histogram(f"energies of {kind} images/a{half}", of_class[:, half])
            for name, pictures in self.detector.pictures(self.shown).items():
                tf.summary.image(name, pictures, max_outputs=self.PICTURES)
        self.writer.flush()

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Close the event file."""
        self.writer.close()
