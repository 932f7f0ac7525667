"""The commands as Python calls: each checks all that can be checked before TensorFlow is loaded, then does its work."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forensictransfer.core.backend import import_tensorflow
from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.settings import DomainSettings, Settings
from forensictransfer.experiments.choices import load_settings
from forensictransfer.experiments.requests import (
    FIXED,
    DomainLike,
    SettingsLike,
    adapt_request,
    evaluate_request,
    open_domain_with_notes,
    photographs_request,
    requested_settings,
    train_request,
)
from forensictransfer.results.formats.document import write_document
from forensictransfer.results.runs import RunFolder

if TYPE_CHECKING:
    from forensictransfer.report.summary import RunSummary
    from forensictransfer.report.tables.cross_domain import CrossDomain
    from forensictransfer.results.formats.audits import Audit
    from forensictransfer.results.formats.camera import CameraCheck, CameraInfo
    from forensictransfer.results.formats.generator import GeneratorCheck, GeneratorInfo, GeneratorTable
    from forensictransfer.results.formats.inspection import Inspection
    from forensictransfer.results.formats.light import LightFound
    from forensictransfer.results.formats.metrics import Metrics
    from forensictransfer.sweep.manager import Outcome

__all__ = [
    "FIXED",
    "DomainLike",
    "SettingsLike",
    "adapt",
    "audit",
    "check_camera",
    "check_generator",
    "cross_domain",
    "detectors_table",
    "dry_run",
    "enroll_camera",
    "enroll_generator",
    "evaluate",
    "generator_table",
    "inspect",
    "light",
    "load_model",
    "results",
    "run_summary",
    "run_sweep",
    "show",
    "table",
    "train",
    "write_report",
]


def train(
    source: DomainLike | Sequence[DomainLike] | None,
    out: str | Path,
    detector: str | None = None,
    *,
    photos: str | Path | Sequence[str | Path] | None = None,
    config: str | Path | None = None,
    settings: SettingsLike | None = None,
    group: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
) -> Path:
    """Train a detector on the source domain, or on several that count alike, and write a run folder.

    Args:
        source: a built-in name, a folder, or a domain file; or several of them. None: `photos` are learned from.
        out: the run folder to write.
        detector: a registered name (`ft-res`, `forensictransfer detectors list`).
        photos: for a detector that learns from photographs alone, a folder of them or several: by the camera of their
            EXIF entries, else by sub-folder.
        config: a YAML file of settings. settings: single values over it (`{"train.epochs": 15}`), or all of them.
        group: what belongs together in the source: `stem`, `path`, a regular expression, or a CSV file; holds for all.
        resume: continue a run that was interrupted. overwrite: replace a run that stands at `out`.
    Returns: the run folder.
    Raises: UserError for any mistake in the input.
    """
    chosen = requested_settings(config, settings, {"detector": detector})
    if (source is None) == (photos is None):
        raise UserError(
            "train: expected either a source or folders of photographs (--source, --photos)",
            code=ErrorCode.ARGUMENTS_CONFLICT,
        )
    if photos is not None:
        return _train_on_photographs(photos, out, chosen, group=group, resume=resume, overwrite=overwrite)
    assert source is not None
    request = train_request(source, out, chosen, group=group, resume=resume, overwrite=overwrite)
    if request.finished:
        return request.out
    import_tensorflow()
    from forensictransfer.experiments import train as training

    training.train_run(request.domains, request.settings, request.out, resume=resume, overwrite=overwrite)
    return request.out


def _train_on_photographs(
    photos: str | Path | Sequence[str | Path],
    out: str | Path,
    settings: Settings,
    *,
    group: str | None,
    resume: bool,
    overwrite: bool,
) -> Path:
    if group is not None:
        raise UserError(
            "train: --group is for domains; photographs belong together by their camera",
            code=ErrorCode.ARGUMENTS_CONFLICT,
        )
    request = photographs_request(photos, out, settings, resume=resume, overwrite=overwrite)
    if request.finished:
        return request.out
    import_tensorflow()
    from forensictransfer.experiments.from_photographs import train as training

    training.train_on_photographs(request.folders, request.settings, request.out, resume=resume, overwrite=overwrite)
    return request.out


def adapt(
    run: str | Path | Sequence[str | Path],
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
        run: the folder of a finished training; its settings hold unless `config` or `settings` say otherwise. Several
            are adapted together by the strategy `fused`, the settings are those of the first.
        target: a built-in name, a folder, or a domain file.
        out: the run folder to write.
        shots: labelled images per class, from 1.
        strategy: `finetune`, `threshold`, `head`, `prototype`, `fused`, `tuned`.
        draws: repetitions with different shots.
        config, settings, group, overwrite: as for `train`.
    Returns: the run folder.
    Raises: UserError for any mistake in the input.
    """
    parent, *others = map(RunFolder.open, [run] if isinstance(run, (str, Path)) else run)
    arguments = {"adapt.shots": shots, "adapt.strategy": strategy, "adapt.draws": draws}
    chosen = requested_settings(config, settings, arguments, base=parent.settings)
    request = adapt_request(parent, target, out, chosen, group=group, overwrite=overwrite, others=others)
    import_tensorflow()
    from forensictransfer.experiments import adapt as adaptation

    adaptation.adapt_run(
        request.parent, request.domain, request.settings, request.out, overwrite=overwrite, others=request.others
    )
    return request.out


