"""What train, adapt and evaluate are asked for: settings and domains, all checked before TensorFlow is loaded."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forensictransfer.core.backend import prepare_tensorflow
from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.names import encode_name, folded
from forensictransfer.core.ownership import check_free
from forensictransfer.core.presets import find_config
from forensictransfer.core.problems import refuse
from forensictransfer.core.settings import AdaptSettings, DataSettings, DomainSettings, Settings, unknown_names
from forensictransfer.core.yaml_text import flat, read_yaml
from forensictransfer.detectors.registry import check_training
from forensictransfer.experiments.choices import CHOICES, load_settings
from forensictransfer.experiments.strategies import check_strategy, strategies_of
from forensictransfer.results.evaluations import check_evaluation
from forensictransfer.results.formats.run import DomainReference, RunInfo
from forensictransfer.results.places import check_new, check_run_free
from forensictransfer.results.runs import ROBUSTNESS, RunFolder, domain_reference

if TYPE_CHECKING:
    from forensictransfer.data.cameras.folders import CameraFolder
    from forensictransfer.data.domains import Domain

_log = logging.getLogger(__name__)
# A trained run is read in the geometry, and after the compression, that it was trained in.
FIXED = ("detector", "data.crop", "data.recompress")

DomainLike = str | Path | DomainSettings
SettingsLike = Settings | Mapping[str, Any]


@dataclass(frozen=True)
class TrainRequest:
    """A training that can begin, on one domain or several.

    finished: the run to resume is there and whole, so that nothing is left to do.
    """

    domains: Sequence[Domain]
    settings: Settings
    out: Path
    finished: bool


@dataclass(frozen=True)
class AdaptRequest:
    """An adaptation that can begin. parent: the trained run; others: further ones that are fused with it."""

    parent: RunFolder
    domain: Domain
    settings: Settings
    out: Path
    others: tuple[RunFolder, ...] = ()


@dataclass(frozen=True)
class EvaluateRequest:
    """An evaluation that can begin."""

    run: RunFolder
    domains: Sequence[Domain]
    settings: Settings


def train_request(
    source: DomainLike | Sequence[DomainLike],
    out: str | Path,
    settings: Settings,
    *,
    group: str | None,
    resume: bool,
    overwrite: bool,
) -> TrainRequest:
    """Check what `train` is asked for. Raises UserError for any mistake in it."""
    check_training(settings.detector, settings.train)
    check_run_free(Path(out).expanduser())
    check_new(out, overwrite=overwrite, resume=resume)
    specs = _listed(source)
    if not specs:
        raise UserError("train: expected at least one source", code=ErrorCode.COMMAND_LINE)
    domains = [open_domain_with_notes(spec, group, settings.data, learn=True) for spec in specs]
    _check_sources_differ(domains)
    from forensictransfer.data.checks.crop_size import crop_note

    out = Path(out).expanduser()
    for domain in domains:
        if note := crop_note(domain.split("train"), settings.data.crop):
            _log.info("%s: %s", domain.name, note)
    finished = resume and _finished(out, lambda: _asked(settings, domains), settings)
    return TrainRequest(domains, settings, out, finished)


@dataclass(frozen=True)
class PhotographsRequest:
    """A training on photographs by camera that can begin. finished: as of `TrainRequest`."""

    folders: Sequence[CameraFolder]
    settings: Settings
    out: Path
    finished: bool


def photographs_request(
    photos: str | Path | Sequence[str | Path], out: str | Path, settings: Settings, *, resume: bool, overwrite: bool
) -> PhotographsRequest:
    """Check what `train --photos` is asked for; the photographs' headers are read. Raises UserError for any mistake."""
    check_training(settings.detector, settings.train, photographs=True)
    out = Path(out).expanduser()
    check_run_free(out)
    check_new(out, overwrite=overwrite, resume=resume)
    specs = [photos] if isinstance(photos, (str, Path)) else list(photos)
    if not specs:
        raise UserError("train: expected at least one folder of photographs", code=ErrorCode.COMMAND_LINE)
    prepare_tensorflow()
    from forensictransfer.data.cameras.folders import existing_folder, open_camera_folder

    for spec in specs:
        existing_folder(spec)  # before seconds go into loading TensorFlow, which the detector's class needs
    from forensictransfer.detectors.loading import detector_class
    from forensictransfer.detectors.photograph_detector import photograph_detector
    from forensictransfer.experiments.from_photographs.train import run_info

    kind = photograph_detector(detector_class(settings.detector))
    kind.check(settings)
    smallest = kind.smallest_photograph(settings)
    folders = [
        open_camera_folder(one, settings.data, fewest=kind.fewest, smallest=smallest, by_camera=kind.by_camera)
        for one in specs
    ]
    domains = [one.domain for one in folders]
    _check_sources_differ(domains)
    for domain in domains:
        for note in domain.notes:
            _log.info("%s: %s", domain.name, note)
    finished = resume and _finished(out, lambda: run_info(domains, settings), settings)
    return PhotographsRequest(folders, settings, out, finished)


