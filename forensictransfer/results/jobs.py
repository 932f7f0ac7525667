"""The records of a sweep's jobs, each checked against its checksum and against the files that it vouches for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.files import file_sha256, read_json
from forensictransfer.core.version import __version__

FORMAT = 1
TRAIN, ADAPT = "train", "adapt"
DONE, FAILED = "done", "failed"


@dataclass(frozen=True)
class Record:
    """How a job ended. kind: train, zero-shot or adapt; state: done or failed; seconds: wall clock of its worker.

    run: the folder that holds its result, relative to the sweep's. target is None for a training. sha256: of the
    results, by path relative to the sweep's folder.
    """

    job: str
    kind: str
    detector: str
    source: str
    target: str | None
    strategy: str
    shots: int
    draws: int
    seed: int
    state: str
    error: str | None
    seconds: float
    balanced_accuracy: float | None
    run: str
    sha256: Mapping[str, str]

    @property
    def done(self) -> bool:
        """Whether there is a result."""
        return self.state == DONE


def read_record(path: Path) -> Record:
    """The record in a file. Raises UserError: edited, torn, of another format, or without a field."""
    try:
        content = read_json(path)
    except UserError:
        content = None
    whole = isinstance(content, dict) and content.get("checksum") == checksum(content)
    if not isinstance(content, dict) or not whole or content.get("job") != path.stem:
        raise UserError(
            f"{path}: was edited or torn since the job ended; {remedy(path.stem)}", code=ErrorCode.FILE_DAMAGED
        )
    if content.get("format") != FORMAT:
        raise UserError(
            f"{path}: expected a record of format {FORMAT}, got format {content.get('format')}; "
            f"this is version {__version__}",
            code=ErrorCode.FORMAT_UNKNOWN,
        )
    content = {"error": None, "balanced_accuracy": None, **content}
    lacking = [field.name for field in fields(Record) if field.name not in content]
    if lacking or content["state"] not in (DONE, FAILED):
        what = f"'{lacking[0]}' is missing" if lacking else f"its state is '{content['state']}'"
        raise UserError(
            f"{path}: expected the record of a job that is done or failed, but {what}", code=ErrorCode.FILE_INVALID
        )
    return Record(**{field.name: content[field.name] for field in fields(Record)})


def read_info(folder: Path) -> dict[str, Any]:
    """sweep.json of a sweep. Raises UserError: another format, or it or what it vouches for was edited or torn."""
    path = folder / "sweep.json"
    info = read_json(path)
    if not isinstance(info, dict) or info.get("format") != FORMAT or info.get("kind") != "sweep":
        raise UserError(
            f"{path}: expected a sweep of format {FORMAT}; this is version {__version__}", code=ErrorCode.FORMAT_UNKNOWN
        )
    if info.get("checksum") != checksum(info):
        raise UserError(
            f"{path}: was edited or torn since the sweep began; restore it, or begin in another folder",
            code=ErrorCode.FILE_DAMAGED,
        )
    for name, expected in info["sha256"].items():
        if not (folder / name).is_file() or file_sha256(folder / name) != expected:
            raise UserError(
                f"{folder / name}: was edited, torn or removed since the sweep began; restore it, or begin in another "
                "folder",
                code=ErrorCode.FILE_DAMAGED,
            )
    return info


def check_results(folder: Path, record: Record) -> None:
    """Raise UserError unless every result of the job in the sweep's `folder` is what it was when the job ended."""
    for name, expected in record.sha256.items():
        if not (folder / name).is_file():
            raise UserError(
                f"{folder / name}: is missing since the job ended; {remedy(record.job)}", code=ErrorCode.PATH_MISSING
            )
        if file_sha256(folder / name) != expected:
            raise UserError(
                f"{folder / name}: was edited or torn since the job ended; {remedy(record.job)}",
                code=ErrorCode.FILE_DAMAGED,
            )


def checksum(record: Mapping[str, Any]) -> str:
    """SHA-256 over a record less its own checksum, as the sweep writes it."""
    content = {key: value for key, value in record.items() if key != "checksum"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def remedy(job: str) -> str:
    """What to do about a result that is not what it was."""
    return f"restore it, or delete jobs/{job}.json to have the job done again"
