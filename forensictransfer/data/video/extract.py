"""`data faces`: the faces of a video, or of a tree of videos, as a tree of PNG crops that can be read as a domain.

    OUT/PATH/OF/VIDEO/TRACK/VIDEO_TRACK_FRAME.png     the crops, under the video's own path
    OUT/groups.csv                                    path, group: one track is one group (or one video, if asked for)
    OUT/faces.json                                    settings, versions, counts, videos without faces, failures
    OUT/.faces/PATH/OF/VIDEO.json                     what was done for one video; its presence says that it is finished
    OUT_masks/PATH/OF/VIDEO/TRACK/...                 the masks, if there are any, cropped alike

A video appears whole or not at all; a second call continues where a first one was stopped.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.files import new_folder
from forensictransfer.core.ownership import Ownership, owning
from forensictransfer.core.progress import progress_bar
from forensictransfer.data.video.clip import check_crops, extract_clip
from forensictransfer.data.video.faces import FaceDetector
from forensictransfer.data.video.frames import open_frames
from forensictransfer.data.video.libraries import VideoError, load_av
from forensictransfer.data.video.records import FaceReport, Records
from forensictransfer.data.video.settings import FaceSettings
from forensictransfer.data.video.tree import Clip, copy_lists, find_clips, find_masks, mask_root

GROUPS = ("track", "video")


def extract_faces(
    source: str | Path,
    out: str | Path,
    *,
    settings: FaceSettings | None = None,
    masks: str | Path | None = None,
    group: str = "track",
    overwrite: bool = False,
) -> FaceReport:
    """Take the faces out of a video, or of every video below a folder, and write them as PNG crops.

    Args:
        source: a video, or a folder of videos at any depth. Hidden files and folders called `masks` are skipped.
        out: the folder to write; crops stand under the videos' own paths. What an earlier call has finished there is
            left alone if its settings, the video's size and its time are the same.
        settings: which frames, and how faces are cropped.
        masks: for a video its masks, a video or a folder of pictures; for a folder one that holds these under the
            videos' paths. Cropped alike into OUT_masks. Videos without masks are listed.
        group: what groups.csv calls one group: "track" (one face through one video) or "video".
        overwrite: do everything again, also with other settings.
    Returns:
        What was done; as text, the lines to print.
    Raises:
        UserError: the extra `video` is not installed, there is no video, `out` holds faces of other settings, or none
            of the videos could be read.
    """
    settings = settings or FaceSettings()
    if group not in GROUPS:
        raise UserError(f"expected a group out of {', '.join(GROUPS)}, got '{group}'", code=ErrorCode.NAME_UNKNOWN)
    source, out = Path(source).expanduser(), Path(out).expanduser()
    masks = Path(masks).expanduser() if masks is not None else None
    if masks is not None and masks.resolve() == source.resolve():
        masks = source  # the same folder by another path
    clips, notes = find_clips(source, apart=masks)
    where = find_masks(source, masks, clips) if masks is not None else {}
    decoder = {"av": str(load_av().__version__)}
    detector = FaceDetector(smallest=settings.smallest, confidence=settings.confidence)
    records = Records(out, settings, decoder | detector.version, with_masks=masks is not None)
    with owning(out, "data faces") as owned:
        records.check(overwrite=overwrite)
        records.begin()
        owned.bind(out)
        return _extract(source, out, clips, notes, where, detector, records, owned, masks, group, overwrite)


def _extract(
    source: Path,
    out: Path,
    clips: list[Clip],
    notes: list[str],
    where: dict[str, Path],
    detector: FaceDetector,
    records: Records,
    owned: Ownership,
    masks: Path | None,
    group: str,
    overwrite: bool,
) -> FaceReport:
    """Do what `extract_faces` says in a folder that is owned."""
    if source.is_dir():
        notes += copy_lists(source, out)
    if masks is not None and len(where) < len(clips):
        notes.append(f"{len(clips) - len(where)} of {len(clips)} videos have no masks below {masks}")
    failed: dict[str, str] = {}
    try:
        with progress_bar(clips, desc="faces", unit="video") as bar:
            for clip in bar:
                bar.note(clip.name)
                if not overwrite and records.finished(clip):
                    continue
                try:
                    owned.check()
                    _one(clip, out, records.settings, detector, where.get(clip.name), records)
                except VideoError as error:
                    failed[clip.name] = error.reason if error.path == clip.path else str(error)
        owned.check()
    finally:
        # Also after Ctrl+C: what is there can be used, and says what it is.
        if owned.holds():
            report = records.write_report(clips, failed, notes, source=source, group=group)
    if len(failed) == len(clips):
        name, reason = next(iter(failed.items()))
        count = f"none of {len(clips)} videos could be read; " if len(clips) > 1 else ""
        raise UserError(f"{source}: {count}{name}: {reason}", code=ErrorCode.VIDEO_UNREADABLE)
    return report


def _one(
    clip: Clip, out: Path, settings: FaceSettings, detector: FaceDetector, mask: Path | None, records: Records
) -> None:
    """Extract one video: its folder of crops appears in one move, and after it the record that says it is finished."""
    records.forget(clip)
    frames = open_frames(mask) if mask is not None else None
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(_fresh(out / clip.folder))
        mask_place = stack.enter_context(_fresh(mask_root(out) / clip.folder)) if frames is not None else None
        found = extract_clip(clip.path, clip.stem, place, settings, detector, masks=frames, mask_folder=mask_place)
    records.write(clip, found)


@contextlib.contextmanager
def _fresh(folder: Path) -> Iterator[Path]:
    """Yield a folder to fill that replaces `folder` when the block ends well.

    VideoErrors leave what was there removed.
    """
    if folder.exists():
        check_crops(folder)
    try:
        with new_folder(folder, replaces=check_crops) as place:
            yield place
    except VideoError:
        # Crops of an earlier version of this file: their record is gone, so nobody would know what they are.
        shutil.rmtree(folder, ignore_errors=True)
        raise
