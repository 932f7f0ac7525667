"""A sweep that trains once more for each target, on all other sources: its jobs, its tables and its page."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forensictransfer.core.errors import UserError
from forensictransfer.report.write import write_report
from forensictransfer.results.sweep import SweepResults, open_sweep
from forensictransfer.sweep.display import dry_run_text, table_lines
from forensictransfer.sweep.domains import open_domains
from forensictransfer.sweep.estimate import seconds
from forensictransfer.sweep.folder import SweepFolder
from forensictransfer.sweep.grid import ADAPT, SHOTS_ONLY, TRAIN, ZERO_SHOT, Grid, describe, make_grid
from forensictransfer.sweep.settings import load_sweep
from tests.commands import run_command

pytestmark = pytest.mark.slow

NAMES = ("alpha", "beta", "gamma")
GRID: dict[str, Any] = {
    "domains": list(NAMES),
    "leave_one_out": True,
    "detectors": ["cooccurrence"],
    "shots": [0, 3],
    "draws": 2,
    "strategies": ["head"],
    "settings": {
        "data.crop": 64,
        "adapt.shots_only": False,
        "evaluate": {"max_tiles": 1, "batch": 16, "resamples": 50},
    },
}
Rows = Callable[[Path], list[dict[str, str]]]


@pytest.fixture(scope="module")
def domains(make_domain: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiny domains beside each other. Not to be changed."""
    folder = tmp_path_factory.mktemp("sweep")
    for seed, name in enumerate(NAMES):
        make_domain(folder / name, name[0], blur=0.6 + seed / 2, contrast=0.1, seed=seed)
    return folder


def write(folder: Path, **changes: Any) -> Path:
    path = folder / "grid.yaml"
    path.write_text(json.dumps({**GRID, **changes}))  # JSON is YAML
    return path


def plan(path: Path) -> Grid:
    sweep = load_sweep(path)
    return make_grid(sweep, *open_domains(sweep))


def sweep_here(path: Path, out: Path, *, most: int | None = None) -> int:
    """Do the jobs that are not done yet in this process, without workers, as these would; returns how many it did."""
    from forensictransfer.sweep.jobs import Jobs

    sweep = load_sweep(path)
    sources, targets = open_domains(sweep)
    grid, opened = make_grid(sweep, sources, targets), {domain.name: domain for domain in [*sources, *targets]}
    folder = SweepFolder.begin(out, sweep, grid, {name: describe(domain) for name, domain in opened.items()})
    jobs = Jobs(folder, opened)
    left = [job for job in grid.jobs if job.name not in folder.ended()][:most]
    for job in left:
        assert jobs.do(job, 1) is not None, folder.record(job.name).error
    return len(left)


