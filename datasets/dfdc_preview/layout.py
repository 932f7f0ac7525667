"""Which crop of the extracted tree is what, as dataset.json says; no image is opened.

dataset.json names every video by its path and says its label, its set, whose video it is (target_id) and whose face was
put there (swapped_id).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from forensictransfer.data.catalogue.extracted import ManualFolder
from forensictransfer.data.catalogue.manual import Item
from forensictransfer.data.video.crop_tree import CropTree, common, parted, read_json

LIST = "dataset.json"
METHODS = {"all": ("method_A", "method_B"), "method_a": ("method_A",), "method_b": ("method_B",)}
SHARES = (0.85, 0.15, 0.0)  # of the actors that are in no test video
_LABELS = {"real": 0, "fake": 1}
_NAME = re.compile(r"(?:(\d+)_)?(\d+)_[A-Za-z]\w*")


def items(tree: ManualFolder, config: str) -> Iterator[Item]:
    """Yield the main faces of the original videos and of the fakes of one or both methods.

    The official test is kept whole. A training video with an actor of the test in it is left out, and so is a swap
    between an actor of the training and one of the validation part.
    """
    for folder in ("original_videos", *METHODS[config]):
        tree.folder(folder)
    videos = {path: _entry(tree, path, entry) for path, entry in _entries(tree).items()}
    tested = {actor for _, part, actors in videos.values() if part == "test" for actor in actors}
    parts = parted((actor for _, _, actors in videos.values() for actor in actors if actor not in tested), SHARES)
    crops = CropTree(tree)
    shared = across = 0
    for path, (label, part, actors) in sorted(videos.items()):
        if label and not path.startswith(tuple(f"{method}/" for method in METHODS[config])):
            continue
        split: str | None = "test"
        if part == "train":
            if tested & set(actors):
                shared += 1
                continue
            split = common(parts[actor] for actor in actors)
            across += split is None
        if split is not None:
            for crop in crops.main_face(path):
                yield Item(crop, label, f"dfdc_preview/{actors[0]}", split)
    if shared:
        tree.note(f"{shared} training videos left out: an actor of the official test is in them")
    if across:
        tree.note(f"{across} fakes left out: one actor is in the training, the other in the validation part")
    crops.finish()


def _entries(tree: ManualFolder) -> dict[str, Any]:
    content = read_json(tree, LIST)
    if not isinstance(content, dict) or not content:
        raise tree.problem(f"expected an entry for each video in {LIST}, found none")
    return content


def _entry(tree: ManualFolder, path: str, entry: Any) -> tuple[int, str, tuple[str, ...]]:
    """Read label, set, and the actors of a video, first the one whose video it is. Raises UserError."""
    entry = entry if isinstance(entry, dict) else {}
    label, part = _LABELS.get(str(entry.get("label")).lower()), str(entry.get("set")).strip().lower()
    named = _NAME.fullmatch(path.rsplit("/", 1)[-1].rsplit(".", 1)[0])
    # The names say it too, SWAPPED_TARGET_CLIP, for an entry that does not.
    target = entry.get("target_id") or (named and named.group(2))
    swapped = entry.get("swapped_id") or (named and named.group(1))
    if label is None or part not in ("train", "test") or not target:
        raise tree.problem(f"expected label, set and target_id of {path} in {LIST}, found {str(entry)[:200]}")
    return label, part, tuple(str(actor) for actor in (target, swapped if label else None) if actor)
