"""From a downloaded tree of videos to a built-in domain: `data faces` writes what the builders of video sets read."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from forensictransfer.datasets.faceforensics import layout
from forensictransfer.datasets.faceforensics.catalogue import FACTS
from hypothesis import given
from hypothesis import strategies as st

from forensictransfer.core.errors import UserError
from forensictransfer.data.catalogue.manual import list_domain
from forensictransfer.data.video import FaceSettings, extract_faces
from forensictransfer.data.video.crop_tree import common, parted


def write_video(path: Path, frame: np.ndarray) -> None:
    """A still video of six frames."""
    av = pytest.importorskip("av", reason="the extra `video` is not installed")
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.pix_fmt = "yuv420p"
        stream.height, stream.width = frame.shape[:2]
        for index in range(6):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            picture.pts, picture.time_base = index, Fraction(1, 10)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


@pytest.fixture
def downloaded(tmp_path: Path) -> Path:
    """FaceForensics++ as its script writes it, with one pair in each split; the video 003 shows nobody."""
    person = np.ascontiguousarray(skimage.data.astronaut()[:240, 96:336])
    mask = np.zeros_like(person)
    mask[60:180, 80:180] = 255
    pairs = {"train": ("071", "054"), "val": ("720", "672"), "test": ("000", "003")}
    for name, (one, other) in pairs.items():
        for video in (one, other):
            shown = np.zeros_like(person) if video == "003" else person
            write_video(tmp_path / f"ff/original_sequences/youtube/c23/videos/{video}.mp4", shown)
        for video in (f"{one}_{other}", f"{other}_{one}"):
            write_video(tmp_path / f"ff/manipulated_sequences/Deepfakes/c23/videos/{video}.mp4", person)
            write_video(tmp_path / f"ff/manipulated_sequences/Deepfakes/masks/videos/{video}.mp4", mask)
        (tmp_path / "ff/splits").mkdir(exist_ok=True)
        (tmp_path / f"ff/splits/{name}.json").write_text(json.dumps([[one, other]]))
    return tmp_path / "ff"


def test_videos_become_a_domain_with_masks_and_official_splits(downloaded: Path, tmp_path: Path) -> None:
    pytest.importorskip("cv2", reason="the extra `video` is not installed")
    root = tmp_path / "data/manual/faceforensics"
    same = downloaded / "splits" / ".."
    report = extract_faces(downloaded, root, settings=FaceSettings(per_video=2), masks=same)
    assert report.without_faces == ["original_sequences/youtube/c23/videos/003.mp4"] and not report.failed
    items, notes = list_domain("faceforensics", layout, FACTS, "deepfakes_c23", root)
    assert sorted({(item.split, item.label, item.group) for item in items}, key=str) == [
        ("test", 0, "ff/000"),
        ("test", 1, "ff/000"),
        ("train", 0, "ff/054"),
        ("train", 1, "ff/054"),
        ("validation", 0, "ff/672"),
        ("validation", 1, "ff/672"),
    ]
    assert len(items) == 2 * 11 and notes == ["1 of 12 videos show no face"]
    assert all((item.mask is not None and item.mask.is_file()) == bool(item.label) for item in items)
    with pytest.raises(
        UserError, match="`forensictransfer data faces VIDEOS ", check=lambda error: error.code == "data-set-incomplete"
    ):
        list_domain("faceforensics", layout, FACTS, "deepfakes_c23", downloaded)


people = st.sets(st.integers(0, 99).map(str), min_size=1, max_size=60)


@given(people, st.sampled_from([(0.6, 0.15, 0.25), (0.85, 0.15, 0.0), (1.0, 0.0, 0.0)]))
def test_people_are_dealt_out_in_the_shares_and_always_alike(names: set[str], shares: tuple[float, ...]) -> None:
    train, validation, test = shares
    parts = parted(names, (train, validation, test))
    assert parts == parted(sorted(names, reverse=True), (train, validation, test)) and set(parts) == names
    for split, share in zip(("train", "validation", "test"), shares, strict=True):
        assert abs(list(parts.values()).count(split) - share * len(names)) <= 1


def test_a_video_of_several_people_needs_all_of_them_in_one_split() -> None:
    assert common(["train", "train"]) == common(["train"]) == "train"
    assert common(["train", "test"]) is common(["train", None]) is common([None]) is None
