"""`data faces` on videos made here from a photograph in scikit-image: whose face, which pixels, what a stop leaves."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import DataSettings
from forensictransfer.data.domains import open_domain
from forensictransfer.data.video import FaceSettings, extract_faces

av = pytest.importorskip("av", reason="the extra `video` is not installed")
pytest.importorskip("cv2", reason="the extra `video` is not installed")

HEIGHT, WIDTH, RATE = 300, 500, 10
Painter = Callable[[int], np.ndarray]


@pytest.fixture(scope="module")
def person() -> np.ndarray:
    """A head and shoulders; the face is about 90 x 113 pixels, its middle near row 120, column 127."""
    return np.ascontiguousarray(skimage.data.astronaut()[:230, 96:326])


@pytest.fixture(scope="module")
def wall() -> np.ndarray:
    """A picture without faces that fills a frame."""
    return np.asarray(Image.fromarray(skimage.data.coffee()).resize((WIDTH, HEIGHT)))


def moving(person: np.ndarray, wall: np.ndarray, *, second: bool = False, step: int = 4) -> Painter:
    """A person that walks to the right; with `second` a smaller mirrored one at the right edge who stands still."""
    small = np.asarray(Image.fromarray(person[:, ::-1]).resize((180, 180)))

    def paint(index: int) -> np.ndarray:
        frame = wall.copy()
        frame[40:270, 8 + step * index :][:, :230] = person
        if second:
            frame[60:240, 320:500] = small
        return frame

    return paint


def write_video(path: Path, paint: Painter, count: int, *, codec: str = "ffv1", pixels: str = "bgr0") -> Path:
    """A video of `count` frames, ten a second; FFV1 in blue, green and red loses nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE)
        stream.pix_fmt = pixels
        stream.height, stream.width = paint(0).shape[:2]
        for index in range(count):
            frame = av.VideoFrame.from_ndarray(paint(index), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def table(out: Path) -> dict[str, str]:
    with (out / "groups.csv").open(encoding="utf-8", newline="") as file:
        return {row["path"]: row["group"] for row in csv.DictReader(file)}


def record(out: Path, video: str) -> dict:
    return json.loads((out / ".faces" / f"{video}.json").read_text(encoding="utf-8"))


def pngs(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))


def test_crops_are_the_frames_own_pixels_on_the_grid_of_eight(
    tmp_path: Path, person: np.ndarray, wall: np.ndarray
) -> None:
    paint = moving(person, wall)
    video = write_video(tmp_path / "walk.mkv", paint, 30)
    report = extract_faces(video, tmp_path / "out", settings=FaceSettings(per_video=5))
    assert (report.tracks, report.crops, report.failed) == (1, 5, {})
    (track,) = record(tmp_path / "out", "walk")["tracks"]
    assert [crop["frame"] for crop in track] == [3, 9, 15, 21, 27]  # the middles of five stretches of six
    for crop in track:
        top, left, height, width = crop["window"]
        assert not any(number % 8 for number in crop["window"]) and height == width
        stored = np.asarray(Image.open(tmp_path / f"out/walk/00/walk_00_{crop['frame']:06d}.png"))
        np.testing.assert_array_equal(stored, paint(crop["frame"])[top : top + height, left : left + width])
        # The face is inside: a square of 80 around its middle.
        middle = (40 + 120, 8 + 4 * crop["frame"] + 127)
        assert top <= middle[0] - 40 < middle[0] + 40 <= top + height
        assert left <= middle[1] - 40 < middle[1] + 40 <= left + width


def test_two_people_are_two_groups_and_the_larger_face_comes_first(
    tmp_path: Path, person: np.ndarray, wall: np.ndarray
) -> None:
    video = write_video(tmp_path / "two.mkv", moving(person, wall, second=True, step=2), 30)
    out = tmp_path / "out"
    report = extract_faces(video, out, settings=FaceSettings(per_second=2))
    assert report.tracks == 2 and report.crops == 12
    first, second = record(out, "two")["tracks"]
    assert all(crop["window"][1] < 200 for crop in first) and all(crop["window"][1] > 240 for crop in second)
    assert {group for path, group in table(out).items() if path.startswith("two/00/")} == {"two/00"}
    assert set(table(out).values()) == {"two/00", "two/01"} and sorted(table(out)) == pngs(out)
    again = extract_faces(video, out, settings=FaceSettings(per_second=2), group="video")
    assert again.crops == 12 and set(table(out).values()) == {"two"}