def evaluate(
    run: str | Path,
    on: DomainLike | Sequence[DomainLike],
    *,
    config: str | Path | None = None,
    settings: SettingsLike | None = None,
    group: str | None = None,
    overwrite: bool = False,
    localise: bool = False,
) -> list[Metrics]:
    """Score the test splits of some domains with a run; predictions and metrics go into the run folder.

    Args:
        run: the folder of a finished run.
        on: one domain or several: built-in names, folders, or domain files.
        config, settings: as for `train`, laid over the run's own. group: holds for all domains of `on`.
        overwrite: replace evaluations that stand in the run folder.
        localise: compare heat maps with the domains' masks, too (`localisation` of the metrics).
    Returns: the content of metrics.json for each domain, in the order of `on`.
    Raises: UserError for any mistake in the input.
    """
    opened = RunFolder.open(run)
    chosen = requested_settings(config, settings, {}, base=opened.settings)
    request = evaluate_request(opened, on, chosen, group=group, overwrite=overwrite)
    import_tensorflow()
    from forensictransfer.experiments import evaluate as evaluation
    from forensictransfer.report.model_card import card_text

    with opened.owning_evaluations([domain.name for domain in request.domains]):
        found = evaluation.evaluate_run(
            opened, request.domains, request.settings, overwrite=overwrite, localise="always" if localise else "never"
        )
        card = ""
        while card != (card := card_text(opened)):  # an evaluation on another domain may end meanwhile
            opened.write_text("CARD.md", card)
    return found


def load_model(run: str | Path, draw: int = 0) -> Any:
    """Load the network of a finished run as a Keras model of crops alone, for `predict` and `save`.

    Args:
        run: a run folder. draw: of an adapted run, the draw whose weights are taken.
    Returns: a `keras.Model` that takes crops, uint8 (n, crop, crop, 3), and gives "score" (n,), "energies" (n, 2) and
        "features" (n, d). The run's threshold, and the weights of `head`, `prototype` and `fused`, are in its
        decision.json.
    Raises: UserError for a run that is missing or damaged, has no such draw, or learns nothing.
    """
    opened = RunFolder.open(run)
    import_tensorflow()
    if opened.info.members:
        runs = ", ".join(member.path for member in opened.info.members)
        raise UserError(
            f"{opened.path}: fuses several runs and has no model of its own; load theirs: {runs}",
            code=ErrorCode.RUN_UNSUITABLE,
        )
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
    from forensictransfer.report.run_folders import finished_runs
    from forensictransfer.report.tables import cross_domain as tables

    tables.check_files(markdown, csv, latex)
    found = tables.cross_domain(finished_runs(runs))
    found.write(markdown, csv, latex)
    return found


def inspect(
    images: str | Path | Sequence[str | Path],
    *,
    detectors: Sequence[str] | None = None,
    out: str | Path | None = None,
    trust: str | Path | None = None,
    ghost_shifts: bool = False,
    runs: str | Path | Sequence[str | Path] = (),
) -> Inspection:
    """Look at images with every detector that needs no training, and at what their metadata say of their origin.

    Args:
        images: an image file, a folder that is searched at any depth, or several of them.
        detectors: names of those to use (default: all that learn nothing).
        out: a new or empty folder for the maps as PNG, one sheet of them, and inspection.json.
        trust: a PEM file of certificates; signers of C2PA manifests whose own leads to one are trusted.
        ghost_shifts: whether `jpeg_ghosts` searches all 64 grids for regions of an earlier quality, and not the image's
            own alone; a minute or so for 12 megapixels.
        runs: a run of `train(photos=...)`, which knows no forgery, or several: what their detectors find, too.
    Returns: what each detector and the metadata say of each image, and which files were skipped.
    Raises: UserError for any mistake in the input, and where no image can be read.
    """
    from forensictransfer.inference.inspection import inspect_images

    paths = [images] if isinstance(images, (str, Path)) else images
    chosen = [runs] if isinstance(runs, (str, Path)) else runs
    return inspect_images(paths, detectors, out, trust, ghost_shifts=ghost_shifts, runs=chosen)


