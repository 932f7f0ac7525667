"""Which file of the extracted archives is what; no image is opened.

An authentic image is called Au_KIND_NUMBER, a tampered one Tp_{D,S}_..._SOURCE_TARGET_ID: D and S for a region from a
different or the same photograph, SOURCE and TARGET a kind and a number each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from forensictransfer.data.catalogue.extracted import ManualFolder
from forensictransfer.data.catalogue.manual import Item, linked

MASKS = ("CASIA 2 Groundtruth", "Gt", "CASIA2.0_Groundtruth")
KINDS = {"splicing": "Tp_D_", "copy_move": "Tp_S_", "all": "Tp_"}
COUNTS = {"Au": 7491, "Tp": 5123}
UNKNOWN = "xxx00000"  # stands for a photograph that the authors no longer knew
_AUTHENTIC = re.compile(r"Au_([a-z]{3})_(\d{5})")
_TAMPERED = re.compile(r"Tp_[DS]_.*_([a-z]{3}\d{5})_([a-z]{3}\d{5})_\d+")


def items(tree: ManualFolder, config: str) -> Iterator[Item]:
    """Yield the authentic images, and the tampered ones of one kind with their masks.

    A splice belongs to two photographs and links them, so that neither may stand in another split than the splice.
    All tampered images link, whatever the configuration: the splits are the same in all three.
    """
    authentic, tampered = tree.images("Au"), tree.images("Tp")
    tree.expect(len(authentic), COUNTS["Au"], "Au")
    tree.expect(len(tampered), COUNTS["Tp"], "Tp")
    folder = next((name for name in MASKS if tree.has(name)), MASKS[0])
    masks = {path.stem.removesuffix("_gt"): path for path in tree.images(folder)}
    groups = linked(_photographs(path) for path in tampered)
    unnamed = unmasked = 0
    for path in authentic:
        found = _AUTHENTIC.fullmatch(path.stem)
        unnamed += not found
        name = "".join(found.groups()) if found else path.stem
        yield Item(path, 0, f"casia/{groups.get(name, name)}")
    for path in tampered:
        if path.name.startswith(KINDS[config]):
            unnamed += not _TAMPERED.fullmatch(path.stem)
            unmasked += path.stem not in masks
            yield Item(path, 1, f"casia/{groups[_photographs(path)[0]]}", mask=masks.get(path.stem))
    if unnamed:
        tree.note(f"names that do not say which photographs they come from, each a group of its own: {unnamed}")
    if unmasked:
        tree.note(f"tampered images without a mask in {folder}: {unmasked}")


def _photographs(path: Path) -> tuple[str, str]:
    """Name the two photographs of a tampered image.

    Twice the known one, or the image itself, where a name is lacking.
    """
    found = _TAMPERED.fullmatch(path.stem)
    known = [name for name in found.groups() if name != UNKNOWN] if found else []
    known = known or [path.stem]
    return known[0], known[-1]
