"""Which crop of the extracted tree is what; no image is opened.

The original videos are called by a number, 033; a manipulated one 033_097 by the video that was changed and the one
that gave the face or its expression. The actors' videos are called 01__SCENE and 01_02__SCENE__CODE.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from forensictransfer.data.catalogue.extracted import ManualFolder
from forensictransfer.data.catalogue.manual import Item, linked
from forensictransfer.data.video.crop_tree import CropTree, common, parted, read_json

FOLDERS = {
    "deepfakes": "Deepfakes",
    "face2face": "Face2Face",
    "faceswap": "FaceSwap",
    "neuraltextures": "NeuralTextures",
    "faceshifter": "FaceShifter",
    "deepfakedetection": "DeepFakeDetection",
}
SPLIT_FILES = {"train": "train.json", "validation": "val.json", "test": "test.json"}
ACTORS = tuple(f"{number:02d}" for number in range(1, 29))
SHARES = (0.6, 0.15, 0.25)
_ACTOR = re.compile(r"(\d\d)(?:_(\d\d))?__.+")


def items(tree: ManualFolder, config: str) -> Iterator[Item]:
    """Yield the main faces of the original videos and of one manipulation at one quality."""
    method, quality = config.rsplit("_", 1)
    crops = CropTree(tree)
    source = "actors" if method == "deepfakedetection" else "youtube"
    reals = ("original_sequences", source, quality, "videos")
    fakes = ("manipulated_sequences", FOLDERS[method], quality, "videos")
    tree.folder(*reals)
    tree.folder(*fakes)
    listed = _actors if source == "actors" else _pairs
    for label, video, group, split in listed(tree, reals, fakes):
        for crop in crops.main_face("/".join([*(fakes if label else reals), video])):
            yield Item(crop, label, group, split, mask=crops.mask(crop) if label else None)
    crops.finish()


Listed = Iterator[tuple[int, str, str, str]]


def _pairs(tree: ManualFolder, reals: tuple[str, ...], fakes: tuple[str, ...]) -> Listed:
    """Yield label, video, group and split of what the official lists name.

    Each pair gives two originals and two fakes.
    """
    pairs = {split: _read_pairs(tree, name) for split, name in SPLIT_FILES.items()}
    groups = linked(pair for some in pairs.values() for pair in some)
    owners: dict[str, str] = {}
    for split, some in pairs.items():
        for one, other in some:
            if owners.setdefault(groups[one], split) != split:
                raise tree.problem(
                    f"expected each video in one split, found {one} in {owners[groups[one]]} and {split}"
                )
            group = f"ff/{groups[one]}"
            yield from ((0, video, group, split) for video in (one, other))
            yield from ((1, video, group, split) for video in (f"{one}_{other}", f"{other}_{one}"))


def _read_pairs(tree: ManualFolder, name: str) -> list[tuple[str, str]]:
    """Read the pairs of one of the official lists, [["071", "054"], ...]."""
    content = read_json(tree, "splits", name)
    if not isinstance(content, list) or not content:
        raise tree.problem(f"expected a list of pairs of videos in splits/{name}")
    for pair in content:
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(video, str) for video in pair)):
            raise tree.problem(f"expected pairs of videos such as ['071', '054'] in splits/{name}, found {pair}")
    return [(one, other) for one, other in content]


def _actors(tree: ManualFolder, reals: tuple[str, ...], fakes: tuple[str, ...]) -> Listed:
    """Yield label, video, group and split of the actors' videos; swaps between actors of two splits are left out."""
    parts = parted(ACTORS, SHARES)
    across = strange = 0
    for label, folder in enumerate((reals, fakes)):
        for video in tree.folders(*folder):
            found = _ACTOR.fullmatch(video)
            people = [actor for actor in found.groups() if actor] if found else []
            if len(people) != label + 1 or not set(people) <= set(ACTORS):
                strange += 1
                continue
            split = common(parts[actor] for actor in people)
            across += split is None
            if split is not None:
                yield label, video, f"dfd/{people[0]}", split
    if across:
        tree.note(f"{across} fakes left out: their two actors stand in different splits")
    if strange:
        tree.note(f"{strange} videos left out: their names do not say which of the 28 actors they show")
