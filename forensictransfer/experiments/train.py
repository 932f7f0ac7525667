"""Fit a detector on its source, one domain or several, and write the run: best weights, threshold, the own tests."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from forensictransfer.core.ownership import Ownership
from forensictransfer.core.settings import Settings
from forensictransfer.data.balance import balanced_rows, balanced_weights, thinned_rows
from forensictransfer.data.domains import Domain
from forensictransfer.data.images import Images
from forensictransfer.data.records import SPLITS
from forensictransfer.detectors.base import Detector
from forensictransfer.detectors.loading import detector_class, trainable_class
from forensictransfer.detectors.registry import check_training, detectors
from forensictransfer.detectors.trainable import TrainableDetector, as_trainable
from forensictransfer.evaluation.decision import Decision
from forensictransfer.evaluation.pooling import SPREAD, spread_that_separates
from forensictransfer.evaluation.scoring import decided, score_tiles
from forensictransfer.experiments import checkpoint
from forensictransfer.experiments.evaluate import (
    check_splits,
    evaluate_run,
    scored_images,
)
from forensictransfer.experiments.fit import check_monitor, fit
from forensictransfer.experiments.parents import familiarity_of_source
from forensictransfer.experiments.session import Session
from forensictransfer.experiments.sources import describe, read_sources
from forensictransfer.experiments.strategies import AUTO, MEAN
from forensictransfer.experiments.training_run import begun_run, complete
from forensictransfer.experiments.tuning import source as search
from forensictransfer.experiments.weights import take_best, weights_file, weights_path
from forensictransfer.results.familiarity import write_familiarity
from forensictransfer.results.formats.decision import DecisionFile
from forensictransfer.results.formats.run import RunInfo
from forensictransfer.results.places import check_new, owning_run
from forensictransfer.results.runs import RunFolder, domain_reference

_log = logging.getLogger(__name__)
_MOST_ROWS = 2048  # of one class of one domain, where there are several


def train_run(
    source: Domain | Sequence[Domain],
    settings: Settings,
    out: Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    session: Session | None = None,
) -> RunFolder:
    """Train `settings.detector` on a source's train split, stop by its validation split, test on its test split.

    Of several domains each counts alike: in batches, in what is stopped by, and in the threshold; each is tested.
    Writes the run folder `out` and returns it. With `resume`, a training that was killed continues after its last whole
    epoch and ends in the weights of the undisturbed run. Raises UserError for input that cannot work, before anything
    is written, and where another process writes to `out`, before any work; a training that fails (a full disk) before
    its first epoch is saved leaves nothing behind. With `train.trials` the settings of the training are searched first,
    on the validation split (`tuning.source`). session: what is kept between jobs.
    """
    with owning_run(out, "train") as owned:
        check_new(out, overwrite=overwrite, resume=resume)
        domains = [source] if isinstance(source, Domain) else list(source)
        return _train(domains, settings, out, owned, resume=resume, overwrite=overwrite, session=session or Session())


def _train(
    domains: Sequence[Domain],
    settings: Settings,
    out: Path,
    owned: Ownership,
    *,
    resume: bool,
    overwrite: bool,
    session: Session,
) -> RunFolder:
    """Do what `train_run` says in a folder that is owned."""
    for domain in domains:
        check_splits(domain, SPLITS)
    check_training(settings.detector, settings.train)
    detector = _fresh(settings)
    if detector.gradient:
        check_monitor(as_trainable(detector), settings.train)
    sources = read_sources(domains, settings.data, session)
    if not isinstance(detector, TrainableDetector):
        # Before anything is written; what it says of the others is used below.
        sources = sources.applied(detector, settings, session)
    train, validation = sources.train, sources.validation
    info = _info(domains, settings)
    with begun_run(out, info, settings, owned, resume=resume, overwrite=overwrite, resumable=search.begun) as run:
        if run.finished:
            return run
        run.write("data.json", describe(sources, weights_file(settings.train.weights)))
        state = _fit(detector, train, validation, settings, run, session)
    if state is not None:
        take_best(as_trainable(detector), state, settings, run)
    if isinstance(detector, TrainableDetector):
        with run.writing("model.keras") as path:
            detector.save(str(path))
    _decide(detector, validation, settings, run, session)
    _keep_features(detector, train, settings, run, session)
    held_out = session.scores.analyse(detector, validation, settings.evaluate).features
    write_familiarity(run, familiarity_of_source(run, held_out))
    evaluate_run(run, sources.learned, settings, overwrite=True, session=session)
    return complete(run)


def _fit(
    detector: Detector, train: Images, validation: Images, settings: Settings, run: RunFolder, session: Session
) -> checkpoint.TrainingState | None:
    """Train or fit the detector, unless it learns nothing; returns where the epochs ended, None if there were none."""
    if not isinstance(detector, TrainableDetector) or detector.trains == "none":
        return None
    if not detector.gradient:
        found = session.scores.analyse(detector, train, settings.evaluate, progress="features of the source")
        rows: slice | np.ndarray = slice(None)
        if train.domains.any():
            rows = balanced_rows(train.labels, train.domains, _MOST_ROWS)
        detector.fit_features(found.features[rows], train.labels[rows])
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


def _decide(detector: Detector, validation: Images, settings: Settings, run: RunFolder, session: Session) -> None:
    """Choose how tiles are pooled and where fake begins, on the validation split; write both and its scores.

    By `auto` a detector that is trained by gradient keeps the mean of its energies: its paper's decision, which the
    training has made good on every crop by itself.
    """
    options, pooling = settings.evaluate, settings.train.pooling
    alike = balanced_weights(validation.labels, validation.domains)
    decision, label = Decision(), "choosing the threshold"
    if isinstance(detector, TrainableDetector) and pooling != MEAN and not (pooling == AUTO and detector.gradient):
        tiles = score_tiles(decision, detector, validation, options, session.scores.analyse, label)
        chosen = spread_that_separates(tiles.means, tiles.deviations, validation.labels, validation.domains)
        decision = Decision(spread=chosen if pooling == AUTO else SPREAD)
        scores, energies = tiles.means + decision.spread * tiles.deviations, tiles.energies
    else:
        scores, energies, _ = decided(decision, detector, validation, options, session.scores.analyse, label)
    decision = decision.fitted(settings.train.threshold, scores, validation.labels, "source validation", alike)
    run.write("decision.json", DecisionFile.of(decision))
    run.write_scores("validation.csv", scored_images(validation, decision, scores, energies))


def _keep_features(detector: Detector, train: Images, settings: Settings, run: RunFolder, session: Session) -> None:
    """Write what an adaptation may use of the source: energies, features, labels and which source each row is of.

    Of one domain these are all images of its train split. Of several they are at most 2048 of each class and domain,
    evenly thinned out, so that the file does not grow with the number of images.
    """
    if train.domains.any():
        train = train.subset(thinned_rows(train.labels, train.domains, _MOST_ROWS))
    known = session.scores.analyse(detector, train, settings.evaluate, progress="features of the source")
    run.write_npz(
        "source_features.npz",
        energies=known.energies,
        features=known.features.astype(np.float16) if detector.half_features else known.features,
        labels=train.labels,
        sources=train.domains,
    )


def _fresh(settings: Settings) -> Detector:
    """Create the detector as every training of these settings begins with it."""
    keras.utils.set_random_seed(settings.seed)
    if settings.train.weights is None:
        return detector_class(settings.detector).create(settings.data.crop)
    weights = weights_path(settings.train.weights, folder=detectors()[settings.detector].needs_preset)
    return trainable_class(settings.detector).create_from(settings.data.crop, weights)


def _info(domains: Sequence[Domain], settings: Settings) -> RunInfo:
    return RunInfo.new(
        "train",
        detector=settings.detector,
        **RunInfo.learned_from([domain_reference(domain) for domain in domains]),
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
