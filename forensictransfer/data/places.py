"""What lies in a folder, and whether two paths are one place."""

from __future__ import annotations

import os
from pathlib import Path

from forensictransfer.core.errors import ErrorCode, UserError

Identity = tuple[int, int]


def entries_of(folder: str | Path) -> list[os.DirEntry[str]]:
    """List what lies in a folder by name, hidden ones left out. Raises UserError if it cannot be read."""
    try:
        with os.scandir(folder) as found:
            return sorted((one for one in found if not one.name.startswith(".")), key=lambda one: one.name)
    except OSError as error:
        raise UserError(
            f"{folder}: the folder cannot be read: {error.strerror}", code=ErrorCode.PATH_NOT_READABLE
        ) from error


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Tell whether an entry is a folder or a link to one; a link to itself is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def identity_of(path: str) -> Identity | None:
    """Return device and inode of what a path leads to; None where it leads nowhere or the system has no inodes."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if status.st_ino else None


def is_within(path: str, folder: str) -> bool:
    """Tell whether a real path is a folder or lies below it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
