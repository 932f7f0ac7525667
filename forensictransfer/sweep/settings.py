"""What a sweep is asked for: a short YAML file, checked whole before anything is done. No TensorFlow is imported."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator

from forensictransfer.core.errors import ErrorCode
from forensictransfer.core.presets import find_config
from forensictransfer.core.problems import Problem, SettingsError, refuse
from forensictransfer.core.settings import Choices, Count, Section, Settings, load_checked, unknown_names
from forensictransfer.core.yaml_text import flat
from forensictransfer.experiments.choices import CHOICES, load_settings

TUNED = "tuned"
# Settings that the sweep itself sets for each job.
_OWN = {
    "detector": "detectors",
    "seed": "seeds",
    "adapt.shots": "shots",
    "adapt.draws": "draws",
    "adapt.strategy": "strategies",
}
# Domains are opened once for all sources.
_SHARED = ("data.split", "data.data_dir")
Seed = Annotated[int, Field(ge=0)]
Shots = Annotated[int, Field(ge=0)]


class SweepSettings(Section):
    """The grid of a sweep, and the settings of all its jobs."""

    domains: tuple[str, ...] = Field((), description="sources and targets: built-in names, folders, domain files")
    sources: tuple[str, ...] = Field((), description="domains to train on (default: domains)")
    targets: tuple[str, ...] = Field((), description="domains to adapt to and test on (default: domains)")
    leave_one_out: bool = Field(
        False, description="train once more for each target: on all sources but the target, each counted alike"
    )
    pairs: bool = Field(True, description="train on each source alone; false, with leave_one_out, leaves that out")
    detectors: tuple[str, ...] = Field(("ft-res",), min_length=1, description="registered detectors")
    shots: tuple[Shots, ...] = Field((0, 10), min_length=1, description="labelled images per class; 0 is zero-shot")
    draws: Count = Field(5, description="repetitions with different shots")
    strategies: tuple[str, ...] = Field(
        ("finetune", "head", "prototype", "threshold"), min_length=1, description="ways of adapting"
    )
    seeds: tuple[Seed, ...] = Field((0,), min_length=1, description="seeds of trainings and draws")
    settings: dict[str, Any] = Field({}, description="settings of all jobs, as in a settings file")
    source_settings: dict[str, dict[str, Any]] = Field(
        {}, description="settings over these for the jobs of one source, by the source's name in tables"
    )
    detector_settings: dict[str, dict[str, Any]] = Field(
        {}, description="settings over these for the jobs of one detector, by its name"
    )
    tuned_shots: tuple[Count, ...] | None = Field(
        None, description="shots at which the strategy `tuned` is tried (default: all)"
    )
    keep_weights: bool = Field(False, description="keep the weights of adapted runs (1 MB each draw)")
    localise: bool = Field(
        False, description="compare heat maps with the masks of a target that has some (mask/ beside fake/)"
    )
    threads: Count = Field(1, description="threads of each worker; results depend on it in the last digits")
    heartbeat: Annotated[int, Field(ge=1)] = Field(
        10, description="seconds between two signs of life of a worker; after six missing ones its job is given away"
    )

    @field_validator("domains", "sources", "targets", "detectors", "shots", "strategies", "seeds")
    @classmethod
    def _once(cls, values: tuple[Any, ...]) -> tuple[Any, ...]:
        twice = [value for i, value in enumerate(values) if value in values[:i]]
        if twice:
            raise ValueError(f"'{twice[0]}' is given twice")
        return values


def load_sweep(
    path: str | Path,
    *,
    detectors: Sequence[str] | None = None,
    trials: int | None = None,
    train_trials: int | None = None,
    threads: int | None = None,
) -> SweepSettings:
    """Read the settings in a YAML file, paths made absolute, whole data sets spelt out, single values laid over them.

    detectors: instead of those in the file. trials: adds the strategy `tuned` with so many trials a draw.
    train_trials: trials of each source's training.
    Raises one UserError that names every problem.
    """
    path = find_config(path)
    changes: dict[str, Any] = {} if threads is None else {"threads": threads}
    sweep = load_checked(SweepSettings, path, changes)
    if detectors is not None:
        sweep = _with_detectors(sweep, path, detectors)
    folder = path.resolve().parent
    sources, targets = sweep.sources or sweep.domains, sweep.targets or sweep.domains
    problems = [
        Problem(what, "expected at least one domain")
        for what, n in (("sources", sources), ("targets", targets))
        if not n
    ]
    settings = dict(flat(sweep.settings))
    if "adapt.background" in settings:
        settings["adapt.background"] = list(_beside(settings["adapt.background"], folder))
    strategies = sweep.strategies
    if trials is not None:
        settings["adapt.trials"] = trials
        strategies = strategies if TUNED in strategies else (*strategies, TUNED)
    if train_trials is not None:
        settings["train.trials"] = train_trials
    resolved = sweep.model_copy(
        update={
            "domains": (),
            "sources": tuple(_spelt_out(sources, folder)),
            "targets": tuple(_spelt_out(targets, folder)),
            "shots": tuple(sorted(sweep.shots)),
            "strategies": strategies,
            "settings": settings,
        }
    )
    problems += list(_problems(resolved))
    if not sweep.pairs and not sweep.leave_one_out:
        problems.append(Problem("pairs", "nothing is left to train: expected true, or leave_one_out: true"))
    problems += [
        Problem(name, f"'{value}' is named twice", ErrorCode.DOMAIN_REPEATED)
        for name in ("sources", "targets")
        for value, number in Counter(getattr(resolved, name)).items()
        if number > 1
    ]
    unknown = sorted(set(sweep.tuned_shots or ()) - set(sweep.shots))
    if unknown:
        problems.append(Problem("tuned_shots", f"{unknown[0]} is none of the shots {list(sweep.shots)}"))
    refuse(str(path), problems)
    return resolved


def _with_detectors(sweep: SweepSettings, path: Path, names: Sequence[str]) -> SweepSettings:
    """Choose other detectors. The settings of those that the file names and that are not asked for are left out."""
    left_out = set(sweep.detectors) - set(names)
    settings = {name: values for name, values in sweep.detector_settings.items() if name not in left_out}
    return load_checked(SweepSettings, path, {"detectors": tuple(names), "detector_settings": settings})


def job_settings(
    sweep: SweepSettings,
    source: str,
    *,
    detector: str,
    seed: int,
    strategy: str | None = None,
    shots: int | None = None,
    choices: Choices = CHOICES,
) -> Settings:
    """Put together the complete settings of one job of the source called `source`. Raises UserError.

    choices: the names that settings may hold (`held_choices` for many jobs).
    """
    own: dict[str, Any] = {"detector": detector, "seed": seed, "adapt.draws": sweep.draws}
    if strategy is not None:
        own["adapt.strategy"] = strategy
    if shots is not None:
        own["adapt.shots"] = shots
    of_source, of_detector = sweep.source_settings.get(source, {}), sweep.detector_settings.get(detector, {})
    return load_settings(None, {**flat(sweep.settings), **flat(of_source), **flat(of_detector), **own}, None, choices)


def _problems(sweep: SweepSettings) -> Iterator[Problem]:
    """Yield one problem for each name or setting that does not exist or is not the user's to set."""
    for where, values in (
        ("settings", sweep.settings),
        *((f"source_settings.{k}", v) for k, v in sweep.source_settings.items()),
        *((f"detector_settings.{k}", v) for k, v in sweep.detector_settings.items()),
    ):
        for name in flat(values):
            if name in ("adapt.pairs", "adapt.background") and where != "settings":
                yield Problem(f"{where}.{name}", "holds for all jobs of a sweep; give it in 'settings'")
            if name in _SHARED and where != "settings":
                yield Problem(f"{where}.{name}", "holds for all domains; give it in 'settings'")
            if name in _OWN:
                yield Problem(f"{where}.{name}", f"is set by the sweep for each job; give '{_OWN[name]}' instead")
        yield from _setting_problems(where, values)
    for name, named, key in (
        ("detectors", sweep.detectors, "detector"),
        ("strategies", sweep.strategies, "adapt.strategy"),
    ):
        for value in named:
            yield from (replace(problem, name=name) for problem in unknown_names({key: value}, CHOICES))
    for name in sorted(set(sweep.detector_settings) - set(sweep.detectors)):
        known = ", ".join(sweep.detectors)
        yield Problem(
            f"detector_settings.{name}",
            f"there is no such detector in the sweep (there: {known})",
            ErrorCode.NAME_UNKNOWN,
        )


def _setting_problems(where: str, values: Mapping[str, Any]) -> Iterator[Problem]:
    try:
        load_settings(None, values)
    except SettingsError as error:
        yield from (replace(problem, name=f"{where}.{problem.name}", flag=False) for problem in error.problems)


def _beside(specs: object, folder: Path) -> Iterator[object]:
    """Make the paths of folders that lie beside the file absolute; other values are left to the check of settings."""
    for spec in specs if isinstance(specs, (list, tuple)) else [specs]:
        path = folder / os.path.expanduser(str(spec))
        yield str(path.resolve()) if path.exists() else spec


def _spelt_out(specs: tuple[str, ...], folder: Path) -> Iterator[str]:
    """Spell domains out in full: the domains of a built-in data set for its name, absolute paths for relative ones."""
    from forensictransfer.data.catalogue.builtin import builtin_names

    names = builtin_names()
    for spec in specs:
        of_set = [name for name in names if name.startswith(f"{spec.rstrip('/')}/")]
        if spec in names:
            yield spec
        elif (folder / os.path.expanduser(spec)).exists():
            yield str((folder / os.path.expanduser(spec)).resolve())
        elif of_set:
            yield from of_set
        else:
            yield spec  # opening it tells what is wrong
