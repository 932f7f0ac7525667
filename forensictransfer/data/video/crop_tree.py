"""What a data set's builder reads: the tree of crops that `data faces` has made of the data set's videos.

Builders of video data sets open no video. They read crops under the videos' own paths, so that one extraction serves
all of their configurations, a build needs neither decoder nor detector, and a stop costs one video.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from forensictransfer.data.catalogue.extracted import ManualFolder
from forensictransfer.data.folders.layout import SUFFIXES as IMAGE_SUFFIXES
from forensictransfer.data.records import SPLITS
from forensictransfer.data.video.frames import SUFFIXES
from forensictransfer.data.video.tree import mask_root

MAIN = "00"  # the folder of the face that takes the most room in a video


class CropTree:
    """The crops of a data set's videos below its folder; what is missing is counted, and noted by `finish`."""

    def __init__(self, tree: ManualFolder) -> None:
        self._tree = tree
        self._asked = self._missing = self._empty = 0
        self._masks = mask_root(tree.root)

    def main_face(self, video: str) -> list[Path]:
        """List the crops of the main face of a video, in time; none if the video is not there or shows no face.

        Only the main face: in a manipulated video the face of a bystander is as the camera saw it.

        Args:
            video: its path below the data set's folder, with or without a video's suffix.
        Raises:
            UserError: the folder holds the videos themselves.
        """
        path = self._tree.root / video
        folder = path.with_suffix("") if path.suffix.lower() in SUFFIXES else path
        self._asked += 1
        if not folder.is_dir():
            if any(folder.with_name(folder.name + suffix).exists() for suffix in SUFFIXES):
                raise self._tree.problem(
                    f"expected crops in {folder}, found a video: move the videos elsewhere and run "
                    f"`forensictransfer data faces VIDEOS {self._tree.root}`"
                )
            self._missing += 1
            return []
        main = folder / MAIN
        files = sorted(main.iterdir()) if main.is_dir() else []
        crops = [file for file in files if file.suffix.lower() in IMAGE_SUFFIXES and file.name[0] != "."]
        self._empty += not crops
        return crops

    def mask(self, crop: Path) -> Path | None:
        """Find the mask that `data faces --masks` has cropped with a crop, None if there is none."""
        mask = self._masks / crop.relative_to(self._tree.root)
        return mask if mask.is_file() else None

    def finish(self) -> None:
        """Add notes on what was missing, and what the extraction itself could not do."""
        if self._missing:
            self._tree.note(f"{self._missing} of {self._asked} videos of the lists are not there")
        if self._empty:
            self._tree.note(f"{self._empty} of {self._asked} videos show no face")
        if self._tree.has("faces.json"):
            report = self._report()
            for name, what in (("failed", "could not be read"), ("not_done", "were not done, data faces was stopped")):
                if report.get(name):
                    self._tree.note(f"{len(report[name])} videos {what} (faces.json)")

    def _report(self) -> dict[str, Any]:
        try:
            content = json.loads(self._tree.file("faces.json").read_text(encoding="utf-8"))
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}


def read_json(tree: ManualFolder, *parts: str) -> Any:
    """Read a JSON file that must be there. Raises UserError."""
    path = tree.file(*parts)
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise tree.problem(f"expected JSON in {path}: {error}") from error


def parted(names: Iterable[str], shares: tuple[float, float, float]) -> dict[str, str]:
    """Choose a split for each of a few people, so that the shares are met as nearly as their number allows.

    The people stand in the order of a hash of their names and are dealt out from its beginning; with the hash itself as
    the share (`split_of`) a few dozen people could all fall into one split.

    Args:
        names: the people. shares: of train, validation and test; they sum to 1.
    """
    order = sorted(set(names), key=lambda name: hashlib.blake2b(name.encode(), digest_size=8, salt=b"people").digest())
    ends = [round(len(order) * sum(shares[: place + 1])) for place in range(3)]
    return {name: next(SPLITS[i] for i, end in enumerate(ends) if place < end) for place, name in enumerate(order)}


def common(splits: Iterable[str | None]) -> str | None:
    """Find the split that all agree on, None if they do not or one has none."""
    found = set(splits)
    return found.pop() if len(found) == 1 else None
