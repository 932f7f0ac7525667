"""Which files lie below the class folders of a domain, each once: links are followed, but never in circles or across.

A link must not decide what an image is. Links to a folder above them, into the other class, or to what is there already
are skipped, each with its reason; a file that both classes hold by equal right has no label and is refused.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from forensictransfer.core.errors import ErrorCode, UserError, some
from forensictransfer.data.places import Identity, entries_of, identity_of, is_folder, is_within
from forensictransfer.data.records import CLASS_FOLDERS, CLASSES, REAL

ABOVE = "leads to a folder above it"
# What the system shows as files is none: reading says so of each link to it.
_SYSTEM = ("/proc/", "/sys/")


@dataclass(frozen=True, slots=True)
class ClassFolder:
    """A folder that gives all below it a label and, if it lies in a split folder, a split."""

    split: str | None
    label: int
    path: Path


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file below a class folder. linked: it is a link, or was reached by one."""

    path: str
    top: ClassFolder
    linked: bool


@dataclass(frozen=True, slots=True)
class Skipped:
    """A path that was not read as it was reached, and why, in a few words that follow its name."""

    path: str
    reason: str


def find_files(folder: Path, tops: Sequence[ClassFolder]) -> tuple[list[FoundFile], list[Skipped]]:
    """Find all files below the class folders `tops` of a domain, and the links that were skipped, both by path.

    Hidden files and folders are left out. Every file comes once, by device and inode: under a path without links if it
    has one, else under its first path. A link that leads nowhere stays in the list: its reading says what is wrong.

    Raises:
        UserError: a folder that cannot be read, class folders that are one folder or one within the other, a folder
            that is named as the other class, or a file that both classes hold.
    """
    check_tops(folder, tops)
    walk = _Walk(folder, tops)
    for top in tops:
        walk.enter(_Place(str(top.path), top, linked=False, above=()))
    walk.follow_all()
    files, twice = _each_once(walk.files, folder)
    return files, sorted([*walk.skipped, *twice], key=lambda one: one.path)


def files_below(folder: Path) -> tuple[list[str], list[Skipped]]:
    """List all files below a folder that gives no labels, as paths, and the links that were skipped, both sorted.

    As `find_files`, but for hard links, which stay: they are names of their own, and here nothing is known of classes.
    """
    walk = _Walk(folder, (ClassFolder(None, REAL, folder),), named=False)
    walk.enter(_Place(str(folder), walk.tops[0], linked=False, above=()))
    walk.follow_all()
    own = {os.path.realpath(file.path) for file in walk.files if not file.linked}
    files, skipped = [], list(walk.skipped)
    for file in sorted(walk.files, key=lambda file: file.path):
        place = os.path.realpath(file.path)
        if file.linked and place in own:
            skipped.append(Skipped(file.path, f"is {os.path.relpath(place, os.path.realpath(folder))} again"))
            continue
        own.add(place)
        files.append(file.path)
    return files, sorted(skipped, key=lambda one: one.path)


