"""Train a detector on photographs by camera and write the run: best weights, threshold, what is kept for shots."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.ownership import Ownership
from forensictransfer.core.settings import Settings
from forensictransfer.data.cameras.folders import CameraFolder
from forensictransfer.data.cameras.photographs import CameraPhotographs
from forensictransfer.data.counts import Counts
from forensictransfer.data.domains import Domain
from forensictransfer.data.images import Images
from forensictransfer.detectors.loading import detector_class
from forensictransfer.detectors.photograph_detector import PhotographDetector, photograph_detector
from forensictransfer.detectors.registry import check_training
from forensictransfer.evaluation.applicability import applied_to
from forensictransfer.evaluation.decision import Decision
from forensictransfer.evaluation.thresholds import FALSE_ALARMS, by_false_alarms
from forensictransfer.experiments.evaluate import scored_images
from forensictransfer.experiments.from_photographs.fit import fit_photographs
from forensictransfer.experiments.session import Session
from forensictransfer.experiments.sources import LEARNED, together
from forensictransfer.experiments.training_run import begun_run, complete
from forensictransfer.experiments.weights import take_best, weights_file, weights_path
from forensictransfer.results.formats.data import SeenImages, SourceData, TrainingData
from forensictransfer.results.formats.decision import DecisionFile
from forensictransfer.results.formats.run import PHOTOGRAPHS, RunInfo
from forensictransfer.results.places import check_new, owning_run
from forensictransfer.results.runs import MODEL, RunFolder, domain_reference

MOST_SCORED = 120  # photographs of a split that the threshold, or the background of an adaptation, comes from
FEWEST_SCORED = 8  # held-out photographs that a threshold is chosen on


@dataclasses.dataclass(frozen=True)
class _Sources:
    """The folders, and the photographs of each split of all of them together."""

    folders: Sequence[CameraFolder]
    splits: dict[str, CameraPhotographs]


def train_on_photographs(
    folders: Sequence[CameraFolder],
    settings: Settings,
    out: Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    session: Session | None = None,
) -> RunFolder:
    """Train `settings.detector` on the photographs of some folders, stop by those held out, and write the run `out`.

    The threshold is the score that at most 5 % of the photographs held out exceed: there are no fakes to choose it by.
    Otherwise as `train_run`: a killed training resumes and ends in the same weights, an error before the first epoch
    leaves nothing behind. Raises UserError for input that cannot work.
    """
    with owning_run(out, "train") as owned:
        check_new(out, overwrite=overwrite, resume=resume)
        return _train(folders, settings, out, owned, resume=resume, overwrite=overwrite, session=session or Session())


def _train(
    folders: Sequence[CameraFolder],
    settings: Settings,
    out: Path,
    owned: Ownership,
    *,
    resume: bool,
    overwrite: bool,
    session: Session,
) -> RunFolder:
    check_training(settings.detector, settings.train, photographs=True)
    detector = _fresh(settings)
    sources = _read(folders, settings, detector)
    info = run_info([one.domain for one in folders], settings)
    with begun_run(out, info, settings, owned, resume=resume, overwrite=overwrite) as run:
        if run.finished:
            return run
        run.write("data.json", _describe(sources, settings))
        if settings.train.epochs:
            train, validation = (sources.splits[split] for split in LEARNED)
            detector.prepare(train, settings)
            take_best(detector, fit_photographs(detector, train, validation, settings, run), settings, run)
            detector.conclude(validation, settings)
        with run.writing(MODEL) as path:
            detector.save(str(path))
        _decide(detector, sources.splits["validation"].images, settings, run, session)
        _keep_features(detector, sources.splits["train"].images, settings, run, session)
    return complete(run)


def run_info(domains: Sequence[Domain], settings: Settings) -> RunInfo:
    """Describe the run that a training on photographs writes."""
    limit = "" if settings.train.minutes is None else f", {settings.train.minutes:g} processor minutes"
    best = f"best {settings.train.monitor}, patience {settings.train.patience}{limit}"
    return RunInfo.new(
        "train",
        detector=settings.detector,
        **RunInfo.learned_from([domain_reference(domain) for domain in domains]),
        material=PHOTOGRAPHS,
        strategy="zero-shot",
        shots=0,
        draws=1,
        seed=settings.seed,
        recompress=settings.data.recompress,
        threshold_rule=f"{FALSE_ALARMS:.0%} false alarms (photographs held out)",
        stop_rule=best if settings.train.epochs else "weights as given",
    )


def _fresh(settings: Settings) -> PhotographDetector:
    """Create the detector as every training of these settings begins with it."""
    kind = photograph_detector(detector_class(settings.detector))
    kind.check(settings)
    keras.utils.set_random_seed(settings.seed)
    if settings.train.weights is None:
        return kind.build(settings)
    return kind.create_from(settings, weights_path(settings.train.weights, folder=False))


def _read(folders: Sequence[CameraFolder], settings: Settings, detector: PhotographDetector) -> _Sources:
    """Decode the photographs of all folders. Raises UserError where too few of a split are readable."""
    splits = {}
    for split in LEARNED:
        parts: dict[str, Images] = {}
        cameras: dict[str, str] = {}
        for one in folders:
            name = one.domain.name
            images = Images(one.domain.split(split), data=settings.data, progress=f"reading {name} {split}")
            parts[name] = images
            prefix = f"{name}/" if len(folders) > 1 else ""
            cameras |= {f"{prefix}{record.name}": f"{prefix}{one.cameras[record.name]}" for record in images.records}
        whole = Images.joined(parts) if len(parts) > 1 else next(iter(parts.values()))
        splits[split] = CameraPhotographs(whole, cameras, fewest=detector.fewest)
        needed = 2 if detector.by_camera else 1
        if len(splits[split].cameras) < needed:
            raise UserError(
                f"expected {needed} cameras with {detector.fewest} readable photographs each in the {split} split of "
                f"{' + '.join(parts)}, found {len(splits[split].cameras)}",
                code=ErrorCode.TOO_FEW_IMAGES,
            )
    return _Sources(folders, splits)


def _describe(sources: _Sources, settings: Settings) -> TrainingData:
    """Describe, for data.json, what the training is made from."""
    parts = []
    for one in sources.folders:
        domain = one.domain
        counts = {}
        for split in LEARNED:
            records = domain.split(split)
            counts[split] = Counts(len(records), 0, len({one.cameras[record.name] for record in records}))
        parts.append(
            SourceData(
                name=domain.name,
                origin=domain.origin,
                fingerprint=domain.fingerprint(),
                notes=domain.notes,
                splits=counts,
                skipped=(),
            )
        )
    images = [photographs.images for photographs in sources.splits.values()]
    skipped = tuple(item for one in images for item in one.skipped)
    whole = parts[0] if len(parts) == 1 else together(parts)
    return TrainingData(
        **{**dict(whole), "skipped": skipped},
        sources=() if len(parts) == 1 else tuple(parts),
        seen=SeenImages(
            groups=tuple(sorted({group for one in images for group in one.groups})),
            digests=tuple(sorted({digest for one in images for digest in one.digests})),
        ),
        weights=weights_file(settings.train.weights),
    )


def _decide(
    detector: PhotographDetector, validation: Images, settings: Settings, run: RunFolder, session: Session
) -> None:
    """Choose the threshold on the photographs held out; write it and their scores."""
    images = _applied(detector, validation, settings, session, "scoring the photographs held out")
    if len(images) < FEWEST_SCORED:
        raise UserError(
            f"'{detector.name}' applies to {len(images)} of the photographs held out, expected {FEWEST_SCORED} to "
            "choose a threshold on: give more, or larger ones",
            code=ErrorCode.TOO_FEW_IMAGES,
        )
    found = session.scores.analyse(detector, images, settings.evaluate)
    threshold, slope = by_false_alarms(found.scores)
    decision = Decision(threshold=threshold, slope=slope, rule="false alarms", chosen_on="photographs held out")
    run.write("decision.json", DecisionFile.of(decision))
    scores = decision.scores(found.energies, found.features)
    run.write_scores("validation.csv", scored_images(images, decision, scores, found.energies))


def _keep_features(
    detector: PhotographDetector, train: Images, settings: Settings, run: RunFolder, session: Session
) -> None:
    """Write how features vary among the photographs learned from: the background of an adaptation."""
    images = _applied(detector, train, settings, session, "features of the photographs")
    found = session.scores.analyse(detector, images, settings.evaluate)
    run.write_npz(
        "source_features.npz",
        energies=found.energies,
        features=found.features,
        labels=images.labels,
        sources=images.domains,
    )


def _applied(detector: PhotographDetector, images: Images, settings: Settings, session: Session, label: str) -> Images:
    """Keep at most MOST_SCORED of some photographs, evenly thinned out, that the detector applies to."""
    rows = np.unique(np.linspace(0, len(images) - 1, min(len(images), MOST_SCORED)).round().astype(int))
    chosen = images.subset(rows)
    return applied_to(chosen, session.scores.silences(detector, chosen, settings.evaluate, label))
