"""Which image files a folder holds, of which class and, if it says so, of which split. Nothing is opened or copied."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from forensictransfer.core.errors import ErrorCode, UserError, some
from forensictransfer.data.folders.walk import ClassFolder, Skipped, find_files
from forensictransfer.data.places import entries_of, is_folder
from forensictransfer.data.records import CLASS_FOLDERS, CLASSES

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
MASK_FOLDERS = ("mask", "masks")
SPLIT_FOLDERS = {"train": "train", "validation": "validation", "val": "validation", "valid": "validation"} | {
    "test": "test"
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One image file: its posix path relative to the folder, where it is, its class, and its split folder if any.

    below: the folder that it lies in, as its posix path below the class folder; empty if it lies in that itself.
    """

    name: str
    path: Path
    label: int
    split: str | None
    below: str

    @property
    def stem(self) -> str:
        """The file's name without its suffix, as `PurePosixPath(name).stem`, which takes ten times as long."""
        return self.name.rpartition("/")[2].rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class Listing:
    """What a domain's folder holds.

    entries: the images by name. skipped: (name, reason) of links that were not followed. notes: one-line remarks on
    other files.
    """

    entries: tuple[Entry, ...]
    skipped: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def list_images(folder: Path) -> Listing:
    """List all image files of a domain folder.

    Layouts: `real/`, `fake/`, or these two within `train/`, `validation/` (`val`, `valid`) and `test/`; the classes may
    also be called `0_real` and `1_fake`. Below the class folders any depth; links are followed where they lead to
    something new (`walk.find_files`); hidden files and folders are skipped.

    Raises:
        UserError: another layout, a class missing or without images, a file in both classes, or a folder that cannot be
            read.
    """
    folder = Path(os.path.abspath(folder))
    parts = [ClassFolder(split, label, path) for split, label, path in _class_folders(folder)]
    files, skipped = find_files(folder, parts)
    entries: list[Entry] = []
    others: Counter[str] = Counter()
    for file in files:
        suffix = os.path.splitext(file.path)[1].lower()
        if suffix in SUFFIXES:
            name, top = _name(file.path, folder), _name(str(file.top.path), folder)
            below = name[len(top) + 1 :].rpartition("/")[0]
            entries.append(Entry(name, Path(file.path), file.top.label, file.top.split, below))
        else:
            others[suffix or "no suffix"] += 1
    _check_classes(folder, parts, entries, others, skipped)
    notes = [
        f"{_name(str(part.path), folder)} holds no images"
        for part in parts
        if part.split and not any((entry.split, entry.label) == (part.split, part.label) for entry in entries)
    ]
    notes += _unread(folder, parts)
    if others:
        kinds = ", ".join(f"{kind} {count}" for kind, count in others.most_common(5))
        notes.append(f"{sum(others.values())} files without an image suffix skipped ({kinds})")
    return Listing(
        tuple(sorted(entries, key=lambda entry: entry.name)),
        tuple((_name(one.path, folder), one.reason) for one in skipped),
        tuple(notes),
    )


def _class_folders(folder: Path) -> list[tuple[str | None, int, Path]]:
    """Find (split or None, label, class folder) of every part of the domain."""
    inside = _folders(folder)
    plain = [name for name in inside if name.lower() in CLASS_FOLDERS]
    splits = [name for name in inside if name.lower() in SPLIT_FOLDERS]
    divided = [name for name in splits if any(sub.lower() in CLASS_FOLDERS for sub in _folders(folder / name))]
    if plain and divided:
        raise UserError(
            f"{folder}: expected either class folders or split folders, found both: {', '.join(plain + divided)}",
            code=ErrorCode.DOMAIN_LAYOUT,
        )
    if not divided:
        return [(None, label, path) for label, path in _both_classes(folder)]
    found: dict[str, str] = {}
    for name in splits:
        split = SPLIT_FOLDERS[name.lower()]
        if split in found:
            raise UserError(
                f"{folder}: expected one folder for {split}, found '{found[split]}' and '{name}'",
                code=ErrorCode.DOMAIN_LAYOUT,
            )
        found[split] = name
    return [(split, label, path) for split, name in found.items() for label, path in _both_classes(folder / name)]


