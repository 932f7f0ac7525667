"""A sweep: the grid and its names, what its folder refuses, and the command: each job once, kills and failures.

Its workers are always processes of their own; what is compared with them, or killed, is the real command too. The
whole sweep, `swept`, is done by fresh interpreters; other processes have imported TensorFlow when they begin.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import pytest

from forensictransfer.cli.main import main
from forensictransfer.core.errors import UserError
from forensictransfer.data.counts import Counts
from forensictransfer.data.records import SPLITS
from forensictransfer.results.formats.sweep import SweepDomain
from forensictransfer.sweep.display import table_lines
from forensictransfer.sweep.domains import open_domains
from forensictransfer.sweep.estimate import seconds
from forensictransfer.sweep.folder import SweepFolder, checksum
from forensictransfer.sweep.grid import ADAPT, TRAIN, ZERO_SHOT, Grid, Job, make_grid
from forensictransfer.sweep.queue import Queue, worker_name
from forensictransfer.sweep.settings import load_sweep
from tests.commands import run_command

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("forked_processes")]

ROOT = Path(__file__).resolve().parents[2]
GRID = {
    "domains": ["alpha", "beta"],
    "shots": [0, 3],
    "draws": 2,
    "strategies": ["finetune", "head"],
    "heartbeat": 2,
    "settings": {
        "data.crop": 64,
        "train": {"epochs": 2, "batch": 16, "statistics_batches": 2},
        "adapt": {"steps": 4, "batch": 8, "reconstruction": 0.0, "shots_only": False},
        "evaluate": {"stride": 16, "batch": 16, "resamples": 50},
    },
}


@pytest.fixture(scope="module")
def domains(make_domain: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiny domains beside each other. Not to be changed."""
    folder = tmp_path_factory.mktemp("sweep")
    for seed, name in enumerate(("alpha", "beta", "gamma")):
        make_domain(folder / name, name[0], blur=0.6 + seed / 2, contrast=0.1, seed=seed)
    return folder


def write(folder: Path, name: str = "grid.yaml", **changes: Any) -> Path:
    path = folder / name
    # JSON is YAML.
    path.write_text(json.dumps({key: value for key, value in {**GRID, **changes}.items() if value is not None}))
    return path


def write_quick(folder: Path, **changes: Any) -> Path:
    """The same for a sweep that is done: with the network that is traced in the least time, and one without steps."""
    return write(folder, "quick.yaml", **{"detectors": ["meso4", "cooccurrence"], **changes})


def plan(path: Path, **options: Any) -> Grid:
    sweep = load_sweep(path, **options)
    return make_grid(sweep, *open_domains(sweep))


