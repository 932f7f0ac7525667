"""Fit a detector on its source domain and write the run: the best weights, the threshold and the source's test."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from forensictransfer import checkpoint
from forensictransfer.callbacks import EndEarly, KeepBest, RefreshStatistics, TensorBoardLog
from forensictransfer.card import card_text
from forensictransfer.config import Settings
from forensictransfer.data.domains import Domain
from forensictransfer.data.pipeline import (
    STATISTICS_EPOCH,
    Images,
    epoch_order,
    tiles,
    training_batch,
    training_batches,
)
from forensictransfer.data.splits import SPLITS
from forensictransfer.decision import Decision
from forensictransfer.detectors.base import Detector
from forensictransfer.detectors.registry import detector_class
from forensictransfer.environment import environment
from forensictransfer.errors import UserError, nearest
from forensictransfer.evaluation import (
    SHOTS_HEADER,
    analyse_images,
    check_both_classes,
    check_splits,
    evaluate_run,
    labelled_rows,
)
from forensictransfer.runs import RunFolder, domain_info
from forensictransfer.search import source as search

VALIDATION_CROPS = 1024  # at most; enough for a loss that is steadier than its change from epoch to epoch


def train_run(
    domain: Domain, settings: Settings, out: Path, *, resume: bool = False, overwrite: bool = False
) -> RunFolder:
    """Train `settings.detector` on the train split of `domain`, stop by its validation split, test on its test split.

    Writes the run folder `out` and returns it. With `resume`, a training that was killed goes on after its last whole
    epoch and ends in the weights of the undisturbed run. Raises UserError for input that cannot work, before anything
    is written; a training that fails (a full disk) before its first epoch is saved leaves nothing behind. With
    `train.trials` the settings of the training are searched first, on the validation split (`search.source`).
    """
    check_splits(domain, SPLITS)
    train, validation = (
        Images(domain.split(split), data=settings.data, progress=f"reading {domain.name} {split}")
        for split in ("train", "validation")
    )
    for images, split in ((train, "train"), (validation, "validation")):
        check_both_classes(images, domain.name, split)
    detector = _fresh(settings)
    check_monitor(detector, settings)
    run = RunFolder.create(out, _info(domain, settings), settings, resume=resume, overwrite=overwrite)
    if run.finished:
        print(f"{run.path}: is finished already; nothing to resume", file=sys.stderr)
        return run
    try:
        run.write_json("environment.json", environment())
        run.write_json("data.json", describe_data(domain, {"train": train, "validation": validation}))
        used = settings
        if settings.train.trials:
            used = search.search_training(
                settings,
                run,
                lambda tried, folder, judge: fit(_fresh(tried), train, validation, tried, folder, judge),
            )
        state = fit(detector, train, validation, used, run)
    except Exception:
        # Unless there is something that a resumed training could go on from.
        if not (run.path / checkpoint.NAME).exists() and not search.begun(run):
            shutil.rmtree(run.path, ignore_errors=True)
        raise
    if state.best_value is None or not np.isfinite(state.best_value):
        raise UserError(
            f"{run.path}: {settings.train.monitor} was not a number in any epoch; "
            "train again with a smaller --train.learning_rate and --overwrite"
        )
    detector.trainer.set_weights(state.best_weights)
    with run.writing("model.keras") as path:
        detector.save(str(path))
    found = analyse_images(detector, validation, settings, progress="choosing the threshold")
    decision = Decision().fitted(settings.train.threshold, found.scores, validation.labels, "source validation")
    run.write_json("decision.json", decision.to_json())
    run.write_csv("validation.csv", SHOTS_HEADER, labelled_rows(validation, decision, found))
    known = analyse_images(detector, train, settings, progress="features of the source")
    run.write_npz("source_features.npz", energies=known.energies, features=known.features, labels=train.labels)
    evaluate_run(run, [domain], settings, overwrite=True)
    run.write_text("CARD.md", card_text(run))
    run.finish()
    # Last of all: a kill before this line costs no epoch.
    (run.path / checkpoint.NAME).unlink(missing_ok=True)
    return run


def fit(
    detector: Detector,
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
        over = state.epochs >= options.epochs or state.exhausted(options.patience)
        return over or (judge is not None and state.epochs > 0 and judge(state))

    detector.compile(options.learning_rate)
    state = checkpoint.restore(run.path / checkpoint.NAME, detector.trainer)
    if ended(state):
        return state
    order: dict[str, Any] = {"batch": options.batch, "balance": options.balance}
    crops: dict[str, Any] = {"crop": detector.crop, "augment": settings.data.augment, "seed": settings.seed}
    steps = len(epoch_order(train.labels, seed=settings.seed, epoch=0, **order))

    def batches() -> Iterator[Any]:
        stream = training_batches(train, first_epoch=state.epochs, workers=settings.data.workers, **crops, **order)
        for images, labels in stream:
            yield detector.fit_batch(images, labels)

    def statistics_batches() -> Iterator[Any]:
        indices = epoch_order(train.labels, seed=settings.seed, epoch=STATISTICS_EPOCH, **order)
        for step in range(options.statistics_batches):
            images, labels = training_batch(
                train, indices[step % len(indices)], epoch=STATISTICS_EPOCH, step=step, **crops
            )
            yield detector.fit_batch(images, labels)[0]

    def save(state: checkpoint.TrainingState, model: keras.Model) -> None:
        with run.writing(checkpoint.NAME) as path:
            checkpoint.save(path, state, model)
        names = list(state.history[-1])
        run.write_csv("history.csv", names, [[row.get(name) for name in names] for row in state.history])

    held_out = validation_crops(validation, detector.crop)
    detector.trainer.fit(
        batches(),
        steps_per_epoch=steps,
        epochs=options.epochs,
        initial_epoch=state.epochs,
        validation_data=detector.fit_batch(*held_out),
        validation_batch_size=options.batch,
        shuffle=False,
        verbose=1 if sys.stdout.isatty() else 2,
        callbacks=[
            RefreshStatistics(detector, statistics_batches),
            TensorBoardLog(run.path / "tensorboard", detector, *held_out),
            KeepBest(state, options.monitor, options.patience, save),
            EndEarly(state, ended),
        ],
    )
    return state


def validation_crops(images: Images, crop: int) -> tuple[np.ndarray, np.ndarray]:
    """Crops that each epoch is validated on: side by side over every image, evenly thinned out to VALIDATION_CROPS.

    Returns uint8 (n, crop, crop, 3) and int32 (n,).
    """
    per_image = max(1, VALIDATION_CROPS // len(images))
    chosen = np.unique(np.linspace(0, len(images) - 1, min(len(images), VALIDATION_CROPS)).round().astype(int))
    found = [tiles(images[int(i)], crop=crop, stride=crop, max_tiles=per_image) for i in chosen]
    return np.concatenate(found), np.repeat(images.labels[chosen], [len(crops) for crops in found])


def _fresh(settings: Settings) -> Detector:
    """The detector as every training of these settings begins with it."""
    keras.utils.set_random_seed(settings.seed)
    return detector_class(settings.detector).build(settings.data.crop)


def check_monitor(detector: Detector, settings: Settings) -> None:
    """Raise UserError unless `train.monitor` is something that `detector` measures, which two blank crops tell."""
    monitor = settings.train.monitor
    if monitor in ("loss", "val_loss"):  # every model has them
        return
    detector.compile(settings.train.learning_rate)
    blank = np.zeros((2, detector.crop, detector.crop, 3), np.uint8)
    measured = detector.trainer.test_on_batch(*detector.fit_batch(blank, np.array([0, 1])), return_dict=True)
    known = [prefix + name for prefix in ("val_", "") for name in sorted(measured)]
    if monitor not in known:
        raise UserError(f"train.monitor: expected one of {', '.join(known)}, got '{monitor}'{nearest(monitor, known)}")


def describe_data(domain: Domain, splits: dict[str, Images]) -> dict[str, Any]:
    """What goes into data.json: the fingerprint, the counts, what was skipped, and all that has been seen."""
    return {
        "name": domain.name,
        "origin": domain.origin,
        "fingerprint": domain.fingerprint(),
        "notes": list(domain.notes),
        "splits": {
            name: {
                "real": int((images.labels == 0).sum()),
                "fake": int((images.labels == 1).sum()),
                "groups": len(set(images.groups)),
            }
            for name, images in splits.items()
        },
        "skipped": [list(item) for images in splits.values() for item in images.skipped],
        "seen": {
            "groups": sorted({group for images in splits.values() for group in images.groups}),
            "digests": sorted({digest for images in splits.values() for digest in images.digests}),
        },
    }


def _info(domain: Domain, settings: Settings) -> dict[str, Any]:
    return {
        "kind": "train",
        "detector": settings.detector,
        "source": domain_info(domain),
        "strategy": "zero-shot",
        "shots": 0,
        "draws": 1,
        "seed": settings.seed,
        "threshold_rule": f"{settings.train.threshold} (source validation)",
        "stop_rule": f"best {settings.train.monitor}, patience {settings.train.patience}",
    }