@pytest.fixture(scope="module")
def swept(domains: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep of pairs and of each target from all others, ended once on the way, with its report."""
    path, out = write(domains), tmp_path_factory.mktemp("out") / "sweep"
    assert sweep_here(path, out, most=8) == 8
    assert sweep_here(path, out) == 16, "what is done is not done again"
    write_report(out, out / "report")
    return out


def results_of(swept: Path) -> SweepResults:
    return open_sweep(swept)


def test_each_target_is_met_by_all_others(domains: Path) -> None:
    settings = {**GRID["settings"], "adapt.shots_only": True}
    grid = plan(write(domains, settings=settings))
    trainings = [job for job in grid.jobs if job.kind == TRAIN]
    assert [job.sources for job in trainings] == [
        *((name,) for name in NAMES),
        ("beta", "gamma"),
        ("alpha", "gamma"),
        ("alpha", "beta"),
    ]
    assert [job.label for job in trainings[3:]] == ["all-but-alpha", "all-but-beta", "all-but-gamma"]
    # 6 pairs and 3 times all others, each zero-shot and with 3 shots; what these reach alone, once for each target.
    assert Counter(job.kind for job in grid.jobs) == {TRAIN: 6, ZERO_SHOT: 9, ADAPT: 9, SHOTS_ONLY: 3}
    grid = replace(grid, jobs=tuple(job for job in grid.jobs if job.kind != SHOTS_ONLY))
    for job in grid.jobs:
        assert job.target not in job.sources
        if len(job.sources) > 1:
            assert job.source == " + ".join(job.sources) and job.name.startswith("all-but-")
            assert job.target in {None, *(set(NAMES) - set(job.sources))}
    alone = plan(write(domains, leave_one_out=False, settings=settings))
    assert {job.name for job in alone.jobs if job.kind != SHOTS_ONLY} == {
        job.name for job in grid.jobs if len(job.sources) == 1
    }
    only = plan(write(domains, pairs=False, settings=settings))
    assert {job.name for job in only.jobs if job.kind != SHOTS_ONLY} == {
        job.name for job in grid.jobs if len(job.sources) > 1
    }


def test_targets_that_are_no_sources_share_a_training(domains: Path) -> None:
    grid = plan(write(domains, domains=[], sources=["alpha", "beta"], targets=["gamma"], pairs=False))
    (training,) = (job for job in grid.jobs if job.kind == TRAIN)
    assert training.sources == ("alpha", "beta") and training.name.startswith("all-cooccurrence")


def test_the_estimate_counts_all_sources(domains: Path) -> None:
    sweep = load_sweep(write(domains, detectors=["meso4"], strategies=["head"]))
    sources, targets = open_domains(sweep)
    known = {domain.name: describe(domain) for domain in sources}
    grid = make_grid(sweep, sources, targets)
    one, several = (next(j for j in grid.jobs if j.kind == TRAIN and len(j.sources) == n) for n in (1, 2))
    # 32 images a source, and 1,500 crops of statistics and validation whatever their number.
    assert (seconds(several, known) - 0.5) / (seconds(one, known) - 0.5) == pytest.approx(1564 / 1532)
    assert "all-but-alpha-meso4" in dry_run_text(grid, known, None, 1)
    assert any("all-but-alpha meso4" in line for line in table_lines(grid, {}, {}, 0.0))


def test_what_cannot_be_is_one_line(domains: Path, tmp_path: Path) -> None:
    for changes, said in (
        ({"domains": ["alpha", "beta"]}, "besides the target alpha, got 1"),
        ({"leave_one_out": False, "pairs": False}, "nothing is left to train"),
    ):
        done = run_command("sweep", write(domains, **changes), "--out", tmp_path / "no", "--dry-run")
        assert done.returncode == 2 and said in done.stderr.splitlines()[-1]
    with pytest.raises(UserError, check=lambda error: error.code == "setting-invalid"):
        plan(write(domains, domains=["alpha"]))


def test_means_over_pairs_hold_single_sources_alone(swept: Path, rows: Rows) -> None:
    found = results_of(swept)
    assert found.finished and found.counts["done"] == 24
    assert found.sources == (*NAMES, "beta + gamma", "alpha + gamma", "alpha + beta")
    assert found.only("pairs").sources == NAMES and len(found.only("combined").sources) == 3
    table = rows(swept / "report/tables.csv")
    averages, others = (
        {row["shots"]: row for row in table if row["table"] == name and row["strategy"] == "head"}
        for name in ("averages", "leave_one_out")
    )
    assert {row["pairs"] for row in averages.values()} == {"6"} and {row["pairs"] for row in others.values()} == {"3"}
    cells = [row for row in table if row["table"] == "cells" and row["metric"] == "balanced_accuracy"]
    for k in ("0", "3"):
        values = [
            float(row["value"])
            for row in cells
            if row["shots"] == k and " + " in row["source"] and row["own_test"] == "no"
        ]
        assert len(values) == 3 and np.mean(values) == pytest.approx(float(others[k]["value"]))


def test_every_source_is_tested_before_and_after(swept: Path, rows: Rows) -> None:
    cells = [row for row in rows(swept / "report/tables.csv") if row["metric"] == "balanced_accuracy"]
    own = Counter((row["source"], row["adapted_to"]) for row in cells if row["own_test"] == "yes")
    assert own["beta + gamma", ""] == own["beta + gamma", "alpha"] == 2 and own["alpha", "beta"] == 1
    records = [json.loads(path.read_text()) for path in (swept / "jobs").glob("all-but-alpha-cooccurrence-s0-*.json")]
    training = next(record for record in records if record["kind"] == TRAIN)
    values = [
        float(r["value"]) for r in cells if (r["source"], r["adapted_to"], r["own_test"]) == ("beta + gamma", "", "yes")
    ]
    assert training["balanced_accuracy"] == pytest.approx(np.mean(values))


def test_the_page_and_the_tables_have_its_rows(swept: Path) -> None:
    page, tables = ((swept / "report" / name).read_text() for name in ("index.html", "tables.md"))
    title = "Each target from all the other sources together"
    for text in (page, tables):
        assert title in text and "all but alpha" in text
    assert "“all others”: trained on all sources but the target together" in page
    assert "From all the other sources together, mean over 3 targets: " in page
    assert "“all but A”: trained on all sources of the sweep but A" in tables
    sheet = tables[tables.index(title) :].split("\n\n")[1].splitlines()
    assert sheet[0].split("|")[4:8] == [" alpha ", " beta ", " gamma ", " mean "] and len(sheet) == 4
    (csv,) = swept.glob("report/**/*leave_one_out*.csv")
    assert csv.read_text().splitlines()[0].startswith("detector,strategy,shots,alpha")


def test_a_sweep_of_nothing_else_has_a_report_too(swept: Path, domains: Path, tmp_path: Path) -> None:
    """Its numbers are those of the larger sweep."""
    path, out = write(domains, pairs=False), tmp_path / "sweep"
    sweep_here(path, out, most=0)
    for name in ("runs", "jobs"):  # done there: the jobs have the same names
        (out / name).mkdir(exist_ok=True)
        for found in (swept / name).glob("all-but-*"):
            (shutil.copytree if found.is_dir() else shutil.copy2)(found, out / name / found.name)
    assert sweep_here(path, out) == 0
    write_report(out, out / "report")
    page = (out / "report/index.html").read_text()
    assert "all but one of 3 domains together" in page and "Each target from all the other sources" in page
    assert results_of(out).only("combined").cells == results_of(swept).only("combined").cells
