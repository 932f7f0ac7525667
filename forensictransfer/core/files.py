"""Files and folders that appear whole or not at all, whatever kills the process in between."""

from __future__ import annotations

import contextlib
import csv
import ctypes
import errno
import glob
import hashlib
import io
import json
import math
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forensictransfer.core.errors import ErrorCode, UserError

_PARTIAL = re.compile(r"^\..+\.partial-(\d+)$")


@contextlib.contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Yield a hidden path beside `path`, of the same suffix, to write to.

    It takes `path`'s place when the block ends well.

    An OSError that does not say which file it is about (a full disk) is given the name of this one.
    """
    temporary = path.with_name(f".tmp-{os.getpid()}-{path.name}")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync(path.parent)
    except OSError as error:
        # HDF5 reports a full disk without an errno of its own, in its message alone.
        inner = re.search(r"errno = (\d+)", str(error))
        number = error.errno or (int(inner.group(1)) if inner else None)
        if number is None:
            raise
        raise OSError(number, os.strerror(number), str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text; bytes of a file name that are no UTF-8 are written as escapes."""
    with (
        writing(path) as temporary,
        temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file,
    ):
        file.write(text)


def write_json(path: Path, content: Any) -> None:
    """Write JSON that any reader takes: numbers that are not finite become null, numpy's become plain ones."""
    write_text(path, json.dumps(_plain(content), indent=2, ensure_ascii=False) + "\n")


@contextlib.contextmanager
def new_folder(path: Path, *, replaces: Callable[[Path], None] | None = None) -> Iterator[Path]:
    """Yield a hidden folder beside `path` to fill; it becomes `path` when the block ends well and goes away otherwise.

    Args:
        path: the folder to make; an empty one may be there.
        replaces: raises UserError unless the folder that it is given may be replaced; asked when the new one is whole,
            since by then another may lie there. Without it nothing is ever replaced.
    Raises:
        UserError: `path` holds something.
    """
    path = Path(os.path.realpath(path))
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _clear_abandoned(path)
        partial.mkdir()
    except FileNotFoundError as error:  # /proc and its like
        raise UserError(
            f"{path}: cannot be written: the file system lets no folder be made there", code=ErrorCode.PATH_NOT_WRITABLE
        ) from error
    except OSError as error:
        raise OSError(error.errno, os.strerror(error.errno or 0), str(path)) from error
    try:
        yield partial
        _put(partial, path, replaces)
    except OSError as error:
        if error.errno is None or not str(error.filename).startswith(str(partial)):
            raise
        # The user knows the file by the place that it was meant for.
        raise OSError(
            error.errno, os.strerror(error.errno), str(path) + str(error.filename)[len(str(partial)) :]
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _put(new: Path, path: Path, replaces: Callable[[Path], None] | None) -> None:
    """Put a whole folder in its place, and remove what lay there if that may be replaced."""
    old = None
    if replaces is not None and path.is_dir() and any(path.iterdir()):
        replaces(path)
        if _exchange(new, path):
            old = new
        else:
            old = path.with_name(f".{path.name}.old.partial-{os.getpid()}")
            path.rename(old)
    if old != new:
        try:
            new.rename(path)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            raise UserError(
                f"{path}: holds files that were not there before, and is left as it is; choose another folder",
                code=ErrorCode.PATH_EXISTS,
            ) from error
    _sync(path.parent)
    if old is not None:
        shutil.rmtree(old)


def check_folder(path: Path) -> None:
    """Raise UserError unless a folder stands at `path` or could be made there, outside of any run, and written to."""
    above = next(folder for folder in (path.absolute(), *path.absolute().parents) if folder.exists())
    if not above.is_dir():
        raise UserError(f"{path}: expected a folder to write to, but {above} is a file", code=ErrorCode.PATH_WRONG_KIND)
    inside = next((str(folder) for folder in path.absolute().parents if (folder / "run.json").is_file()), None)
    if inside:
        raise UserError(
            f"{path}: lies inside the run {inside}; choose a folder of its own", code=ErrorCode.PATH_NOT_WRITABLE
        )
    if not os.access(above if above != path.absolute() else above.parent, os.W_OK | os.X_OK):
        raise UserError(
            f"{path}: cannot be written: {above} is read-only or not yours", code=ErrorCode.PATH_NOT_WRITABLE
        )


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Write rows as CSV text, as RFC 4180 has it, with plain line feeds."""
    out = io.StringIO()
    plain, quoted = (
        csv.writer(out, lineterminator="\n", quoting=quoting) for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
    )
    for row in (header, *rows):
        # The module of Python 3.11 leaves a carriage return unquoted, which no reader takes.
        returns = any(isinstance(cell, str) and "\r" in cell for cell in row)
        (quoted if returns else plain).writerow(row)
    return out.getvalue()


def read_json(path: Path) -> Any:
    """Read a JSON file. Raises UserError if it is missing or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: is missing", code=ErrorCode.PATH_MISSING) from None
    except (ValueError, RecursionError):
        raise UserError(
            f"{path}: is damaged or was changed: it is not valid JSON", code=ErrorCode.FILE_DAMAGED
        ) from None
    except IsADirectoryError:
        raise UserError(f"{path}: expected a JSON file, got a folder", code=ErrorCode.PATH_WRONG_KIND) from None


def file_sha256(path: Path) -> str:
    """Compute the SHA-256 of a file's content, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_sha256(folder: Path) -> str:
    """Compute one SHA-256, in hex, of all files below a folder: their paths in it and their contents."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [f"{file_sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in paths]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def link_or_copy(source: Path, path: Path) -> None:
    """Make `path` a second name of a file that nobody writes into, or where the disk has no links its copy."""
    path.unlink(missing_ok=True)
    try:
        os.link(source, path)
    except OSError:
        shutil.copyfile(source, path)


def now() -> str:
    """Return the time in UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _clear_abandoned(path: Path) -> None:
    """Remove the hidden folders that killed processes of this machine left for the same path.

    One that was moved away for a new one that never came is moved back.
    """
    for other in path.parent.glob(f".{glob.escape(path.name)}.*partial-*"):
        found = _PARTIAL.match(other.name)
        if found and not Path("/proc", found.group(1)).exists() and Path("/proc/self").exists():
            if other.name.startswith(f".{path.name}.old.") and not path.exists():
                other.rename(path)
            else:
                shutil.rmtree(other, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step, so that no kill falls between two; False where the system cannot."""
    try:
        library = ctypes.CDLL(None, use_errno=True)
        swap = library.renameat2
    except (OSError, AttributeError, TypeError):
        return False
    at_working_folder, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return bool(swap(at_working_folder, os.fsencode(one), at_working_folder, os.fsencode(other), exchange) == 0)


def _sync(folder: Path) -> None:
    """Make a rename in a folder last through a power cut; file systems that cannot are left alone."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if hasattr(value, "tolist"):  # numpy scalars and arrays
        return _plain(value.tolist())
    return str(value) if isinstance(value, Path) else value
