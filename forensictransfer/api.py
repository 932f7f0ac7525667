"""The commands as Python calls: each checks all that can be checked before TensorFlow is loaded, then does its work."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forensictransfer.core.backend import import_tensorflow, prepare_tensorflow
from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.problems import refuse
from forensictransfer.core.settings import DomainSettings, Settings, unknown_names
from forensictransfer.core.yaml_text import flat
from forensictransfer.detectors.registry import check_training
from forensictransfer.experiments.choices import CHOICES, load_settings
from forensictransfer.experiments.strategies import check_strategy
from forensictransfer.results.formats.document import write_document
from forensictransfer.results.formats.run import RunInfo
from forensictransfer.results.runs import RunFolder, check_new, domain_reference

if TYPE_CHECKING:
    from forensictransfer.data.domains import Domain
    from forensictransfer.report.summary import RunSummary
    from forensictransfer.report.tables.cross_domain import CrossDomain
    from forensictransfer.results.formats.audits import Audit
    from forensictransfer.results.formats.metrics import Metrics
    from forensictransfer.sweep.manager import Outcome

_log = logging.getLogger(__name__)
# A trained run is read in the geometry that it was trained in.
FIXED = ("detector", "data.crop")

DomainLike = str | Path | DomainSettings
SettingsLike = Settings | Mapping[str, Any]


def train(
    source: DomainLike,
    out: str | Path,
    detector: str | None = None,
    *,
    config: str | Path | None = None,
    settings: SettingsLike | None = None,
    group: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
) -> Path:
    """Train a detector on the source domain and write a run folder.

    Args:
        source: a built-in name, a folder, or a domain file.
        out: the run folder to write.
        detector: a registered name (`ft-res`, `forensictransfer detectors list`).
        config: a YAML file of settings. settings: single values over it (`{"train.epochs": 15}`), or all of them.
        group: what belongs together in the source: `stem`, `path`, a regular expression, or a CSV file.
        resume: continue a run that was interrupted. overwrite: replace a run that stands at `out`.
    Returns: the run folder.
    Raises: UserError for any mistake in the input.
    """
    chosen = _settings(config, settings, {"detector": detector})
    check_training(chosen)
    check_new(out, overwrite=overwrite, resume=resume)
    domain = _open(source, group, chosen)
    from forensictransfer.data.crop_note import crop_note

    out = Path(out).expanduser()
    if note := crop_note(domain.split("train"), chosen.data.crop):
        _log.info("%s: %s", domain.name, note)
    if resume and not (out / "run.json").exists():
        _log.info("%s: there is nothing to resume; the training begins at its first epoch", out)
    elif resume:
        run = RunFolder.open(out, finished=False)
        run.check_same(RunInfo.new("train", detector=chosen.detector, source=domain_reference(domain)), chosen)
        if run.finished:
            return run.path
    import_tensorflow()
    from forensictransfer.experiments import train as training

    training.train_run(domain, chosen, out, resume=resume, overwrite=overwrite)
    return out


def adapt(
    run: str | Path,
    target: DomainLike,
    out: str | Path,
    *,
    shots: int | None = None,
    strategy: str | None = None,
    draws: int | None = None,
    config: str | Path | None = None,
    settings: SettingsLike | None = None,
    group: str | None = None,
    overwrite: bool = False,
) -> Path:
    """Adapt a trained run to a target domain with a few labelled images, and write a new run folder.

    Args:
        run: the folder of a finished training; its settings hold unless `config` or `settings` say otherwise.
        target: a built-in name, a folder, or a domain file.
        out: the run folder to write.
        shots: labelled images per class, from 1. strategy: `finetune`, `threshold`, `head`, `prototype`.
        draws: repetitions with different shots.
        config, settings, group, overwrite: as for `train`.
    Returns: the run folder.
    Raises: UserError for any mistake in the input.
    """
    parent = RunFolder.open(run)
    arguments = {"adapt.shots": shots, "adapt.strategy": strategy, "adapt.draws": draws}
    chosen = _settings(config, settings, arguments, base=parent.settings)
    if parent.kind != "train":
        raise UserError(
            f"{run}: is itself an adapted run; adapt the run it came from: {parent.info.parent}",
            code=ErrorCode.RUN_UNSUITABLE,
        )
    _check_fixed(parent, chosen)
    check_strategy(chosen.detector, chosen.adapt.strategy)
    if os.path.realpath(os.path.expanduser(out)) == os.path.realpath(parent.path):
        raise UserError(
            f"{out}: is the run to adapt; choose another folder to write to", code=ErrorCode.ARGUMENTS_CONFLICT
        )
    check_new(out, overwrite=overwrite)
    domain = _open(target, group, chosen)
    _check_other_domain(parent, domain)
    from forensictransfer.data.splits import draw_shots

    # Fewer images than shots are found here, before seconds go into loading TensorFlow.
    draw_shots(domain.records, chosen.adapt.shots, seed=chosen.seed, draw=0, domain=domain.name)
    import_tensorflow()
    from forensictransfer.experiments import adapt as adaptation

    out = Path(out).expanduser()
    adaptation.adapt_run(parent, domain, chosen, out, overwrite=overwrite)
    return out


def evaluate(
    run: str | Path,
    on: DomainLike | Sequence[DomainLike],
    *,
    config: str | Path | None = None,
    settings: SettingsLike | None = None,
    group: str | None = None,
    overwrite: bool = False,
) -> list[Metrics]:
    """Score the test splits of some domains with a run; predictions and metrics go into the run folder.

    Args:
        run: the folder of a finished run.
        on: one domain or several: built-in names, folders, or domain files.
        config, settings: as for `train`, laid over the run's own. group: holds for all domains of `on`.
        overwrite: replace evaluations that stand in the run folder.
    Returns: the content of metrics.json for each domain, in the order of `on`.
    Raises: UserError for any mistake in the input.
    """
    opened = RunFolder.open(run)
    chosen = _settings(config, settings, {}, base=opened.settings)
    _check_fixed(opened, chosen)
    specs = [on] if isinstance(on, (str, Path, DomainSettings)) else list(on)
    if not specs:
        raise UserError("evaluate: expected at least one domain", code=ErrorCode.COMMAND_LINE)
    domains = [_open(spec, group, chosen) for spec in specs]
    _check_names_differ(opened, domains)
    for domain in domains:
        there = opened.evaluation_path(domain.name)
        if there.exists() and not overwrite:
            raise UserError(f"{there}: exists already; --overwrite replaces it", code=ErrorCode.PATH_EXISTS)
        if not os.access(opened.path, os.W_OK):
            raise UserError(
                f"{opened.path}: cannot be written: it is read-only or not yours", code=ErrorCode.PATH_NOT_WRITABLE
            )
    import_tensorflow()
    from forensictransfer.experiments import evaluate as evaluation
    from forensictransfer.report.model_card import card_text

    found = evaluation.evaluate_run(opened, domains, chosen, overwrite=overwrite)
    opened.write_text("CARD.md", card_text(opened))
    return found


def load_model(run: str | Path, draw: int = 0) -> Any:
    """Load the network of a finished run as a Keras model of crops alone, for `predict` and `save`.

    Args:
        run: a run folder. draw: of an adapted run, the draw whose weights are taken.
    Returns: a `keras.Model` that takes crops, uint8 (n, crop, crop, 3), and gives "score" (n,), "energies" (n, 2) and
        "features" (n, d). The run's threshold, and the weights of `head` and `prototype`, are in its decision.json.
    Raises: UserError for a run that is missing or damaged, has no such draw, or learns nothing.
    """
    opened = RunFolder.open(run)
    import_tensorflow()
    from forensictransfer.detectors.trainable import as_trainable
    from forensictransfer.experiments.finished import finished_detector

    return as_trainable(finished_detector(opened, draw)[0]).inference_model()


def table(
    *runs: str | Path,
    markdown: str | Path | None = None,
    csv: str | Path | None = None,
    latex: str | Path | None = None,
) -> str:
    """Write the source x target matrix of any number of evaluated runs, as text; also written to files where asked.

    Args:
        runs: run folders; what is no finished run is left out and logged.
        markdown, csv, latex: files to write the same table to.
    Returns: the table as text.
    Raises: UserError for any mistake in the input.
    """
    return cross_domain(*runs, markdown=markdown, csv=csv, latex=latex).text()


def cross_domain(
    *runs: str | Path,
    markdown: str | Path | None = None,
    csv: str | Path | None = None,
    latex: str | Path | None = None,
) -> CrossDomain:
    """Read what evaluated runs measured: the content of `table`, which takes the same arguments."""
    if not runs:
        raise UserError("table: expected at least one run folder", code=ErrorCode.COMMAND_LINE)
    for file in (markdown, csv, latex):
        if file is not None and Path(file).is_dir():
            raise UserError(
                f"{file}: expected a file to write the table to, got a folder", code=ErrorCode.PATH_WRONG_KIND
            )
    from forensictransfer.report.tables import cross_domain as tables

    found = tables.cross_domain(_finished(runs))
    found.write(markdown, csv, latex)
    return found


def audit(
    domain: DomainLike,
    other: DomainLike | None = None,
    *,
    group: str | None = None,
    workers: int | None = None,
    json: str | Path | None = None,
    equalise: str | Path | None = None,
    mend: str | Path | None = None,
    overwrite: bool = False,
) -> Audit:
    """Audit a domain: what separates its reals from its fakes without forensics, copies, odd labels, and a verdict.

    Args:
        domain: a built-in name, a folder, or a domain file. other: a second one, to be compared with the first.
        group: what belongs together, as for `train`; holds for both domains.
        workers: processes that look at images (default: one a processor, up to 8); the result does not depend on it.
        json: a file to write the findings to.
        equalise: a folder for the domain once more, both classes in one format, quality and size. mend: its name in
            version 0.1. overwrite: replace an equalised domain that is there.
    Returns: the findings; `auditing.text.audit_text` makes them a text.
    Raises: UserError for any mistake in the input.
    """
    if workers is not None and workers < 1:
        raise UserError(f"--workers: expected at least 1, got {workers}", code=ErrorCode.COMMAND_LINE)
    if json is not None and Path(json).expanduser().is_dir():
        raise UserError(
            f"{json}: expected a file to write the findings to, got a folder", code=ErrorCode.PATH_WRONG_KIND
        )
    if json is not None and not Path(json).expanduser().absolute().parent.is_dir():
        raise UserError(f"{json}: there is no such folder to write the findings to", code=ErrorCode.PATH_MISSING)
    equalise = mend if equalise is None else equalise
    if equalise is not None and other is not None:
        raise UserError("--equalise: expected one domain, got two", code=ErrorCode.COMMAND_LINE)
    settings = Settings()
    domains = [_open(spec, group, settings, say=False) for spec in ([domain] if other is None else [domain, other])]
    if len(domains) == 2 and domains[0].origin == domains[1].origin:
        raise UserError(
            f"{domains[0].origin}: is named twice; give one domain, or two different ones",
            code=ErrorCode.DOMAIN_REPEATED,
        )
    from forensictransfer.auditing.audit import audit_and_equalise, audit_domains
    from forensictransfer.auditing.traces.scan import default_workers

    workers = workers or default_workers()
    found: Audit
    if equalise is not None:
        found = audit_and_equalise(domains[0], equalise, data=settings.data, workers=workers, overwrite=overwrite)
    else:
        found = audit_domains(domains, data=settings.data, workers=workers)
    if json is not None:
        write_document(Path(json).expanduser(), found)
    return found


def run_sweep(settings: str | Path, out: str | Path, **options: Any) -> Outcome:
    """Do all jobs of a sweep that are not done yet: `forensictransfer.sweep.manager.run_sweep` lists the options.

    Args:
        settings: a YAML file. out: the sweep's folder, made if it is not there.
    Returns: what is done and what failed, by name.
    Raises: UserError for a mistake in the input; a job that fails is recorded, not raised.
    """
    from forensictransfer.sweep import manager

    return manager.run_sweep(settings, out, **options)


def dry_run(settings: str | Path, out: str | Path, **options: Any) -> str:
    """Say what `run_sweep` would do, as text: the jobs, which are done, and about how long the others take."""
    from forensictransfer.sweep.manager import dry_run

    return dry_run(settings, out, **options)


def write_report(sweep: str | Path, out: str | Path | None = None) -> Path:
    """Write a sweep's page (index.html) and tables from its result files alone; returns the page.

    Args:
        sweep: the folder of a sweep, finished or not. out: folder to write to (default: `report` in it).
    Raises: UserError if the folder is no sweep, has no results yet, or holds files that were edited.
    """
    from forensictransfer.report import write

    folder = Path(sweep).expanduser()
    return write.write_report(folder, folder / "report" if out is None else Path(out).expanduser())


def show(run: str | Path) -> str:
    """Say what a run is, what it was made from, and what was measured, as text; an unfinished run is shown too.

    Raises: UserError if the folder is missing, no run, of another format, or damaged.
    """
    from forensictransfer.report.model_card import show_text

    _refuse_sweep(run)
    return show_text(RunFolder.open(run, finished=False))


def run_summary(run: str | Path) -> RunSummary:
    """Read the content of `show`: what a run is, its settings and what was measured. Raises UserError as `show`."""
    from forensictransfer.report import summary

    _refuse_sweep(run)
    return summary.run_summary(RunFolder.open(run, finished=False))


def detectors_table(crop: int = 128) -> str:
    """List the registered detectors, with parameters, multiply-adds for a crop of `crop` pixels, and strategies.

    Raises UserError for a size that cannot be one of a crop.
    """
    from forensictransfer.detectors.listing import detector_facts, listing

    load_settings(None, {"data.crop": crop})
    return listing(detector_facts(crop), crop).text()


def results(run: str | Path) -> str:
    """Say what a run has measured, a line for each domain, and what it has forgotten of its source."""
    from forensictransfer.report.model_card import evaluation_lines, forgetting_line
    from forensictransfer.results.metadata_baseline import warnings

    opened = RunFolder.open(run)
    forgotten = forgetting_line(opened)
    found = opened.evaluations()
    return "\n".join([*evaluation_lines(found), *([forgotten] if forgotten else []), *warnings(found)])


def _settings(
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
    return load_settings(config, {**(settings or {}), **given}, base=base)


def _open(spec: DomainLike, group: str | None, settings: Settings, *, say: bool = True) -> Domain:
    prepare_tensorflow()  # built-in domains are stored in TensorFlow's record files
    from forensictransfer.data.domains import open_domain

    domain = open_domain(spec, group=group, data=settings.data)
    _log.debug("%s: %d images in %s, grouped by %s", domain.name, len(domain.records), domain.origin, domain.spec.group)
    for note in domain.notes if say else ():
        _log.info("%s: %s", domain.name, note)
    return domain


def _finished(runs: Sequence[str | Path]) -> list[Path]:
    """Find the finished runs among some folders; the others are logged. Raises the first one's UserError if none is."""
    found, errors = [], []
    for run in runs:
        try:
            _refuse_sweep(run)
            found.append(RunFolder.open(run).path)
        except UserError as error:
            if error.code not in (ErrorCode.NOT_A_RUN, ErrorCode.RUN_UNFINISHED) and not Path(run).is_file():
                raise
            errors.append(error)
    if not found:
        raise errors[0]
    for left_out in errors:
        _log.warning("left out: %s", left_out)
    return found


