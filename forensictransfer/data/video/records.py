"""What was done for each video, kept beside the crops: for going on after a stop, for groups, and for the report."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.files import csv_text, write_json, write_text
from forensictransfer.core.visible import visible
from forensictransfer.data.folders.layout import SPLIT_FOLDERS
from forensictransfer.data.records import CLASS_FOLDERS
from forensictransfer.data.video.clip import crop_name
from forensictransfer.data.video.settings import FaceSettings
from forensictransfer.data.video.tree import Clip

REPORT = "faces.json"
GROUP_TABLE = "groups.csv"
_FOLDER = ".faces"


@dataclass
class FaceReport:
    """What `extract_faces` did; `str()` gives the lines to print.

    Attributes:
        out: the folder of crops. videos: counts by video name. without_faces: videos in which none was found.
        failed: videos that could not be read, with the reason. notes: one-line remarks.
    """

    out: Path
    videos: dict[str, dict[str, int]] = field(default_factory=dict)
    without_faces: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def crops(self) -> int:
        """The number of crops on disk."""
        return sum(counts["crops"] for counts in self.videos.values())

    @property
    def tracks(self) -> int:
        """The number of faces followed, over all videos."""
        return sum(counts["tracks"] for counts in self.videos.values())

    def __str__(self) -> str:
        lines = [f"{self.crops} crops of {self.tracks} faces in {len(self.videos)} videos: {self.out}"]
        lines += [f"no face in {name}" for name in _some(self.without_faces, self.out)]
        lines += [f"cannot be read: {line}" for line in _some([f"{n}: {r}" for n, r in self.failed.items()], self.out)]
        return "\n".join(visible(line) for line in (*lines, *(f"note: {note}" for note in self.notes)))


class Records:
    """The records of an output folder."""

    def __init__(self, out: Path, settings: FaceSettings, version: dict[str, str], *, with_masks: bool) -> None:
        self.out, self.settings = out, settings
        # A mask run over finished crops must not believe that there is nothing to do.
        self._made = {**settings.as_dict(), **version, "masks": with_masks}

    def check(self, *, overwrite: bool) -> None:
        """Refuse an output folder that is none, or that holds crops made in another way. Raises UserError."""
        if self.out.exists() and not self.out.is_dir():
            raise UserError(f"{self.out}: expected a folder to write to, found a file", code=ErrorCode.PATH_WRONG_KIND)
        report = self.out / REPORT
        begun = (self.out / _FOLDER).is_dir() or "made_with" in (_read(report) or {})
        if not begun and self.out.exists() and any(self.out.iterdir()):
            raise UserError(
                f"{self.out}: holds other files and no faces that were cut out here; choose another folder",
                code=ErrorCode.PATH_EXISTS,
            )
        if overwrite or not report.is_file():
            return
        before = (_read(report) or {}).get("made_with", {})
        differing = [
            f"{name} {before.get(name)}, now {now}" for name, now in self._made.items() if before.get(name) != now
        ]
        if differing:
            raise UserError(
                f"{self.out}: holds faces made in another way ({'; '.join(differing)}): choose another folder, "
                "or --overwrite",
                code=ErrorCode.INPUTS_CHANGED,
            )

    def begin(self) -> None:
        """Make the output folder, and its folder of records, by which it is known again after a stop."""
        (self.out / _FOLDER).mkdir(parents=True, exist_ok=True)

    def finished(self, clip: Clip) -> bool:
        """Tell whether this very video has been done in this very way, and its crops are there."""
        record = _read(self._file(clip))
        return (
            record is not None
            and record.get("made_with") == self._made
            and record.get("file") == _identity(clip.path)
            and (self.out / clip.folder).is_dir()
        )

    def forget(self, clip: Clip) -> None:
        """Withdraw a record before its crops are replaced."""
        self._file(clip).unlink(missing_ok=True)

    def write(self, clip: Clip, found: dict[str, Any]) -> None:
        """Say that a video is finished."""
        file = self._file(clip)
        file.parent.mkdir(parents=True, exist_ok=True)
        names = {"name": clip.name, "folder": clip.folder}
        write_json(file, {**names, "made_with": self._made, "file": _identity(clip.path), **found})

    def write_report(
        self, clips: list[Clip], failed: dict[str, str], notes: list[str], *, source: Path, group: str
    ) -> FaceReport:
        """Write groups.csv and faces.json over all videos that are finished in this folder, also by earlier calls."""
        report = FaceReport(self.out, failed=failed, notes=list(notes))
        rows: list[tuple[str, str]] = []
        left_out = dict.fromkeys(_MEANING, 0)
        for file in sorted((self.out / _FOLDER).rglob("*.json")):
            record = _read(file)
            if record is None:
                continue
            name, folder, tracks = record["name"], record["folder"], record["tracks"]
            counts = {"frames": record["frames"], "sampled": record["sampled"], "tracks": len(tracks)}
            report.videos[name] = {**counts, "crops": sum(map(len, tracks))}
            if not tracks:
                report.without_faces.append(name)
            for what in left_out:
                left_out[what] += record[what]
            stem = folder.rsplit("/", 1)[-1]
            for number, crops in enumerate(tracks):
                belongs = group_name(folder, number if group == "track" else None)
                rows += [(f"{folder}/{crop_name(stem, number, crop['frame'])}", belongs) for crop in crops]
        report.notes += [f"{count} {_MEANING[what]}" for what, count in left_out.items() if count]
        write_text(self.out / GROUP_TABLE, csv_text(("path", "group"), rows))
        write_json(
            self.out / REPORT,
            {
                "source": str(source.resolve()),
                "made_with": self._made,
                "group": group,
                "crops": report.crops,
                "tracks": report.tracks,
                "without_faces": report.without_faces,
                "failed": failed,
                "not_done": [clip.name for clip in clips if clip.name not in report.videos and clip.name not in failed],
                "left_out": left_out,
                "notes": report.notes,
                "videos": report.videos,
            },
        )
        return report

    def _file(self, clip: Clip) -> Path:
        return self.out / _FOLDER / f"{clip.folder}.json"


_MEANING = {
    "damaged_frames": "frames were damaged and left out",
    "too_large_for_frame": "faces were left out: the frame has no room for a crop of that size",
    "frames_without_mask": "frames have no mask",
    "short_tracks": "faces were seen in one or two frames only and left out as chance hits",
}


def group_name(folder: str, track: int | None) -> str:
    """Name the group of a video's track, or of the video itself: its path without the folders that say class or split.

    The same path under real/ and fake/ is one group, as with the file stems of images: a fake often has the name of
    the video that it was made from.
    """
    parts = [part for part in folder.split("/")[:-1] if part.lower() not in {*CLASS_FOLDERS, *SPLIT_FOLDERS}]
    name = "/".join([*parts, folder.rsplit("/", 1)[-1]])
    return name if track is None else f"{name}/{track:02d}"


def _identity(path: Path) -> dict[str, int]:
    """Return what tells a file from another version of it without reading it."""
    status = path.stat()
    return {"bytes": status.st_size, "modified_ns": status.st_mtime_ns}


def _read(file: Path) -> dict[str, Any] | None:
    """Read a record, or None if there is none that can be read."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _some(lines: list[str], out: Path) -> list[str]:
    """Keep at most ten lines, and say where the rest is."""
    return lines if len(lines) <= 10 else [*lines[:10], f"{len(lines) - 10} others, see {out / REPORT}"]