def light(image: str | Path, masks: str | Path | Sequence[str | Path], *, out: str | Path | None = None) -> LightFound:
    """Ask from where the light falls on objects of an image, and whether two objects differ.

    Args:
        image: an image file.
        masks: an image of the same size for each object, white where it is, red where its outline is not to be used.
        out: a new or empty folder for a picture of outlines and arrows, light.png, and light.json.
    Returns: the direction on each object with its error bar, or why there is none; the p value of each pair.
    Raises: UserError for any mistake in the input.
    """
    from forensictransfer.inference.light import find_light

    return find_light(image, [masks] if isinstance(masks, (str, Path)) else masks, out)


def enroll_camera(
    photos: str | Path | Sequence[str | Path], out: str | Path, *, name: str | None = None, overwrite: bool = False
) -> CameraInfo:
    """Estimate a camera's fingerprint from photographs that it took, and write it to a file.

    Args:
        photos: photographs, folders that are searched at any depth, or several of them.
        out: the file to write, .npz. name: of the camera (default: the file's). overwrite: replace a camera there.
    Returns: what is known of the camera: its photographs, and what was skipped.
    Raises: UserError for any mistake in the input.
    """
    from forensictransfer.inference.enrolment import enroll

    return enroll([photos] if isinstance(photos, (str, Path)) else photos, out, name, overwrite=overwrite)


def check_camera(
    images: str | Path | Sequence[str | Path],
    camera: str | Path | Sequence[str | Path],
    *,
    out: str | Path | None = None,
    scales: Sequence[float] = (),
) -> CameraCheck:
    """Ask of images which of some cameras took them, and from what part of its frame.

    Args:
        images: an image file, a folder that is searched at any depth, or several of them.
        camera: a file that `enroll_camera` wrote, or several.
        out: a new or empty folder for maps of where a fingerprint is absent, one sheet of them, cameras.json.
        scales: sizes by which crops may have been resized, besides 1; whole photographs are found at any size.
    Returns: what was found of each camera in each image, and which files were skipped.
    Raises: UserError for any mistake in the input, and where no image can be read.
    """
    from forensictransfer.inference.cameras import check

    return check(
        [images] if isinstance(images, (str, Path)) else images,
        [camera] if isinstance(camera, (str, Path)) else camera,
        out,
        scales=scales,
    )


def enroll_generator(
    fakes: DomainLike | Sequence[str | Path],
    out: str | Path,
    *,
    reals: str | Path | Sequence[str | Path] | None = None,
    name: str | None = None,
    count: int | None = None,
    group: str | None = None,
    side: int = 128,
    overwrite: bool = False,
) -> GeneratorInfo:
    """Estimate a generator's fingerprint from images that it made, and write it to a file.

    Args:
        fakes: without `reals` one domain, of which the test split is not looked at; with them images and folders.
        out: the file to write, .npz. reals: photographs, and folders of them.
        name: of the generator (default: the file's). count: fakes that are estimated from (default: all).
        group: what belongs together, as for `train`; of loose images on their paths.
        side: of the tiles that are averaged, pixels. overwrite: replace a generator there.
    Returns: what is known of the generator, and what was skipped.
    Raises: UserError for any mistake in the input.
    """
    from forensictransfer.inference import generator_enrolment as enrolment
    from forensictransfer.results.formats.inspection import SkippedImage

    listed = [fakes] if isinstance(fakes, (str, Path, DomainSettings)) else list(fakes)
    skipped: list[SkippedImage] = []
    if reals is not None:
        loose = [str(one.path) if isinstance(one, DomainSettings) else one for one in listed]
        photographs = [reals] if isinstance(reals, (str, Path)) else list(reals)
        domain = enrolment.loose_domain(loose, photographs, group or "stem", skipped)
    elif len(listed) == 1:
        domain = open_domain_with_notes(listed[0], group, Settings().data, learn=True)
    else:
        raise UserError(
            "generator enroll: expected one domain, or fakes and, by --real, photographs", code=ErrorCode.COMMAND_LINE
        )
    return enrolment.enroll(domain, out, name, fakes=count, side=side, skipped=skipped, overwrite=overwrite)


