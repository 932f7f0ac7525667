"""Who writes to a folder: one process at a time, known by name and age, and asked again before it seals its work.

Beside the folder R lies `.R.lock` while R is being written: a file that the kernel locks for its owner and unlocks with
the owner's end, however that comes, and in it a record of who that is. A record whose lock is free is that of a dead
owner: it is taken over, and said. File systems that several machines share may not share their locks; there the owner's
sign of life counts (the file's time, every half minute), and one of another machine is believed alive for ten minutes
after the last. Who only reads needs none of this.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.owners import (
    SILENCE,
    Owner,
    check_own,
    lives_elsewhere,
    read_owner,
    silent_for,
    write_owner,
)

_log = logging.getLogger(__name__)

HEARTBEAT = 30.0  # seconds between two signs of life
_PATIENCE = 0.5  # seconds: another process may be looking at the lock, not holding it
_WITHOUT_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL)


class Ownership:
    """The right to write to one folder, from the moment that it was taken to its end."""

    def __init__(self, folder: Path, file: Path, owner: Owner) -> None:
        self.folder, self.owner = folder, owner
        self._file = file
        self._bound: tuple[Path, tuple[int, int] | None] | None = None

    def bind(self, folder: Path) -> None:
        """Remember the folder that lies there now as the one that is written to; another in its place is not ours."""
        self._bound = folder, _identity(folder)

    def holds(self) -> bool:
        """Tell whether the folder is still owned: no other has taken it over or put another folder in its place."""
        record = read_owner(self._file)
        if record is None or record.token != self.owner.token:
            return False
        return self._bound is None or _identity(self._bound[0]) == self._bound[1]

    def check(self) -> None:
        """Raise UserError unless the folder is still owned. Asked before anything is written or sealed."""
        if self.holds():
            return
        record = read_owner(self._file)
        other = f" by {record.text}" if record is not None and record.token != self.owner.token else ""
        place = self._bound[0] if self._bound else self.folder
        raise UserError(
            f"{place}: was replaced or taken over{other} while `{self.owner.doing}` wrote to it; what is not written "
            "yet is given up, and nothing is sealed",
            code=ErrorCode.FOLDER_LOST,
        )


@contextlib.contextmanager
def owning(folder: Path, doing: str) -> Iterator[Ownership]:
    """Own a folder, which need not be there yet, while the block runs.

    Raises UserError, before anything is written, if another living process owns it. A dead owner's folder is taken over
    with a warning.
    """
    folder = Path(os.path.realpath(folder))
    file = lock_file(folder)
    made = _make_parents(file)
    owner = Owner.me(doing)
    try:
        with _locked(file, folder) as descriptor:
            before = read_owner(file)
            if before is not None:
                if lives_elsewhere(file, before):
                    raise _in_use(folder, before, shared=True)
                _log.warning("%s: its owner, %s, ended before it was done; it is taken over", folder, before.text)
            write_owner(descriptor, owner, file)
            stop = threading.Event()
            beat = threading.Thread(target=_beat, args=(file, owner.token, stop), daemon=True)
            beat.start()
            ownership = Ownership(folder, file, owner)
            try:
                yield ownership
            finally:
                stop.set()
                if os.getpid() == owner.pid and (still := read_owner(file)) is not None and still.token == owner.token:
                    file.unlink(missing_ok=True)  # while it is still locked
    finally:
        for parent in made:
            with contextlib.suppress(OSError):
                parent.rmdir()  # unless something lies in it


def check_free(folder: Path) -> None:
    """Raise UserError if another living process owns a folder. Nothing is written; for a word before any work."""
    folder = Path(os.path.realpath(folder))
    file = lock_file(folder)
    record = read_owner(file)
    if record is None:
        return
    with _locked(file, folder):
        still = read_owner(file)
        if still is not None and lives_elsewhere(file, still):
            raise _in_use(folder, still, shared=True)
        if still is None:  # it has ended meanwhile, and the lock made the file again
            file.unlink(missing_ok=True)


def lock_file(folder: Path) -> Path:
    """Return the file whose lock means that a folder is owned."""
    return folder.with_name(f".{folder.name}.lock")


@contextlib.contextmanager
def _locked(file: Path, folder: Path) -> Iterator[int]:
    """Hold the kernel's lock on a file and yield its descriptor. Raises UserError if another process holds it."""
    check_own(file)
    found: list[int] = []
    # A soft lock, a file as a mark, would outlive a killed process.
    lock = FileLock(file, fallback_to_soft=False, thread_local=False, on_acquired=found.append)
    while True:
        found.clear()
        try:
            lock.acquire(timeout=_PATIENCE, poll_interval=0.05)
        except Timeout:
            if not file.exists():  # /proc and its like
                raise _not_writable(folder) from None
            raise _in_use(folder, read_owner(file)) from None
        except OSError as error:
            if error.errno not in _WITHOUT_LOCKS:
                raise OSError(error.errno, os.strerror(error.errno or 0), str(folder)) from error
            with _without_locks(file, folder) as descriptor:
                yield descriptor
            return
        try:
            # The last owner removes the file at its end: a lock on a file without a name keeps nobody out.
            if _identity(file) == _of(os.fstat(found[0])):
                yield found[0]
                return
        finally:
            lock.release()


@contextlib.contextmanager
def _without_locks(file: Path, folder: Path) -> Iterator[int]:
    """Do without the kernel: on file systems without locks the record alone says who owns a folder."""
    before = read_owner(file)
    if before is not None:
        here = before.here
        if (here and psutil.pid_exists(before.pid)) or (not here and silent_for(file) < SILENCE):
            raise _in_use(folder, before, shared=not here)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _not_writable(folder: Path) -> UserError:
    return UserError(
        f"{folder}: cannot be written: the file system lets no file or folder be made there",
        code=ErrorCode.PATH_NOT_WRITABLE,
    )


def _in_use(folder: Path, owner: Owner | None, *, shared: bool = False) -> UserError:
    who = "another process" if owner is None else owner.text
    until = "wait until it ends, or stop it"
    if shared:
        until += f"; an owner on another machine counts as dead {SILENCE / 60:g} minutes after its last sign of life"
    return UserError(f"{folder}: is being written by {who}; {until}", code=ErrorCode.FOLDER_IN_USE)


def _beat(file: Path, token: str, stop: threading.Event) -> None:
    """Give a sign of life again and again."""
    while not stop.wait(HEARTBEAT):
        record = read_owner(file)
        if record is not None and record.token == token:
            with contextlib.suppress(OSError):
                os.utime(file)


def _make_parents(file: Path) -> list[Path]:
    """Make the folders above a file; returns those that were not there, the innermost first."""
    missing = [parent for parent in file.parents if not parent.exists()]
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except FileNotFoundError as error:  # /proc and its like
        raise _not_writable(file.parent) from error
    return missing


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        return _of(path.stat())
    except OSError:
        return None


def _of(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
