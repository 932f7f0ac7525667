"""Train, adapt and evaluate runs, load their models, and show what a run is and has measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forensictransfer.core.backend import import_tensorflow
from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.settings import Settings
from forensictransfer.evaluation.corruptions import corruption_levels
from forensictransfer.experiments.requests import (
    DomainLike,
    SettingsLike,
    adapt_request,
    evaluate_request,
    photographs_request,
    requested_settings,
    robustness_request,
    settings_of_run,
    train_request,
)
from forensictransfer.results.runs import RunFolder

if TYPE_CHECKING:
    from forensictransfer.report.summary import RunSummary
    from forensictransfer.results.formats.metrics import Metrics
    from forensictransfer.results.formats.robustness import Robustness


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


def robustness(
    run: str | Path,
    on: DomainLike,
    *,
    corruptions: Mapping[str, Sequence[float]] | Sequence[str] | None = None,
    config: str | Path | None = None,
    settings: SettingsLike | None = None,
    group: str | None = None,
    overwrite: bool = False,
) -> Robustness:
    """Score a domain's test split as it is and compressed, scaled, cropped and filtered; written into the run folder.

    Args:
        run: the folder of a finished run.
        on: a built-in name, a folder, or a domain file.
        corruptions: names of those to try (`evaluation.corruptions`), or levels of each by name; default: all.
        config, settings: as for `train`, laid over the run's own. group: as for `train`.
        overwrite: replace what was measured before on a domain of this name.
    Returns: accuracies with 95 % intervals, changes paired with the clean images, and the share of calls that turn.
    Raises: UserError for any mistake in the input.
    """
    opened = RunFolder.open(run)
    chosen = settings_of_run(opened, config, settings)
    levels = corruption_levels(corruptions)
    domain = robustness_request(opened, on, chosen, group=group, overwrite=overwrite)
    import_tensorflow()
    from forensictransfer.experiments.robustness import robustness_run

    return robustness_run(opened, domain, chosen, levels)


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
    from forensictransfer.inference.finished import finished_detector

    return as_trainable(finished_detector(opened, draw)[0]).inference_model()


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


def results(run: str | Path) -> str:
    """Say what a run has measured, a line for each domain, and what it has forgotten of its source."""
    from forensictransfer.report.model_card import results_text

    return results_text(RunFolder.open(run))