def _both_classes(folder: Path) -> list[tuple[int, Path]]:
    inside = _folders(folder)
    found: dict[int, str] = {}
    for name in inside:
        label = CLASS_FOLDERS.get(name.lower())
        if label is None:
            continue
        if label in found:
            raise UserError(
                f"{folder}: expected one folder for {CLASSES[label]}, found '{found[label]}' and '{name}'",
                code=ErrorCode.DOMAIN_LAYOUT,
            )
        found[label] = name
    if len(found) < 2:
        raise UserError(
            f"expected {folder}/real and {folder}/fake (or both in train, validation, test), "
            f"found {_found_instead(folder, inside, found)}",
            code=ErrorCode.DOMAIN_LAYOUT,
        )
    return [(label, folder / found[label]) for label in (0, 1)]


def _found_instead(folder: Path, folders: list[str], classes: dict[int, str]) -> str:
    """Say what lies in a folder that lacks a class, and what is missing."""
    listed = ", ".join(folders[:6]) + (f" and {len(folders) - 6} more" if len(folders) > 6 else "")
    loose = sum(entry.name.lower().endswith(SUFFIXES) for entry in entries_of(folder) if not is_folder(entry))
    parts = [f"{loose} images"] * bool(loose) + [f"the folders {listed}" if folders else "no folders"]
    missing = " and ".join(f"{name}/" for label, name in enumerate(CLASSES) if label not in classes)
    domains = [name for name in folders if {*map(str.lower, _folders(folder / name))} & set(CLASS_FOLDERS)]
    todo = f": sort the images into {missing}" if loose and not classes else f"; missing: {missing}"
    if domains and not classes:
        todo = f"; domains are inside, name one of them: {folder / domains[0]}"
    return " and ".join(parts) + todo


def _check_classes(
    folder: Path, parts: list[ClassFolder], entries: list[Entry], others: Counter[str], skipped: Sequence[Skipped]
) -> None:
    for label, class_name in enumerate(CLASSES):
        if any(entry.label == label for entry in entries):
            continue
        tops = ", ".join(str(part.path) for part in parts if part.label == label)
        among = f" among {sum(others.values())} other files in {folder}" if others else ""
        links = (
            f"; links skipped: {len(skipped)}, {_name(skipped[0].path, folder)} {skipped[0].reason}" if skipped else ""
        )
        raise UserError(
            f"{tops}: expected {class_name} images ({' '.join(SUFFIXES)}), found none{among}{links}",
            code=ErrorCode.DOMAIN_CLASS_MISSING,
        )


def _unread(folder: Path, parts: Sequence[ClassFolder]) -> list[str]:
    """Write a line on images that lie beside the class folders, where nothing is read: a third class, a typo."""
    tops = {part.path for part in parts}
    places, loose = [], 0
    for place in sorted({folder, *(top.parent for top in tops)}):
        for entry in entries_of(place):
            path = place / entry.name
            if not is_folder(entry):
                loose += entry.name.lower().endswith(SUFFIXES)
            elif entry.name.lower() in MASK_FOLDERS:
                continue  # `masks.find_masks` reads them
            elif path not in tops and not any(path == top.parent for top in tops) and _holds_images(path):
                places.append(_name(entry.path, folder))
    notes = [f"not read, beside the class folders: {some(places)}"] if places else []
    return notes + ([f"{loose} images beside the class folders were not read"] if loose else [])


def _holds_images(folder: Path) -> bool:
    """Tell whether a folder has images or class folders directly in it; False for one that cannot be read."""
    try:
        names = [entry.name.lower() for entry in entries_of(folder)]
    except UserError:
        return False
    return any(name.endswith(SUFFIXES) or name in CLASS_FOLDERS for name in names)


def _folders(folder: Path) -> list[str]:
    """List the names of the folders in a folder, sorted, hidden ones left out."""
    return [entry.name for entry in entries_of(folder) if is_folder(entry)]


def _name(path: str, folder: Path) -> str:
    """Name a path below a folder as text that can be written anywhere: bytes that are no UTF-8 as \\x.. escapes."""
    below = path[len(str(folder)) :].lstrip(os.sep)
    return os.fsencode(below).decode("utf-8", "backslashreplace").replace(os.sep, "/")