def _finished(out: Path, info: Callable[[], RunInfo], settings: Settings) -> bool:
    """Say whether the training that is to be resumed has ended. Raises UserError where it is not the one asked for."""
    if not (out / "run.json").exists():
        _log.info("%s: there is nothing to resume; the training begins at its first epoch", out)
        return False
    run = RunFolder.open(out, finished=False)
    run.check_same(info(), settings)
    return run.finished


def _asked(settings: Settings, domains: Sequence[Domain]) -> RunInfo:
    """Describe the run that is asked for, as far as a run to be resumed has to agree with it."""
    about = RunInfo.learned_from([domain_reference(domain) for domain in domains])
    return RunInfo.new("train", detector=settings.detector, **about)


def _listed(domains: DomainLike | Sequence[DomainLike]) -> list[DomainLike]:
    """List one domain or several."""
    return [domains] if isinstance(domains, (str, Path, DomainSettings)) else list(domains)


def adapt_request(
    parent: RunFolder,
    target: DomainLike,
    out: str | Path,
    settings: Settings,
    *,
    group: str | None,
    overwrite: bool,
    others: Sequence[RunFolder] = (),
) -> AdaptRequest:
    """Check what `adapt` is asked for. Raises UserError for any mistake, fewer images than shots among them."""
    runs = (parent, *others)
    for run in runs:
        if run.kind != "train":
            came_from = run.info.parent or " and ".join(member.path for member in run.info.members)
            raise UserError(
                f"{run.path}: is itself an adapted run; adapt what it came from: {came_from}",
                code=ErrorCode.RUN_UNSUITABLE,
            )
    _check_fixed(parent, settings)
    check_strategy(settings.detector, settings.adapt.strategy)
    if others:
        _check_fused(runs, settings)
    if os.path.realpath(os.path.expanduser(out)) in [os.path.realpath(run.path) for run in runs]:
        raise UserError(
            f"{out}: is the run to adapt; choose another folder to write to", code=ErrorCode.ARGUMENTS_CONFLICT
        )
    check_run_free(Path(out).expanduser())
    check_new(out, overwrite=overwrite)
    domain = open_domain_with_notes(target, group, settings.data, learn=True)
    for run in runs:
        _check_other_domain(run, domain)
    sources = dict.fromkeys(source for run in runs for source in run.info.trained_on)
    _check_names_differ([*sources, domain_reference(domain)])
    from forensictransfer.experiments.shots import chosen_shots

    settings = _with_background(settings)
    # Fewer images than shots are found here, before seconds go into loading TensorFlow.
    chosen_shots(domain.records, settings, 0, domain.name)
    return AdaptRequest(parent, domain, settings, Path(out).expanduser(), tuple(others))


def _check_fused(runs: Sequence[RunFolder], settings: Settings) -> None:
    """Refuse runs that cannot be adapted together: one named twice, images read otherwise, a source that changed."""
    if settings.adapt.strategy != "fused":
        raise UserError(
            f"adapt.strategy: several runs are adapted together by 'fused' alone, not by '{settings.adapt.strategy}'",
            code=ErrorCode.ARGUMENTS_CONFLICT,
        )
    places: dict[str, RunFolder] = {}
    sources: dict[str, tuple[DomainReference, RunFolder]] = {}
    for run in runs:
        if places.setdefault(os.path.realpath(run.path), run) is not run:
            raise UserError(f"{run.path}: is named twice", code=ErrorCode.ARGUMENTS_CONFLICT)
        now, then = settings.data.recompress, run.settings.data.recompress
        if now != then:
            raise UserError(
                f"{run.path}: was trained with data.recompress {then}, {runs[0].path} with {now}; runs that are "
                "fused look at the same images",
                code=ErrorCode.RUN_UNSUITABLE,
            )
        for source in run.info.trained_on:
            known, other = sources.setdefault(os.path.realpath(source.origin), (source, run))
            if known != source:
                raise UserError(
                    f"{source.origin}: {other.path} and {run.path} were trained on it with other images, another name "
                    f"or another group rule; train both on the same",
                    code=ErrorCode.RUN_UNSUITABLE,
                )


