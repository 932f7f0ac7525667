"""A run x a domain -> predictions.csv and metrics.json: the only place that computes a number that is reported."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.settings import Settings
from forensictransfer.data.batches import Images
from forensictransfer.data.checks.copies import contradiction_line, contradictions
from forensictransfer.data.domains import Domain
from forensictransfer.data.records import CLASSES
from forensictransfer.data.splits import drop_shared
from forensictransfer.detectors.base import Detector
from forensictransfer.detectors.loading import load_weights
from forensictransfer.detectors.trainable import as_trainable
from forensictransfer.evaluation.abstained import ERRORS, measure_abstention
from forensictransfer.evaluation.applicability import NotApplied
from forensictransfer.evaluation.decision import Decision
from forensictransfer.evaluation.familiarity import Familiarity
from forensictransfer.evaluation.metrics import ScoredImages, summarise_draws
from forensictransfer.evaluation.scoring import Analyse, analyse_images, decided
from forensictransfer.experiments.localise import Localise, MapTest, map_test
from forensictransfer.experiments.session import Session, weights_restored
from forensictransfer.results.calibration import Calibration, calibration
from forensictransfer.results.draws import decided_draws
from forensictransfer.results.familiarity import read_familiarity
from forensictransfer.results.formats.data import Seen
from forensictransfer.results.formats.metrics import (
    AbstentionMetrics,
    DrawMetrics,
    Dropped,
    Metrics,
    ScoringSettings,
)
from forensictransfer.results.runs import RunFolder
from forensictransfer.results.scores import Scored

_log = logging.getLogger(__name__)


class DomainTest:
    """The test split of a domain, less what a run has seen, and what each draw of the run says of it.

    Test images that share a photograph (group or decoded pixels) with what the run has seen are dropped and counted;
    of what is left, so are those that the detector does not apply to. Raises UserError if a class is missing from the
    test split or nothing is left of it.
    """

    def __init__(
        self,
        run: RunFolder,
        domain: Domain,
        detector: Detector,
        settings: Settings,
        session: Session,
        progress: str | None = None,
    ) -> None:
        check_splits(domain, ("test",))
        self.run, self.domain, self.settings, self.session = run, domain, settings, session
        seen = run.read("data.json", Seen).seen
        every = session.split(domain, "test", settings.data, progress=progress)
        kept, *self.dropped = drop_shared(every.records, every.digests, set(seen.groups), set(seen.digests))
        self.skipped, self.left_out = every.skipped, every.left_out
        self.images = every.subset(kept)
        check_both_classes(self.images, domain.name, "test", dropped=sum(self.dropped))
        self.images, self.not_applied = session.applied(
            detector, self.images, settings.evaluate, f"test split of '{domain.name}'", f"examining {domain.name}"
        )
        self.warnings = _doubts(every, detector, self.not_applied)
        for warning in self.warnings:
            _log.warning("warning: %s: %s", domain.name, warning)
        self.draws: list[ScoredImages] = []
        self.unlike: list[np.ndarray] = []

    def add(
        self,
        draw: int,
        decision: Decision,
        detector: Detector,
        analyse: Analyse,
        known: Familiarity | None = None,
        label: str | None = None,
    ) -> None:
        """Add what a draw says of the images, scored by `detector` as `analyse` does.

        known: what the images may be like. label: of a progress bar.
        """
        scores, energies, features = decided(decision, detector, self.images, self.settings.evaluate, analyse, label)
        self.unlike.append(np.zeros(len(scores), bool) if known is None else known.unlike(features))
        self.draws.append(
            ScoredImages(
                names=[record.name for record in self.images.records],
                labels=self.images.labels,
                groups=self.images.groups,
                scores=scores,
                probabilities=decision.probabilities(scores),
                threshold=decision.threshold,
                draw=draw,
                energies=energies,
            )
        )

    def write(
        self,
        *,
        overwrite: bool = False,
        add_files: Callable[[Path, DomainTest], None] | None = None,
        maps: MapTest | None = None,
    ) -> Metrics:
        """Write predictions.csv and metrics.json (and what `add_files` adds to their folder); returns the metrics.

        maps: of the same draws, whose results are written, too.
        """
        info, settings = self.run.info, self.settings
        summary = summarise_draws(self.draws, resamples=settings.evaluate.resamples, seed=settings.seed)
        metrics = Metrics(
            source=info.source_name,
            target=self.domain.name,
            run_target=None if info.target is None else info.target.name,
            detector=info.detector,
            strategy=info.strategy,
            shots=info.shots,
            seed=info.seed,
            threshold_rule=info.threshold_rule,
            stop_rule=info.stop_rule,
            draws=len(self.draws),
            split="test",
            settings=ScoringSettings(**settings.evaluate.model_dump()),
            origin=self.domain.origin,
            fingerprint=self.domain.fingerprint(),
            dropped_shared=Dropped(group=self.dropped[0], pixels=self.dropped[1]),
            skipped=self.skipped,
            left_out=self.left_out,
            not_applied=self.not_applied,
            warnings=(*self.warnings, *self.domain.warnings),
            metadata_baseline=self.session.metadata_baseline(self.domain),
            n=summary.n,
            metrics=dict(summary.metrics),
            per_draw=tuple(DrawMetrics.of(one) for one in summary.per_draw),
            localisation=None if maps is None else maps.metrics(),
            abstention=self._abstention(),
        )

        def add(folder: Path) -> None:
            if add_files is not None:
                add_files(folder, self)
            if maps is not None:
                maps.write(folder)

        self.run.write_evaluation(self.domain.name, self.draws, metrics, overwrite=overwrite, add_files=add)
        return metrics

    def _abstention(self) -> tuple[AbstentionMetrics, ...]:
        """Measure what the draws decide at some shares of errors; nothing where they have nothing to calibrate on."""
        draws = {one.number: one for one in decided_draws(self.run)}
        calibrated = [calibration(self.run, draws[one.draw]) for one in self.draws]
        usable = [one for one in calibrated if isinstance(one, Calibration)]
        if len(usable) < len(calibrated):
            return ()
        resamples, seed = self.settings.evaluate.resamples, self.settings.seed
        limits = ([one.abstention(error) for one in usable] for error in ERRORS)
        unlike = np.stack(self.unlike)
        found = (
            measure_abstention(self.draws, one, resamples=resamples, seed=seed, left_open=unlike) for one in limits
        )
        return tuple(map(AbstentionMetrics.of, found))


def _doubts(images: Images, detector: Detector, lost: NotApplied | None) -> list[str]:
    """Write a line on each thing in a test split that makes numbers doubtful."""
    of_both = contradictions(images.records, images.digests)
    found = (
        images.left_out.warning(),
        contradiction_line(of_both) if of_both else None,
        lost.warning(detector.name) if lost else None,
    )
    return [line for line in found if line]


def evaluate_run(
    run: RunFolder,
    domains: Sequence[Domain],
    settings: Settings,
    *,
    overwrite: bool = False,
    session: Session | None = None,
    add_files: Callable[[Path, DomainTest], None] | None = None,
    localise: Localise = "never",
) -> list[Metrics]:
    """Score every draw of a run on the test split of each domain and write both files; returns the metrics.

    session: what is kept between jobs. add_files: adds files to the folder of each evaluation. localise: compare heat
    maps with the masks of each domain, too. Raises UserError as `DomainTest` and `MapTest` do.
    """
    for domain in domains:
        check_splits(domain, ("test",))
    session = session or Session()
    detector = session.detector(run)
    results = []
    for domain in domains:
        test = DomainTest(run, domain, detector, settings, session, progress=f"reading {domain.name}")
        maps = map_test(test.images, domain.name, detector, settings, localise)
        for draw, decision, weights in decided_draws(run):
            label = f"scoring {domain.name}" + (f", draw {draw}" if run.kind == "adapt" else "")
            known = read_familiarity(run, draw)
            if weights is None:
                test.add(draw, decision, detector, session.scores.analyse, known, label)
                if maps is not None:
                    maps.add(draw, decision, detector, changed=False)
                continue
            with weights_restored(detector):
                load_weights(as_trainable(detector), weights)
                test.add(draw, decision, detector, analyse_images, known, label)
                if maps is not None:
                    maps.add(draw, decision, detector, changed=True)
        if maps is not None:
            maps.finish(detector)
        results.append(test.write(overwrite=overwrite, add_files=add_files, maps=maps))
    return results


def check_splits(domain: Domain, splits: Sequence[str]) -> None:
    """Raise UserError unless both classes stand in each of `splits`. Nothing is read: ask before any work."""
    for split in splits:
        found = {record.label for record in domain.split(split)}
        for label, kind in enumerate(CLASSES):
            if label not in found:
                raise UserError(
                    f"domain '{domain.name}': expected real and fake images in its {split} split, found no {kind} one",
                    code=ErrorCode.DOMAIN_CLASS_MISSING,
                )


def check_both_classes(images: Images, name: str, split: str, *, dropped: int = 0) -> None:
    """Raise UserError unless both classes are present."""
    for label, kind in enumerate(CLASSES):
        if not (images.labels == label).any():
            lost = f"; {dropped} were dropped, as the run has seen their photographs" if dropped else ""
            unreadable = f"; {len(images.skipped)} could not be read" if images.skipped else ""
            raise UserError(
                f"domain '{name}': expected real and fake images in its {split} split, found no {kind} one"
                f"{lost}{unreadable}",
                code=ErrorCode.DOMAIN_CLASS_MISSING,
            )


def scored_images(images: Images, decision: Decision, scores: np.ndarray, energies: np.ndarray) -> Scored:
    """Describe what a decision says of images that it was fitted on: scores (n,), energies (n, 2), in their order."""
    return Scored(
        names=tuple(record.name for record in images.records),
        labels=images.labels.astype(np.int64),
        groups=tuple(images.groups),
        scores=scores,
        probabilities=decision.probabilities(scores),
        energies=energies,
    )
