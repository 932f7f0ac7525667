"""The grid of a sweep: which jobs there are, what each is called, and which cells cannot be measured."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.names import encode_name, folded
from forensictransfer.core.settings import Choices, Settings
from forensictransfer.core.yaml_text import flat
from forensictransfer.data.counts import Counts
from forensictransfer.data.photographs import open_photographs
from forensictransfer.data.records import SPLITS
from forensictransfer.data.splits import count_pairs
from forensictransfer.detectors.registry import check_training
from forensictransfer.experiments.choices import held_choices, load_settings
from forensictransfer.experiments.descriptors import DESCRIPTOR
from forensictransfer.experiments.strategies import MEAN, holds_out, pools, strategies_of
from forensictransfer.results.formats.run import joined_fingerprint, joined_name
from forensictransfer.results.formats.sweep import ImpossibleCell, SweepDomain
from forensictransfer.sweep.settings import TUNED, SweepSettings, job_settings

if TYPE_CHECKING:
    from forensictransfer.data.domains import Domain

TRAIN, ZERO_SHOT, ADAPT, SHOTS_ONLY = "train", "zero-shot", "adapt", "shots-only"
_LONGEST = 220  # bytes of a readable name: with its hash, and as a folder in passing, it fits into the usual 255
# They touch speed or place, or what is measured beside a result: no part of a job's name.
_FREE = ("data.workers", "data.memory_mb", "data.data_dir", "adapt.shots_only")
# Settings that came when sweeps were already begun, with what was done before: so set they are no part of a job's name.
_LATER: Mapping[str, object] = {
    "adapt.pairs": False,
    "adapt.background": [],
    "adapt.held_out": False,
    "adapt.pooling": MEAN,
    "train.pooling": MEAN,
    "data.masks": True,  # nothing changes for a domain that has none, as then none had
}


@dataclass(frozen=True)
class Job:
    """One thing to do, once: a training, its test on a target, an adaptation, or what the shots alone reach.

    The last two do all their draws.

    name: readable, and ends in the hash of all that its result depends on. needs: the training that goes before it.
    run: name of the folder that holds its result. source, target: names of domains (target: None for a training; what
    the shots alone reach has no source: both are the target, and `detector` is the descriptor); a source of several
    domains is called `A + B`. sources: the domains trained on, one by one. label: the source in a few letters, for
    names of files and progress: `all-but-C`.
    """

    kind: str
    name: str
    detector: str
    source: str
    target: str | None
    strategy: str
    shots: int
    draws: int
    seed: int
    settings: Settings
    needs: str | None
    run: str
    sources: tuple[str, ...]
    label: str


@dataclass(frozen=True)
class Grid:
    """The jobs in the order in which they are taken up, and the cells that cannot be measured, with the reason.

    combined: the domains of each training on several. left_out: a line on each strategy that cannot adapt a detector.
    """

    jobs: tuple[Job, ...]
    impossible: tuple[ImpossibleCell, ...]
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    combined: tuple[tuple[str, ...], ...] = ()


def make_grid(sweep: SweepSettings, sources: Sequence[Domain], targets: Sequence[Domain]) -> Grid:
    """Lay out all jobs of a sweep: each source with each target, and each target with all other sources together.

    Raises UserError for domains that cannot be told apart, or too few to leave one out.
    """
    domains = _by_name([*sources, *targets])
    for kind in (sources, targets):
        twice = [origin for origin, number in Counter(domain.origin for domain in kind).items() if number > 1]
        if twice:
            raise UserError(f"{twice[0]}: is named twice", code=ErrorCode.DOMAIN_REPEATED)
    unknown = sorted(set(sweep.source_settings) - {source.name for source in sources})
    if unknown:
        known = ", ".join(source.name for source in sources)
        raise UserError(
            f"source_settings.{unknown[0]}: there is no such source (sources: {known})", code=ErrorCode.NAME_UNKNOWN
        )
    prints = {name: domain.fingerprint() for name, domain in domains.items()}
    impossible = list(_impossible(sweep, targets))
    barred = {(item.target, item.shots) for item in impossible}
    choices = held_choices()
    background = _background(sweep)
    trainings: list[Job] = []
    others: list[Job] = []
    aims = _pairs(sources, targets) if sweep.pairs else {}
    combined = _left_one_out(sources, targets) if sweep.leave_one_out else {}
    for seed in sweep.seeds:
        for detector in sweep.detectors:
            for learned, tested in {**aims, **combined}.items():
                label = _label(learned, sources)
                training = _training(sweep, learned, label, prints, detector, seed, choices)
                trainings.append(training)
                for target in tested:
                    # Whether or not k = 0 was asked for: it is what every adaptation is held against.
                    others.append(_zero_shot(training, target, prints[target]))
                    others += _adaptations(sweep, training, target, prints[target], barred, choices, background)
    named, aimed = (tuple(domain.name for domain in of_kind) for of_kind in (sources, targets))
    left_out = (
        f"{detector} is not adapted by {strategy}: it is not trained by gradient steps"
        for detector in sweep.detectors
        for strategy in sweep.strategies
        if strategy not in strategies_of(detector)
    )
    alone = _shots_only(others, prints)
    _check_jobs([*trainings, *alone, *others])
    return Grid((*trainings, *alone, *others), tuple(impossible), named, aimed, tuple(left_out), tuple(combined))


def _background(sweep: SweepSettings) -> list[str]:
    """List the fingerprints of the folders of `adapt.background`. Raises UserError for one that cannot be one."""
    settings = load_settings(None, sweep.settings)
    return [open_photographs(spec, settings.data).fingerprint() for spec in settings.adapt.background]


def _pairs(sources: Sequence[Domain], targets: Sequence[Domain]) -> dict[tuple[str, ...], list[str]]:
    """List the targets of each source: all that are other domains."""
    return {(source.name,): [target.name for target in targets if target.origin != source.origin] for source in sources}


def _left_one_out(sources: Sequence[Domain], targets: Sequence[Domain]) -> dict[tuple[str, ...], list[str]]:
    """List the targets of each set of sources: all sources but the target. Targets that are no sources share one set.

    Raises UserError if fewer than two sources would be left.
    """
    found: dict[tuple[str, ...], list[str]] = {}
    for target in targets:
        learned = tuple(source.name for source in sources if source.origin != target.origin)
        if len(learned) < 2:
            raise UserError(
                f"leave_one_out: expected two or more sources besides the target {target.name}, got {len(learned)}; "
                "name more, or leave it off",
                code=ErrorCode.SETTING_INVALID,
            )
        found.setdefault(learned, []).append(target.name)
    return found


def _label(learned: tuple[str, ...], sources: Sequence[Domain]) -> str:
    """Name what is learned from in a few letters: a source, `all-but-A`, or `all`."""
    if len(learned) == 1:
        return learned[0]
    return "-".join(["all", *(f"but-{source.name}" for source in sources if source.name not in learned)])


def _training(
    sweep: SweepSettings,
    learned: tuple[str, ...],
    label: str,
    prints: Mapping[str, str],
    detector: str,
    seed: int,
    choices: Choices,
) -> Job:
    source = joined_name(learned)
    settings = job_settings(sweep, source, detector=detector, seed=seed, choices=choices)
    check_training(settings.detector, settings.train)
    fixed = _fixed(settings, without="adapt.")
    data = joined_fingerprint([prints[name] for name in learned])
    # What follows a training has its name in its own.
    localise = {"localise": True} if sweep.localise else {}
    key = {"kind": TRAIN, "source": data, "settings": fixed, "threads": sweep.threads, **localise}
    name = _named(f"{label}-{detector}-s{seed}", key)
    return Job(TRAIN, name, detector, source, None, ZERO_SHOT, 0, 1, seed, settings, None, name, learned, label)


def _zero_shot(training: Job, target: str, data: str) -> Job:
    key = {"kind": ZERO_SHOT, "run": training.name, "target": data}
    name = _named(f"{training.label}-{training.detector}-s{training.seed}-on-{target}", key)
    about = (training.detector, training.source, target, ZERO_SHOT, 0, 1, training.seed)
    learned = (training.sources, training.label)
    return Job(ZERO_SHOT, name, *about, training.settings, training.name, training.name, *learned)


def _adaptations(
    sweep: SweepSettings,
    training: Job,
    target: str,
    data: str,
    barred: set[tuple[str, int]],
    choices: Choices,
    background: Sequence[str],
) -> Iterator[Job]:
    possible = strategies_of(training.detector)
    for shots in sweep.shots:
        if shots == 0 or (target, shots) in barred:
            continue
        for strategy in sweep.strategies:
            if strategy not in possible:
                continue
            if strategy == TUNED and sweep.tuned_shots is not None and shots not in sweep.tuned_shots:
                continue
            settings = job_settings(
                sweep,
                training.source,
                detector=training.detector,
                seed=training.seed,
                strategy=strategy,
                shots=shots,
                choices=choices,
            )
            key = {
                "kind": ADAPT,
                "run": training.name,
                "target": data,
                "settings": _fixed(settings, without="train."),
                "weights": sweep.keep_weights,
                **({"background": background} if background else {}),
            }
            stem = f"{training.label}-{training.detector}-s{training.seed}-to-{target}-{strategy}-k{shots}"
            name = _named(stem, key)
            about = (training.detector, training.source, target, strategy, shots, sweep.draws, training.seed)
            yield Job(ADAPT, name, *about, settings, training.name, name, training.sources, training.label)


def _shots_only(jobs: Sequence[Job], prints: Mapping[str, str]) -> list[Job]:
    """Lay out what the shots alone reach: once for all adaptations with the same shots, threshold and test."""
    found: dict[str, Job] = {}
    for job in jobs:
        settings = job.settings
        if job.kind != ADAPT or job.target is None or not settings.adapt.shots_only:
            continue
        read = {
            name: value
            for name, value in flat(settings.data.model_dump(mode="json")).items()
            if f"data.{name}" not in _FREE and name != "crop" and not name.startswith("augment.")
        }
        key: dict[str, Any] = {
            "kind": SHOTS_ONLY,
            "target": prints[job.target],
            "descriptor": DESCRIPTOR,
            "data": read,
            "threshold": settings.adapt.threshold,
            "resamples": settings.evaluate.resamples,
            **{name: getattr(job, name) for name in ("shots", "draws", "seed")},
            **({"pairs": True} if settings.adapt.pairs else {}),
            **({"pooling": settings.adapt.pooling} if settings.adapt.pooling != MEAN else {}),
        }
        name = _named(f"shots_only-{job.target}-s{job.seed}-k{job.shots}", key)
        about = (DESCRIPTOR, job.target, job.target, SHOTS_ONLY, job.shots, job.draws, job.seed)
        found.setdefault(name, Job(SHOTS_ONLY, name, *about, settings, None, name, (job.target,), job.target))
    return list(found.values())


def _impossible(sweep: SweepSettings, targets: Sequence[Domain]) -> Iterator[ImpossibleCell]:
    """Yield the cells with more shots than a target's train split holds: they are named, the rest is done."""
    paired = bool(flat(sweep.settings).get("adapt.pairs"))
    for target in targets:
        if paired:
            yield from _impossible_pairs(sweep, target)
            continue
        counts = Counter(record.label for record in target.split("train"))
        for shots in sweep.shots:
            short = [kind for label, kind in enumerate(("real", "fake")) if counts[label] < shots]
            if short:
                number = counts[0] if short[0] == "real" else counts[1]
                reason = (
                    f"{target.name} has {number} {short[0]} images in its train split, {shots} shots were asked for"
                )
                yield ImpossibleCell(target=target.name, shots=shots, reason=reason)


