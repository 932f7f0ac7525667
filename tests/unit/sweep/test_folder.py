"""The locks of a sweep's folder: one process at a time, and none that outlives its process."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from forensictransfer.sweep.folder import SweepFolder

HOLD_JOB = """
with folder.holding("job") as mine:
    print(mine, flush=True)
    sys.stdin.read()
"""
HOLD_BOTH_AND_FORK = """
with folder.lock(), folder.holding("job") as mine:
    child = os.fork()
    if child:
        print(child, flush=True)
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