def command(*words: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    """The command; it must end with `code`."""
    done = run_command(*words)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def start(*words: object, **options: Any) -> subprocess.Popen[str]:
    """The real command, in a process."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = (sys.executable, "-m", "forensictransfer", *words)
    return subprocess.Popen(list(map(str, words)), text=True, env=environment, **options)


def metrics(sweep: Path) -> dict[str, Any]:
    """Everything that was measured, by place in the folder."""
    return {
        path.relative_to(sweep).as_posix(): json.loads(path.read_text())
        for path in sorted(sweep.glob("runs/*/evaluations/*/metrics.json"))
    }


# Parts of the grid: their jobs are among those of the whole one, and have the same names and numbers.
PART: dict[str, Any] = {"detectors": ["cooccurrence"], "strategies": ["head"]}
STEPS: dict[str, Any] = {**PART, "detectors": ["meso4"], "sources": ["alpha"], "targets": ["beta"], "domains": None}


def check_part(part: Path, swept: Path, count: int) -> None:
    """What a part of the grid has measured is what the whole grid measured."""
    ours, theirs = metrics(part), metrics(swept)
    assert len(ours) == count and ours == {name: theirs[name] for name in ours}


@pytest.fixture(scope="module")
def swept(domains: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole sweep, done by one worker. Not to be changed."""
    out = tmp_path_factory.mktemp("out") / "sweep"
    process = start("sweep", write_quick(domains), "--out", out, "--workers", 1, stdout=subprocess.PIPE)
    said, _ = process.communicate()
    assert process.returncode == 0 and f"{out}: 14 of 14 jobs done" in said
    return out


def test_the_grid_holds_each_cell_once(domains: Path) -> None:
    grid = plan(write(domains, domains=["alpha", "beta", "gamma"], shots=[0, 1, 3], seeds=[0, 7]))
    kinds = [job.kind for job in grid.jobs]
    # 3 sources; 6 pairs zero-shot; 6 pairs x 2 numbers of shots x 2 strategies; all for two seeds
    assert (kinds.count(TRAIN), kinds.count(ZERO_SHOT), kinds.count(ADAPT)) == (6, 12, 48)
    assert len({job.name for job in grid.jobs}) == len(grid.jobs)
    assert kinds[:6] == [TRAIN] * 6, "whatever needs a training comes after it"
    by_name = {job.name: job for job in grid.jobs}
    for job in grid.jobs:
        assert job.source != job.target
        if job.needs:
            training = by_name[job.needs]
            assert (training.kind, training.source, training.seed) == (TRAIN, job.source, job.seed)
            assert training.settings.data == job.settings.data
        if job.kind == ADAPT:
            assert (job.settings.adapt.shots, job.settings.adapt.strategy) == (job.shots, job.strategy)
            assert job.settings.adapt.draws == 2 and job.settings.seed == job.seed


def test_a_name_changes_with_whatever_changes_the_result_and_with_nothing_else(domains: Path) -> None:
    usual = {job.name for job in plan(write(domains)).jobs}
    assert {job.name for job in plan(write(domains, domains=["beta", "alpha"], heartbeat=9)).jobs} == usual
    same = {**GRID["settings"], "data.workers": 1}
    assert {job.name for job in plan(write(domains, settings=same)).jobs} == usual
    other = {**GRID["settings"], "adapt": {**GRID["settings"]["adapt"], "steps": 5}}
    changed = {job.name for job in plan(write(domains, settings=other)).jobs}
    assert {name for name in usual if "-to-" not in name} == {name for name in changed if "-to-" not in name}
    assert not {name for name in usual if "-to-" in name} & changed
    other = {**GRID["settings"], "train": {"epochs": 3, "batch": 16, "statistics_batches": 2}}
    assert not {job.name for job in plan(write(domains, settings=other)).jobs} & usual


def test_settings_of_one_source(domains: Path) -> None:
    grid = plan(write(domains, source_settings={"beta": {"train.epochs": 9, "adapt": {"steps": 77}}}))
    for job in grid.jobs:
        mine = job.source == "beta"
        assert job.settings.train.epochs == (9 if mine else 2)
        assert job.settings.adapt.steps == (77 if mine else 4)


def test_settings_of_one_detector_go_over_those_of_a_source(domains: Path) -> None:
    settings = {
        "detectors": ["ft-res", "ft"],
        "source_settings": {"beta": {"train.epochs": 9}},
        "detector_settings": {"ft": {"train": {"epochs": 7}}},
    }
    for job in plan(write(domains, **settings)).jobs:
        expected = 7 if job.detector == "ft" else 9 if job.source == "beta" else 2
        assert job.settings.train.epochs == expected


def test_detectors_of_the_command_line_stand_for_those_of_the_file(domains: Path) -> None:
    path = write(
        domains,
        detectors=["ft-res", "ft"],
        detector_settings={"ft-res": {"train": {"batch": 4}}, "ft": {"train": {"batch": 6}}},
    )
    grid = plan(path, detectors=["ft", "meso4"])
    assert {job.detector for job in grid.jobs} == {"ft", "meso4"}
    assert {job.settings.train.batch for job in grid.jobs if job.detector == "ft"} == {6}
    assert "meso4" in command("sweep", path, "--out", domains / "none", "--dry-run", "--detector", "meso4").stdout
    refused = command("sweep", path, "--out", domains / "none", "--dry-run", "--detector", "meso5", code=2)
    assert "unknown detector 'meso5'; perhaps you meant 'meso4'" in refused.stderr


def test_a_limit_of_minutes_counts_in_the_estimate(domains: Path) -> None:
    grid = plan(write(domains, settings={"train.epochs": 10_000, "train.minutes": 2}))
    training = next(job for job in grid.jobs if job.kind == TRAIN)
    splits = dict.fromkeys(SPLITS, Counts(8, 8, 8))
    domain = SweepDomain(origin="alpha", group="stem", fingerprint="", splits=splits)
    assert seconds(training, {training.source: domain}) == pytest.approx(120, abs=1)


def test_strategies_that_cannot_adapt_a_detector_are_left_out_and_named(domains: Path) -> None:
    grid = plan(write(domains, detectors=["ft-res", "cooccurrence"], strategies=["finetune", "head"]))
    found = {(job.detector, job.strategy) for job in grid.jobs if job.kind == ADAPT}
    assert found == {("ft-res", "finetune"), ("ft-res", "head"), ("cooccurrence", "head")}
    assert grid.left_out == ("cooccurrence is not adapted by finetune: it is not trained by gradient steps",)


def test_trials_add_the_tuned_strategy(domains: Path) -> None:
    grid = plan(write(domains, tuned_shots=[3]), trials=6, train_trials=4)
    tuned = [job for job in grid.jobs if job.strategy == "tuned"]
    assert {job.shots for job in tuned} == {3} and len(tuned) == 2
    assert {job.settings.adapt.trials for job in tuned} == {6}
    assert {job.settings.train.trials for job in grid.jobs} == {4}


def test_more_shots_than_a_target_has_are_told_and_the_rest_is_done(domains: Path) -> None:
    grid = plan(write(domains, shots=[1, 17], strategies=["head"]))
    assert [(item["target"], item["shots"]) for item in grid.impossible] == [("alpha", 17), ("beta", 17)]
    assert "alpha has 16 real images in its train split, 17 shots were asked for" in grid.impossible[0]["reason"]
    assert {job.shots for job in grid.jobs if job.kind == ADAPT} == {1}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"strategies": ["finetun"]}, "strategies: unknown strategy 'finetun'; perhaps you meant 'finetune'"),
        ({"detectors": ["ft-rse"]}, "detectors: unknown detector 'ft-rse'; perhaps you meant 'ft-res'"),
        ({"shot": [1]}, "shot: unknown setting; perhaps you meant 'shots'"),
        ({"shots": [1, 1]}, "shots: '1' is given twice"),
        ({"shots": [-1]}, "shots: expected greater than or equal to 0, got -1"),
        ({"domains": None}, "sources: expected at least one domain"),
        ({"settings": {"adapt.shots": 3}}, "settings.adapt.shots: is set by the sweep for each job; give 'shots'"),
        ({"settings": {"train.epoch": 3}}, "settings.train.epoch: unknown setting; perhaps you meant 'train.epochs'"),
        ({"source_settings": {"alpha": {"train.epochs": -1}}}, "source_settings.alpha.train.epochs: expected greater"),
        ({"settings": {"train.epochs": 0}}, "train.epochs: 0 leaves random weights as they are"),
        ({"detector_settings": {"ft-res": {"train.batch": 3}}}, "detector_settings.ft-res.train.batch: expected"),
        (
            {"detector_settings": {"ft": {}}},
            "detector_settings.ft: there is no such detector in the sweep (there: ft-res)",
        ),
        ({"source_settings": {"alhpa": {}}}, "source_settings.alhpa: there is no such source (sources: alpha, beta)"),
        ({"domains": ["alpha", "copy/../alpha", "beta"]}, "is named twice"),
        ({"tuned_shots": [2]}, "tuned_shots: 2 is none of the shots [0, 3]"),
        (
            {"source_settings": {"alpha": {"data.split": [0.5, 0.2, 0.3]}}},
            "holds for all domains; give it in 'settings'",
        ),
        ({"domains": ["alpha", "betta"]}, "betta: there is no such folder or built-in domain"),
        ({"domains": ["alpha", "copy/alpha"]}, "would both be called alpha"),
    ],
)
def test_mistakes_in_the_settings_are_one_line(
    domains: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], said: str
) -> None:
    shutil.copytree(domains / "alpha", tmp_path / "copy" / "alpha")
    for name in ("alpha", "beta", "gamma"):
        (tmp_path / name).symlink_to(domains / name)
    code = main(["sweep", str(write(tmp_path, **changes)), "--out", str(tmp_path / "out")])
    err = capsys.readouterr().err
    assert code == 2 and said in err and "Traceback" not in err
    assert len(err.strip().splitlines()) == 1 or "problems" in err.splitlines()[0]
    assert not (tmp_path / "out").exists()


