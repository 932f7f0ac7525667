"""Frames of a video, exactly as the decoder gives them, in the order and at the times at which they are shown.

PyAV (FFmpeg) decodes: it gives every frame its time stamp, so that videos of variable frame rate are sampled by their
own clock; it says how a phone held the camera; and it raises where a file is damaged, where OpenCV's reader ends in
silence. The conversion to red, green and blue repeats the colour samples that neighbouring pixels share and
interpolates nothing, with the matrix and range that the video names; its arithmetic is the same on every processor and
stays within 4 grey levels of the exact formula (FFmpeg's bit-exact path). Interlaced frames stay as they are.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from forensictransfer.core.errors import ErrorCode
from forensictransfer.data.decode import ImageError, decode
from forensictransfer.data.folders.layout import SUFFIXES as IMAGE_SUFFIXES
from forensictransfer.data.video.libraries import VideoError, load_av

SUFFIXES = (".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".flv", ".ts")
MAX_PIXELS = 200_000_000
_CUT_SHORT = 1.0  # seconds that may be missing at the end: containers round, and sound may be longer than the pictures


@dataclass(frozen=True)
class Frame:
    """One frame: its place in the order of showing, its time in seconds, its pixels as coded, uint8 (h, w, 3).

    `turns` quarter turns counterclockwise make it upright (`upright`).
    """

    index: int
    seconds: float
    pixels: np.ndarray
    turns: int = 0

    def upright(self) -> np.ndarray:
        """Return the frame as it is meant to be seen: a view of the same pixels."""
        return np.rot90(self.pixels, self.turns)


class Frames(Protocol):
    """What gives frames by index: a video file or a folder of pictures. `count` is their number."""

    path: Path
    count: int

    def read(self, indices: Iterable[int]) -> Iterator[Frame]: ...


class Video:
    """A video file. Its frames are listed on entry from the container alone; nothing is decoded before `read`.

    Attributes:
        path: the file.
        times: float64 (n,), the time of each frame in seconds from the first, in the order of showing.
        damaged: frames that `read` was asked for and the decoder marked as damaged; they are left out.

    Raises:
        VideoError: no video, no pictures in it, damaged, or shorter than it says it is (a broken download).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damaged = 0
        with _opened(path) as (container, stream):
            stamps, missing = _stamps(path, container, stream)
            # Some containers (raw H.264, old AVI) do not time their pictures: these count by order at the nominal rate.
            self._places = None if missing else {stamp: place for place, stamp in enumerate(stamps)}
            rate = float(stream.average_rate or 25)
            base = 1 / rate if missing else float(stream.time_base)
        ticks = np.arange(len(stamps)) if missing else np.array(stamps, np.float64) - stamps[0]
        self.times = ticks * base
        self.count = len(stamps)

    def read(self, indices: Iterable[int]) -> Iterator[Frame]:
        """Yield the frames at `indices`, in the order of showing; damaged ones are left out. Raises VideoError."""
        wanted = set(indices)
        last = max(wanted, default=-1)
        if last < 0:
            return
        flags = _conversion()
        with _opened(self.path) as (container, stream):
            stream.thread_type = "AUTO"
            for order, picture in enumerate(container.decode(stream)):
                index = order if self._places is None else self._places.get(picture.pts, -1)
                if index in wanted:
                    if picture.is_corrupt:
                        self.damaged += 1
                    else:
                        pixels = picture.to_ndarray(format="rgb24", interpolation=flags)
                        turns = round(picture.rotation / 90) % 4
                        yield Frame(index, float(self.times[index]), pixels, turns)
                if index >= last:
                    return


