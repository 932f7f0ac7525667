"""Edits of CelebA portraits that the user made: who is on them, and CelebA's official parts.

CelebA: Liu, Luo, Wang, Tang, Deep learning face attributes in the wild, ICCV 2015.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from forensictransfer.data.catalogue.extracted import ManualFolder
from forensictransfer.data.catalogue.manual import Item

IDENTITIES = ("Anno", "identity_CelebA.txt")
PARTS = ("Eval", "list_eval_partition.txt")
MAPPING = "CelebA-HQ-to-CelebA-mapping.txt"
SPLITS = {"0": "train", "1": "validation", "2": "test"}


def celeba_items(tree: ManualFolder) -> Iterator[Item]:
    """Yield the images of `real/` and `fake/`, whose names begin with the number of a CelebA photograph.

    The photograph is the one that an image is or was made from.

    The group is the identity, the split is CelebA's own, which keeps identities apart. Where the mapping of CelebA-HQ
    stands in the folder, the numbers are those of CelebA-HQ.

    Raises:
        UserError: a list that is missing or broken, a name without a number, a number that CelebA does not have.
    """
    identities, parts = (_pairs(tree, *place) for place in (IDENTITIES, PARTS))
    mapping = _mapping(tree) if tree.has(MAPPING) else None
    for label, folder in enumerate(("real", "fake")):
        for path in tree.images(folder):
            found = re.match(r"\d+", path.name)
            if not found:
                raise tree.problem(f"expected names that begin with the photograph's number, found {path}")
            number = int(found.group())
            if mapping is not None:
                number = mapping.get(number, -1)
            photograph = f"{number:06d}.jpg"
            if photograph not in identities or photograph not in parts:
                kind = "CelebA-HQ" if mapping is not None else "CelebA"
                raise tree.problem(f"{path}: there is no photograph {int(found.group())} in {kind}'s lists")
            split = SPLITS.get(parts[photograph])
            if split is None:
                raise tree.problem(f"expected 0, 1 or 2 in {'/'.join(PARTS)}, found '{parts[photograph]}'")
            yield Item(path, label, f"celeba/{identities[photograph]}", split)


def _pairs(tree: ManualFolder, *place: str) -> dict[str, str]:
    rows = [line.split() for line in tree.lines(*place)]
    wrong = next((row for row in rows if len(row) != 2), None)
    if wrong is not None:
        raise tree.problem(f"expected lines like '000001.jpg 2880' in {'/'.join(place)}, found '{' '.join(wrong)}'")
    return {row[0]: row[1] for row in rows}


def _mapping(tree: ManualFolder) -> dict[int, int]:
    """Map the numbers in CelebA-HQ to those in CelebA (from 1), by the file's columns idx, orig_idx and orig_file."""
    rows = [line.split() for line in tree.lines(MAPPING)[1:]]
    try:
        return {int(index): int(file.removesuffix(".jpg")) for index, _, file in rows}
    except ValueError:
        raise tree.problem(f"expected the columns idx, orig_idx and orig_file in {MAPPING}") from None