def test_a_dry_run_tells_the_jobs_and_writes_nothing(
    domains: Path, swept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sweep", str(write_quick(domains)), "--out", str(tmp_path / "new"), "--dry-run"]) == 0
    said = capsys.readouterr().out.splitlines()
    *jobs, left_out, total = said
    assert len(jobs) == 14 and total.startswith("14 jobs: 0 done, 0 failed, 14 to do; about ")
    assert all(line.startswith("to do ") for line in jobs) and "cooccurrence is not adapted by finetune" in left_out
    assert not (tmp_path / "new").exists()
    before = sorted((path, path.stat().st_mtime_ns) for path in swept.rglob("*"))
    assert main(["sweep", str(write_quick(domains)), "--out", str(swept), "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("14 jobs: 14 done, 0 failed, 0 to do")
    assert sorted((path, path.stat().st_mtime_ns) for path in swept.rglob("*") if path.name != ".lock") == [
        item for item in before if item[0].name != ".lock"
    ]


def test_what_a_sweep_leaves_behind(swept: Path) -> None:
    info = json.loads((swept / "sweep.json").read_text())
    assert info["sources"] == ["alpha", "beta"] == info["targets"]
    assert info["domains"]["alpha"]["splits"]["train"] == {"real": 16, "fake": 16, "groups": 16}
    assert len(info["jobs"]) == 14
    records = [json.loads((swept / "jobs" / f"{name}.json").read_text()) for name in info["jobs"]]
    assert {record["state"] for record in records} == {"done"} and {record["attempt"] for record in records} == {1}
    for record in records:
        assert record["checksum"] == checksum(record)
        assert all((swept / name).is_file() for name in record["sha256"])
        assert record["seconds"] > 0
    runs = {path.name for path in (swept / "runs").iterdir()}
    assert runs == {record["run"].removeprefix("runs/") for record in records} and len(runs) == (2 + 4) + (2 + 2)
    assert not list(swept.glob("runs/*-to-*/**/*.keras")), "weights of adapted runs are kept only if asked for"
    trained = next(swept.glob("runs/alpha-meso4-s0-??????????"))
    assert {path.name for path in (trained / "evaluations").iterdir()} == {"alpha", "beta"}
    assert (trained / "evaluations" / "beta" / "latents.npz").is_file()
    assert (trained / "evaluations" / "beta" / "pictures" / "pictures.json").is_file()
    assert (swept / "tensorboard" / "projector_config.pbtxt").is_file()
    assert not list((swept / ".workers").iterdir())
    audits = {path.stem: json.loads(path.read_text()) for path in (swept / "audits").iterdir()}
    assert set(audits) == {"alpha", "beta"}
    for name, audit in audits.items():
        assert audit["checksum"] == checksum(audit) and audit["fingerprint"] == info["domains"][name]["fingerprint"]


def test_the_numbers_are_those_of_the_single_commands(domains: Path, swept: Path, tmp_path: Path) -> None:
    """A job of a sweep gives what `train` and `adapt` give with the same settings."""
    job = next(swept.glob("runs/alpha-*-to-beta-finetune-k3-*"))
    trained = next(swept.glob("runs/alpha-meso4-s0-??????????"))
    threads = {**os.environ, "PYTHONPATH": str(ROOT), "TF_NUM_INTRAOP_THREADS": "1"}
    words = [sys.executable, "-m", "forensictransfer"]
    train = ["train", "--source", domains / "alpha", "--config", trained / "settings.yaml", "--out", tmp_path / "train"]
    adapt = ["adapt", "--run", tmp_path / "train", "--target", domains / "beta", "--config", job / "settings.yaml"]
    for one in (train, [*adapt, "--out", tmp_path / "adapt"]):
        subprocess.run([*words, *map(str, one)], check=True, capture_output=True, env=threads)
    for name in ("predictions.csv", "metrics.json"):
        ours = (job / "evaluations" / "beta" / name).read_text()
        assert ours == (tmp_path / "adapt" / "evaluations" / "beta" / name).read_text()


def test_two_workers_give_the_numbers_of_one(domains: Path, swept: Path, tmp_path: Path) -> None:
    done = command("sweep", write_quick(domains, **PART), "--out", tmp_path / "two", "--workers", 2)
    assert "2 workers of 1 thread" in done.stderr
    check_part(tmp_path / "two", swept, 8)
    workers = {json.loads(path.read_text())["worker"] for path in (tmp_path / "two" / "jobs").glob("*.json")}
    assert len(workers) == 2
    # Nothing is done a second time.
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "two").glob("runs/*/*")}
    command("sweep", write_quick(domains, **PART), "--out", tmp_path / "two", "--workers", 2)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "two").glob("runs/*/*")} == before


