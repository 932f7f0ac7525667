"""The folder of a sweep: locks that outlive no process, names of jobs, and records of this very sweep alone."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from forensictransfer.core.errors import UserError
from forensictransfer.results.jobs import write_with_checksum
from forensictransfer.sweep.folder import SweepFolder
from forensictransfer.sweep.grid import _named
from forensictransfer.sweep.queue import open_study, storage_url

MADE = Path(__file__).parents[2] / "fixtures" / "v0_1" / "sweep"
HOLD_JOB = """
with folder.holding("job") as mine:
    print(mine, flush=True)
    sys.stdin.read()
"""
HOLD_BOTH_AND_FORK = """
with folder.lock(), folder.holding("job") as mine:
    if not os.fork():  # the fork speaks for itself: by then it has let go of what it inherited
        print(os.getpid(), flush=True)
    signal.pause()
"""
HOLD_UNTIL_TOLD = """
with folder.lock():
    print("held", flush=True)
    sys.stdin.readline()
    time.sleep(0.2)
    (folder.path / "done").touch()
"""


@contextlib.contextmanager
def process(folder: Path, work: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a process that does `work` with `folder`; yields it and its first line. It is killed at the end."""
    head = "import os, pathlib, signal, sys, time\nfrom forensictransfer.sweep.folder import SweepFolder\n"
    text = f"{head}folder = SweepFolder(pathlib.Path(sys.argv[1]))\n{work}"
    command = [sys.executable, "-c", text, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            yield running, running.stdout.readline().strip()
        finally:
            running.kill()


def test_a_job_is_held_by_one_process_and_free_when_it_is_killed(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path)
    with process(tmp_path, HOLD_JOB) as (holder, said):
        assert said == "True"
        with folder.holding("job") as mine:
            assert not mine
        assert not folder.is_free("job") and folder.is_free("another")
        holder.kill()
        holder.wait()
        with folder.holding("job") as mine:
            assert mine and not SweepFolder(tmp_path).is_free("job"), "held in this very process"
    assert folder.is_free("job") and (tmp_path / ".locks" / "job").is_file()


def test_a_fork_of_a_killed_process_does_not_keep_its_locks(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path)
    with process(tmp_path, HOLD_BOTH_AND_FORK) as (holder, child):
        assert not folder.is_free("job")
        holder.kill()
        holder.wait()
        try:
            os.kill(int(child), 0)  # raises if the fork has ended
            assert folder.is_free("job")
            with folder.lock():
                assert (tmp_path / ".lock").is_file()
        finally:
            os.kill(int(child), signal.SIGKILL)


def test_the_lock_is_waited_for(tmp_path: Path) -> None:
    with process(tmp_path, HOLD_UNTIL_TOLD) as (holder, said):
        assert said == "held" and holder.stdin is not None
        holder.stdin.write("\n")
        holder.stdin.flush()
        with SweepFolder(tmp_path).lock():
            assert (tmp_path / "done").exists()


def test_an_error_while_a_job_is_held_frees_it(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path)
    with pytest.raises(KeyError), folder.holding("job"):
        raise KeyError
    assert folder.is_free("job")


def test_no_job_is_recorded_in_another_sweep(tmp_path: Path) -> None:
    shutil.copytree(MADE, tmp_path / "sweep")
    folder = SweepFolder.open(tmp_path / "sweep")
    record = folder.record(sorted(folder.ended())[0])
    folder.write_record(record)
    write_with_checksum(tmp_path / "sweep" / "sweep.json", folder.info.model_copy(update={"id": "another"}))
    with pytest.raises(UserError, check=lambda error: error.code == "folder-lost"):
        folder.write_record(record)


@pytest.mark.parametrize("name", ["x" * 300, "偽" * 300, "...", "a/b|c\n\x1b[31m", "é" * 150])
def test_a_job_is_a_folder_whatever_its_domains_are_called(tmp_path: Path, name: str) -> None:
    job = _named(f"{name}-ft-res-s0", {"source": "0"})
    assert len(job.encode()) <= 231 and job.isprintable() and not job.startswith(".")
    (tmp_path / f".{job}.partial-1234567").mkdir()
    assert job != _named(f"{name}-ft-res-s0", {"source": "1"})


@pytest.mark.parametrize("name", ["plain", "a?b", "a%41b", "a#b", "a b", "a&b=c", "ü", "a:b@c", "a\nb", "a+b"])
def test_the_study_lies_in_the_folder_whatever_that_is_called(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    open_study(storage_url(tmp_path / name, None), "sweep", 10)
    assert os.listdir(tmp_path) == [name] and os.listdir(tmp_path / name) == ["study.db"]