def check_generator(
    images: str | Path | Sequence[str | Path],
    generator: str | Path | Sequence[str | Path],
    *,
    false_alarms: float = 0.05,
) -> GeneratorCheck:
    """Ask of images which of some generators made them, or none of these.

    Args:
        images: an image file, a folder that is searched at any depth, or several of them.
        generator: a file that `enroll_generator` wrote, or several.
        false_alarms: the share of photographs like those enrolled that any generator is named for.
    Returns: what was found of each generator in each image, and which files were skipped.
    Raises: UserError for any mistake in the input, and where no image can be read.
    """
    from forensictransfer.inference.generators import check

    return check(
        [images] if isinstance(images, (str, Path)) else images,
        [generator] if isinstance(generator, (str, Path)) else generator,
        false_alarms=false_alarms,
    )


def generator_table(
    domains: DomainLike | Sequence[DomainLike],
    others: DomainLike | Sequence[DomainLike] = (),
    *,
    fakes: int | Sequence[int] = (),
    false_alarms: float = 0.05,
    group: str | None = None,
    side: int = 128,
    seed: int = 0,
    csv: str | Path | None = None,
) -> GeneratorTable:
    """Enroll the generators of some domains, and attribute the test splits of these and others to them or to none.

    Args:
        domains: their fakes are of one generator each. others: their images are of none of these.
        fakes: how many of each are estimated from, or several such numbers (default: all).
        false_alarms: the share of reals that any generator is named for.
        group: what belongs together, as for `train`; holds for all domains.
        side: of the tiles that are averaged, pixels. seed: of the choice of fakes. csv: a file for the table.
    Returns: what was attributed to whom, and with each generator left out in turn.
    Raises: UserError for any mistake in the input.
    """
    from forensictransfer.inference.generator_table import table
    from forensictransfer.report.tables.generators import check_csv, write_csv

    check_csv(csv)
    kinds = (str, Path, DomainSettings)
    opened = [
        [
            open_domain_with_notes(spec, group, Settings().data, learn=True)
            for spec in ([specs] if isinstance(specs, kinds) else specs)
        ]
        for specs in (domains, others)
    ]
    found = table(
        *opened,
        fakes=[fakes] if isinstance(fakes, int) else fakes,
        false_alarms=false_alarms,
        side=side,
        seed=seed,
    )
    write_csv(csv, found)
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
    from forensictransfer.auditing.arguments import check_arguments, check_differ

    equalise = mend if equalise is None else equalise
    check_arguments(workers=workers, json=json, other=other is not None, equalise=equalise)
    data = Settings().data
    specs = [domain] if other is None else [domain, other]
    domains = [open_domain_with_notes(spec, group, data, notes=False) for spec in specs]
    check_differ(domains)
    from forensictransfer.auditing.audit import audit_and_equalise, audit_domains
    from forensictransfer.auditing.traces.scan import default_workers

    workers = workers or default_workers()
    found: Audit
    if equalise is not None:
        found = audit_and_equalise(domains[0], equalise, data=data, workers=workers, overwrite=overwrite)
    else:
        found = audit_domains(domains, data=data, workers=workers)
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
    from forensictransfer.report.run_folders import open_run

    return show_text(open_run(run))


def run_summary(run: str | Path) -> RunSummary:
    """Read the content of `show`: what a run is, its settings and what was measured. Raises UserError as `show`."""
    from forensictransfer.report import summary
    from forensictransfer.report.run_folders import open_run

    return summary.run_summary(open_run(run))


def detectors_table(crop: int = 128) -> str:
    """List the registered detectors, with parameters, multiply-adds for a crop of `crop` pixels, and strategies.

    Raises UserError for a size that cannot be one of a crop.
    """
    from forensictransfer.detectors.listing import detector_facts, listing

    load_settings(None, {"data.crop": crop})
    return listing(detector_facts(crop), crop).text()


def results(run: str | Path) -> str:
    """Say what a run has measured, a line for each domain, and what it has forgotten of its source."""
    from forensictransfer.report.model_card import results_text

    return results_text(RunFolder.open(run))