def test_a_killed_sweep_goes_on_and_ends_in_the_same_numbers(domains: Path, swept: Path, tmp_path: Path) -> None:
    out, words = tmp_path / "killed", ("sweep", write_quick(domains, **STEPS), "--workers", 1, "--out")
    process = start(*words, out, stderr=subprocess.DEVNULL)
    wait_for(lambda: list(out.glob("runs/*/.checkpoint.npz")), process)  # in the middle of the first training
    worker = int(next((out / ".workers").glob("*.json")).stem.rpartition("-")[2])
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_for(lambda: not Path(f"/proc/{worker}").exists())  # a worker does not outlive its command
    assert not list((out / "jobs").glob("*.json"))
    command(*words, out)
    check_part(out, swept, 4)
    attempts = [json.loads(path.read_text())["attempt"] for path in (out / "jobs").glob("*.json")]
    assert sorted(attempts) == [1, 1, 2]


def wait_for(what: Callable[[], Any], process: subprocess.Popen[Any] | None = None, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert process is None or process.poll() is None, "the command has ended"
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.05)


def test_a_job_that_fails_stops_no_other_and_is_named(domains: Path, tmp_path: Path) -> None:
    for name in ("alpha", "beta"):
        shutil.copytree(domains / name, tmp_path / name)
    grid = write(tmp_path, domains=["alpha", "beta"], **PART)
    for path in sorted((tmp_path / "beta" / "fake").iterdir()):
        path.write_bytes(b"no image")  # beta can neither be trained on nor tested on
    done = command("sweep", grid, "--out", tmp_path / "out", "--workers", 1, code=1)
    assert "3 of 6 jobs done" not in done.stdout and "1 of 6 jobs done" in done.stdout
    assert "failed: beta-cooccurrence-s0-" in done.stdout
    assert "domain 'beta': expected real and fake images in its train split, found no fake one" in done.stdout
    assert "its source's training failed: see jobs/beta-cooccurrence-s0-" in done.stdout
    assert "FAILED beta-cooccurrence-s0-" in done.stderr
    # The failures are kept, and done again only if asked for.
    assert "1 of 6 jobs done" in command("sweep", grid, "--out", tmp_path / "out", code=1).stdout
    again = command("sweep", grid, "--out", tmp_path / "out", "--retry", code=1)
    assert again.stderr.count("FAILED") == 5 and "1 of 6 jobs done" in again.stdout


