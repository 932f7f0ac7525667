"""Whether the names of a domain's images mean what the group rule takes them for.

The usual rule, the file's stem, is right where equal names are one photograph (`real/0001.png`, `fake/0001.png`) and
wrong where names count the frames of a video (`real/clip7/0001.png`): then a group is made of the first frames of all
videos, and each video stands in train, validation and test. Nothing but names and places is looked at.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeVar

from forensictransfer.core.errors import UserError, some
from forensictransfer.data.folders.groups import FOLDER, groups_of, table_groups
from forensictransfer.data.folders.layout import Entry
from forensictransfer.data.records import CLASSES, REAL

TABLE = "groups.csv"
# A name that counts and says nothing else: 0001, frame_0001, img-12, 0001_face0.
_COUNTER = re.compile(r"[^\W\d_]*[-_ .]*\d+([-_ .]+[^\W\d_]*\d*)*")
# Rules by which the beginning of a name is the video or the photograph: clip7_0001.png, b12_real.png and b12_aged.png.
_PREFIXES = (r"/([^/]+?)[-_ .]+[A-Za-z]{0,6}\d+\.[^./]+$", r"/([^-_ ./]+)[^/]*$")
_SURELY_SAME = 0.5
_CHOICES = (
    "choose --group folder if a folder is one video or person, --group path if each image stands alone, --group stem "
    "if equal names are one photograph (in a domain file: group: folder)"
)

Group = TypeVar("Group", bound=Hashable)


@dataclass(frozen=True)
class GroupFindings:
    """What speaks against the groups. warnings: one line each. refusal: why nothing should learn from them, or None."""

    warnings: tuple[str, ...] = ()
    refusal: str | None = None


@dataclass(frozen=True)
class _Class:
    """Images of a class (and of a split folder) whose names recur in several of its folders.

    places: the folders of each name that recurs. images: of these names. of: images of the class.
    """

    label: int
    split: str | None
    places: dict[str, list[str]]
    images: int
    of: int

    @property
    def folders(self) -> set[str]:
        return {folder for folders in self.places.values() for folder in folders}

    @property
    def are_frames(self) -> bool:
        """Tell whether the names are those of frames: they count, or there are fewer of them than of folders."""
        counters = [re.sub(r"\d+", "#", name) for name in self.places if _COUNTER.fullmatch(name)]
        counts = len(counters) >= 0.9 * len(self.places) and len(set(counters)) <= 3
        few = len(self.folders) >= 5 and len(self.places) < len(self.folders)
        return (counts or few) and self.images >= self.of / 2


def check_groups(folder: Path, entries: Sequence[Entry], splits: Sequence[str]) -> GroupFindings:
    """Look for signs that file stems, which nobody chose, are not what belongs together in a domain.

    Args:
        folder: of the domain, for messages and for the table of groups that may lie in it.
        entries: its images. splits: of each, by their stems or by the folders that give them.
    """
    several = _recurring(entries)
    recurring = [one for one in several if _same_photographs(one, entries) < _SURELY_SAME]
    table = _table_disagrees(folder, entries, splits)
    if table is not None:
        return table
    if recurring:
        return _names_recur(folder, recurring, entries, splits)
    other = _folders_disagree(several, entries, splits) or _prefixes_disagree(entries, splits)
    return GroupFindings((other,) if other else ())


def asked_for(findings: GroupFindings, rule: str) -> list[str]:
    """Write notes for the record where a rule was chosen against what the names seem to say."""
    if findings.refusal is None:
        return []
    return [f"the group rule '{rule}' was chosen by name: {findings.warnings[0].partition('; choose ')[0]}"]


def _recurring(entries: Sequence[Entry]) -> list[_Class]:
    """Find the names that recur in several folders of one class; the folders of a split are its own."""
    classes: defaultdict[tuple[int, str | None], defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    sizes: Counter[tuple[int, str | None]] = Counter()
    for entry in entries:
        key = (entry.label, entry.split)
        classes[key][entry.stem].append(entry.below)
        sizes[key] += 1
    found = []
    for (label, split), names in classes.items():
        places = {name: sorted(set(folders)) for name, folders in names.items() if len(set(folders)) > 1}
        if places:
            images = sum(len(names[name]) for name in places)
            found.append(_Class(label, split, places, images, sizes[label, split]))
    return found


def _same_photographs(one: _Class, entries: Sequence[Entry]) -> float:
    """Estimate, 0 to 1, whether folders of fakes are ways of changing the reals, which lie in one folder.

    Then equal names are one photograph: real/0001.png, fake/swapped/0001.png, fake/aged/0001.png. It is the share of
    the reals that the usual folder has changed; 0 where names recur that are not among the reals.
    """
    reals = [entry for entry in entries if entry.label == REAL and entry.split == one.split]
    known = {entry.stem for entry in reals}
    if one.label == REAL or len({entry.below for entry in reals}) != 1:
        return 0.0
    if sum(name in known for name in one.places) < 0.9 * len(one.places):
        return 0.0
    inside = Counter(folder for name, folders in one.places.items() if name in known for folder in folders)
    return median(inside.values()) / len(known)


def _names_recur(
    folder: Path, recurring: Sequence[_Class], entries: Sequence[Entry], splits: Sequence[str]
) -> GroupFindings:
    names = sorted({name for one in recurring for name in one.places})
    folders = {(one.label, one.split, place) for one in recurring for place in one.folders}
    name, label, split = min((min(one.places), one.label, one.split or "") for one in recurring)
    example = [e.name for e in entries if (e.stem, e.label, e.split or "") == (name, label, split)]
    kinds = " and ".join(f"{CLASSES[label]} images" for label in sorted({one.label for one in recurring}))
    parted = folders.intersection(_in_several([(e.label, e.split, e.below) for e in entries], splits))
    said = (
        f"{len(names)} file name{'s' * (len(names) > 1)} recur{'s' * (len(names) == 1)} in {len(folders)} folders of "
        f"{kinds} ({some(example, 2)}), taken for the same photographs (group rule stem)"
    )
    if parted:
        said += f", so that images of {len(parted)} of these folders are in several splits"
    said += f"; {_CHOICES}"
    frames = [one for one in recurring if one.are_frames and not _same_photographs(one, entries)]
    # Two folders of one class may be anything; frames are in many, or in those of both classes.
    many = sum(len(one.folders) for one in frames) > 2
    return _refused(folder, said) if many and parted else GroupFindings((said,))


def _table_disagrees(folder: Path, entries: Sequence[Entry], splits: Sequence[str]) -> GroupFindings | None:
    """Compare with a table of groups that lies in the domain's folder but was not asked for."""
    table = folder / TABLE
    if not table.is_file():
        return None
    advice = f"--group {table} takes them from there"
    try:
        known = table_groups(table)
    except UserError as error:
        return GroupFindings((f"{TABLE} in the domain's folder was not used, and cannot be: {error}",))
    found = [(known[entry.name], split) for entry, split in zip(entries, splits, strict=True) if entry.name in known]
    parted = _in_several([group for group, _ in found], [split for _, split in found])
    if not parted:
        return None
    said = (
        f"{TABLE} in the domain's folder was not used: by file names, images of {len(parted)} of its "
        f"{len({group for group, _ in found})} groups ({some(sorted(parted), 2)}) are in several splits; {advice}, "
        "choose --group stem if it is not about that"
    )
    return _refused(folder, said)


