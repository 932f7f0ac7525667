"""What a user did that cannot work, said in one line and named by a code."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from enum import StrEnum

from forensictransfer.core.visible import visible


class ErrorCode(StrEnum):
    """The kinds of errors, by names that stay as they are: scripts and tests ask for these, not for the message.

    docs/errors.md says of each what it means and what to do.
    """

    INVALID_INPUT = "invalid-input"
    COMMAND_LINE = "command-line"
    ARGUMENTS_CONFLICT = "arguments-conflict"
    NAME_UNKNOWN = "name-unknown"
    NAME_UNSUITABLE = "name-unsuitable"
    SETTING_UNKNOWN = "setting-unknown"
    SETTING_INVALID = "setting-invalid"

    PATH_MISSING = "path-missing"
    PATH_EXISTS = "path-exists"
    PATH_WRONG_KIND = "path-wrong-kind"
    PATH_NOT_READABLE = "path-not-readable"
    PATH_NOT_WRITABLE = "path-not-writable"
    FOLDER_IN_USE = "folder-in-use"
    FOLDER_LOST = "folder-lost"
    FILE_INVALID = "file-invalid"
    FILE_DAMAGED = "file-damaged"
    FORMAT_UNKNOWN = "format-unknown"

    DOMAIN_LAYOUT = "domain-layout"
    DOMAIN_CLASS_MISSING = "domain-class-missing"
    DOMAIN_REPEATED = "domain-repeated"
    DOMAIN_CONTRADICTORY = "domain-contradictory"
    GROUPS_INVALID = "groups-invalid"
    GROUPS_AMBIGUOUS = "groups-ambiguous"
    TOO_FEW_IMAGES = "too-few-images"
    DATA_SET_INCOMPLETE = "data-set-incomplete"
    DATA_SET_NOT_BUILT = "data-set-not-built"

    IMAGE_UNREADABLE = "image-unreadable"
    IMAGE_EMPTY = "image-empty"
    IMAGE_FORMAT_UNKNOWN = "image-format-unknown"
    IMAGE_DAMAGED = "image-damaged"
    IMAGE_TOO_LARGE = "image-too-large"
    IMAGE_SAMPLES_UNSUPPORTED = "image-samples-unsupported"
    IMAGE_LAYOUT_UNSUPPORTED = "image-layout-unsupported"
    VIDEO_UNREADABLE = "video-unreadable"
    VIDEO_DAMAGED = "video-damaged"
    MASKS_UNSUITABLE = "masks-unsuitable"
    PHOTOGRAPH_UNSUITABLE = "photograph-unsuitable"

    NOT_A_RUN = "not-a-run"
    NOT_A_SWEEP = "not-a-sweep"
    RUN_UNFINISHED = "run-unfinished"
    RUN_NOT_EVALUATED = "run-not-evaluated"
    RUN_UNSUITABLE = "run-unsuitable"
    INPUTS_CHANGED = "inputs-changed"
    SWEEP_WITHOUT_RESULTS = "sweep-without-results"
    WORKERS_FAILED = "workers-failed"
    STORAGE_UNUSABLE = "storage-unusable"

    DETECTOR_UNSUITABLE = "detector-unsuitable"
    DETECTOR_NOT_APPLICABLE = "detector-not-applicable"
    DETECTOR_INVALID = "detector-invalid"
    WEIGHTS_UNSUITABLE = "weights-unsuitable"
    TRAINING_DIVERGED = "training-diverged"

    PACKAGE_MISSING = "package-missing"
    BACKEND_UNSUPPORTED = "backend-unsupported"


_LONGEST = 1500  # characters of a line; a path may have some hundred


class UserError(Exception):
    """A mistake in the input: what was expected, what came, where, and what to do, in one line.

    The command line prints the message and the code without a traceback and ends with exit code 2.

    Args:
        message: the line; what cannot be seen in it, as in names of files, is written as escapes.
        code: the kind of mistake.
    """

    def __init__(self, message: str = "", *, code: ErrorCode = ErrorCode.INVALID_INPUT) -> None:
        super().__init__("\n".join(_bounded(line) for line in self._shown(message).split("\n")))
        self.code = code

    @staticmethod
    def _shown(message: str) -> str:
        return visible(message)

    @property
    def line(self) -> str:
        """Give the message with the code behind its first line, as the command line prints it."""
        first, newline, rest = str(self).partition("\n")
        return f"{first} [{self.code}]{newline}{rest}"


def _bounded(line: str) -> str:
    """Leave out the middle of a line that quotes more than anyone reads: what a file of garbage calls a name."""
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 300]} ... {line[-250:]}"


def some(names: Iterable[str], most: int = 6) -> str:
    """List the first `most` names for a message, and how many more there are."""
    listed = list(names)
    return ", ".join(listed[:most]) + (f" and {len(listed) - most} more" if len(listed) > most else "")


def first_line(error: Exception) -> str:
    """Say what went wrong in a library, for a message of one line: the first of the error, or its class."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def nearest(name: str, known: Iterable[str]) -> str:
    """Suggest the known spelling closest to `name`, as the tail of an error message, or nothing."""
    match = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; perhaps you meant '{match[0]}'" if match else ""