class FrameFolder:
    """A folder of pictures, one for each frame, in the order of the numbers in their names. Raises VideoError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        files = [file for file in path.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES and file.name[0] != "."]
        if not files:
            raise VideoError(
                path,
                f"expected a folder of frames ({' '.join(IMAGE_SUFFIXES)}), found none",
                code=ErrorCode.VIDEO_UNREADABLE,
            )
        self._files = sorted(files, key=lambda file: [int(part) for part in re.findall(r"\d+", file.stem)] or [-1])
        self.count = len(self._files)

    def read(self, indices: Iterable[int]) -> Iterator[Frame]:
        """Yield the frames at `indices`, in order; those beyond the last are left out. Raises VideoError."""
        for index in sorted(set(indices)):
            if index < self.count:
                try:
                    yield Frame(index, math.nan, decode(self._files[index], max_pixels=MAX_PIXELS))
                except ImageError as error:
                    raise VideoError(self._files[index], error.reason, code=error.code) from error


def open_frames(path: Path) -> Frames:
    """Open a video file, or a folder that holds one picture for each frame."""
    return FrameFolder(path) if path.is_dir() else Video(path)


def sample(times: Sequence[float] | np.ndarray, *, per_video: int | None, per_second: float | None) -> list[int]:
    """Choose frames: those shown in the middles of `per_video` equal stretches of time, or after every 1/`per_second`.

    A video of fewer frames than `per_video` gives all of them. Otherwise they are as many as asked for: where one
    frame is shown in the middles of several stretches, its neighbours stand for it. times: in seconds, ascending.
    """
    count = len(times)
    if per_video is not None:
        return _middles(np.asarray(times, np.float64), min(per_video, count)) if count else []
    assert per_second is not None
    clock = np.asarray(times) - times[0]
    targets = np.arange(math.floor(float(clock[-1]) * per_second) + 1) / per_second
    # Time stamps are rounded: a frame that is a thousandth of a second early is on time.
    places = np.searchsorted(clock, targets - 1e-3)
    return sorted({int(place) for place in places if place < count})


def _middles(times: np.ndarray, wanted: int) -> list[int]:
    """Choose the frames shown in the middles of `wanted` equal stretches of a video of at least as many frames."""
    count = len(times)
    by_count = [(2 * i + 1) * count // (2 * wanted) for i in range(wanted)]
    if count < 2:
        return by_count
    # At a steady rate time and count are the same, and counting knows no rounded time stamps.
    steady = np.linspace(times[0], times[-1], count)
    if np.abs(times - steady).max() < (steady[1] - steady[0]) / 2:
        return by_count
    # No container says how long the last frame is shown: as long as the one before it, as MP4 writers take it.
    end = 2 * times[-1] - times[-2]
    middles = times[0] + (end - times[0]) * (2 * np.arange(wanted) + 1) / (2 * wanted)
    shown = np.searchsorted(times, middles + 1e-6, side="right") - 1
    chosen: list[int] = []
    for number, place in enumerate(shown):
        after = chosen[-1] + 1 if chosen else 0
        # Room is left at the end for those that are still to be chosen.
        chosen.append(min(max(int(place), after), count - wanted + number))
    return chosen


def between(times: Sequence[float] | np.ndarray, kept: Sequence[int], gap: float) -> list[int]:
    """List the kept frames and those between them that it takes so that neighbours are at most `gap` seconds apart.

    Where a video has no closer frames, all of them.
    """
    clock = np.asarray(times)
    looked_at = list(kept[:1])
    for first, second in itertools.pairwise(kept):
        place = first
        while place < second:
            furthest = int(np.searchsorted(clock, clock[place] + gap + 1e-6, side="right")) - 1
            place = min(max(furthest, place + 1), second)
            looked_at.append(place)
    return looked_at


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """Open (container, its main stream of pictures); whatever goes wrong inside becomes a VideoError."""
    av = load_av()
    try:
        # Looked at first, since opening a pipe would wait for ever.
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise VideoError(path, "expected a video file, found a folder or a device", code=ErrorCode.VIDEO_UNREADABLE)
        with av.open(str(path), metadata_errors="replace") as container:
            stream = container.streams.best("video")
            if stream is None:
                raise VideoError(
                    path,
                    "there are no pictures in this file (sound only, or cut off at its head)",
                    code=ErrorCode.VIDEO_UNREADABLE,
                )
            yield container, stream
    except (av.FFmpegError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise VideoError(
            path, f"cannot be read as a video: {' '.join(str(reason).split())}", code=ErrorCode.VIDEO_UNREADABLE
        ) from error


def _stamps(path: Path, container: Any, stream: Any) -> tuple[list[int], bool]:
    """Read the time stamps of all pictures in order, and tell whether the container lacks them. Raises VideoError."""
    stamps: list[Any] = []
    ends: list[float] = []
    starts: list[float] = []
    for packet in container.demux():
        if not packet.size:
            continue
        if packet.pts is not None and packet.time_base:
            starts.append(float(packet.pts * packet.time_base))
            ends.append(starts[-1] + float((packet.duration or 0) * packet.time_base))
        if packet.stream_index == stream.index and not packet.is_discard:
            stamps.append(packet.pts)
    if not stamps:
        raise VideoError(path, "there are no pictures in this file", code=ErrorCode.VIDEO_UNREADABLE)
    # MP4 counts its pictures in the header; other containers say how long they are, AVI in ticks of its clock.
    if "mp4" in container.format.name and stream.frames > len(stamps) + 1:
        raise VideoError(
            path,
            f"ends after {len(stamps)} of {stream.frames} frames: the file is cut short",
            code=ErrorCode.VIDEO_DAMAGED,
        )
    in_avi = float(stream.frames * stream.time_base) if container.format.name == "avi" else 0.0
    said, found = max((container.duration or 0) / 1e6, in_avi), (max(ends) - min(starts)) if ends else math.inf
    if found < said - _CUT_SHORT:
        raise VideoError(
            path, f"ends after {found:.1f} of {said:.1f} seconds: the file is cut short", code=ErrorCode.VIDEO_DAMAGED
        )
    missing = None in stamps or len(set(stamps)) < len(stamps)
    return (stamps if missing else sorted(stamps)), missing


def _conversion() -> int:
    """Return FFmpeg's flags for a conversion without interpolation that gives the same bytes everywhere."""
    flags = load_av().video.reformatter.Interpolation
    return int(flags.POINT | flags.ACCURATE_RND | flags.BITEXACT)
