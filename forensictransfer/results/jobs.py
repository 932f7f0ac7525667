"""Read and write sweep.json and the records of jobs, each with a checksum and the hashes of files that it names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.files import file_sha256, read_json, write_json
from forensictransfer.core.version import __version__
from forensictransfer.results.formats.document import document_content, parse_document
from forensictransfer.results.formats.sweep import JobRecord, SweepInfo

FORMAT = 1
TRAIN, ADAPT, SHOTS_ONLY = "train", "adapt", "shots-only"
DONE, FAILED, NOT_APPLIED = "done", "failed", "not applied"


Record = JobRecord


def read_record(path: Path) -> Record:
    """Read the record in a file. Raises UserError: edited, damaged, of another format, or without a field."""
    try:
        content = read_json(path)
    except UserError:
        content = None
    whole = isinstance(content, dict) and content.get("checksum") == checksum(content)
    if not isinstance(content, dict) or not whole or content.get("job") != path.stem:
        raise UserError(
            f"{path}: was edited or damaged since the job ended; {remedy(path.stem)}", code=ErrorCode.FILE_DAMAGED
        )
    return parse_document(path, content, Record, remedy(path.stem))


def read_info(folder: Path) -> SweepInfo:
    """Read sweep.json. Raises UserError: another format, or it or a file that it holds the hash of was edited."""
    path = folder / "sweep.json"
    info = read_json(path)
    if not isinstance(info, dict) or info.get("format") != FORMAT or info.get("kind") != "sweep":
        raise UserError(
            f"{path}: expected a sweep of format {FORMAT}; this is version {__version__}", code=ErrorCode.FORMAT_UNKNOWN
        )
    if info.get("checksum") != checksum(info):
        raise UserError(
            f"{path}: was edited or damaged since the sweep began; restore it, or begin in another folder",
            code=ErrorCode.FILE_DAMAGED,
        )
    known = parse_document(path, info, SweepInfo, "restore it, or begin in another folder")
    for name, expected in known.sha256.items():
        if not (folder / name).is_file() or file_sha256(folder / name) != expected:
            raise UserError(
                f"{folder / name}: was edited, damaged or removed since the sweep began; restore it, or begin in "
                "another folder",
                code=ErrorCode.FILE_DAMAGED,
            )
    return known


def write_with_checksum(path: Path, document: object) -> None:
    """Write a document whole or not at all, with the checksum of its other fields."""
    # As it will be read: a checksum over tuples or numpy's numbers would be one over something else.
    content = json.loads(json.dumps(document_content(document)))
    write_json(path, {**content, "checksum": checksum(content)})


def check_results(folder: Path, record: Record) -> None:
    """Raise UserError unless every result of the job in the sweep's `folder` is what it was when the job ended."""
    for name, expected in record.sha256.items():
        if not (folder / name).is_file():
            raise UserError(
                f"{folder / name}: is missing since the job ended; {remedy(record.job)}", code=ErrorCode.PATH_MISSING
            )
        if file_sha256(folder / name) != expected:
            raise UserError(
                f"{folder / name}: was edited or damaged since the job ended; {remedy(record.job)}",
                code=ErrorCode.FILE_DAMAGED,
            )


def checksum(record: Mapping[str, Any]) -> str:
    """Compute the SHA-256 over a record less its own checksum, as the sweep writes it."""
    content = {key: value for key, value in record.items() if key != "checksum"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def remedy(job: str) -> str:
    """Say what to do about a result that is not what it was."""
    return f"restore it, or delete jobs/{job}.json to have the job done again"
