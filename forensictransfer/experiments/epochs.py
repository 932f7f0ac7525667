"""The epochs of a training by gradient steps, whatever its batches are made of: best weights, checkpoints, resume."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from typing import Any

import keras

from forensictransfer.core.settings import TrainSettings
from forensictransfer.detectors.with_model import ModelDetector
from forensictransfer.experiments import checkpoint
from forensictransfer.experiments.callbacks import (
    BeginEpoch,
    Clock,
    EndEarly,
    KeepBest,
    RefreshStatistics,
    TellEpochs,
)
from forensictransfer.results.runs import RunFolder


def spent(state: checkpoint.TrainingState, options: TrainSettings) -> bool:
    """Say whether a training has had its epochs, its patience or its processor minutes."""
    limit = math.inf if options.minutes is None else 60 * options.minutes
    return state.epochs >= options.epochs or state.exhausted(options.patience) or state.seconds >= limit


def run_epochs(
    detector: ModelDetector,
    feed: Generator[Any],
    *,
    steps: int,
    held_out: Any,
    held_out_batch: int,
    statistics_batches: Callable[[], Iterator[Any]],
    state: checkpoint.TrainingState,
    ended: Callable[[checkpoint.TrainingState], bool],
    options: TrainSettings,
    run: RunFolder,
    watchers: Sequence[keras.callbacks.Callback],
) -> None:
    """Run the epochs that are left, and save the end of each in the run folder.

    feed: batches, `steps` an epoch, from the first epoch that is left on. held_out: what each epoch is validated on,
    `held_out_batch` rows at a time. state: where an earlier call has ended; it is brought up to date. ended: asked
    after each epoch. watchers: callbacks between the renewal of the statistics and the choice of the best epoch.
    """
    try:
        detector.trainer.fit(
            feed,
            steps_per_epoch=steps,
            epochs=options.epochs,
            initial_epoch=state.epochs,
            validation_data=held_out,
            validation_batch_size=held_out_batch,
            shuffle=False,
            verbose=0,
            callbacks=[
                TellEpochs(options.epochs),
                Clock(state),
                BeginEpoch(detector),
                RefreshStatistics(detector, statistics_batches),
                *watchers,
                KeepBest(state, options.monitor, options.patience, partial(_save_epoch, run)),
                EndEarly(state, ended),
            ],
        )
    finally:
        _close(feed)


def _save_epoch(run: RunFolder, state: checkpoint.TrainingState, model: keras.Model) -> None:
    """Write the state of a training after an epoch, and the history of all its epochs."""
    with run.writing(checkpoint.NAME) as path:
        checkpoint.save(path, state, model)
    names = list(state.history[-1])
    run.write_csv("history.csv", names, [[row.get(name) for name in names] for row in state.history])


def _close(feed: Generator[Any]) -> None:
    """End a generator that `fit` was fed with: TensorFlow keeps it for ever, and with it all that it refers to."""
    while True:
        try:
            return feed.close()
        except ValueError:  # a thread is still fetching ahead, which ends when its buffer is full
            time.sleep(0.01)