def _with_background(settings: Settings) -> Settings:
    """Check the folders of `adapt.background`, without reading an image, and make their paths absolute."""
    from forensictransfer.data.catalogue.builtin import builtin_names
    from forensictransfer.data.photographs import open_photographs

    folders = []
    for spec in settings.adapt.background:
        spec = spec if spec in builtin_names() else os.path.abspath(os.path.expanduser(spec))
        if spec in folders:
            raise UserError(f"{spec}: is named twice in adapt.background", code=ErrorCode.DOMAIN_REPEATED)
        open_photographs(spec, settings.data)
        folders.append(spec)
    return settings.model_copy(update={"adapt": settings.adapt.model_copy(update={"background": tuple(folders)})})


def evaluate_request(
    run: RunFolder, on: DomainLike | Sequence[DomainLike], settings: Settings, *, group: str | None, overwrite: bool
) -> EvaluateRequest:
    """Check what `evaluate` is asked for. Raises UserError for any mistake in it."""
    _check_fixed(run, settings)
    specs = _listed(on)
    if not specs:
        raise UserError("evaluate: expected at least one domain", code=ErrorCode.COMMAND_LINE)
    domains = [open_domain_with_notes(spec, group, settings.data) for spec in specs]
    _check_names_differ([domain_reference(domain) for domain in domains])
    check_free(run.path)
    for domain in domains:
        _note_other_groups(run, domain)
        check_free(check_evaluation(run.path, domain.name, overwrite=overwrite))
        if not os.access(run.path, os.W_OK):
            raise UserError(
                f"{run.path}: cannot be written: it is read-only or not yours", code=ErrorCode.PATH_NOT_WRITABLE
            )
    return EvaluateRequest(run, domains, settings)


def robustness_request(
    run: RunFolder, on: DomainLike, settings: Settings, *, group: str | None, overwrite: bool
) -> Domain:
    """Check what `robustness` is asked for, and open its domain. Raises UserError for any mistake in it."""
    request = evaluate_request(run, on, settings, group=group, overwrite=True)
    (domain,) = request.domains
    path = run.path / ROBUSTNESS / f"{encode_name(domain.name)}.json"
    if path.exists() and not overwrite:
        raise UserError(f"{path}: exists already; --overwrite replaces it", code=ErrorCode.PATH_EXISTS)
    return domain


def settings_of_run(run: RunFolder, config: str | Path | None, settings: SettingsLike | None) -> Settings:
    """Lay settings over those of a run that is used as it is. Raises UserError for what belongs to the run."""
    chosen = requested_settings(config, settings, {}, base=run.settings)
    _check_fixed(run, chosen)
    return chosen


