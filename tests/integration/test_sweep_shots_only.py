"""The jobs of a sweep that measure what the shots alone reach: once for each target and number of shots."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forensictransfer.report.analysis.view import View
from forensictransfer.results.sweep import open_sweep
from forensictransfer.sweep.domains import open_domains
from forensictransfer.sweep.folder import SweepFolder
from forensictransfer.sweep.grid import SHOTS_ONLY, Grid, describe, make_grid
from forensictransfer.sweep.jobs import Jobs
from forensictransfer.sweep.queue import Queue
from forensictransfer.sweep.settings import SweepSettings, load_sweep

Rows = Callable[[Path], list[dict[str, str]]]
GRID = {
    "detectors": ["cooccurrence", "meso4"],
    "shots": [0, 1, 3],
    "draws": 2,
    "strategies": ["head", "threshold"],
    "settings": {"data.crop": 64, "train": {"epochs": 1, "batch": 16}, "evaluate": {"stride": 16, "resamples": 50}},
}


def plan(folder: Path, **changes: Any) -> tuple[SweepSettings, Grid, dict[str, Any]]:
    path = folder / "grid.yaml"
    path.write_text(json.dumps({**GRID, **changes}))
    sweep = load_sweep(path)
    sources, targets = open_domains(sweep)
    return sweep, make_grid(sweep, sources, targets), {one.name: one for one in [*sources, *targets]}


def test_there_is_one_job_for_each_target_and_number_of_shots(source: Path, target: Path, tmp_path: Path) -> None:
    domains = [str(source), str(target)]
    grid = plan(tmp_path, domains=domains)[1]
    found = [(job.target, job.shots) for job in grid.jobs if job.kind == SHOTS_ONLY]
    assert sorted(found) == [(name, k) for name in ("source", "target") for k in (1, 3)], "for two detectors and ways"
    assert all(job.needs is None for job in grid.jobs if job.kind == SHOTS_ONLY)
    others = {"adapt.threshold": "zero"}
    changed = plan(tmp_path, domains=domains, detector_settings={"meso4": others})[1]
    assert sum(job.kind == SHOTS_ONLY for job in changed.jobs) == 8, "another threshold on the shots is another number"
    crops = plan(tmp_path, domains=domains, detector_settings={"meso4": {"data.crop": 48}})[1]
    alone = [{job.name for job in one.jobs if job.kind == SHOTS_ONLY} for one in (grid, crops)]
    assert alone[0] == alone[1], "it has a geometry of its own"
    off = plan(tmp_path, domains=domains, settings={**GRID["settings"], "adapt.shots_only": False})[1]
    assert not any(job.kind == SHOTS_ONLY for job in off.jobs)
    names = {job.name for job in grid.jobs if job.kind != SHOTS_ONLY}
    assert names == {job.name for job in off.jobs}, "beside which nothing changes"


def test_what_is_measured_stands_beside_every_adaptation(
    source: Path, target: Path, tmp_path: Path, rows: Rows
) -> None:
    sweep, grid, domains = plan(tmp_path, sources=[str(source)], targets=[str(target)], detectors=["cooccurrence"])
    folder = SweepFolder.begin(tmp_path / "sweep", sweep, grid, {name: describe(one) for name, one in domains.items()})
    jobs = Jobs(folder, domains)
    for job in grid.jobs:
        jobs.do(job, 1)
    assert {folder.record(job.name).error for job in grid.jobs} == {None}
    (alone,) = folder.path.glob("shots_only/*-k3-*")
    (adapted,) = folder.path.glob("runs/*-to-target-head-k3-*")
    assert not list(folder.path.glob("runs/*/shots_only"))
    tested = rows(adapted / "evaluations" / "target" / "predictions.csv")
    assert [(r["draw"], r["path"]) for r in rows(alone / "predictions.csv")] == [(r["draw"], r["path"]) for r in tested]
    view = View(open_sweep(folder.path))
    for strategy in ("head", "threshold"):
        (cell,) = view.cells("cooccurrence", strategy, "source", "target", 3)
        assert cell.shots_only is not None and cell.shots_only.gain.value is not None
        gained = cell.metrics["balanced_accuracy"].value, cell.shots_only.metrics["balanced_accuracy"].value
        assert cell.shots_only.gain.value == pytest.approx(gained[0] - gained[1])
    again: list[str] = []
    queue = Queue(folder, {job.name: job for job in grid.jobs}, None, sweep.heartbeat)
    queue.work(lambda job, attempt: again.append(job.name))
    assert again == [], "whoever continues finds the records"
