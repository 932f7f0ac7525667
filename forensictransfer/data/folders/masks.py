"""Masks in a domain's folder: `mask/` beside `fake/`, a picture of what was changed for each fake that has one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from forensictransfer.core.errors import some
from forensictransfer.core.visible import visible
from forensictransfer.data.folders.layout import MASK_FOLDERS, SUFFIXES, Entry
from forensictransfer.data.folders.walk import files_below
from forensictransfer.data.places import entries_of
from forensictransfer.data.records import FAKE


@dataclass(frozen=True)
class Masks:
    """The masks of a domain: files by the names of the fakes that they belong to, and one-line remarks."""

    files: Mapping[str, Path]
    notes: tuple[str, ...] = ()


def find_masks(folder: Path, entries: Sequence[Entry]) -> Masks:
    """Find the mask of each fake: the file of the same path below `mask/` as the fake's below its class folder.

    Suffixes may differ. Where a domain comes in split folders, `mask/` lies in each of them. Nothing is opened. A place
    with two files that fit counts as none. Raises UserError for a folder that cannot be read.
    """
    beside: dict[str | None, dict[str, list[Path]]] = {}
    found: dict[str, Path] = {}
    unclear: list[str] = []
    used: set[str] = set()
    fakes = [entry for entry in entries if entry.label == FAKE]
    for entry in fakes:
        if entry.split not in beside:
            top = entry.name.split("/")[0] if entry.split is not None else ""
            beside[entry.split] = _files(folder / top)
        key = f"{entry.below}/{entry.stem}"
        paths = beside[entry.split].get(key, [])
        used.update(map(str, paths))
        if len(paths) == 1:
            found[entry.name] = paths[0]
        elif paths:
            unclear.append(entry.name)
    every = [path for files in beside.values() for paths in files.values() for path in paths]
    if not every:
        return Masks({})
    alone = [path.relative_to(folder).as_posix() for path in every if str(path) not in used]
    notes = [f"masks: {len(found)} of {len(fakes)} fakes have one"]
    notes += [f"masks: several files fit, none is used: {some(unclear, 3)}"] if unclear else []
    notes += [f"masks: {len(alone)} without a fake of that name: {some(sorted(alone), 3)}"] if alone else []
    return Masks(found, tuple(map(visible, notes)))


def _files(folder: Path) -> dict[str, list[Path]]:
    """List the image files below the mask folder of `folder`, by their paths below it without suffix."""
    tops = [folder / entry.name for entry in entries_of(folder) if entry.name.lower() in MASK_FOLDERS]
    found: dict[str, list[Path]] = {}
    for top in filter(Path.is_dir, tops):
        for path in map(Path, files_below(top)[0]):
            if path.suffix.lower() in SUFFIXES:
                below = path.parent.relative_to(top).as_posix()
                found.setdefault(f"{'' if below == '.' else below}/{path.stem}", []).append(path)
    return found
