"""Fit a detector to its source domain by gradient steps: epochs, validation, checkpoints and resume."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Any

import numpy as np

from forensictransfer.core.errors import ErrorCode, UserError, nearest
from forensictransfer.core.settings import Settings, TrainSettings
from forensictransfer.data.batches import STATISTICS_EPOCH, Images, epoch_order, tiles, training_batch, training_batches
from forensictransfer.detectors.trainable import TrainableDetector
from forensictransfer.experiments import checkpoint
from forensictransfer.experiments.callbacks import TensorBoardLog
from forensictransfer.experiments.divergence import Step, StopAtDivergence
from forensictransfer.experiments.epochs import run_epochs, spent
from forensictransfer.results.runs import RunFolder

VALIDATION_CROPS = 1024  # at most; enough for a loss that is steadier than its change from epoch to epoch


def fit(
    detector: TrainableDetector,
    train: Images,
    validation: Images,
    settings: Settings,
    run: RunFolder,
    judge: Callable[[checkpoint.TrainingState], bool] | None = None,
) -> checkpoint.TrainingState:
    """Run the epochs that are left and return the final state; every epoch's end is saved in the run folder.

    judge: asked after each epoch but the last whether to end here; a resumed training asks it first.
    """
    options = settings.train

    def ended(state: checkpoint.TrainingState) -> bool:
        over = spent(state, options) or bool(state.divergence)
        return over or (judge is not None and state.epochs > 0 and judge(state))

    detector.compile(options.learning_rate)
    state = checkpoint.restore(run.path / checkpoint.NAME, detector.trainer)
    if ended(state):
        return state
    detector.prepare_steps()
    crop, augment, seed = detector.crop, settings.data.augment, settings.seed
    order = partial(
        epoch_order,
        train.labels,
        seed=seed,
        batch=options.batch,
        balance=options.balance,
        domains=train.domains,
    )
    steps = len(order(epoch=0))

    def batches() -> Generator[Any]:
        stream = training_batches(
            train,
            crop=crop,
            augment=augment,
            seed=seed,
            batch=options.batch,
            balance=options.balance,
            first_epoch=state.epochs,
            workers=settings.data.workers,
        )
        for images, labels in stream:
            yield detector.fit_batch(images, labels)

    def statistics_batches() -> Iterator[Any]:
        indices = order(epoch=STATISTICS_EPOCH)
        cut = partial(training_batch, train, crop=crop, augment=augment, seed=seed, epoch=STATISTICS_EPOCH)
        for step in range(options.statistics_batches):
            images, labels = cut(indices[step % len(indices)], step=step)
            yield detector.fit_batch(images, labels)[0]

    def steps_again(epoch: int) -> Iterator[Step]:
        for step, indices in enumerate(order(epoch=epoch)):
            cut = training_batch(train, indices, crop=crop, augment=augment, seed=seed, epoch=epoch, step=step)
            yield *cut, [train.records[int(index)].name for index in indices]

    held_out = validation_crops(validation, detector.crop)
    run_epochs(
        detector,
        batches(),
        steps=steps,
        held_out=detector.fit_batch(*held_out),
        held_out_batch=options.batch,
        statistics_batches=statistics_batches,
        state=state,
        ended=ended,
        options=options,
        run=run,
        watchers=[
            StopAtDivergence(
                detector,
                state,
                partial(checkpoint.restore, run.path / checkpoint.NAME, detector.trainer),
                steps_again,
            ),
            TensorBoardLog(run.path / "tensorboard", detector, *held_out),
        ],
    )
    return state


def validation_crops(images: Images, crop: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut the crops that each epoch is validated on, side by side over every image.

    They are evenly thinned out to VALIDATION_CROPS. Of several domains each gives as many, by repeating some where it
    has fewer, so that a mean over the crops is the mean over the domains.

    Returns uint8 (n, crop, crop, 3) and int32 (n,).
    """
    parts = [images.subset(np.flatnonzero(images.domains == domain)) for domain in np.unique(images.domains)]
    found = [_side_by_side(part, crop, VALIDATION_CROPS // len(parts)) for part in parts]
    most = max(len(labels) for _, labels in found)
    every = [np.arange(most) * len(labels) // most for _, labels in found]
    return (
        np.concatenate([crops[rows] for (crops, _), rows in zip(found, every, strict=True)]),
        np.concatenate([labels[rows] for (_, labels), rows in zip(found, every, strict=True)]),
    )


def _side_by_side(images: Images, crop: int, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut crops over every image, with the labels of each; about `most` at most."""
    per_image = max(1, most // len(images))
    chosen = np.unique(np.linspace(0, len(images) - 1, min(len(images), most)).round().astype(int))
    found = [tiles(images[int(i)], crop=crop, stride=crop, max_tiles=per_image) for i in chosen]
    return np.concatenate(found), np.repeat(images.labels[chosen], [len(crops) for crops in found])


def check_monitor(detector: TrainableDetector, train: TrainSettings) -> None:
    """Raise UserError unless `train.monitor` is something that `detector` measures, which two blank crops tell."""
    monitor = train.monitor
    if monitor in ("loss", "val_loss"):  # every model has them
        return
    detector.compile(train.learning_rate)
    blank = np.zeros((2, detector.crop, detector.crop, 3), np.uint8)
    measured = detector.trainer.test_on_batch(*detector.fit_batch(blank, np.array([0, 1])), return_dict=True)
    known = [prefix + name for prefix in ("val_", "") for name in sorted(measured)]
    if monitor not in known:
        raise UserError(
            f"train.monitor: expected one of {', '.join(known)}, got '{monitor}'{nearest(monitor, known)}",
            code=ErrorCode.SETTING_INVALID,
        )