def test_a_cut_ends_the_track_though_the_next_face_is_in_the_same_place(
    tmp_path: Path, person: np.ndarray, wall: np.ndarray
) -> None:
    other = np.ascontiguousarray(wall[::-1] // 4)
    here, there = moving(person, wall, step=0), moving(person[:, ::-1], other, step=0)
    video = write_video(tmp_path / "cut.mkv", lambda index: here(index) if index < 15 else there(index), 30)
    report = extract_faces(video, tmp_path / "out", settings=FaceSettings(per_video=6))
    frames = [[crop["frame"] for crop in track] for track in record(tmp_path / "out", "cut")["tracks"]]
    assert report.tracks == 2 and sorted(frames) == [[2, 7, 12], [17, 22, 27]]


def test_a_tree_becomes_a_domain_whose_groups_are_tracks(tmp_path: Path, person: np.ndarray, wall: np.ndarray) -> None:
    for name in ("real/a", "real/deep/b", "fake/a"):
        write_video(tmp_path / f"videos/{name}.mkv", moving(person, wall), 8)
    (tmp_path / "videos/splits.json").write_text("[]")
    out = tmp_path / "out"
    report = extract_faces(tmp_path / "videos", out, settings=FaceSettings(per_video=2, side=128))
    assert list(report.videos) == ["fake/a.mkv", "real/a.mkv", "real/deep/b.mkv"]
    assert (out / "splits.json").read_text() == "[]"
    domain = open_domain(out, group=str(out / "groups.csv"), data=DataSettings())
    assert [(item.name, item.label, item.group) for item in domain.records] == [
        ("fake/a/00/a_00_000002.png", 1, "a/00"),
        ("fake/a/00/a_00_000006.png", 1, "a/00"),
        ("real/a/00/a_00_000002.png", 0, "a/00"),
        ("real/a/00/a_00_000006.png", 0, "a/00"),
        ("real/deep/b/00/b_00_000002.png", 0, "deep/b/00"),
        ("real/deep/b/00/b_00_000006.png", 0, "deep/b/00"),
    ]
    assert {Image.open(out / item.name).size for item in domain.records} == {(128, 128)}
    assert not domain.notes or all("split" in note for note in domain.notes)


def test_masks_are_cropped_alike(tmp_path: Path, person: np.ndarray, wall: np.ndarray) -> None:
    def mask(index: int) -> np.ndarray:
        frame = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        frame[100:220, 80 + 4 * index : 180 + 4 * index] = 255
        return frame

    write_video(tmp_path / "videos/a.mkv", moving(person, wall), 12)
    write_video(tmp_path / "videos/b.mkv", moving(person, wall), 12)
    write_video(tmp_path / "masks/a.avi", mask, 12)
    for index in range(12):
        (tmp_path / "masks/b").mkdir(exist_ok=True)
        Image.fromarray(mask(index)).save(tmp_path / f"masks/b/{index}.png")
    out = tmp_path / "out"
    extract_faces(tmp_path / "videos", out, masks=tmp_path / "masks", settings=FaceSettings(per_video=3))
    assert pngs(out) == pngs(tmp_path / "out_masks") and len(pngs(out)) == 6
    for name in ("a", "b"):
        for crop in record(out, name)["tracks"][0]:
            top, left, height, width = crop["window"]
            stored = np.asarray(Image.open(tmp_path / f"out_masks/{name}/00/{name}_00_{crop['frame']:06d}.png"))
            np.testing.assert_array_equal(stored, mask(crop["frame"])[top : top + height, left : left + width])


def test_masks_that_do_not_fit_fail_their_video_only(tmp_path: Path, person: np.ndarray, wall: np.ndarray) -> None:
    for name in "abc":
        write_video(tmp_path / f"videos/{name}.mkv", moving(person, wall), 8)
    write_video(tmp_path / "masks/a.mkv", lambda _: np.zeros((64, 64, 3), np.uint8), 8)
    write_video(tmp_path / "masks/b.mkv", lambda _: np.zeros((HEIGHT, WIDTH, 3), np.uint8), 3)
    report = extract_faces(tmp_path / "videos", tmp_path / "out", masks=tmp_path / "masks")
    assert report.failed["a.mkv"].startswith("is 500 x 300") and "are 64 x 64" in report.failed["a.mkv"]
    assert report.failed["b.mkv"].startswith("has 8 frames") and report.failed["b.mkv"].endswith("have 3")
    assert list(report.videos) == ["c.mkv"] and any("1 of 3 videos have no masks" in note for note in report.notes)
    assert not (tmp_path / "out/a").exists()


def test_unreadable_videos_and_videos_without_faces_are_listed(
    tmp_path: Path, person: np.ndarray, wall: np.ndarray
) -> None:
    good = write_video(tmp_path / "videos/good.mkv", moving(person, wall), 30)
    write_video(tmp_path / "videos/empty_room.mkv", lambda _: wall, 8)
    (tmp_path / "videos/cut_off.mkv").write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    (tmp_path / "videos/text.mp4").write_bytes(b"no video at all" * 50)
    (tmp_path / "videos/nothing.avi").write_bytes(b"")
    out = tmp_path / "out"
    report = extract_faces(tmp_path / "videos", out, settings=FaceSettings(per_video=4))
    assert sorted(report.failed) == ["cut_off.mkv", "nothing.avi", "text.mp4"]
    assert "cut short" in report.failed["cut_off.mkv"]
    assert report.without_faces == ["empty_room.mkv"] and report.videos["good.mkv"]["crops"] == 4
    written = json.loads((out / "faces.json").read_text())
    assert written["failed"] == report.failed and written["without_faces"] == ["empty_room.mkv"]
    assert written["made_with"]["weights_sha256"] and written["not_done"] == []
    assert {line.partition(":")[0] for line in str(report).splitlines()} >= {
        "no face in empty_room.mkv",
        "cannot be read",
    }
    for name in ("good.mkv", "empty_room.mkv"):
        (tmp_path / "videos" / name).unlink()
    with pytest.raises(
        UserError, match=r"3 videos .*cut_off\.mkv: ", check=lambda error: error.code == "video-unreadable"
    ):
        extract_faces(tmp_path / "videos", out, settings=FaceSettings(per_video=4))


@pytest.fixture
def stopped(tmp_path: Path, person: np.ndarray, wall: np.ndarray) -> Iterator[Path]:
    """A folder of three videos, extracted into `out` by a process that was killed after the first."""
    for name in "abc":
        write_video(tmp_path / f"videos/{name}.mkv", moving(person, wall), 30)
    code = (
        "import sys, time\n"
        "from forensictransfer.data.video import FaceSettings, clip, extract_faces, extract\n"
        "plain = clip.extract_clip\n"
        "def slow(path, *rest, **more):\n"
        "    found = plain(path, *rest, **more)\n"
        "    if path.name != 'a.mkv': print('inside', flush=True); time.sleep(60)\n"
        "    return found\n"
        "extract.extract_clip = slow\n"
        "extract_faces(*sys.argv[1:3], settings=FaceSettings(per_video=4))\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "videos"), str(tmp_path / "out")]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
    assert child.stdout is not None and child.stdout.readline() == b"inside\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    yield tmp_path


def test_a_second_call_goes_on_where_the_first_was_killed(stopped: Path) -> None:
    out = stopped / "out"
    assert pngs(out / "a") and not (out / "b").exists() and list(out.glob(".b.partial-*"))
    before = {name: (out / "a" / name).stat().st_mtime_ns for name in pngs(out / "a")}
    report = extract_faces(stopped / "videos", out, settings=FaceSettings(per_video=4))
    assert [counts["crops"] for counts in report.videos.values()] == [4, 4, 4]
    assert {name: (out / "a" / name).stat().st_mtime_ns for name in pngs(out / "a")} == before
    assert not list(out.glob(".*partial*")) and sorted(table(out)) == pngs(out)


def test_what_changed_is_done_again_and_other_settings_are_refused(
    tmp_path: Path, person: np.ndarray, wall: np.ndarray
) -> None:
    video = write_video(tmp_path / "videos/a.mkv", moving(person, wall), 12)
    out, settings = tmp_path / "out", FaceSettings(per_video=4)
    extract_faces(tmp_path / "videos", out, settings=settings)
    time.sleep(0.01)
    write_video(video, lambda _: wall, 8)
    report = extract_faces(tmp_path / "videos", out, settings=settings)
    assert report.without_faces == ["a.mkv"] and pngs(out) == []
    with pytest.raises(UserError, match=r"\(margin 0.3, now 0.5\)", check=lambda error: error.code == "inputs-changed"):
        extract_faces(tmp_path / "videos", out, settings=FaceSettings(per_video=4, margin=0.5))
    write_video(video, moving(person, wall), 8)
    done = extract_faces(tmp_path / "videos", out, settings=FaceSettings(per_video=2, margin=0.5), overwrite=True)
    assert done.crops == 2
