"""A run in words: the card that lies in its folder, and what `show` prints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import Settings
from forensictransfer.core.tables import TextTable
from forensictransfer.core.visible import visible
from forensictransfer.core.yaml_text import flat, shown
from forensictransfer.detectors.registry import detectors
from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.report.abstention import abstention_lines
from forensictransfer.report.localisation import localisation_lines
from forensictransfer.report.names import points
from forensictransfer.report.tables.markup import markdown_escape
from forensictransfer.results.formats.decision import DecisionFile
from forensictransfer.results.formats.document import read_document
from forensictransfer.results.formats.metrics import Metrics
from forensictransfer.results.formats.run import DomainReference, MemberRun, RunInfo, joined_name
from forensictransfer.results.metadata_baseline import warnings
from forensictransfer.results.numbers import BASELINE, BASELINE_MEANS, accuracy, baseline, fraction
from forensictransfer.results.places import MARKER
from forensictransfer.results.runs import RunFolder
from forensictransfer.results.shots_only import MEANS, NAME, NO_GAIN, ShotsOnly, evaluations_beside
from forensictransfer.results.threshold_note import threshold_notes

_SCORED_BY_TILES = "An image's score is the mean over tiles of the training crop's size"
_SCORED_WHOLE = "An image is scored as a whole"
_LIMITS = """\
- The score says how much an image resembles the fakes of the domains named above. A forgery of another kind, another
  camera, or a harder compression can look real to it; measure on images of your own before you rely on it.
- Accuracy holds at the threshold named above and for as many real as fake images. Where fakes are rare, most alarms are
  false.
