"""A run and k shots of a target -> a new run, with as many draws of shots as asked for."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from forensictransfer.core.environment import environment
from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.files import link_or_copy
from forensictransfer.core.ownership import Ownership
from forensictransfer.core.progress import progress_bar
from forensictransfer.core.settings import AdaptSettings, Settings
from forensictransfer.data.checks.copies import check_labels_agree
from forensictransfer.data.domains import Domain
from forensictransfer.data.exclusion import LeftOut
from forensictransfer.data.images import Images
from forensictransfer.data.photographs import photographs_name
from forensictransfer.detectors.base import Detector
from forensictransfer.detectors.evidence import Analysis
from forensictransfer.detectors.joined import JoinedDetector
from forensictransfer.detectors.trainable import as_trainable
from forensictransfer.detectors.with_model import ModelDetector
from forensictransfer.evaluation.applicability import NotApplied
from forensictransfer.evaluation.decision import Decision
from forensictransfer.evaluation.familiarity import Directions, Familiarity
from forensictransfer.evaluation.scoring import analyse_images
from forensictransfer.experiments.evaluate import DomainTest, check_splits, scored_images
from forensictransfer.experiments.localise import Localise, map_test
from forensictransfer.experiments.parents import Parents
from forensictransfer.experiments.photographs import Photographs, read_photographs
from forensictransfer.experiments.session import Session, weights_restored
from forensictransfer.experiments.shots import readable_shots
from forensictransfer.experiments.shots_only import measure_shots_only
from forensictransfer.experiments.strategies import WITH_BACKGROUND, WITH_GRADIENT, holds_out, pools
from forensictransfer.experiments.strategies.base import Adapted, FewShotTask, SourceKnowledge, strategy
from forensictransfer.report.model_card import card_text
from forensictransfer.results.calibration import HELD_OUT
from forensictransfer.results.familiarity import write_familiarity
from forensictransfer.results.formats.data import AdaptationData, TargetData
from forensictransfer.results.formats.decision import DecisionFile
from forensictransfer.results.formats.run import PAIRED, RunInfo
from forensictransfer.results.places import check_new, owning_run
from forensictransfer.results.runs import MODEL, RunFolder, domain_reference, member_file
from forensictransfer.results.shots_only import FOLDER, write_shots_only
from forensictransfer.results.trials import write_trials

_log = logging.getLogger(__name__)
_DRAFT = ".draft"


def adapt_run(
    parent: RunFolder,
    target: Domain,
    settings: Settings,
    out: Path,
    *,
    overwrite: bool = False,
    keep_weights: bool = True,
    session: Session | None = None,
    add_files: Callable[[Path, DomainTest], None] | None = None,
    others: Sequence[RunFolder] = (),
    localise: Localise = "never",
) -> RunFolder:
    """Adapt `parent` to `target` by `settings.adapt`, test it on both domains' test splits, and write the run `out`.

    Shots come from the target's train split. The threshold is picked by `adapt.threshold` on the shots alone. The
    source's test is repeated with each adapted detector, since adaptation forgets; of several sources each one's. What
    a simple classifier reaches by the same shots and nothing else is measured beside it, unless `adapt.shots_only` is
    false. Without `keep_weights` the run tells what was measured but cannot be evaluated again. session: what is kept
    between jobs. add_files: adds to the folder of the target's evaluation, after the first draw. others: further runs
    that are fused with `parent`; what any of them has seen is left out of all tests. localise: compare heat maps of the
    target with its masks. Raises UserError for
    input that cannot work, also where the source's images are no longer there or another process writes to `out`.
    """
    with owning_run(out, "adapt") as owned:
        check_new(out, overwrite=overwrite)
        parents = Parents((parent, *others))
        writing = _Writing(owned, overwrite, keep_weights, add_files, localise)
        return _adapt(parents, target, settings, out, writing, session or Session())


@dataclass(frozen=True)
class _Writing:
    """What is written of an adaptation, and how: as the arguments of `adapt_run`, and the folder that is owned."""

    owned: Ownership
    overwrite: bool
    keep_weights: bool
    add_files: Callable[[Path, DomainTest], None] | None
    localise: Localise


def _adapt(
    parents: Parents, target: Domain, settings: Settings, out: Path, writing: _Writing, session: Session
) -> RunFolder:
    """Do what `adapt_run` says in a folder that is owned."""
    check_splits(target, ("test",))
    sources = parents.sources_again(settings.data, session)
    options = settings.adapt
    adapt_one = strategy(options.strategy)
    unreadable: dict[str, str] = {}
    shots = [readable_shots(target, settings, draw, session, unreadable) for draw in range(options.draws)]
    tested = session.contents(target, "test", settings.data, f"reading {target.name}")
    check_labels_agree(target.name, [*shots, tested])
    detector = session.joined(parents.runs)
    usable, lost = _usable(shots, detector, target, settings, session)
    background = _background(options, [tested, *_tests_of(sources, settings, session)], detector, settings, session)
    knowledge, *further = parents.knowledge([one.deviations for one in background])
    parents.check_unchanged()  # what was read of it is of one run
    overwrite, owned = writing.overwrite, writing.owned
    with RunFolder.building(out, _info(parents, target, settings), settings, overwrite=overwrite, owned=owned) as run:
        run.write("environment.json", environment())
        run.write("data.json", _describe(parents, target, shots, unreadable, lost, background))
        if writing.keep_weights:
            _save(run, detector, parents.runs)
        tests = [
            DomainTest(run, target, detector, settings, session, f"reading {target.name}"),
            *_source_tests(run, sources, detector, settings, session),
        ]
        maps = map_test(tests[0].images, target.name, detector, settings, writing.localise)
        keep_tiles = pools(options) or knowledge.spread > 0
        directions = _directions(knowledge, further)
        scope = weights_restored if options.strategy in WITH_GRADIENT else contextlib.nullcontext
        for draw, images in enumerate(progress_bar(usable, desc=f"adapting to {target.name}", unit="draw")):
            with scope(detector):
                base = session.scores.analyse(detector, images, settings.evaluate, keep_tiles=keep_tiles)
                adapted = adapt_one(FewShotTask(detector, images, base, knowledge, settings, draw, tuple(further)))
                # Scores by weights that live for one draw only are not worth keeping.
                analyse = analyse_images if adapted.changed else session.scores.analyse
                after = analyse(detector, images, settings.evaluate) if adapted.changed else base
                decision = _write_draw(run, draw, detector, images, adapted, after, settings, writing.keep_weights)
                known = None
                if directions is not None and not adapted.changed:
                    known = Familiarity.fitted(directions, base.features, images.labels)
                    if writing.keep_weights:
                        write_familiarity(run, known, draw)
                for test in tests:
                    test.add(draw, decision, detector, analyse, known)
                if maps is not None:
                    maps.add(draw, decision, detector, changed=adapted.changed)
                if draw == 0 and writing.add_files is not None:  # while the detector has the weights of this draw
                    writing.add_files(_draft(run), tests[0])
        if maps is not None:
            maps.finish(detector)
        tests[0].write(add_files=_move_draft, maps=maps)
        for test in tests[1:]:
            test.write()
        if options.shots_only:
            alone = measure_shots_only(target, shots, tests[0].images, settings, session, detector)
            write_shots_only(run.folder(FOLDER), *alone)
        run.write_text("CARD.md", card_text(run))
    return RunFolder.open(out)


def _source_tests(
    run: RunFolder, sources: Sequence[Domain], detector: Detector, settings: Settings, session: Session
) -> Iterator[DomainTest]:
    """Read the test split of each source that the detector applies to: of the others nothing was learned."""
    for domain in sources:
        try:
            yield DomainTest(run, domain, detector, settings, session, f"reading {domain.name}")
        except UserError as error:
            if error.code != ErrorCode.DETECTOR_NOT_APPLICABLE:
                raise
            _log.warning("not tested again: %s", error)


def _usable(
    shots: Sequence[Images], detector: Detector, target: Domain, settings: Settings, session: Session
) -> tuple[list[Images], dict[str, NotApplied]]:
    """Keep the shots that the detector applies to, draw by draw, and count the others by draw.

    Nothing is drawn for those: labels were given for so many images. Raises UserError if a draw has none of a class.
    """
    usable, lost = [], {}
    for draw, images in enumerate(shots):
        kept, missing = session.applied(detector, images, settings.evaluate, f"shots of draw {draw} of '{target.name}'")
        usable.append(kept)
        if missing is not None:
            lost[str(draw)] = missing
    if lost:
        number = sum(one.images for one in lost.values())
        _log.warning(
            "'%s' does not apply to %d of the %d shots of %s, of %d of %d draws: it is adapted by the others",
            *(detector.name, number, sum(map(len, shots)), target.name, len(lost), len(shots)),
        )
    return usable, lost


def _save(run: RunFolder, detector: Detector, parents: Sequence[RunFolder]) -> None:
    """Keep the models that the draws start from: the run's own, or one of each run that is fused.

    A preset may have hundreds of MB, so the parent's file of such a detector is linked to: it is on the disk once, and
    there as long as any run has it.
    """
    named = [(MODEL, detector)]
    if isinstance(detector, JoinedDetector):
        named = [(member_file(place), one) for place, one in enumerate(detector.members)]
    for (name, one), parent in zip(named, parents, strict=True):
        if isinstance(one, ModelDetector):
            with run.writing(name) as path:
                if one.needs_preset:
                    link_or_copy(parent.path / MODEL, path)
                else:
                    one.save(str(path))


def _draft(run: RunFolder) -> Path:
    folder = run.path / _DRAFT
    folder.mkdir()
    return folder


def _move_draft(folder: Path, test: DomainTest) -> None:
    """Put what was drafted while the detector was at hand into the folder of the evaluation."""
    draft = test.run.path / _DRAFT
    for path in draft.glob("*"):
        path.rename(folder / path.name)
    if draft.exists():
        draft.rmdir()


def _tests_of(domains: Sequence[Domain], settings: Settings, session: Session) -> list[Images]:
    """Read what the test splits of some domains hold."""
    return [session.contents(one, "test", settings.data, f"reading {one.name}") for one in domains]


def _background(
    options: AdaptSettings, tests: Sequence[Images], detector: Detector, settings: Settings, session: Session
) -> list[Photographs]:
    """Read the folders of `adapt.background` for a strategy that has a use for them. tests: what is tested on."""
    if options.strategy not in WITH_BACKGROUND:
        return []
    tested = {digest for images in tests for digest in images.digests}
    return [read_photographs(spec, tested, detector, settings, session) for spec in options.background]


def _write_draw(
    run: RunFolder,
    draw: int,
    detector: Detector,
    shots: Images,
    adapted: Adapted,
    analysis: Analysis,
    settings: Settings,
    keep_weights: bool,
) -> Decision:
    scores = adapted.decision.scores(analysis.energies, analysis.features, analysis.tiles)
    if not np.isfinite(scores).all():
        raise UserError(
            f"draw {draw}: adaptation by '{settings.adapt.strategy}' diverged, its scores are not numbers; "
            "adapt again with a smaller --adapt.learning_rate",
            code=ErrorCode.TRAINING_DIVERGED,
        )
    decision = adapted.fitted(settings.adapt.threshold, analysis, shots.labels)
    run.write(f"draws/{draw}/decision.json", DecisionFile.of(decision))
    run.write_scores(f"draws/{draw}/shots.csv", scored_images(shots, decision, scores, analysis.energies))
    if adapted.held_out is not None:
        held_out = scored_images(shots, decision, adapted.held_out, analysis.energies)
        run.write_scores(f"draws/{draw}/{HELD_OUT}", held_out)
    if adapted.changed and keep_weights:
        with run.writing(f"draws/{draw}/model.keras") as path:
            as_trainable(detector).save(str(path))
    if adapted.history:
        names = list(adapted.history[0])
        run.write_csv(f"draws/{draw}/history.csv", names, [[row[name] for name in names] for row in adapted.history])
    if adapted.trials is not None:
        write_trials(run.file(f"draws/{draw}/trials.csv"), adapted.trials)
    if adapted.chosen is not None:
        run.write(f"draws/{draw}/chosen.json", adapted.chosen)
    return decision


def _describe(
    parents: Parents,
    target: Domain,
    shots: list[Images],
    unreadable: dict[str, str],
    lost: dict[str, NotApplied],
    background: Sequence[Photographs],
) -> AdaptationData:
    reference = domain_reference(target)
    digests = [one for images in shots for one in images.digests]
    digests += [one for folder in background for one in folder.digests]
    seen = parents.seen().joined((group for images in shots for group in images.groups), digests)
    return AdaptationData(
        source=parents.described(),
        target=TargetData(
            **reference.model_dump(),
            notes=(*target.warnings, *target.notes),
            skipped=tuple(unreadable.items()),
            left_out=_left_out(target, shots, unreadable),
            not_applied=lost,
            links=target.skipped,
        ),
        background=tuple(one.about for one in background),
        seen=seen,
    )


def _directions(knowledge: SourceKnowledge, further: Sequence[SourceKnowledge]) -> Directions | None:
    """Take the directions in which the source's features vary; of several runs, whose images differ, there are none."""
    if further:
        return None
    return Directions.of(knowledge.background.rows, knowledge.background.scale)


