"""Write verdicts to CSV, JSON and Parquet one by one, in bounded memory, whole or not at all."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from forensictransfer.core.files import writing
from forensictransfer.results.formats.skipped import SkippedImage
from forensictransfer.results.formats.verdicts import JudgedBy, Verdict

Outcome = Verdict | SkippedImage
Write = Callable[[Outcome], None]

COLUMNS = (
    *("name", "sha256", "format", "width", "height", "decision", "probability", "score", "unsure", "why"),
    *("tiles", "seen", "error", "code", "run", "version"),
)
_NUMBERS = {"width": "int", "height": "int", "tiles": "int", "probability": "float", "score": "float", "seen": "float"}
_ROWS = 1000  # of a Parquet file, written at once


def row(one: Outcome, by: JudgedBy) -> dict[str, Any]:
    """Lay out an outcome as a row of a table, by COLUMNS; what does not apply is None."""
    found: dict[str, Any] = dict.fromkeys(COLUMNS)
    found |= {"run": by.run, "version": by.version}
    if isinstance(one, SkippedImage):
        return found | {"name": one.name, "error": one.reason, "code": one.code}
    names = ("name", "sha256", "format", "width", "height", "decision", "probability", "score", "tiles", "seen")
    found |= {name: getattr(one, name) for name in names}
    if one.doubts:
        found |= {"unsure": " ".join(doubt.code for doubt in one.doubts), "why": one.why}
    return found


@contextlib.contextmanager
def verdict_files(csv_file: Path | None, json_file: Path | None, parquet: Path | None, by: JudgedBy) -> Iterator[Write]:
    """Yield what writes an outcome to each file that is wanted; they are put in place when the block ends well."""
    with contextlib.ExitStack() as stack:
        kinds = ((csv_file, _csv), (json_file, _json), (parquet, _parquet))
        writers = [stack.enter_context(open_(path, by)) for path, open_ in kinds if path is not None]

        def write(one: Outcome) -> None:
            for each in writers:
                each(one)

        yield write


@contextlib.contextmanager
def _csv(path: Path, by: JudgedBy) -> Iterator[Write]:
    with (
        writing(path) as temporary,
        temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file,
    ):
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        yield lambda one: table.writerow({name: _digits(value) for name, value in row(one, by).items()})


@contextlib.contextmanager
def _json(path: Path, by: JudgedBy) -> Iterator[Write]:
    """Write a document of `results.formats.verdicts`; the few that were skipped are kept till the end."""
    skipped: list[str] = []
    with (
        writing(path) as temporary,
        temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file,
    ):
        file.write(f'{{"format": 1,\n"by": {by.model_dump_json()},\n"images": [')
        comma = ""

        def write(one: Outcome) -> None:
            nonlocal comma
            if isinstance(one, SkippedImage):
                skipped.append(one.model_dump_json())
                return
            file.write(f"{comma}\n{one.model_dump_json()}")
            comma = ","

        yield write
        file.write("],\n" + f'"skipped": [{", ".join(skipped)}]}}\n')


@contextlib.contextmanager
def _parquet(path: Path, by: JudgedBy) -> Iterator[Write]:
    import pyarrow as pa
    from pyarrow import parquet

    types = {"int": pa.int32(), "float": pa.float64()}
    fields = [(name, types[_NUMBERS[name]] if name in _NUMBERS else pa.string()) for name in COLUMNS]
    schema = pa.schema(fields)
    waiting: list[dict[str, Any]] = []
    with writing(path) as temporary, parquet.ParquetWriter(temporary, schema) as table:

        def put() -> None:
            table.write_table(pa.Table.from_pylist(waiting, schema=schema))
            waiting.clear()

        def write(one: Outcome) -> None:
            waiting.append(row(one, by))
            if len(waiting) >= _ROWS:
                put()

        yield write
        put()


def _digits(value: Any) -> Any:
    """Write a number with all its digits."""
    return repr(value) if isinstance(value, float) else value
