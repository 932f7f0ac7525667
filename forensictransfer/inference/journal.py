"""Keep what a long piece of work has found so far, by the hash of each image, so that a broken one goes on.

The journal is a file of lines: first what gives the verdicts, then one verdict a line. A line that was cut short, as a
kill leaves it, is dropped. Memory grows by the place of each line, some 150 bytes an image.
"""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.results.formats.verdicts import JudgedBy, Verdict


class Journal:
    """Verdicts that were given before, by SHA-256; `with` closes its file."""

    def __init__(self, path: Path, by: JudgedBy, *, overwrite: bool = False) -> None:
        """Open the journal at `path`, or begin it.

        by: what gives the verdicts. overwrite: begin anew, whatever is there. Raises UserError for a journal of
        other verdicts.
        """
        self.path = path
        self._places: dict[bytes, int] = {}
        if overwrite or not path.exists() or not path.stat().st_size:
            self._file = path.open("w+b")
            self._append(by.model_dump_json())
            return
        self._file = path.open("r+b")
        try:
            self._read(by)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._places)

    def get(self, sha256: str) -> Verdict | None:
        """Find the verdict on an image by its hash; under the name that it had then."""
        place = self._places.get(bytes.fromhex(sha256))
        if place is None:
            return None
        self._file.seek(place)
        return Verdict.model_validate_json(self._file.readline())

    def add(self, verdict: Verdict) -> None:
        """Keep a verdict."""
        self._places[bytes.fromhex(verdict.sha256)] = self._append(verdict.model_dump_json())

    def flush(self) -> None:
        """Hand what was added over to the system, which keeps it if this process is killed."""
        self._file.flush()

    def remove(self) -> None:
        """Remove the journal: the work is done."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def _append(self, line: str) -> int:
        place = self._file.seek(0, 2)
        self._file.write(line.encode() + b"\n")
        return place

    def _read(self, by: JudgedBy) -> None:
        first = self._file.readline()
        if first.rstrip(b"\n") != by.model_dump_json().encode():
            raise UserError(
                f"{self.path}: was begun by another run, version or settings; --overwrite begins anew",
                code=ErrorCode.INPUTS_CHANGED,
            )
        whole = self._file.tell()
        while line := self._file.readline():
            try:
                found = Verdict.model_validate_json(line) if line.endswith(b"\n") else None
            except (ValidationError, json.JSONDecodeError):
                found = None
            if found is None:  # cut short: what follows cannot be trusted either
                break
            self._places[bytes.fromhex(found.sha256)] = whole
            whole = self._file.tell()
        self._file.truncate(whole)