def requested_settings(
    config: str | Path | None,
    settings: SettingsLike | None,
    arguments: Mapping[str, Any],
    base: Settings | None = None,
) -> Settings:
    """Put together file, then single settings, then the call's own arguments.

    Every problem in them is named at once.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    if isinstance(settings, Settings):
        if config is not None:
            raise UserError("give a settings file or complete Settings, not both", code=ErrorCode.ARGUMENTS_CONFLICT)
        refuse("settings", unknown_names(flat(settings.model_dump()), CHOICES))
        return load_settings(None, given, base=settings)
    clash = {name for name in given if flat(settings or {}).get(name, given[name]) != given[name]}
    if clash:
        raise UserError(
            f"{', '.join(sorted(clash))}: given twice, as an argument and as a setting",
            code=ErrorCode.ARGUMENTS_CONFLICT,
        )
    chosen = load_settings(config, {**(settings or {}), **given}, base=base)
    in_file = read_yaml(find_config(config)) if config is not None else {}
    return _by_what_can_adapt(chosen, {*flat(in_file), *flat(settings or {}), *given})


def _by_what_can_adapt(settings: Settings, named: Container[str]) -> Settings:
    """Choose `head` for a detector that the default strategy cannot adapt, if no other was named."""
    strategy = settings.adapt.strategy
    if "adapt.strategy" in named or strategy != AdaptSettings().strategy:
        return settings
    if strategy in strategies_of(settings.detector):
        return settings
    return settings.model_copy(update={"adapt": settings.adapt.model_copy(update={"strategy": "head"})})


def open_domain_with_notes(
    spec: DomainLike, group: str | None, data: DataSettings, *, notes: bool = True, learn: bool = False
) -> Domain:
    """Open a domain; warnings are logged, with `notes` also what was dropped or renamed.

    Raises UserError, with `learn` also for groups that nothing should learn from.
    """
    prepare_tensorflow()  # built-in domains are stored in TensorFlow's record files
    from forensictransfer.data.domains import open_domain

    domain = open_domain(spec, group=group, data=data)
    if learn:
        domain.check_learnable()
    _log.debug("%s: %d images in %s, grouped by %s", domain.name, len(domain.records), domain.origin, domain.spec.group)
    for note in domain.notes if notes else ():
        _log.info("%s: %s", domain.name, note)
    for warning in domain.warnings:
        _log.warning("warning: %s: %s", domain.name, warning)
    return domain


def _check_fixed(run: RunFolder, settings: Settings) -> None:
    then, now = flat(run.settings.model_dump()), flat(settings.model_dump())
    other = [f"{name} is {then[name]} there, {now[name]} was asked for" for name in FIXED if then[name] != now[name]]
    if other:
        raise UserError(f"{run.path}: was trained otherwise: {'; '.join(other)}", code=ErrorCode.RUN_UNSUITABLE)


def _check_other_domain(parent: RunFolder, target: Domain) -> None:
    """Refuse a source as the target.

    By place only: a copy elsewhere is found by its pixels, when shared photographs are dropped from the test.
    """
    for source in parent.info.trained_on:
        if os.path.realpath(source.origin) == os.path.realpath(target.origin):
            which = "the source" if parent.info.source else "one of the sources"
            raise UserError(
                f"{target.origin}: is {which} that {parent.path} was trained on; name another domain as target",
                code=ErrorCode.RUN_UNSUITABLE,
            )


def _note_other_groups(run: RunFolder, domain: Domain) -> None:
    """Log that a run is tested on its own source by another group rule: its test split is another one."""
    rule = domain.spec.group
    for known in run.info.trained_on:
        if os.path.realpath(known.origin) == os.path.realpath(domain.origin) and known.group != rule:
            _log.warning(
                "warning: %s: the run was trained on it by the group rule '%s', and is tested by '%s', whose test "
                "split is another one; what the run has seen is left out by its pixels; --group '%s' is the run's own",
                *(domain.name, known.group, rule, known.group),
            )


def _check_sources_differ(domains: Sequence[Domain]) -> None:
    """Refuse a source that is named twice, under one name or two, and two of one name."""
    origins = [os.path.realpath(domain.origin) for domain in domains]
    for number, domain in enumerate(domains):
        if origins[number] in origins[:number]:
            raise UserError(f"{domain.origin}: is named twice", code=ErrorCode.DOMAIN_REPEATED)
    if len(domains) > 1:
        _check_names_differ([domain_reference(domain) for domain in domains])


def _check_names_differ(domains: Sequence[DomainReference]) -> None:
    """Refuse two domains of one name: they would end in one folder. Also one domain that is named twice."""
    places: dict[str, DomainReference] = {}
    for domain in domains:
        other = places.setdefault(folded(encode_name(domain.name)), domain)
        if other is not domain and other.origin == domain.origin:
            raise UserError(f"{domain.origin}: is named twice", code=ErrorCode.DOMAIN_REPEATED)
        if other is not domain:
            also = "" if other.name == domain.name else f" (or {other.name}, which some file systems take for one)"
            raise UserError(
                f"{domain.origin} and {other.origin} would both be called {domain.name}{also}; "
                "give one of them a name of its own in a domain file",
                code=ErrorCode.DOMAIN_REPEATED,
            )