def check_tops(folder: Path, tops: Sequence[ClassFolder]) -> None:
    """Refuse class folders that are links to each other, into each other or to a folder above. Raises UserError."""
    places = [os.path.realpath(top.path) for top in tops]
    home = os.path.realpath(folder)
    for number, (top, place) in enumerate(zip(tops, places, strict=True)):
        if is_within(home, place):
            raise UserError(
                f"{top.path}: expected a folder of {CLASSES[top.label]} images, found a link to a folder above it "
                f"({place})",
                code=ErrorCode.DOMAIN_LAYOUT,
            )
        for other, there in zip(tops[:number], places[:number], strict=True):
            if is_within(place, there) or is_within(there, place):
                same = "are the same folder" if place == there else "lie one within the other"
                raise UserError(
                    f"{other.path} and {top.path}: expected two folders of their own, they {same}",
                    code=ErrorCode.DOMAIN_LAYOUT,
                )


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder to look at. above: the folders that it was reached through."""

    path: str
    top: ClassFolder
    linked: bool
    above: tuple[Identity, ...]


@dataclass
class _Walk:
    """The state of one walk: what was found, what was seen, and the links that are still to be followed.

    named: names of folders must not contradict their class.
    """

    folder: Path
    tops: Sequence[ClassFolder]
    named: bool = True
    files: list[FoundFile] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    links: list[_Place] = field(default_factory=list)
    seen: dict[Identity, _Place] = field(default_factory=dict)

    def enter(self, start: _Place) -> None:
        """List the files of a folder and of those below it; links to folders are kept for later."""
        waiting = [start]
        while waiting:
            place = waiting.pop()
            here = identity_of(place.path)
            before = self.seen.get(here) if here else None
            # A file system that is mounted twice, or a linked tree that holds a folder which was reached before.
            if before is not None and not (before.linked and before.top.label != place.top.label):
                self.skipped.append(Skipped(place.path, self._again(before, place)))
                continue
            above = place.above
            if here:
                self.seen.setdefault(here, place)
                above = (*above, here)
            for entry in entries_of(place.path):
                if not is_folder(entry):
                    self.files.append(FoundFile(entry.path, place.top, place.linked or entry.is_symlink()))
                elif entry.is_symlink():
                    self.links.append(_Place(entry.path, place.top, True, above))
                else:
                    self._check_name(entry.path, place.top)
                    waiting.append(_Place(entry.path, place.top, place.linked, above))

    def follow_all(self) -> None:
        """Follow the links, by name; when this is called it must be known what is there without them."""
        while self.links:
            self.links.sort(key=lambda place: place.path, reverse=True)
            self._follow(self.links.pop())

    def _follow(self, link: _Place) -> None:
        """Enter the folder that a link leads to, or note why not."""
        reason = self._wrong(link)
        if reason:
            self.skipped.append(Skipped(link.path, reason))
        else:
            self._check_name(link.path, link.top)
            self.enter(link)

    def _wrong(self, link: _Place) -> str | None:
        there = os.path.realpath(link.path)
        if identity_of(link.path) in link.above or is_within(os.path.realpath(os.path.dirname(link.path)), there):
            return ABOVE
        if is_within(os.path.realpath(self.folder), there):
            return ABOVE
        for top in self.tops:
            place = os.path.realpath(top.path)
            if top.label != link.top.label and (is_within(there, place) or is_within(place, there)):
                return f"leads into the other class, {self._name(str(top.path))}"
        return None

    def _again(self, before: _Place, place: _Place) -> str:
        if before.top.label != place.top.label:
            return f"leads into the other class, {self._name(before.path)}"
        return f"is {self._name(before.path)} again"

    def _name(self, path: str) -> str:
        return os.path.relpath(path, self.folder)

    def _check_name(self, path: str, top: ClassFolder) -> None:
        label = CLASS_FOLDERS.get(os.path.basename(path).lower())
        if self.named and label is not None and label != top.label:
            raise UserError(
                f"{path}: lies in {self._name(str(top.path))} and is named {os.path.basename(path)}: expected folders "
                f"of {CLASSES[top.label]} images only; move it to where it belongs, or give it another name",
                code=ErrorCode.DOMAIN_LAYOUT,
            )


def _each_once(files: Sequence[FoundFile], folder: Path) -> tuple[list[FoundFile], list[Skipped]]:
    """Keep one path of every file. Raises UserError for a file of both classes, neither of which owns it."""
    same: defaultdict[Identity, list[FoundFile]] = defaultdict(list)
    kept, skipped, in_both = [], [], []
    for file in files:
        identity = identity_of(file.path)
        if identity is None or (file.linked and os.path.realpath(file.path).startswith(_SYSTEM)):
            kept.append(file)
        else:
            same[identity].append(file)
    for paths in same.values():
        paths.sort(key=lambda file: (file.linked, file.path))
        first, *others = paths
        kept.append(first)
        name = os.path.relpath(first.path, folder)
        for other in others:
            if other.top.label == first.top.label:
                skipped.append(Skipped(other.path, f"is {name} again"))
            elif other.linked and not first.linked:
                skipped.append(Skipped(other.path, f"leads into the other class, {name}"))
            else:
                in_both.append(f"{name} is {os.path.relpath(other.path, folder)}")
    if in_both:
        raise UserError(
            f"{folder}: expected a file in one class, found in both: {some(sorted(in_both), 3)}; an image is either "
            "real or fake, remove one of each",
            code=ErrorCode.DOMAIN_CONTRADICTORY,
        )
    return sorted(kept, key=lambda file: file.path), skipped