def _refuse_sweep(run: str | Path) -> None:
    """Raise UserError for the folder of a sweep in the place of a run."""
    if (Path(run).expanduser() / "sweep.json").is_file():
        raise UserError(
            f"{run}: is a sweep, not a run: `forensictransfer report {run}` writes its page and tables",
            code=ErrorCode.NOT_A_RUN,
        )


def _check_fixed(run: RunFolder, settings: Settings) -> None:
    then, now = flat(run.settings.model_dump()), flat(settings.model_dump())
    other = [f"{name} is {then[name]} there, {now[name]} was asked for" for name in FIXED if then[name] != now[name]]
    if other:
        raise UserError(f"{run.path}: was trained otherwise: {'; '.join(other)}", code=ErrorCode.RUN_UNSUITABLE)


def _check_other_domain(parent: RunFolder, target: Domain) -> None:
    """Refuse the source as the target.

    By place only: a copy elsewhere is found by its pixels, when shared photographs are dropped from the test.
    """
    if os.path.realpath(parent.info.source.origin) == os.path.realpath(target.origin):
        raise UserError(
            f"{target.origin}: is the source that {parent.path} was trained on; name another domain as target",
            code=ErrorCode.RUN_UNSUITABLE,
        )


def _check_names_differ(run: RunFolder, domains: Sequence[Domain]) -> None:
    """Refuse two domains of one name: they would end in one folder."""
    places: dict[Path, Domain] = {}
    for domain in domains:
        other = places.setdefault(run.evaluation_path(domain.name), domain)
        if other is not domain and other.origin == domain.origin:
            raise UserError(f"{domain.origin}: is named twice", code=ErrorCode.DOMAIN_REPEATED)
        if other is not domain:
            raise UserError(
                f"{domain.origin} and {other.origin} would both be called {domain.name}; "
                "give one of them a name of its own in a domain file",
                code=ErrorCode.DOMAIN_REPEATED,
            )
