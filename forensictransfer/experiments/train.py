"""Fit a detector on its source domain and write the run: the best weights, the threshold and the source's test."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from forensictransfer.core.environment import environment
from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.files import file_sha256
from forensictransfer.core.ownership import Ownership
from forensictransfer.core.settings import Settings
from forensictransfer.data.checks.copies import check_labels_agree, copies_across
from forensictransfer.data.counts import Counts
from forensictransfer.data.domains import Domain
from forensictransfer.data.exclusion import LeftOut
from forensictransfer.data.images import Images
from forensictransfer.data.records import FAKE, REAL, SPLITS
from forensictransfer.detectors.base import Detector
from forensictransfer.detectors.loading import detector_class
from forensictransfer.detectors.registry import check_training, detectors
from forensictransfer.detectors.trainable import TrainableDetector, as_trainable
from forensictransfer.evaluation.decision import Decision
from forensictransfer.evaluation.scoring import analyse_images
from forensictransfer.experiments import checkpoint
from forensictransfer.experiments.evaluate import (
    check_both_classes,
    check_splits,
    evaluate_run,
    scored_images,
)
from forensictransfer.experiments.fit import check_monitor, fit
from forensictransfer.experiments.session import Session
from forensictransfer.experiments.tuning import source as search
from forensictransfer.report.model_card import card_text
from forensictransfer.results.formats.data import SeenImages, TrainingData, WeightsFile
from forensictransfer.results.formats.decision import DecisionFile
from forensictransfer.results.formats.run import RunInfo
from forensictransfer.results.places import check_new, owning_run
from forensictransfer.results.runs import RunFolder, domain_reference

_log = logging.getLogger(__name__)


def train_run(
    domain: Domain,
    settings: Settings,
    out: Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    session: Session | None = None,
) -> RunFolder:
    """Train `settings.detector` on the train split of `domain`, stop by its validation split, test on its test split.

    Writes the run folder `out` and returns it. With `resume`, a training that was killed continues after its last whole
    epoch and ends in the weights of the undisturbed run. Raises UserError for input that cannot work, before anything
    is written, and where another process writes to `out`, before any work; a training that fails (a full disk) before
    its first epoch is saved leaves nothing behind. With `train.trials` the settings of the training are searched first,
    on the validation split (`tuning.source`). session: what is kept between jobs.
    """
    with owning_run(out, "train") as owned:
        check_new(out, overwrite=overwrite, resume=resume)
        return _train(domain, settings, out, owned, resume=resume, overwrite=overwrite, session=session or Session())


def _train(
    domain: Domain,
    settings: Settings,
    out: Path,
    owned: Ownership,
    *,
    resume: bool,
    overwrite: bool,
    session: Session,
) -> RunFolder:
    """Do what `train_run` says in a folder that is owned."""
    check_splits(domain, SPLITS)
    check_training(settings.detector, settings.train)
    detector = _fresh(settings)
    if detector.gradient:
        check_monitor(as_trainable(detector), settings.train)
    train, validation = (
        Images(domain.split(split), data=settings.data, progress=f"reading {domain.name} {split}")
        for split in ("train", "validation")
    )
    for images, split in ((train, "train"), (validation, "validation")):
        check_both_classes(images, domain.name, split)
    test = session.contents(domain, "test", settings.data, f"reading {domain.name} test")
    warnings = _check_contents(domain, {"train": train, "validation": validation, "test": test})
    if not isinstance(detector, TrainableDetector):
        # An image that it cannot judge is found before anything is written; the scores are used below.
        for images, split in ((train, "train"), (validation, "validation")):
            session.scores.analyse(detector, images, settings.evaluate, progress=f"scoring {domain.name} {split}")
    continued = resume and (out / "run.json").exists()
    run = RunFolder.create(out, _info(domain, settings), settings, resume=resume, overwrite=overwrite, owned=owned)
    if run.finished:
        _log.info("%s: is finished already; nothing to resume", run.path)
        return run
    try:
        run.write("environment.json", environment())
        run.write(
            "data.json",
            describe_data(
                domain, {"train": train, "validation": validation}, _weights(settings.train.weights), warnings
            ),
        )
        state = _fit(detector, train, validation, settings, run)
    except Exception:
        # Unless an earlier call has made it, a resumed training could continue from it, or it is another's by now.
        kept = continued or (run.path / checkpoint.NAME).exists() or search.begun(run)
        if owned.holds() and not kept:
            shutil.rmtree(owned.folder, ignore_errors=True)  # not by a link, which would stay
        raise
    if state is not None:
        _take_best(as_trainable(detector), state, settings.train.monitor, run)
    if isinstance(detector, TrainableDetector):
        with run.writing("model.keras") as path:
            detector.save(str(path))
    found = session.scores.analyse(detector, validation, settings.evaluate, progress="choosing the threshold")
    decision = Decision().fitted(settings.train.threshold, found.scores, validation.labels, "source validation")
    run.write("decision.json", DecisionFile.of(decision))
    run.write_scores("validation.csv", scored_images(validation, decision, found))
    known = session.scores.analyse(detector, train, settings.evaluate, progress="features of the source")
    run.write_npz("source_features.npz", energies=known.energies, features=known.features, labels=train.labels)
    evaluate_run(run, [domain], settings, overwrite=True, session=session)
    run.write_text("CARD.md", card_text(run))
    run.finish()
    # Last of all: a kill before this line costs no epoch.
    (run.path / checkpoint.NAME).unlink(missing_ok=True)
    run.owned = ()
    return run


def _fit(
    detector: Detector, train: Images, validation: Images, settings: Settings, run: RunFolder
) -> checkpoint.TrainingState | None:
    """Train or fit the detector, unless it learns nothing; returns where the epochs ended, None if there were none."""
    if not isinstance(detector, TrainableDetector) or detector.trains == "none":
        return None
    if not detector.gradient:
        found = analyse_images(detector, train, settings.evaluate, progress="features of the source")
        detector.fit_features(found.features, train.labels)
        return None
    if not settings.train.epochs:
        return None
    used = settings
    if settings.train.trials:
        used = search.search_training(
            settings,
            run,
            lambda tried, folder, judge: fit(as_trainable(_fresh(tried)), train, validation, tried, folder, judge),
        )
    return fit(detector, train, validation, used, run)


def _take_best(detector: TrainableDetector, state: checkpoint.TrainingState, monitor: str, run: RunFolder) -> None:
    """Give `detector` the best weights of a training. Raises UserError if it diverged."""
    if state.best_value is None or not np.isfinite(state.best_value):
        raise UserError(
            f"{run.path}: {state.divergence or f'{monitor} was not a number in any epoch'}; "
            "train again with a smaller --train.learning_rate and --overwrite",
            code=ErrorCode.TRAINING_DIVERGED,
        )
    detector.trainer.set_weights(state.best_weights)


def _fresh(settings: Settings) -> Detector:
    """Create the detector as every training of these settings begins with it."""
    keras.utils.set_random_seed(settings.seed)
    detector = detector_class(settings.detector).create(settings.data.crop)
    if settings.train.weights is not None:
        as_trainable(detector).load_pretrained(_weights_file(settings.train.weights))
    return detector


def _weights_file(name: str) -> Path:
    path = Path(name).expanduser()
    if not path.is_file():
        raise UserError(
            f"train.weights: expected a file of weights, {path} {'is a folder' if path.is_dir() else 'is not there'}",
            code=ErrorCode.PATH_MISSING,
        )
    return path


def _weights(name: str | None) -> WeightsFile | None:
    """Describe, for data.json, the file of weights that the training began with."""
    if name is None:
        return None
    path = _weights_file(name)
    return WeightsFile(file=str(path.resolve()), sha256=file_sha256(path))


def _check_contents(domain: Domain, splits: dict[str, Images]) -> list[str]:
    """Log, and return, what makes a training on these images doubtful.

    Raises UserError if images of both classes have the same pixels.
    """
    check_labels_agree(domain.name, list(splits.values()))
    left_out = LeftOut.total(images.left_out for images in splits.values())
    records = [record for images in splits.values() for record in images.records]
    digests = [digest for images in splits.values() for digest in images.digests]
    warnings = [line for line in (left_out.warning(), copies_across(records, digests)) if line]
    for warning in warnings:
        _log.warning("warning: %s: %s", domain.name, warning)
    return warnings


def describe_data(
    domain: Domain, splits: dict[str, Images], weights: WeightsFile | None = None, warnings: Sequence[str] = ()
) -> TrainingData:
    """Describe what a training is made from: the fingerprint, the counts, what was skipped, and all that is seen."""
    return TrainingData(
        name=domain.name,
        origin=domain.origin,
        fingerprint=domain.fingerprint(),
        notes=(*warnings, *domain.warnings, *domain.notes),
        splits={
            name: Counts(
                int((images.labels == REAL).sum()), int((images.labels == FAKE).sum()), len(set(images.groups))
            )
            for name, images in splits.items()
        },
        skipped=tuple(item for images in splits.values() for item in images.skipped),
        left_out={name: images.left_out for name, images in splits.items()},
        links=domain.skipped,
        seen=SeenImages(
            groups=tuple(sorted({group for images in splits.values() for group in images.groups})),
            digests=tuple(sorted({digest for images in splits.values() for digest in images.digests})),
        ),
        weights=weights,
    )


def _info(domain: Domain, settings: Settings) -> RunInfo:
    return RunInfo.new(
        "train",
        detector=settings.detector,
        source=domain_reference(domain),
        strategy="zero-shot",
        shots=0,
        draws=1,
        seed=settings.seed,
        recompress=settings.data.recompress,
        threshold_rule=f"{settings.train.threshold} (source validation)",
        stop_rule=_stop_rule(settings),
    )


def _stop_rule(settings: Settings) -> str:
    trains = detectors()[settings.detector].trains
    if trains != "gradient":
        return "fitted at once" if trains == "fit" else "nothing to train"
    if not settings.train.epochs:
        return "weights as given"
    limit = "" if settings.train.minutes is None else f", {settings.train.minutes:g} processor minutes"
    return f"best {settings.train.monitor}, patience {settings.train.patience}{limit}"
