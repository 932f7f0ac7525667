"""The command line, `forensictransfer train | adapt | evaluate | sweep | report | ...`: no logic, no TensorFlow."""

from __future__ import annotations

import errno
import logging
import os
import sys
from argparse import Namespace
from collections.abc import Sequence

from forensictransfer.cli.common import NAME
from forensictransfer.cli.parser import build_parser, check_words
from forensictransfer.core.errors import UserError
from forensictransfer.core.log import messages_on_stderr
from forensictransfer.core.visible import visible_lines


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 2 for a mistake in the input or a full disk, 130 if interrupted."""
    try:
        code = _run(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
        return code
    except UserError as error:
        return _say(f"error: {error.line}", 2)
    except BrokenPipeError:  # whoever read our output (`| head`) has gone
        _discard_output()
        return 141
    except OSError as error:
        if error.errno not in _TROUBLE:
            raise
        if error.filename is None:
            _discard_output()
        return _say(f"error: {_file(error)}: {_TROUBLE[error.errno]}", 2)
    except KeyboardInterrupt:
        return _say(_INTERRUPTED, 130)
    except Exception as error:
        trouble = _TENSORFLOW_TROUBLE.get(type(error).__name__)
        if trouble is None or not type(error).__module__.startswith("tensorflow"):
            raise
        return _say(f"error: {trouble}: {str(error).splitlines()[0]}", 2)


_INTERRUPTED = (
    "interrupted; a training continues with --resume, a sweep, `predict` into files and `data faces` when called again"
)
# What the machine may refuse while nothing is wrong with the program: said in one line, without a traceback.
_TROUBLE = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would be larger than the system allows",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "no permission",
    errno.EPERM: "no permission",
    errno.ENOTDIR: "part of the path is a file, not a folder",
    errno.EISDIR: "is a folder, not a file",
    errno.ENAMETOOLONG: "the name is too long",
    errno.EIO: "the disk reports an error",
    errno.EMFILE: "too many files are open",
}
_TENSORFLOW_TROUBLE = {
    "ResourceExhaustedError": "out of memory or disk (a smaller --train.batch or --evaluate.batch needs less memory)",
    "PermissionDeniedError": "no permission",
    "FailedPreconditionError": "cannot be written",
}


def _discard_output() -> None:
    """Send what is left of stdout nowhere, so that Python does not fail on it again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _file(error: OSError) -> str:
    """Name the file that a system error is about; the second one of a rename is the one that a user knows."""
    name = error.filename2 or error.filename or "the output"
    return os.fsdecode(name) if isinstance(name, (str, bytes)) else str(name)


def _run(words: list[str]) -> int:
    parser, commands = build_parser()
    if not words:
        parser.print_help(sys.stderr)
        return 2
    check_words(parser, commands, words)
    try:
        arguments = parser.parse_args(words)
    except SystemExit as stop:  # --help and --version
        return int(stop.code or 0)
    with messages_on_stderr(_level(arguments)):
        return arguments.handler(arguments) or 0


def _level(arguments: Namespace) -> int:
    if getattr(arguments, "quiet", False):
        return logging.WARNING
    return logging.DEBUG if getattr(arguments, "verbose", False) else logging.INFO


def _say(message: str, code: int) -> int:
    print(visible_lines(f"{NAME}: {message}"), file=sys.stderr)
    return code
