"""Which crop of the extracted tree is what; no image is opened.

A video of a celebrity is called id0_0003, a fake id0_id1_0003: clip 0003 of id0 with the face of id1 (the authors, in
issue 6 of their repository). The 300 videos of YouTube-real show other people, nobody says whom.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from forensictransfer.data.catalogue.extracted import ManualFolder
from forensictransfer.data.catalogue.manual import Item
from forensictransfer.data.splits import split_of
from forensictransfer.data.video.crop_tree import CropTree, common, parted

FOLDERS = {"Celeb-real": 0, "YouTube-real": 0, "Celeb-synthesis": 1}
TEST_LIST = "List_of_testing_videos.txt"
PEOPLE = tuple(f"id{number}" for number in range(62))
SHARES = (0.6, 0.15, 0.25)
VALIDATION = (0.9, 0.1, 0.0)  # of what the official list leaves for training
_NAME = re.compile(r"(id\d+)(?:_(id\d+))?_(\d+)")


def items(tree: ManualFolder, config: str) -> Iterator[Item]:
    """Yield the main faces of all videos, in the official splits or in splits by person."""
    crops = CropTree(tree)
    for folder in FOLDERS:
        tree.folder(folder)
    for video, group, split in _official(tree) if config == "official" else _by_person(tree):
        for crop in crops.main_face(video):
            yield Item(crop, FOLDERS[video.split("/")[0]], group, split)
    crops.finish()


Listed = Iterator[tuple[str, str, str]]


def _official(tree: ManualFolder) -> Listed:
    """Yield video, group and split: listed videos are the test, others train and validation by hash of the clip.

    Other fakes of a clip that is tested would show the test's very pictures in training, so they are left out there.
    """
    tested = {video: _clip(video) for video in _test_videos(tree)}
    yield from ((video, group, "test") for video, group in tested.items())
    shared = 0
    for folder in FOLDERS:
        for name in tree.folders(folder):
            video = f"{folder}/{name}"
            group = _clip(video)
            if video in tested:
                continue
            if group in tested.values():
                shared += 1
                continue
            yield video, group, split_of(group, VALIDATION)
    if shared:
        tree.note(f"{shared} training videos left out: other versions of their clip are in the official test")


def _by_person(tree: ManualFolder) -> Listed:
    """Yield video, group and split: people are dealt out, and swaps between people of two splits are left out."""
    parts = parted(PEOPLE, SHARES)
    across = 0
    for folder in FOLDERS:
        for name in tree.folders(folder):
            people = _people(name)
            group = f"celebdf/{people[0]}" if people else f"celebdf/{folder}/{name}"
            split = common(parts.get(person) for person in people) if people else split_of(group, SHARES)
            across += split is None
            if split is not None:
                yield f"{folder}/{name}", group, split
    if across:
        tree.note(f"{across} fakes left out: their two people stand in different splits")


def _test_videos(tree: ManualFolder) -> list[str]:
    """Read the official test: lines such as `1 YouTube-real/00170.mp4`, where 1 is real and 0 is fake."""
    videos = []
    for line in tree.lines(TEST_LIST):
        mark, _, path = line.strip().partition(" ")
        folder, _, name = path.strip().partition("/")
        if mark not in ("0", "1") or FOLDERS.get(folder) != 1 - int(mark) or not name:
            raise tree.problem(f"expected lines such as '1 YouTube-real/00170.mp4' in {TEST_LIST}, found '{line}'")
        videos.append(f"{folder}/{name.rsplit('.', 1)[0]}")
    if not videos:
        raise tree.problem(f"expected the videos of the official test in {TEST_LIST}, found none")
    return videos


def _people(name: str) -> list[str]:
    """Read whose video it is and whose face, if the name says so."""
    found = _NAME.fullmatch(name)
    return [person for person in found.groups()[:2] if person] if found else []


def _clip(video: str) -> str:
    """Name the group of a video: the clip that it shows, whoever's face is in it."""
    folder, _, name = video.partition("/")
    found = _NAME.fullmatch(name)
    return f"celebdf/{found.group(1)}_{found.group(3)}" if found else f"celebdf/{folder}/{name}"
