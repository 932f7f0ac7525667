"""Which videos, masks and lists a folder holds, and where each video's crops go."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from forensictransfer.core.errors import ErrorCode, UserError, some
from forensictransfer.core.files import writing
from forensictransfer.data.folders.walk import files_below
from forensictransfer.data.video.frames import SUFFIXES

_LISTS = (".txt", ".json", ".csv")
_LARGEST_LIST = 20 * 2**20
_OURS = ("groups.csv", "faces.json")


@dataclass(frozen=True)
class Clip:
    """A video: its posix path below the source, where it is, and the folder of its crops below the output."""

    name: str
    path: Path
    folder: str

    @property
    def stem(self) -> str:
        """The start of its crops' names."""
        return self.folder.rsplit("/", 1)[-1]


def find_clips(source: Path, *, apart: Path | None = None) -> tuple[list[Clip], list[str]]:
    """Find the videos of a file or a folder, sorted by name, and write one-line notes on what was skipped.

    A video's crops go to its path without the suffix, or with it where another video or a folder has that path.
    Folders called `masks` and what lies below `apart` are skipped.

    Raises:
        UserError: nothing there, another kind of file, or no videos.
    """
    if source.is_file():
        if source.suffix.lower() not in SUFFIXES:
            raise UserError(
                f"{source}: expected a video ({' '.join(SUFFIXES)}) or a folder of videos",
                code=ErrorCode.PATH_WRONG_KIND,
            )
        return [Clip(source.name, source, source.stem)], []
    if not source.is_dir():
        raise UserError(f"{source}: there is no such video or folder", code=ErrorCode.PATH_MISSING)
    names, masks, others = [], 0, Counter[str]()
    outside = None if apart is None or apart == source else os.path.realpath(apart) + os.sep
    files, skipped = files_below(source)
    for name in (_name(path, source) for path in files):
        if outside is not None and os.path.realpath(source / name).startswith(outside):
            continue
        suffix = os.path.splitext(name)[1].lower()
        if suffix not in SUFFIXES:
            others[suffix or "no suffix"] += 1
        elif "masks" in name.lower().split("/")[:-1]:
            masks += 1
        else:
            names.append(name)
    if not names:
        kinds = ", ".join(f"{kind} {count}" for kind, count in others.most_common(5))
        among = f" among {sum(others.values())} other files ({kinds})" if others else ""
        raise UserError(
            f"{source}: expected videos ({' '.join(SUFFIXES)}), found none{among}", code=ErrorCode.PATH_MISSING
        )
    taken = Counter(os.path.splitext(name)[0] for name in names)
    taken.update({parent.as_posix() for name in names for parent in PurePosixPath(name).parents})
    clips = []
    for name in sorted(names):
        bare = os.path.splitext(name)[0]
        clips.append(Clip(name, source / name, bare if taken[bare] == 1 else name))
    notes = [f"{masks} videos in folders called masks were skipped"] if masks else []
    if skipped:
        listed = some((f"{_name(one.path, source)} {one.reason}" for one in skipped), 20)
        notes.append(f"links skipped: {len(skipped)}, {listed}")
    return clips, notes


def find_masks(source: Path, masks: Path, clips: list[Clip]) -> dict[str, Path]:
    """Find each video's masks by its name: a video or a folder of pictures under the same path, whatever the suffix.

    Also as FaceForensics++ has them: the masks of D/c23/videos/1_2.mp4 are D/masks/videos/1_2.mp4.

    Raises:
        UserError: nothing there, or no masks for any of the videos.
    """
    if not masks.exists():
        raise UserError(f"{masks}: there are no masks: expected a video or a folder", code=ErrorCode.PATH_MISSING)
    if source.is_file():
        return {clips[0].name: masks}
    if not masks.is_dir():
        raise UserError(
            f"{masks}: expected a folder with masks under the videos' paths, found a file",
            code=ErrorCode.MASKS_UNSUITABLE,
        )
    own = {clip.path for clip in clips}
    videos = {
        os.path.splitext(name)[0]: masks / name
        for name in _files(masks)
        if name.lower().endswith(SUFFIXES) and masks / name not in own
    }
    found: dict[str, Path] = {}
    for clip in clips:
        bare = PurePosixPath(os.path.splitext(clip.name)[0])
        beside = bare.parent.parent.parent / "masks" / bare.parent.name / bare.name
        for name in (bare.as_posix(), beside.as_posix()):
            place = videos.get(name, masks / name)
            # Where the masks are in the same tree, a folder beside the video that has its name holds other videos.
            if place.exists() and place != clip.path.with_suffix(""):
                found.setdefault(clip.name, place)
    if not found:
        raise UserError(
            f"{masks}: no masks under the videos' paths; expected such as {os.path.splitext(clips[0].name)[0]}",
            code=ErrorCode.MASKS_UNSUITABLE,
        )
    return found


def mask_root(out: Path) -> Path:
    """Return where the masks of `out` stand: beside it, so that no reader of `out` takes them for pictures."""
    real = Path(os.path.realpath(out))
    return real.with_name(f"{real.name}_masks")


def copy_lists(source: Path, out: Path) -> list[str]:
    """Copy the lists that came with the videos (official splits, labels: .txt, .json, .csv), under their own paths."""
    copied = 0
    inside = os.path.realpath(out) + os.sep
    for name in _files(source):
        path = source / name
        if (
            os.path.splitext(name)[1].lower() not in _LISTS
            or name in _OURS
            or os.path.realpath(path).startswith(inside)
        ):
            continue
        if not path.is_file() or path.stat().st_size > _LARGEST_LIST:
            continue
        target = out / name
        if not target.is_file() or target.read_bytes() != path.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            with writing(target) as temporary:
                shutil.copyfile(path, temporary)
        copied += 1
    return [f"{copied} lists (.txt, .json, .csv) copied beside the crops"] if copied else []


def _files(folder: Path) -> list[str]:
    """List all files below a folder, relative to it and in posix form, sorted; hidden ones are skipped.

    Links are followed to what is new alone, so that a video keeps the path, and with it the class, that it lies in.
    """
    return [_name(path, folder) for path in files_below(folder)[0]]


def _name(path: str, folder: Path) -> str:
    return Path(path).relative_to(folder).as_posix()
