"""The table of attribution to generators, as text and as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.files import check_folder, csv_text, write_text
from forensictransfer.core.tables import TextTable
from forensictransfer.report.names import percent
from forensictransfer.results.formats.generator import Attribution, GeneratorTable
from forensictransfer.results.places import check_output

NONE = "none"
_COLUMNS = ("fakes", "left_out", "domain", "class", "expected", "images", "groups", "right", "low", "high")


def attribution_table(found: GeneratorTable, one: Attribution) -> TextTable:
    """Lay out what was attributed to whom by fingerprints of one number of fakes."""
    rows = [
        (
            f"{row.domain}, {row.label}",
            str(row.images),
            *(str(row.attributed[name]) for name in found.generators),
            str(row.images - sum(row.attributed.values())),
            percent(row.right),
        )
        for row in one.classes
    ]
    notes = [f"any generator named: {one.named} images, right {percent(one.right)}"]
    if len(found.generators) > 1:  # one alone is always the strongest
        notes.append(
            f"the strongest without a threshold, fakes of the generators alone: right {percent(one.strongest)}"
        )
    notes += [
        f"without {row.domain}: of its fakes {percent(row.fakes_rejected)} are rejected, "
        f"of its reals {percent(row.reals_rejected)}"
        for row in one.left_out
    ]
    return TextTable(
        head=("test images of", "n", *found.generators, NONE, "as expected, 95 %"),
        rows=tuple(rows),
        align="l" + "r" * (len(found.generators) + 2) + "l",
        ruled=True,
        notes=tuple(notes),
    )


def attribution_title(one: Attribution) -> str:
    """Say what fingerprints were estimated from, and from where on a generator is named."""
    listed = ", ".join(
        f"{name} from {count} fakes, above {one.thresholds[name]:.2f}" for name, count in one.enrolled.items()
    )
    return f"fingerprints: {listed}"


def check_csv(file: str | Path | None) -> None:
    """Raise UserError if the file that a table is to be written to cannot be one."""
    if file is None:
        return
    path = Path(file).expanduser()
    if path.is_dir():
        raise UserError(f"{path}: expected a file to write a table to, got a folder", code=ErrorCode.PATH_WRONG_KIND)
    check_output(path)
    check_folder(path.absolute().parent)


def write_csv(file: str | Path | None, found: GeneratorTable) -> None:
    """Write a table in long form, fractions unrounded: a row for each class, and each class of what was left out."""
    if file is None:
        return
    path = Path(file).expanduser()
    path.absolute().parent.mkdir(parents=True, exist_ok=True)
    header = (*_COLUMNS, *(f"attributed_{name}" for name in (*found.generators, NONE)))
    write_text(path, csv_text(header, _rows(found)))


def _rows(found: GeneratorTable) -> Iterator[tuple[object, ...]]:
    for one in found.attributions:
        fakes = "all" if one.fakes is None else one.fakes
        for row in one.classes:
            counts = [row.attributed[name] for name in found.generators]
            about = (fakes, "", row.domain, row.label, row.expected or NONE, row.images, row.groups)
            yield (*about, row.right.value, row.right.low, row.right.high, *counts, row.images - sum(counts))
        for left in one.left_out:
            for label, share in (("fake", left.fakes_rejected), ("real", left.reals_rejected)):
                empty = [""] * (len(found.generators) + 1)
                yield (
                    fakes,
                    left.domain,
                    left.domain,
                    label,
                    NONE,
                    "",
                    share.n,
                    share.value,
                    share.low,
                    share.high,
                    *empty,
                )
