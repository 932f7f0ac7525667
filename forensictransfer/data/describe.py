"""What a domain holds, as text; and the names of the built-in ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from forensictransfer.core.settings import DataSettings
from forensictransfer.data.catalogue.builtin import builtin_names
from forensictransfer.data.decode import ImageError, read_header
from forensictransfer.data.domains import Domain, open_domain
from forensictransfer.data.records import CLASSES, SPLITS, Record

SAMPLE = 200


def list_names() -> tuple[str, ...]:
    """The names of all built-in domains."""
    return builtin_names()


def show(domain: str | Path, group: str | None = None, *, data: DataSettings | None = None) -> str:
    """What a domain holds, as text: images and groups by split and class, formats and sizes, remarks.

    Formats and sizes come from the headers of up to 200 images of each class, evenly over the class.

    Raises:
        UserError: as `open_domain`.
    """
    opened = open_domain(domain, group=group, data=data or DataSettings())
    lines = [f"{opened.name} ({opened.origin})", "", *_counts(opened), ""]
    notes = list(opened.notes)
    formats = []
    for label, class_name in enumerate(CLASSES):
        records = [record for record in opened.records if record.label == label]
        summary, problems = _headers(records, class_name)
        lines += summary[1:]
        formats.append(summary[0])
        notes += problems
    if formats[0] != formats[1]:
        notes.append("the classes differ in format: a detector can tell them apart by that instead of the forgery")
    lines += ["", *(f"note: {note}" for note in notes)] if notes else []
    return "\n".join(lines)


def _counts(domain: Domain) -> list[str]:
    lines = [f"{'split':<12}{'real':>8}{'fake':>8}{'groups':>8}"]
    for split in (*SPLITS, "all"):
        records = domain.records if split == "all" else domain.split(split)
        fakes = sum(record.label for record in records)
        groups = len({record.group for record in records})
        lines.append(f"{split:<12}{len(records) - fakes:>8}{fakes:>8}{groups:>8}")
    return lines


def _headers(records: Sequence[Record], class_name: str) -> tuple[list[str], list[str]]:
    """The set of formats as text, then the lines on formats and sizes of a class; and remarks on unreadable images."""
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
    of = f"{class_name} ({len(sample)} looked at)" if len(sample) < len(records) else class_name
    lines = [f"{of}: {_most(formats)}; {_most(sizes)}"]
    return [", ".join(sorted(formats)), *lines], problems[:5]


def _most(counts: Counter[str]) -> str:
    shown = ", ".join(f"{count} {name}" for name, count in counts.most_common(3))
    return shown + (f", {len(counts) - 3} others" if len(counts) > 3 else "")