def _impossible_pairs(sweep: SweepSettings, target: Domain) -> Iterator[ImpossibleCell]:
    """Yield the cells with more pairs than the train split of a target holds."""
    pairs = count_pairs(target.records)
    for shots in sweep.shots:
        if shots > pairs:
            reason = (
                f"{target.name} has {pairs} photographs with a forgery of the same group in its train split, "
                f"{shots} pairs were asked for"
            )
            yield ImpossibleCell(target=target.name, shots=shots, reason=reason)


def _by_name(domains: Sequence[Domain]) -> dict[str, Domain]:
    """Sort domains by name. Raises UserError for two of one name: they would share rows of the table."""
    found: dict[str, Domain] = {}
    places: dict[str, str] = {}
    for domain in domains:
        same = places.setdefault(folded(encode_name(domain.name)), domain.name)
        if same != domain.name:
            raise UserError(
                f"{domain.origin}: its name '{domain.name}' is one with '{same}' on some file systems; give it another "
                "one in a domain file",
                code=ErrorCode.DOMAIN_REPEATED,
            )
        other = found.setdefault(domain.name, domain)
        if other.origin != domain.origin:
            raise UserError(
                f"{other.origin} and {domain.origin} would both be called {domain.name}; "
                "give one of them a name of its own in a domain file",
                code=ErrorCode.DOMAIN_REPEATED,
            )
        if other.fingerprint() != domain.fingerprint():
            raise UserError(
                f"{domain.origin}: stands in the sweep twice, with different groups or splits",
                code=ErrorCode.DOMAIN_REPEATED,
            )
    return found