- The intervals cover the choice of test images and of shots, not a change of domain.
- A verdict is a hint for a person who looks at the image, not a proof."""


def results_text(run: RunFolder) -> str:
    """Say what a run has measured, a line for each domain, and what it has forgotten of its source."""
    found = run.evaluations()
    table = evaluation_table(found, evaluations_beside(run, found)).text().splitlines()
    return "\n".join([*table, *forgetting_lines(run), *remarks(found)])


def card_text(run: RunFolder) -> str:
    """Write CARD.md: what the run is, what it was trained on, what was measured, how it decides, what it cannot do.

    A card is passed on with the model, so it names folders and files without the paths of this machine.
    """
    info = run.info
    about = [
        ("Detector", info.detector),
        ("Trained on", _domains(info, paths=False)),
        ("Adapted to", _domain(info.target, paths=False) if run.kind == "adapt" else None),
        ("Strategy", info.strategy if run.kind == "adapt" else None),
        ("Shots", _shots(info) if run.kind == "adapt" else None),
        ("Adapted from", _without_folder(info.parent) if info.parent else None),
        ("Fused from", "; ".join(_member(one, _without_folder(one.path)) for one in info.members) or None),
        ("Threshold rule", info.threshold_rule),
        ("Stop rule", info.stop_rule),
        ("Background", info.background),
        ("Images", None if info.recompress is None else f"compressed once more as JPEG {info.recompress} (4:2:0)"),
        ("Seed", info.seed),
        ("Made", f"{info.created} by forensictransfer {info.version}"),
    ]
    lines = [
        f"# {markdown_escape(title(run))}",
        "",
        f"Tells fake images from real ones. {_SCORED_WHOLE if _scores_whole(info) else _SCORED_BY_TILES}; above",
        f"the threshold it is called fake.{f' Tiles: {pooled}.' if (pooled := _pooled(run)) else ''}",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {markdown_escape(str(value))} |" for name, value in about if value is not None),
        "",
        "## Measured",
        "",
        *(_measured_table(run, run.evaluations()) or ["Nothing yet: `forensictransfer evaluate RUN --on DOMAIN`."]),
        *(part for line in forgetting_lines(run) for part in ("", markdown_escape(f"{line[0].upper()}{line[1:]}."))),
        *(line for text in _doubts(run.evaluations()) for line in ("", markdown_escape(text))),
        *(line for text in remarks(run.evaluations()) for line in ("", f"**{markdown_escape(text)}**")),
        "",
        "## Limits",
        "",
        _LIMITS,
    ]
    return "\n".join(lines) + "\n"


def _scores_whole(info: RunInfo) -> bool:
    """Say whether the detector looks at whole images; of one that another package brings, no."""
    known = detectors()
    return info.detector in known and known[info.detector].declared in ("none", "photographs")


def show_text(run: RunFolder) -> str:
    """Write the text of `show`: state, origin, settings that differ from the defaults, numbers, files."""
    info = run.info
    facts = [
        ("state", "finished" if run.finished else f"not finished (no {MARKER}): --resume continues it"),
        ("made", f"{info.created} by forensictransfer {info.version}"),
        ("detector", info.detector),
        *(("source", _domain(one)) for one in info.trained_on),
        ("target", _domain(info.target) if run.kind == "adapt" else None),
        ("strategy", info.strategy if run.kind == "adapt" else None),
        ("shots", _shots(info) if run.kind == "adapt" else None),
        ("background", info.background),
        ("parent", info.parent),
        *(("fused from", _member(one, one.path)) for one in info.members),
        ("threshold", info.threshold_rule),
        ("tiles", _pooled(run)),
        ("stop rule", info.stop_rule),
        ("seed", info.seed),
        ("settings", _changed(run.settings)),
    ]
    lines = [visible(f"{run.path}: {title(run)}"), ""]
    lines += [f"  {name:<10} {visible(str(value))}" for name, value in facts if value is not None]
    evaluations = run.evaluations()
    lines += ["", "Measured on test splits:" if evaluations else "Not evaluated yet."]
    table = evaluation_table(evaluations, evaluations_beside(run, evaluations)).text().splitlines()
    lines += [f"  {line}".rstrip() for line in (table if evaluations else ())]
    lines += [f"  {line}" for line in [*abstention_lines(evaluations), *localisation_lines(evaluations)]]
    lines += [f"  {line}" for line in [*_doubts(evaluations), *remarks(evaluations)]]
    lines += ["", *forgotten] if (forgotten := forgetting_lines(run)) else []
    names = sorted(path.name + "/" * path.is_dir() for path in run.path.iterdir() if not path.name.startswith("."))
    return "\n".join([*lines, "", "Files: " + visible(" ".join(names))])


def _pooled(run: RunFolder) -> str | None:
    """Say where what the tiles of an image differ by counts; None where it does in no draw."""
    files = [folder / "decision.json" for folder in ([run.path] if run.kind == "train" else run.draws())]
    found = [read_document(path, DecisionFile, f"{run.kind} again").spread for path in files if path.is_file()]
    used = [spread for spread in found if spread]
    if not used:
        return None
    draws = "" if run.kind == "train" else f"in {len(used)} of {len(found)} draws "
    return f"{draws}their mean and {used[0]:g} standard deviations of their scores"


def title(run: RunFolder) -> str:
    """Say what the run is, in one line."""
    name = f"{run.info.detector} trained on {run.info.source_name}"
    return name if run.kind == "train" else f"{name}, adapted to {_name(run.info.target)}"


def evaluation_table(evaluations: Iterable[Metrics], alone: Mapping[str, ShotsOnly] | None = None) -> TextTable:
    """Write a row for each evaluation, and a legend.

    The row: domain, balanced accuracy, AUC, accuracy on metadata alone, images. alone: what the shots alone reach, by
    domain, which stands below.
    """
    alone = alone or {}
    rows: list[tuple[str, ...]] = []
    for one in evaluations:
        beside = alone.get(one.target)
        rows.append(
            (
                one.target,
                accuracy(_measured(one, "balanced_accuracy")) + _mark(beside, "balanced_accuracy"),
                fraction(_measured(one, "auc")) + _mark(beside, "auc"),
                baseline(one.metadata_baseline),
                f"{one.n.real} real + {one.n.fake} fake{_left_out(one)}",
            )
        )
        if beside is not None:
            numbers = accuracy(beside.metrics.get("balanced_accuracy")), fraction(beside.metrics.get("auc"))
            rows.append((f"  {NAME}", *numbers, "", "the same"))
    head = ("tested on", "balanced accuracy", "AUC", BASELINE, "images")
    return TextTable(head, tuple(rows), "lllll", notes=_legend(alone))


def _legend(alone: Mapping[str, ShotsOnly]) -> tuple[str, ...]:
    """Say what a table of evaluations shows besides accuracies, and what a run gains over its shots."""
    lines = [f"In brackets 95 % intervals; {BASELINE_MEANS}."]
    if alone:
        lines.append(f"{MEANS.capitalize()}.")
    for target, beside in alone.items():
        gain, auc = points(beside.gain), points(beside.auc_gain)
        lines.append(
            f"On {target} the run gains {gain} points of balanced accuracy and {auc} of AUC over {NAME} "
            "(paired over draws and images)."
        )
        if _mark(beside, "balanced_accuracy") or _mark(beside, "auc"):
            lines.append(f"{NO_GAIN}: not shown to beat {NAME}, as the interval of that difference is not above 0.")
    return tuple(lines)


def _mark(beside: ShotsOnly | None, metric: str) -> str:
    return f" {NO_GAIN}" if beside is not None and not beside.beaten_in(metric) else ""


def evaluation_lines(evaluations: Iterable[Metrics]) -> list[str]:
    """Write the table of evaluations, line by line."""
    return evaluation_table(evaluations).text().splitlines()


def remarks(evaluations: Iterable[Metrics]) -> list[str]:
    """Write what is to be known of some evaluations beside their numbers.

    It is warnings of domains, notes on thresholds, and images that the detector does not apply to.
    """
    every = list(evaluations)
    silent = [f"{one.target}: {one.not_applied.line(one.detector)}" for one in every if one.not_applied]
    return [visible(line) for line in (*warnings(every), *threshold_notes(every), *silent)]


def _doubts(evaluations: Iterable[Metrics]) -> list[str]:
    """Write the warnings that were given, and kept, when the images were read: groups, links, what was left out."""
    return [visible(f"warning: {one.target}: {line}") for one in evaluations for line in one.warnings]


def forgetting_lines(run: RunFolder) -> list[str]:
    """Compare an adapted run on each source's test with the run that it came from, and the means; empty for others.

    Where that run is gone, was made again or was not tested, "before" is unknown.
    """
    if not run.info.parent:
        return []
    parent = RunFolder(Path(run.info.parent), run.info)
    pairs = [(source, _own_test(parent, source), _own_test(run, source)) for source in run.info.trained_on]
    tested = [(source.name, before, after) for source, before, after in pairs if after is not None]
    lines = [_forgotten(f"on its source {name}", (before, after)) for name, before, after in tested]
    if len(tested) > 1:
        lines.append(_mean_forgotten([(before, after) for _, before, after in tested]))
    return lines


def _forgotten(what: str, tests: Sequence[Metrics | None]) -> str:
    """Write the accuracies of one test before and after."""
    figures = [accuracy(_measured(one, "balanced_accuracy")) if one else "unknown" for one in tests]
    return f"{visible(what)}: balanced accuracy {figures[0]} before adaptation, {figures[1]} after"


def _mean_forgotten(tests: Sequence[tuple[Metrics | None, Metrics | None]]) -> str:
    """Write the mean over sources, each counted alike; "unknown" where that of one is."""
    figures = []
    for side in zip(*tests, strict=True):
        values = [one and _measured(one, "balanced_accuracy").value for one in side]
        known = [value for value in values if value is not None]
        figures.append(f"{100 * sum(known) / len(known):.1f} %" if len(known) == len(values) else "unknown")
    return f"mean over its {len(tests)} sources: balanced accuracy {figures[0]} before adaptation, {figures[1]} after"


def _own_test(run: RunFolder, source: DomainReference) -> Metrics | None:
    """Find the evaluation of a run on the very images of a source."""
    try:
        found = run.evaluations()
    except UserError:
        return None
    same = [one for one in found if (one.fingerprint, one.origin) == (source.fingerprint, source.origin)]
    return same[0] if same else None


def _measured_table(run: RunFolder, evaluations: list[Metrics]) -> list[str]:
    if not evaluations:
        return []
    columns = "test split of | balanced accuracy | on reals | on fakes | AUC | metadata alone | images | groups"
    head = [f"| {columns} |", "|---" * 8 + "|"]
    names = ("balanced_accuracy", "accuracy_real", "accuracy_fake")
    alone = evaluations_beside(run, evaluations)
    rows = []
    for one in evaluations:
        rows.append(
            f"| {markdown_escape(one.target)} | {' | '.join(accuracy(_measured(one, name)) for name in names)} "
            f"| {fraction(_measured(one, 'auc'))} | {baseline(one.metadata_baseline)} "
            f"| {one.n.real} real, {one.n.fake} fake{_left_out(one)} | {one.n.groups} |"
        )
        if beside := alone.get(one.target):
            numbers = " | ".join(accuracy(beside.metrics.get(name)) for name in names)
            rows.append(f"| {NAME} | {numbers} | {fraction(beside.metrics.get('auc'))} | | the same | |")
    return [*head, *rows, *(line for text in _legend(alone) for line in ("", markdown_escape(text)))]


def _measured(evaluation: Metrics, name: str) -> Estimate:
    return evaluation.metrics.get(name) or Estimate(None, None, None)


def _left_out(evaluation: Metrics) -> str:
    """Say what is missing from the test split, if anything."""
    dropped, skipped, silent = evaluation.dropped_shared.images, len(evaluation.skipped), evaluation.not_applied
    parts = [f"{dropped} shared with the source dropped"] * bool(dropped) + [_unreadable(evaluation)] * bool(skipped)
    if silent is not None:
        parts.append(f"of {silent.by_class.reals + silent.by_class.fakes}, not applied to {silent.images}")
    return f" ({', '.join(parts)})" if parts else ""


def _unreadable(evaluation: Metrics) -> str:
    """Count the test images that could not be read, by class if the results say so."""
    by_class = evaluation.left_out
    return f"{len(evaluation.skipped)} unreadable" + (
        f": {by_class.real} real, {by_class.fake} fake" if by_class else ""
    )


def _shots(info: RunInfo) -> str:
    paired = ", each photograph with its forgery (paired)" if info.protocol else ""
    return f"{info.shots} real + {info.shots} fake{paired}, {info.draws} draw{'s' * (info.draws != 1)}"


def _name(domain: DomainReference | None) -> str:
    return domain.name if domain else "nothing"


def _domains(info: RunInfo, *, paths: bool = True) -> str:
    """Name the domains trained on with origin, grouping and fingerprint, one after the other."""
    return "; ".join(str(_domain(one, paths=paths)) for one in info.trained_on)


def _domain(domain: DomainReference | None, *, paths: bool = True) -> str | None:
    """Name a domain with origin, grouping and fingerprint; without `paths` a folder or file is its last name alone."""
    if not domain:
        return None
    found, group = domain.origin, domain.group
    if not paths:
        found = _without_folder(found)
        group = _without_folder(group) if group.endswith(".csv") else group  # else a rule, which may start with /
    origin = "" if found == domain.name else f", from {found}"
    return f"{domain.name}{origin} (grouped by {group}, data {domain.fingerprint[:12]})"


def _member(member: MemberRun, path: str) -> str:
    """Say which run is fused with others."""
    return f"{member.detector} trained on {joined_name([one.name for one in member.trained_on])}, {path}"


def _without_folder(text: str) -> str:
    """Return the last name of an absolute path; anything else (a data set's name, a rule) as it is."""
    return Path(text).name if Path(text).is_absolute() else text


def _changed(settings: Settings) -> str:
    """List the settings that differ from the defaults."""
    usual = flat(Settings().model_dump())
    changed = [
        f"{name}={shown(value)}" for name, value in flat(settings.model_dump()).items() if usual.get(name) != value
    ]
    return " ".join(changed) or "the defaults"
