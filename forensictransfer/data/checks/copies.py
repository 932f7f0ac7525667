"""Images of the same pixels: those with both labels, and those that stand in several splits under several groups."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import defaultdict
from collections.abc import Hashable, Sequence
from pathlib import Path

from forensictransfer.core.errors import ErrorCode, UserError, some
from forensictransfer.core.visible import visible
from forensictransfer.data.images import Images
from forensictransfer.data.records import CLASSES, FAKE, REAL, SPLITS, Record

MOST_LISTED = 20


def contradictions(records: Sequence[Record], digests: Sequence[str]) -> list[str]:
    """List the images of both classes that have the same pixels, one line for each picture: `real/a.png = fake/b.png`.

    Args:
        records, digests: images and the digests of their pixels (`decode.digest`), in the same order.
    """
    classes: defaultdict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for record, pixels in zip(records, digests, strict=True):
        classes[pixels][record.label].add(record.name)
    return sorted(
        " = ".join(sorted(found[REAL]) + sorted(found[FAKE]))
        for found in classes.values()
        if found[REAL] and found[FAKE]
    )


def contradiction_line(pictures: Sequence[str]) -> str:
    """Write the list of `contradictions` in one line."""
    kinds = " and ".join(CLASSES)
    count = f"{len(pictures)} picture{'s' * (len(pictures) > 1)}"
    return visible(f"{count} with the same pixels in both classes, {kinds}: {some(pictures, MOST_LISTED)}")


def check_labels_agree(name: str, parts: Sequence[Images]) -> None:
    """Raise UserError, with the list of the files, if images of both classes have the same pixels.

    Args:
        name: of the domain. parts: the images that are learned from and tested on.
    """
    found = contradictions([r for part in parts for r in part.records], [d for part in parts for d in part.digests])
    if found:
        raise UserError(
            f"domain '{name}': expected an image to be either real or fake, found {contradiction_line(found)}; remove "
            "one of each",
            code=ErrorCode.DOMAIN_CONTRADICTORY,
        )


def copies_across(records: Sequence[Record], digests: Sequence[str]) -> str | None:
    """Write a line on images of one content that stand in several splits under several groups, if there are any."""
    first: dict[str, Record] = {}
    pairs: list[str] = []
    for record, pixels in sorted(zip(records, digests, strict=True), key=lambda pair: SPLITS.index(pair[0].split)):
        other = first.setdefault(pixels, record)
        if other.split != record.split and other.group != record.group:
            pairs.append(f"{record.name} ({record.split}) = {other.name} ({other.split})")
    if not pairs:
        return None
    return visible(
        f"{len(pairs)} image{'s' * (len(pairs) > 1)} of validation or test repeat an image of an earlier split under "
        f"another group: {some(pairs, 5)}; tests leave such images out, a validation split does not: give copies one "
        "group (`forensictransfer audit` looks for them, and for near copies)"
    )


def same_files(records: Sequence[Record]) -> tuple[list[Record], list[str]]:
    """Find the records whose files hold the same bytes as another one's, and a digest of each.

    Whole files are read only where size and beginning agree; built-in data sets, which are no files, are skipped.
    """
    alike: dict[Hashable, list[Record]] = {(): list(records)}
    for look in (_size, _beginning, _content):
        finer: defaultdict[Hashable, list[Record]] = defaultdict(list)
        for key, members in alike.items():
            for record in members:
                found = look(record)
                if found is not None:
                    finer[key, found].append(record)
        alike = {key: members for key, members in finer.items() if len(members) > 1}
    pairs = [(record, str(number)) for number, members in enumerate(alike.values()) for record in members]
    return [record for record, _ in pairs], [number for _, number in pairs]


def _size(record: Record) -> int | None:
    """Return the size of a record's file; None where it is no file, or an empty one."""
    if not isinstance(record.source, Path):
        return None
    try:
        status = os.stat(record.source)
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) and status.st_size else None


def _beginning(record: Record) -> bytes | None:
    return _read(record, 4096)


def _content(record: Record) -> bytes | None:
    content = _read(record, -1)
    return None if content is None else hashlib.sha256(content).digest()


def _read(record: Record, length: int) -> bytes | None:
    try:
        with open(str(record.source), "rb") as file:
            return file.read(length)
    except OSError:
        return None
