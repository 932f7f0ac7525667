"""Names in a domain's folder that say something else than the place of the image: masks, splits, almost equal names."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence

from forensictransfer.core.errors import some
from forensictransfer.data.folders.layout import SPLIT_FOLDERS, Entry
from forensictransfer.data.records import CLASSES, SPLITS

_MASK_FOLDERS = ("mask", "masks", "groundtruth", "ground_truth", "gt")
_MASK_ENDS = ("mask", "masks", "gt", "groundtruth", "ground_truth")
_MASK_NAME = re.compile(r"(.+)[-_ .](?:masks?|gt|groundtruth|ground_truth)", re.IGNORECASE)


def check_names(entries: Sequence[Entry], groups: Sequence[str]) -> list[str]:
    """Write a line on each kind of name that is probably not meant as it is read.

    Args:
        entries: the images of a domain. groups: of each.
    """
    found = (_masks(entries), _splits_in_classes(entries), _almost_equal(groups))
    return [line for line in found if line]


def _masks(entries: Sequence[Entry]) -> str | None:
    """Find images that are masks by their names: a_mask.png beside a.png, or in a folder called masks."""
    names = {(entry.below, entry.stem) for entry in entries}
    masks = []
    for entry in entries:
        named = _MASK_NAME.fullmatch(entry.stem) if entry.stem.lower().endswith(_MASK_ENDS) else None
        in_folder = entry.below and not set(entry.below.lower().split("/")).isdisjoint(_MASK_FOLDERS)
        if in_folder or (named and (entry.below, named.group(1)) in names):
            masks.append(entry)
    if not masks:
        return None
    kinds = " and ".join(CLASSES[label] for label in sorted({entry.label for entry in masks}))
    return (
        f"{len(masks)} image{'s' * (len(masks) > 1)} ({some((entry.name for entry in masks), 3)}) may be masks by "
        f"name and were read as {kinds} images: move masks out of the class folders, into mask/ beside them"
    )


def _splits_in_classes(entries: Sequence[Entry]) -> str | None:
    """Find split folders within the class folders, where they are not read as splits."""
    if entries[0].split is not None:
        return None
    inside: defaultdict[str, list[str]] = defaultdict(list)
    for entry in entries:
        first = entry.below.partition("/")[0]
        if first.lower() in SPLIT_FOLDERS:
            inside[SPLIT_FOLDERS[first.lower()]].append(entry.name)
    if len(inside) < 2:
        return None
    listed = some((inside[split][0] for split in SPLITS if split in inside), 3)
    return (
        f"folders named as splits lie within the classes ({listed}) and do not decide the splits: for that, "
        "the classes go into the splits (train/real, train/fake, test/real ...)"
    )


def _almost_equal(groups: Sequence[str]) -> str | None:
    """Find groups that differ in case, in blanks or in how their letters are coded, and in nothing else."""
    alike: defaultdict[str, set[str]] = defaultdict(set)
    for group in set(groups):
        letters = group if group.isascii() else unicodedata.normalize("NFKC", group)
        alike[" ".join(letters.casefold().split())].add(group)
    doubled = sorted((sorted(names) for names in alike.values() if len(names) > 1), key=lambda names: names[0])
    if not doubled:
        return None
    listed = some((" and ".join(repr(name) for name in names) for names in doubled), 3)
    return (
        f"{len(doubled)} name{'s' * (len(doubled) > 1)} of groups differ{'s' * (len(doubled) == 1)} in case, blanks or "
        f"coding alone ({listed}) and were taken for different photographs"
    )
