"""The faces of one video as PNG files: read, find, follow, cut, write."""

from __future__ import annotations

import os
import re
import shutil
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.data.video.crops import Window, as_coded, window_of
from forensictransfer.data.video.faces import FaceDetector
from forensictransfer.data.video.frames import Frame, Frames, Video, between, sample
from forensictransfer.data.video.libraries import VideoError
from forensictransfer.data.video.settings import FaceSettings
from forensictransfer.data.video.tracks import GAP, Tracker

_SPARE_MASKS = 2  # frames by which a video of masks may be longer or shorter than its video
_SEEN = 3  # frames in which a face must be found: fewer are chance hits


@dataclass
class _Track:
    """What is known of one face: how often and how large it was seen, and its crops."""

    seen: int = 0
    area: float = 0.0
    crops: list[dict[str, Any]] = field(default_factory=list)


def extract_clip(
    path: Path,
    name: str,
    folder: Path,
    settings: FaceSettings,
    detector: FaceDetector,
    *,
    masks: Frames | None = None,
    mask_folder: Path | None = None,
) -> dict[str, Any]:
    """Write the crops of one video as `folder`/TRACK/`name`_TRACK_FRAME.png, and those of its masks alike.

    Tracks are numbered from 00 by the room that their face takes over the whole video, the main person first; FRAME is
    the frame's index. A mask has the name of its crop, in `mask_folder`.

    Args:
        folder, mask_folder: existing empty folders.
        masks: frames of the same number and size as the video's; single channel pictures come as three equal ones.
    Returns:
        What was found, as plain values for the record: frames, tracks with their crops, counts of what was left out.
    Raises:
        VideoError: the video or its masks cannot be read, or do not fit each other.
    """
    video = Video(path)
    kept = sample(video.times, per_video=settings.per_video, per_second=settings.per_second)
    looked_at = between(video.times, kept, GAP)
    masked = _Masks(masks, video, kept) if masks is not None else None
    tracker = Tracker()
    tracks: defaultdict[int, _Track] = defaultdict(_Track)
    sampled = without_mask = too_large = 0
    size = (0, 0)
    for frame in video.read(looked_at):
        size = frame.pixels.shape[:2]
        upright = frame.upright()
        faces = detector.find(upright)
        numbers = tracker.follow(upright, frame.seconds, faces)
        for number, face in zip(numbers, faces, strict=True):
            tracks[number].seen += 1
            tracks[number].area += (face.right - face.left) * (face.bottom - face.top)
        if frame.index not in kept:
            continue
        sampled += 1
        mask = masked.at(frame) if masked is not None else None
        without_mask += masked is not None and mask is None
        for number, face in zip(numbers, faces, strict=True):
            window = window_of(as_coded(face, frame.turns, size), size, settings)
            if window is None:
                too_large += 1
                continue
            _write(folder, number, frame, window, frame.turns)
            if mask is not None and mask_folder is not None:
                _write(mask_folder, number, mask, window, frame.turns)
            place = {"frame": frame.index, "seconds": round(frame.seconds, 3), "window": list(window)}
            tracks[number].crops.append({**place, "score": round(face.score, 3)})
    if sampled == 0:
        raise VideoError(path, f"none of its {video.count} frames can be decoded", code=ErrorCode.VIDEO_DAMAGED)
    needed = min(_SEEN, len(looked_at))
    chosen = sorted(
        (number for number, track in tracks.items() if track.crops and track.seen >= needed),
        key=lambda number: -tracks[number].area,
    )
    for place_of in filter(None, (folder, mask_folder)):
        _arrange(place_of, chosen, name)
    return {
        "frames": video.count,
        "seconds": round(float(video.times[-1]), 3),
        "size": [size[1], size[0]],
        "sampled": sampled,
        "looked_at": len(looked_at),
        "damaged_frames": video.damaged,
        "too_large_for_frame": too_large,
        "frames_without_mask": without_mask,
        "short_tracks": sum(1 for track in tracks.values() if track.seen < needed),
        "tracks": [tracks[number].crops for number in chosen],
    }


def crop_name(name: str, track: int, frame: int) -> str:
    """Return the path of a crop below the folder of its video: unique also as a bare file name."""
    return f"{track:02d}/{name}_{track:02d}_{frame:06d}.png"


def check_crops(folder: Path) -> None:
    """Raise UserError unless a folder is one of crops, by the names of its files: another one is never replaced."""
    name = re.escape(folder.name)
    crop = re.compile(rf"(\d\d+)/{name}_\1_\d+\.png")
    strange = [] if folder.is_dir() and not folder.is_symlink() else [folder.name]
    for place, folders, names in os.walk(folder):
        links = [one for one in folders if Path(place, one).is_symlink()]
        paths = (Path(place, one).relative_to(folder).as_posix() for one in (*names, *links))
        strange += [path for path in paths if not crop.fullmatch(path)]
    if strange:
        raise UserError(
            f"{folder}: holds other files than crops ({min(strange)}), and is not replaced; move it away, or choose "
            "another folder",
            code=ErrorCode.PATH_EXISTS,
        )


class _Masks:
    """The masks of a video's kept frames, read along with it."""

    def __init__(self, frames: Frames, video: Video, kept: Sequence[int]) -> None:
        if abs(frames.count - video.count) > _SPARE_MASKS:
            raise VideoError(
                video.path,
                f"has {video.count} frames, its masks {frames.path} have {frames.count}",
                code=ErrorCode.MASKS_UNSUITABLE,
            )
        self._path, self._video = frames.path, video.path
        self._frames = frames.read(kept)
        self._next = next(self._frames, None)

    def at(self, frame: Frame) -> Frame | None:
        """Find the mask of a frame, None if there is none. Raises VideoError if it is of another size."""
        while self._next is not None and self._next.index < frame.index:
            self._next = next(self._frames, None)
        mask = self._next
        if mask is None or mask.index != frame.index:
            return None
        if mask.pixels.shape != frame.pixels.shape:
            raise VideoError(
                self._video,
                f"is {_size(frame)}, its masks {self._path} are {_size(mask)}",
                code=ErrorCode.MASKS_UNSUITABLE,
            )
        return mask


def _write(folder: Path, number: int, frame: Frame, window: Window, turns: int) -> None:
    """Save the pixels under a window, turned upright, losslessly; under the track's own number for the time being."""
    place = folder / f"track-{number}"
    place.mkdir(exist_ok=True)
    pixels = np.ascontiguousarray(np.rot90(window.cut(frame.pixels), turns))
    Image.fromarray(pixels).save(place / f"{frame.index}.png", compress_level=4)


def _arrange(folder: Path, chosen: list[int], name: str) -> None:
    """Give the chosen tracks their final names and remove the others."""
    for rank, number in enumerate(chosen):
        place = folder / f"track-{number}"
        for file in list(place.iterdir()) if place.is_dir() else ():
            target = folder / crop_name(name, rank, int(file.stem))
            target.parent.mkdir(exist_ok=True)
            file.rename(target)
    for place in folder.glob("track-*"):
        shutil.rmtree(place)


def _size(frame: Frame) -> str:
    return f"{frame.pixels.shape[1]} x {frame.pixels.shape[0]}"