def _background_name(options: AdaptSettings) -> str | None:
    """Name the folders of the background in tables; None where it is the source's own."""
    used = options.background if options.strategy in WITH_BACKGROUND else ()
    return " + ".join(map(photographs_name, used)) or None


def _left_out(target: Domain, shots: list[Images], unreadable: dict[str, str]) -> LeftOut:
    """Count the shots that could not be read, by class, among all that were drawn."""
    drawn = {record.name for images in shots for record in images.records} | unreadable.keys()
    found = LeftOut.of([record for record in target.records if record.name in drawn], unreadable.keys())
    if unreadable:
        _log.warning("shots of %s that cannot be read were replaced by others: %s", target.name, found)
    return found


def _info(parents: Parents, target: Domain, settings: Settings) -> RunInfo:
    options = settings.adapt
    stops = {
        "finetune": f"{options.stop}, {options.steps} steps",
        "tuned": f"chosen on the shots, {options.trials} trials",
    }
    return RunInfo.new(
        "adapt",
        detector=parents.detector,
        **RunInfo.learned_from(parents.trained_on),
        target=domain_reference(target),
        strategy=options.strategy,
        shots=options.shots,
        draws=options.draws,
        seed=settings.seed,
        recompress=settings.data.recompress,
        background=_background_name(options),
        protocol=PAIRED if options.pairs else None,
        threshold_rule=f"{options.threshold} (shots{' held out' * holds_out(options)})",
        stop_rule=stops.get(options.strategy, "no gradient"),
        parent=None if parents.members else str(parents.runs[0].path.resolve()),
        members=parents.members,
    )
