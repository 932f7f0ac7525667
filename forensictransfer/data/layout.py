"""Which image files a folder holds, of which class and, if it says so, of which split. Nothing is opened or copied."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.data.records import CLASSES

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
CLASS_FOLDERS = {"real": 0, "0_real": 0, "fake": 1, "1_fake": 1}
SPLIT_FOLDERS = {"train": "train", "validation": "validation", "val": "validation", "valid": "validation"} | {
    "test": "test"
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One image file: its posix path relative to the folder, where it is, its class, and its split folder if any."""

    name: str
    path: Path
    label: int
    split: str | None


def list_images(folder: Path) -> tuple[list[Entry], list[str]]:
    """List all image files of a domain folder, sorted by name, with one-line notes on what was skipped.

    Layouts: `real/`, `fake/`, or these two within `train/`, `validation/` (`val`, `valid`) and `test/`; the classes may
    also be called `0_real` and `1_fake`. Below the class folders any depth; links are followed; hidden files and
    folders are skipped.

    Raises:
        UserError: another layout, a class missing or without images, or a folder that cannot be read.
    """
    folder = Path(os.path.abspath(folder))
    parts = _class_folders(folder)
    entries: list[Entry] = []
    others: Counter[str] = Counter()
    notes = []
    for split, label, top in parts:
        before = len(entries)
        for path in _files(top, ()):
            suffix = os.path.splitext(path)[1].lower()
            if suffix in SUFFIXES:
                entries.append(Entry(_text(path[len(str(folder)) :].lstrip(os.sep)), Path(path), label, split))
            else:
                others[suffix or "no suffix"] += 1
        if split and len(entries) == before:
            notes.append(f"{top.relative_to(folder).as_posix()} holds no images")
    _check_classes(folder, parts, entries, others)
    if others:
        kinds = ", ".join(f"{kind} {count}" for kind, count in others.most_common(5))
        notes.append(f"{sum(others.values())} files without an image suffix skipped ({kinds})")
    return sorted(entries, key=lambda entry: entry.name), notes


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
    loose = sum(entry.name.lower().endswith(SUFFIXES) for entry in _entries(folder) if not _is_folder(entry))
    parts = [f"{loose} images"] * bool(loose) + [f"the folders {listed}" if folders else "no folders"]
    missing = " and ".join(f"{name}/" for label, name in enumerate(CLASSES) if label not in classes)
    domains = [name for name in folders if {*map(str.lower, _folders(folder / name))} & set(CLASS_FOLDERS)]
    todo = f": sort the images into {missing}" if loose and not classes else f"; missing: {missing}"
    if domains and not classes:
        todo = f"; domains are inside, name one of them: {folder / domains[0]}"
    return " and ".join(parts) + todo


def _check_classes(
    folder: Path, parts: list[tuple[str | None, int, Path]], entries: list[Entry], others: Counter[str]
) -> None:
    for label, class_name in enumerate(CLASSES):
        if any(entry.label == label for entry in entries):
            continue
        tops = ", ".join(str(top) for _, part_label, top in parts if part_label == label)
        among = f" among {sum(others.values())} other files in {folder}" if others else ""
        raise UserError(
            f"{tops}: expected {class_name} images ({' '.join(SUFFIXES)}), found none{among}",
            code=ErrorCode.DOMAIN_CLASS_MISSING,
        )


def _folders(folder: Path) -> list[str]:
    """List the names of the folders in a folder, sorted, hidden ones left out."""
    return sorted(entry.name for entry in _entries(folder) if _is_folder(entry))


def _files(folder: str | Path, above: tuple[tuple[int, int], ...]) -> Iterator[str]:
    """Yield the paths of all files below a folder, hidden ones left out.

    A link to a folder above it is not followed.
    """
    status = os.stat(folder)
    here = (status.st_dev, status.st_ino)
    if here in above:
        return
    for entry in _entries(folder):
        # A link that leads nowhere is no folder: it stays in the list, and its reading says what is wrong.
        if _is_folder(entry):
            yield from _files(entry.path, (*above, here))
        else:
            yield entry.path


def _entries(folder: str | Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return [entry for entry in found if not entry.name.startswith(".")]
    except OSError as error:
        raise UserError(
            f"{folder}: the folder cannot be read: {error.strerror}", code=ErrorCode.PATH_NOT_READABLE
        ) from error


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        # A link to itself.
        return False


def _text(path: str) -> str:
    """Write a path as text that can be written anywhere: bytes that are no UTF-8 appear as \\x.. escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace").replace(os.sep, "/")