def test_a_worker_that_is_killed_is_replaced_and_its_job_done(domains: Path, swept: Path, tmp_path: Path) -> None:
    out = tmp_path / "replaced"
    words = ("sweep", write_quick(domains, **PART), "--out", out, "--workers", 1)
    process = start(*words, stderr=subprocess.PIPE)
    wait_for(lambda: list((out / "jobs").glob("*-on-*.json")), process)  # in the middle of the short jobs
    os.kill(int(next((out / ".workers").glob("*.json")).stem.rpartition("-")[2]), signal.SIGKILL)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0 and "a worker ended with signal 9; its job is taken up again" in err
    check_part(out, swept, 8)


class AnHourLater(datetime):
    """A clock, for tests that need no waiting."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:
        return datetime.now(tz) + timedelta(hours=1)


def test_a_trial_that_was_taken_and_never_begun_does_not_hang_the_sweep(
    swept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its worker died before the first heartbeat, after which Optuna would wait for ever."""
    folder = SweepFolder(Path(shutil.copytree(swept, tmp_path / "copy")))
    sweep = folder.settings
    grid = make_grid(sweep, *open_domains(sweep))
    job = grid.jobs[-1]
    (folder.path / "jobs" / f"{job.name}.json").unlink()
    queue = Queue(folder, {job.name: job for job in grid.jobs}, None, heartbeat=1)
    with folder.lock():
        assert queue._top_up() == (1, 1)
    queue.study.ask()  # and then nothing, for an hour
    monkeypatch.setattr("forensictransfer.sweep.queue.datetime", AnHourLater)
    done = []

    def do(job: Job, attempt: int) -> float:
        done.append((job.name, attempt))
        record = folder.new_record(job, "done", balanced_accuracy=0.5, seconds=1.0, worker="w", attempt=attempt)
        folder.write_record(record)
        return 0.5

    queue.work(do)
    assert [name for name, _ in done] == [job.name]


