"""Fit a detector to photographs by gradient steps: epochs of batches that it draws itself, validation, resume."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterator
from functools import partial
from typing import Any

import keras
import numpy as np

from forensictransfer.core.settings import Settings
from forensictransfer.data.cameras.photographs import CameraPhotographs
from forensictransfer.data.images import in_order
from forensictransfer.detectors.photograph_detector import PhotographDetector
from forensictransfer.experiments import checkpoint
from forensictransfer.experiments.epochs import run_epochs, spent
from forensictransfer.results.runs import RunFolder

STEPS = 32  # batches of an epoch: what can be cut out of photographs has no end
VALIDATION = 8  # batches, the same after each epoch
# First numbers of the keys of all that is random here, one for each use.
_TRAIN, _VALIDATE, _STATISTICS = 11, 12, 13


def fit_photographs(
    detector: PhotographDetector,
    train: CameraPhotographs,
    validation: CameraPhotographs,
    settings: Settings,
    run: RunFolder,
) -> checkpoint.TrainingState:
    """Run the epochs that are left and return the final state; every epoch's end is saved in the run folder.

    A batch is keyed by seed, epoch and step, so that a resumed training ends in the weights of the undisturbed one.
    """
    options = settings.train
    ended = partial(spent, options=options)

    def draw(use: int, photographs: CameraPhotographs, place: tuple[int, ...]) -> tuple[Any, Any]:
        return detector.draw(photographs, settings, np.random.default_rng([use, settings.seed, *place]))

    def batches(first: int) -> Generator[Any]:
        places = ((epoch, step) for epoch in itertools.count(first) for step in range(STEPS))
        yield from in_order(partial(draw, _TRAIN, train), places, workers=settings.data.workers)

    def statistics_batches() -> Iterator[Any]:
        for step in range(options.statistics_batches):
            yield draw(_STATISTICS, train, (step,))[0]

    detector.compile(options.learning_rate)
    state = checkpoint.restore(run.path / checkpoint.NAME, detector.trainer)
    if ended(state):
        return state
    held_out = [draw(_VALIDATE, validation, (step,)) for step in range(VALIDATION)]
    joined = keras.tree.map_structure(lambda *parts: np.concatenate(parts), *held_out)
    rows = len(keras.tree.flatten(held_out[0])[0])
    run_epochs(
        detector,
        batches(state.epochs),
        steps=STEPS,
        held_out=joined,
        held_out_batch=rows,  # the batches as they were drawn: groups stay together
        statistics_batches=statistics_batches,
        state=state,
        ended=ended,
        options=options,
        run=run,
        watchers=[keras.callbacks.TerminateOnNaN()],
    )
    return state