def _check_jobs(jobs: Sequence[Job]) -> None:
    """Raise UserError for two jobs of one name: domains of the same images whose names look the same in a folder's."""
    known: dict[str, Job] = {}
    for job in jobs:
        other = known.setdefault(folded(job.name), job)
        if other is not job:
            one = job.source if job.source != other.source else job.target
            two = other.source if job.source != other.source else other.target
            raise UserError(
                f"'{two}' and '{one}' hold the same images under names that cannot be told apart in a folder's; give "
                "one of them another name in a domain file",
                code=ErrorCode.DOMAIN_REPEATED,
            )


def describe(domain: Domain) -> SweepDomain:
    """Describe a domain for sweep.json, with the images and groups in each of its splits."""
    return SweepDomain(
        origin=domain.origin,
        group=domain.spec.group,
        fingerprint=domain.fingerprint(),
        splits={
            split: Counts(
                real=sum(record.label == 0 for record in domain.split(split)),
                fake=sum(record.label == 1 for record in domain.split(split)),
                groups=len({record.group for record in domain.split(split)}),
            )
            for split in SPLITS
        },
    )


def _fixed(settings: Settings, without: str) -> dict[str, Any]:
    """Select the settings that a job's result depends on, by dotted name."""
    values = flat(settings.model_dump(mode="json"))
    idle = [*_FREE]
    idle += [] if holds_out(settings.adapt) else ["adapt.held_out"]
    idle += [] if pools(settings.adapt) else ["adapt.pooling"]
    return {
        name: value
        for name, value in values.items()
        if name not in idle and not name.startswith(without) and _LATER.get(name, ...) != value
    }


def _named(stem: str, key: Mapping[str, Any]) -> str:
    """Name a job: readable, fit for a folder, and with the hash of `key` at its end."""
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:10]
    readable = re.sub(r"[^\w.+-]+", "_", stem).strip(".")[:150]
    while len(readable.encode()) > _LONGEST:
        readable = readable[:-1]
    return f"{readable}-{digest}"
