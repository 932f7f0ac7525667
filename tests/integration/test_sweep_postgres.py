"""One sweep by three machines with a PostgreSQL study, of which one is lost in the middle of a training.

The machines are process groups on this one: the real command with a worker each, on one folder and one database.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest

import forensictransfer as ft

pytestmark = [pytest.mark.slow, pytest.mark.database, pytest.mark.usefixtures("forked_processes")]

ROOT = Path(__file__).resolve().parents[2]
GRID = {
    "domains": ["alpha", "beta"],
    "shots": [0, 3],
    "draws": 2,
    "detectors": ["meso4"],  # the network that is traced in the least time
    "strategies": ["head"],
    "heartbeat": 2,
    "settings": {
        "data.crop": 64,
        "train": {"epochs": 8, "batch": 16, "statistics_batches": 2},
        "adapt.shots_only": False,
        "evaluate": {"stride": 16, "batch": 16, "resamples": 50},
    },
}


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """The URL of an empty PostgreSQL database."""
    spec = importlib.util.spec_from_file_location("postgres", Path(__file__).resolve().parents[1] / "postgres.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with module.postgresql() as url:
        yield url


@pytest.fixture(scope="module")
def grid(make_domain: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tiny domains, hard to tell apart, and a settings file beside them."""
    folder = tmp_path_factory.mktemp("grid")
    for seed, name in enumerate(("alpha", "beta")):
        make_domain(folder / name, name[0], blur=0.6 + seed / 2, contrast=0.1, seed=seed)
    (folder / "grid.yaml").write_text(json.dumps(GRID))  # JSON is YAML
    return folder / "grid.yaml"


def start(*words: object) -> subprocess.Popen[str]:
    """The real command in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "forensictransfer", *map(str, words)],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def ended(process: subprocess.Popen[str]) -> str:
    """What a command printed; it must end well."""
    said = process.communicate(timeout=240)[0]
    assert process.returncode == 0, said
    assert "Traceback" not in said
    return said


def worker_in_training(sweep: Path, machines: list[subprocess.Popen[str]]) -> tuple[int, str]:
    """Process id and job of a worker whose training has saved an epoch and is not finished."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        assert all(machine.poll() is None for machine in machines), "a command has ended before its time"
        for saved in sweep.glob("runs/*/.checkpoint.npz"):
            for file in sweep.glob(".workers/*.json"):
                if json.loads(file.read_text())["job"] == saved.parent.name:
                    return int(file.stem.rpartition("-")[2]), saved.parent.name
        time.sleep(0.02)
    raise AssertionError("no training has saved an epoch")


def measured(sweep: Path) -> dict[str, str]:
    """The bytes of every file with numbers in it, by place in the folder."""
    names = ("predictions.csv", "metrics.json", "history.csv", "decision.json")
    return {
        path.relative_to(sweep).as_posix(): path.read_text() for name in names for path in sweep.glob(f"runs/**/{name}")
    }


def records(sweep: Path) -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text()) for path in (sweep / "jobs").glob("*.json")}


def test_a_lost_machine_costs_no_job_and_no_digit(database: str, grid: Path, tmp_path: Path) -> None:
    shared, alone = tmp_path / "shared", tmp_path / "alone"
    words = ("sweep", grid, "--workers", 1, "--out")
    machines = [start(*words, shared, "--storage", database) for _ in range(3)]
    try:
        pid, lost = worker_in_training(shared, machines)
        victim = next(machine for machine in machines if machine.pid == os.getpgid(pid))
        os.killpg(victim.pid, signal.SIGKILL)
        victim.communicate()
        run = shared / "runs" / lost
        assert lost not in records(shared) and not (run / "FINISHED").exists(), "it was killed too late for this test"
        begun = (run / "run.json").read_bytes()
        said = [ended(machine) for machine in machines if machine is not victim]
    finally:
        for machine in machines:
            if machine.poll() is None:
                os.killpg(machine.pid, signal.SIGKILL)
                machine.wait()
    assert all("6 of 6 jobs done" in text for text in said)

    # Every job once: one record, one run folder, one trial with a value; the lost one was begun twice and gone on with.
    jobs = json.loads((shared / "sweep.json").read_text())["jobs"]
    found = records(shared)
    assert len(jobs) == 6 and sorted(found) == sorted(jobs)
    assert {name: record["attempt"] for name, record in found.items()} == {name: 1 + (name == lost) for name in jobs}
    assert {record["state"] for record in found.values()} == {"done"}
    # Which of those that are left does it is nobody's promise: one that is quicker may do all the rest.
    assert int(found[lost]["worker"].rpartition(":")[2]) != pid, "the worker that was killed has done its job"
    runs = {record["run"].removeprefix("runs/") for record in found.values()}
    assert {path.name for path in (shared / "runs").iterdir()} == runs and len(runs) == 4
    assert (run / "run.json").read_bytes() == begun, "the training was begun again"
    study = optuna.load_study(
        study_name=f"sweep-{json.loads((shared / 'sweep.json').read_text())['id']}", storage=database
    )
    trials = Counter((trial.state.name, trial.user_attrs["job"]) for trial in study.get_trials())
    assert trials == {**{("COMPLETE", name): 1 for name in jobs}, ("FAIL", lost): 1}
    values = {trial.user_attrs["job"]: trial.value for trial in study.get_trials() if trial.value is not None}
    assert values == {name: record["balanced_accuracy"] for name, record in found.items()}
    assert not (shared / "study.db").exists()

    # And the numbers are those of one undisturbed worker with SQLite.
    assert "6 of 6 jobs done" in ended(start(*words, alone))
    assert measured(shared) == measured(alone)
    for sweep in (shared, alone):
        ft.write_report(sweep)
    tables = [(sweep / "report" / "tables.csv").read_text().splitlines() for sweep in (shared, alone)]
    # All but how long it took.
    first, second = ([line for line in lines if not line.startswith("cost,")] for lines in tables)
    assert first == second and len(first) > 40
