"""The record that the owner of a folder leaves in the file of its lock, and what it says of an owner elsewhere."""

from __future__ import annotations

import errno
import json
import os
import shlex
import socket
import sys
import time
import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.files import now

SILENCE = 600.0  # seconds without a sign of life after which an owner on another machine is believed dead
_BEGINNING = b'{"doing": '  # of a record
_MOST = 4096  # bytes of a record that are read
_COMMAND = 200  # characters of the command line that are kept
# File systems that several machines may use; on all others every user sees the locks.
_SHARED = ("nfs", "cifs", "smb", "9p", "fuse", "lustre", "gpfs", "beegfs", "ceph", "gluster", "afs", "ocfs", "gfs")


@dataclass(frozen=True)
class Owner:
    """Who writes to a folder. doing: the command in one word; since: when it began, in UTC."""

    doing: str
    host: str
    pid: int
    command: str
    since: str
    token: str

    @classmethod
    def me(cls, doing: str) -> Owner:
        """Describe this process, which begins to write now."""
        return cls(doing, socket.gethostname(), os.getpid(), _command(), now(), uuid.uuid4().hex)

    @property
    def here(self) -> bool:
        """Whether the owner is a process of this machine."""
        return self.host == socket.gethostname()

    @property
    def text(self) -> str:
        """Describe the owner for a message, with its age."""
        return f"`{self.doing}` (process {self.pid} on {self.host}, since {self.since}{_age(self.since)})"


def check_own(file: Path) -> None:
    """Raise UserError if a file of the lock's name is something else: it would be written over and removed."""
    try:
        with file.open("rb") as opened:
            beginning = opened.read(len(_BEGINNING))
    except OSError:  # not there, or nothing that the next step would not meet, too
        return
    if file.is_symlink() or not _BEGINNING.startswith(beginning):
        raise UserError(
            f"{file}: is in the way of the lock of {file.name[1:-5]} and none itself; move it away",
            code=ErrorCode.PATH_EXISTS,
        )


def lives_elsewhere(file: Path, owner: Owner) -> bool:
    """Tell whether the owner may live on another machine whose locks are not seen here."""
    return not owner.here and silent_for(file) < SILENCE and _is_shared(file)


def silent_for(file: Path) -> float:
    """Return the seconds since the last sign of life in a file, 0 if it is not there."""
    try:
        return time.time() - file.stat().st_mtime
    except OSError:
        return 0.0


def _is_shared(file: Path) -> bool:
    """Tell whether a file lies on a file system that other machines may use, too."""
    place = os.path.realpath(file.parent)
    mounts = [one for one in psutil.disk_partitions(all=True) if _within(place, one.mountpoint)]
    kind = max(mounts, key=lambda one: len(one.mountpoint)).fstype.lower() if mounts else "nfs"
    return kind.startswith(_SHARED)


def _within(place: str, folder: str) -> bool:
    return place == folder or place.startswith(folder.rstrip(os.sep) + os.sep)


def write_owner(descriptor: int, owner: Owner, file: Path) -> None:
    """Write the record of an owner into the open file of a lock. Raises OSError, the file named and removed."""
    try:
        content = json.dumps(asdict(owner)).encode()
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        if os.write(descriptor, content) != len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError as error:
        file.unlink(missing_ok=True)
        raise OSError(error.errno, os.strerror(error.errno or 0), str(file)) from error


def read_owner(file: Path) -> Owner | None:
    """Read the record of an owner, None if there is none. One that is damaged is that of nobody known."""
    try:
        with file.open("rb") as opened:
            content = json.loads(opened.read(_MOST))
        return Owner(
            doing=str(content["doing"]),
            host=str(content["host"]),
            pid=int(content["pid"]),
            command=str(content["command"]),
            since=str(content["since"]),
            token=str(content["token"]),
        )
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def _command() -> str:
    words = [os.path.basename(sys.argv[0]) or "python", *sys.argv[1:]] if sys.argv else ["python"]
    return shlex.join(words)[:_COMMAND]


def _age(since: str) -> str:
    try:
        seconds = (datetime.now(UTC) - datetime.fromisoformat(since)).total_seconds()
    except (ValueError, TypeError, OverflowError):  # nobody writes such a time
        return ""
    if seconds < 120:
        return f", {max(0, seconds):.0f} s ago"
    return f", {seconds / 60:.0f} min ago" if seconds < 7200 else f", {seconds / 3600:.0f} h ago"
