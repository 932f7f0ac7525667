"""What a domain holds, as facts and as text; and the names of the built-in ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from forensictransfer.core.settings import DataSettings
from forensictransfer.core.tables import TextTable
from forensictransfer.core.visible import visible
from forensictransfer.data.catalogue.builtin import builtin_names
from forensictransfer.data.checks.copies import contradiction_line, contradictions, copies_across, same_files
from forensictransfer.data.domains import Domain, open_domain
from forensictransfer.data.encoded import ImageError, read_header
from forensictransfer.data.exclusion import LeftOut
from forensictransfer.data.records import CLASSES, SPLITS, Record

SAMPLE = 200


@dataclass(frozen=True)
class SplitCounts:
    """Images of either class and groups in a split."""

    real: int
    fake: int
    groups: int


@dataclass(frozen=True)
class Headers:
    """What the headers of some images of a class say: `looked_at` of `images`, how many of each format and size.

    unreadable: how many of those that were looked at have no header that can be read.
    """

    images: int
    looked_at: int
    formats: Mapping[str, int]
    sizes: Mapping[str, int]
    unreadable: int = 0


@dataclass(frozen=True)
class DomainSummary:
    """A domain in numbers. splits: by split, and `all`. classes: by class.

    notes, warnings: one line each, for people. skipped: (name, reason) of links that were not followed.
    """

    name: str
    origin: str
    group: str
    splits: Mapping[str, SplitCounts]
    classes: Mapping[str, Headers]
    notes: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()

    def table(self) -> TextTable:
        """Count images and groups by split, as a table."""
        rows = ((split, str(n.real), str(n.fake), str(n.groups)) for split, n in self.splits.items())
        return TextTable(("split", "real", "fake", "groups"), tuple(rows), "lrrr")

    def remarks(self) -> list[str]:
        """Write a line on the formats and sizes of each class, and the notes below them."""
        lines = []
        for name, found in self.classes.items():
            of = f"{name} ({found.looked_at} looked at)" if found.looked_at < found.images else name
            bad = f"; {found.unreadable} cannot be read" if found.unreadable else ""
            lines.append(f"{of}: {_most(found.formats)}; {_most(found.sizes)}{bad}")
        said = [*(f"warning: {line}" for line in self.warnings), *(f"note: {line}" for line in self.notes)]
        return [visible(line) for line in lines + (["", *said] if said else [])]

    def text(self) -> str:
        """Write all of it as text."""
        counts = [f"{a:<12}{b:>8}{c:>8}{d:>8}" for a, b, c, d in (self.table().head, *self.table().rows)]
        return "\n".join([visible(f"{self.name} ({self.origin})"), "", *counts, "", *self.remarks()])


def list_names() -> tuple[str, ...]:
    """List the names of all built-in domains."""
    return builtin_names()


def show(domain: str | Path, group: str | None = None, *, data: DataSettings | None = None) -> str:
    """Say what a domain holds, as text: `summary` in lines. Raises UserError as `open_domain`."""
    return summary(domain, group, data=data).text()


def summary(domain: str | Path, group: str | None = None, *, data: DataSettings | None = None) -> DomainSummary:
    """Sum up what a domain holds: images and groups by split and class, formats and sizes, remarks.

    Formats and sizes come from the headers of up to 200 images of each class, evenly over the class. Files of the same
    bytes are found among all of them.

    Raises:
        UserError: as `open_domain`.
    """
    opened = open_domain(domain, group=group, data=data or DataSettings())
    notes = list(opened.notes)
    classes = {}
    for label, name in enumerate(CLASSES):
        classes[name], problems = _headers([record for record in opened.records if record.label == label])
        notes += problems
    if len({tuple(sorted(found.formats)) for found in classes.values()}) > 1:
        notes.append("the classes differ in format: a detector can tell them apart by that instead of the forgery")
    splits = {split: _counts(opened, split) for split in (*SPLITS, "all")}
    return DomainSummary(
        opened.name,
        opened.origin,
        opened.spec.group,
        splits,
        classes,
        tuple(notes),
        warnings=(*opened.warnings, *_doubts(opened, classes)),
        skipped=opened.skipped,
    )


def _doubts(domain: Domain, classes: Mapping[str, Headers]) -> list[str]:
    """Write a line on files of the same bytes with both labels or in several splits, and on unreadable ones."""
    records, contents = same_files(domain.records)
    both = contradictions(records, contents)
    real, fake = (classes[name] for name in CLASSES)
    left_out = LeftOut(real.unreadable, real.looked_at, fake.unreadable, fake.looked_at)
    found = (
        f"{contradiction_line(both)}; nothing is trained before one of each is removed" if both else None,
        copies_across(records, contents),
        left_out.warning(),
    )
    return [line for line in found if line]


def _counts(domain: Domain, split: str) -> SplitCounts:
    records = domain.records if split == "all" else domain.split(split)
    fakes = sum(record.label for record in records)
    return SplitCounts(len(records) - fakes, fakes, len({record.group for record in records}))


def _headers(records: Sequence[Record]) -> tuple[Headers, list[str]]:
    """Count the formats and sizes of a class, and collect remarks on unreadable images."""
    sample = records[:: -(-len(records) // SAMPLE) or 1]
    formats: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    problems = []
    for record in sample:
        try:
            header = read_header(record.source)
        except ImageError as error:
            problems.append(f"{record.name}: {error.reason}")
            continue
        formats[f"{header.format} {header.mode}"] += 1
        sizes[f"{header.width} x {header.height}"] += 1
    found = Headers(
        len(records), len(sample), dict(formats.most_common()), dict(sizes.most_common()), unreadable=len(problems)
    )
    return found, problems[:5]


def _most(counts: Mapping[str, int]) -> str:
    shown = ", ".join(f"{count} {name}" for name, count in list(counts.items())[:3])
    return shown + (f", {len(counts) - 3} others" if len(counts) > 3 else "")