def _refused(folder: Path, said: str) -> GroupFindings:
    return GroupFindings((f"{said}; until then nothing is trained on it",), f"{folder}: {said}")


def _folders_disagree(several: Sequence[_Class], entries: Sequence[Entry], splits: Sequence[str]) -> str | None:
    """Write a line if images of one folder, with names that occur once, stand in several splits."""
    recurring = {(one.label, one.split, name) for one in several for name in one.places}
    inside = [
        (entry, split)
        for entry, split in zip(entries, splits, strict=True)
        if entry.below and (entry.label, entry.split, entry.stem) not in recurring
    ]
    if not inside:
        return None
    groups = groups_of([entry.name for entry, _ in inside], FOLDER, "")[0]
    count = len(set(groups))
    if count < 2 or len(groups) < 2 * count:
        return None
    parted = _in_several(groups, [split for _, split in inside])
    if not parted:
        return None
    return (
        f"images of {len(parted)} of {count} folders ({some(sorted(parted), 2)}) are in several splits, since each "
        "file name is its own group; --group folder keeps them together if a folder is one video or person"
    )


def _prefixes_disagree(entries: Sequence[Entry], splits: Sequence[str]) -> str | None:
    """Write a line if names begin alike in a way that may say the video or the photograph."""
    names = [entry.name for entry in entries]
    stems = len({entry.stem for entry in entries})
    found: list[tuple[int, str, list[str]]] = []
    for rule in _PREFIXES:
        groups = _beginnings(names, rule)
        sizes = Counter(groups)
        # Each image by itself, and all in one, are no beginnings that say something.
        if 3 <= len(sizes) <= 0.67 * stems and max(sizes.values()) <= max(len(names) / 3, 4):
            found.append((len(sizes), rule, groups))
    if not found:
        return None
    count, rule, groups = max(found, key=lambda one: one[0])
    parted = _in_several(groups, splits)
    if not parted:
        return None
    return (
        f"file names begin alike: images of {len(parted)} of {count} beginnings ({some(sorted(parted), 3)}) are in "
        f"several splits; --group '{rule}' keeps them together if a beginning is one video or photograph"
    )


def _beginnings(names: Sequence[str], rule: str) -> list[str]:
    """Find what a rule says of each name; nothing if there is one that it does not fit."""
    expression = re.compile(rule)
    groups = []
    for name in names:
        # From the last slash: a rule that began anywhere would take the square of a long name's length.
        match = expression.match(name, name.rindex("/"))
        if match is None:
            return []
        groups.append(match.group(1))
    return groups


def _in_several(groups: Sequence[Group], splits: Sequence[str]) -> set[Group]:
    """Find the groups whose images stand in more than one split."""
    found: defaultdict[Group, set[str]] = defaultdict(set)
    for group, split in zip(groups, splits, strict=True):
        found[group].add(split)
    return {group for group, places in found.items() if len(places) > 1}