def test_interruptions_do_not_use_up_a_job_but_deaths_do(swept: Path, tmp_path: Path) -> None:
    folder = SweepFolder(Path(shutil.copytree(swept, tmp_path / "copy")))
    sweep = folder.settings
    grid = make_grid(sweep, *open_domains(sweep))
    job = grid.jobs[-1]
    (folder.path / "jobs" / f"{job.name}.json").unlink()
    queue = Queue(folder, {job.name: job for job in grid.jobs}, None, heartbeat=10)
    for died in (False, False, False, False, True, True, True):
        with folder.lock():
            assert queue._top_up() == (1, 1)
        queue.study.ask().set_user_attr("worker", f"{worker_name().rpartition(':')[0]}:999999")
        queue.clear_dead(died=died)
    with folder.lock():
        assert queue._top_up() == (0, 0)
    record = folder.record(job.name)
    assert not record.done and "3 workers died while doing it" in str(record.error)
    # Somebody else has failed jobs done again: what this process knew of them is no longer so.
    assert Queue(folder, {job.name: job for job in grid.jobs}, None, heartbeat=10).forgive() == 1
    with folder.lock():
        assert queue._top_up() == (1, 1)
    lines = table_lines(grid, {job.name: record}, {}, 60)
    assert "0 of 14 jobs done, 0 running, 1 failed, about 1:00 left" in lines[0]


def test_a_sweep_that_was_killed_while_it_began_can_begin_again(domains: Path, swept: Path, tmp_path: Path) -> None:
    partial = Path(shutil.copytree(swept, tmp_path / "partial"))
    for path in partial.iterdir():
        if path.name not in ("jobs", "sweep.yaml"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    sweep = load_sweep(write_quick(domains))
    grid = make_grid(sweep, *open_domains(sweep))
    begun = SweepFolder.begin(partial, sweep, grid, SweepFolder(swept).info.domains)
    assert begun.info.jobs == tuple(job.name for job in grid.jobs)


def test_another_sweep_into_the_folder_is_refused(
    domains: Path, swept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sweep", str(write_quick(domains, shots=[0, 2])), "--out", str(swept)]) == 2
    err = capsys.readouterr().err
    assert "shots was [0, 3], now it is [0, 2]" in err and err.strip().endswith("[inputs-changed]")
    assert main(["sweep", str(write_quick(domains)), "--out", str(domains)]) == 2
    assert capsys.readouterr().err.strip().endswith("[not-a-sweep]")


def test_a_record_that_was_edited_is_found(swept: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(swept, tmp_path / "copy"))
    path = next((copy / "jobs").glob("*.json"))
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "balanced_accuracy": 1.0 - record["balanced_accuracy"] / 2}))
    with pytest.raises(UserError, match=f"{path.name}: ", check=lambda error: error.code == "file-damaged"):
        SweepFolder(copy).record(path.stem)


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:9/nothing", "sqlite:////nowhere/at/all.db", "nonsense"])
def test_a_storage_that_cannot_be_used_is_one_line(
    domains: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    assert main(["sweep", str(write_quick(domains)), "--out", str(tmp_path / "out"), "--storage", url]) == 2
    err = capsys.readouterr().err.strip()
    assert f"--storage {url}: cannot be used: " in err and "\n" not in err
