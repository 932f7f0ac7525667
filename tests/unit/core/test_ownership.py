"""A folder has one writer at a time, a dead one is in nobody's way, and one that lost its folder notices."""

from __future__ import annotations

import errno
import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from filelock import FileLock

from forensictransfer.core import owners, ownership
from forensictransfer.core.errors import UserError
from forensictransfer.core.ownership import check_free, lock_file, owning

HOLD = """
import sys, time
from pathlib import Path
from forensictransfer.core.ownership import owning
with owning(Path(sys.argv[1]), "train"):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def owner_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def refused(code: str, *words: str) -> Iterator[None]:
    with pytest.raises(UserError, check=lambda found: found.code == code) as caught:
        yield
    said = str(caught.value)
    assert "\n" not in said and all(word in said for word in words), said


def record(folder: Path, **changes: Any) -> None:
    """Write the record that an owner has left who did not end well."""
    known = {"doing": "train", "host": "elsewhere", "pid": 7, "command": "c", "since": "2026-01-01T00:00:00Z"}
    lock_file(folder).write_text(json.dumps({**known, "token": "t", **changes}))


def test_nothing_is_left_of_an_ownership(tmp_path: Path) -> None:
    with owning(tmp_path / "deep" / "run", "train") as owned:
        assert lock_file(tmp_path / "deep" / "run").is_file()
        owned.check()
    assert not list(tmp_path.iterdir())
    with pytest.raises(KeyError), owning(tmp_path / "run", "train"):
        raise KeyError
    assert not list(tmp_path.iterdir())
    check_free(tmp_path / "run")
    assert not list(tmp_path.iterdir())


def test_another_process_is_refused_and_named(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with owner_process(folder) as process:
        for call in (check_free, lambda place: owning(place, "adapt").__enter__()):
            with refused("folder-in-use", f"{folder}: ", "`train`", f"process {process.pid} ", " s ago"):
                call(folder)
        check_free(tmp_path / "other")
    # It was killed: nobody waits for it.
    check_free(folder)
    assert lock_file(folder).is_file()


def test_a_dead_owner_is_taken_over_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "run"
    with owner_process(folder) as process:
        pass
    with caplog.at_level(logging.WARNING), owning(folder, "train"):
        assert f"process {process.pid} " in caplog.text and "taken over" in caplog.text
    assert not lock_file(folder).exists()


def test_threads_of_one_process_are_kept_apart_too(tmp_path: Path) -> None:
    found: list[Any] = []

    def second() -> None:
        try:
            with owning(tmp_path / "run", "adapt"):
                found.append("both own it")
        except UserError as error:
            found.append(error.code)

    with owning(tmp_path / "run", "train"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert found == ["folder-in-use"]


def test_of_many_that_come_at_once_one_owns(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work(number: int) -> None:
        for _ in range(10):
            try:
                with owning(tmp_path / "run", "train") as owned:
                    inside.append(number)
                    most.append(len(inside))
                    owned.check()
                    time.sleep(0.001)
                    inside.remove(number)
            except UserError as error:
                assert error.code == "folder-in-use"

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(most) == {1} and not list(tmp_path.iterdir())


def test_a_link_to_a_folder_is_the_folder(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "run")
    with owning(tmp_path / "link", "train"), refused("folder-in-use"):
        check_free(tmp_path / "run")


def test_a_writer_notices_that_its_folder_was_taken_over(tmp_path: Path) -> None:
    with owning(tmp_path / "run", "train") as owned:
        assert owned.holds()
        record(tmp_path / "run")
        assert not owned.holds()
        with refused("folder-lost", f"{tmp_path / 'run'}: ", "elsewhere"):
            owned.check()
    assert lock_file(tmp_path / "run").is_file(), "the record of the new owner is not removed"


def test_a_writer_notices_that_its_folder_was_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    with owning(folder, "train") as owned:
        owned.bind(folder)
        owned.check()
        folder.rename(tmp_path / "moved")
        folder.mkdir()
        with refused("folder-lost", f"{folder}: "):
            owned.check()
        folder.rmdir()
        assert not owned.holds()


@pytest.mark.parametrize(("kind", "silent", "refuse"), [("nfs4", 10, True), ("nfs4", 700, False), ("ext4", 10, False)])
def test_an_owner_on_another_machine_is_believed_alive_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, silent: float, refuse: bool
) -> None:
    mounts = [SimpleNamespace(mountpoint="/", fstype="ext4"), SimpleNamespace(mountpoint=str(tmp_path), fstype=kind)]
    monkeypatch.setattr(owners.psutil, "disk_partitions", lambda all: mounts)
    record(tmp_path / "run")
    os.utime(lock_file(tmp_path / "run"), (time.time() - silent,) * 2)
    if not refuse:
        check_free(tmp_path / "run")
        with owning(tmp_path / "run", "train"):
            return
    for call in (check_free, lambda place: owning(place, "train").__enter__()):
        with refused("folder-in-use", "elsewhere", "10 minutes"):
            call(tmp_path / "run")


def test_an_owner_gives_signs_of_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ownership, "HEARTBEAT", 0.01)
    with owning(tmp_path / "run", "train"):
        os.utime(lock_file(tmp_path / "run"), (0, 0))
        end = time.monotonic() + 10
        while lock_file(tmp_path / "run").stat().st_mtime == 0:
            assert time.monotonic() < end, "no sign of life"
            time.sleep(0.01)


def test_file_systems_without_locks_go_by_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSYS, "no locks")

    monkeypatch.setattr(FileLock, "acquire", none)
    with owning(tmp_path / "run", "train"), refused("folder-in-use", f"process {os.getpid()} "):
        check_free(tmp_path / "run")
    assert not list(tmp_path.iterdir())
    record(tmp_path / "run")
    with refused("folder-in-use", "elsewhere"):
        check_free(tmp_path / "run")
    os.utime(lock_file(tmp_path / "run"), (0, 0))
    with owning(tmp_path / "run", "train") as owned:
        owned.check()


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"doing": 1}', b'{"doing": "train", "ho', b'{"doing": ' + b"[" * 5000]
)
def test_a_damaged_record_is_nobodys(tmp_path: Path, content: bytes) -> None:
    lock_file(tmp_path / "run").write_bytes(content)
    check_free(tmp_path / "run")
    with owning(tmp_path / "run", "train") as owned:
        owned.check()
    assert not list(tmp_path.iterdir())


def test_a_file_of_the_locks_name_that_is_none_is_left_alone(tmp_path: Path) -> None:
    file = lock_file(tmp_path / "run")
    for content in (b"mine", b"[]", b"\xff\xfe"):
        file.write_bytes(content)
        with refused("path-exists", f"{file}: "), owning(tmp_path / "run", "train"):
            pass
        assert file.read_bytes() == content
    file.rename(tmp_path / "kept")
    file.symlink_to(tmp_path / "kept")
    with refused("path-exists", f"{file}: "), owning(tmp_path / "run", "train"):
        pass
    assert (tmp_path / "kept").read_bytes() == b"\xff\xfe"


@pytest.mark.parametrize(
    "since", ["", "yesterday", "2026-01-01", "2026-01-01T00:00:00", "\x1b[31m\n", "9999-12-31T23:59:59Z"]
)
def test_a_record_of_any_time_is_told_in_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture, since: str) -> None:
    record(tmp_path / "run", since=since)
    with caplog.at_level(logging.WARNING), owning(tmp_path / "run", "train"):
        assert "process 7 on elsewhere" in caplog.text
    record(tmp_path / "run", pid=float("inf"))
    with owning(tmp_path / "run", "train"):
        pass
