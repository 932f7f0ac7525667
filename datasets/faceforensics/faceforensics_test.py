"""FaceForensics++: official pairs stay together, bystanders and swaps across actors stay out, mistakes are named."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from pathlib import Path

import pytest
from forensictransfer.datasets.faceforensics import layout
from forensictransfer.datasets.faceforensics.catalogue import CONFIGS, FACTS

from forensictransfer.core.errors import UserError
from forensictransfer.data.catalogue.manual import Item, list_domain

DUMMY = Path(__file__).parent / "dummy_data"


def listed(config: str, root: Path = DUMMY) -> tuple[list[Item], list[str]]:
    return list_domain("faceforensics", layout, FACTS, config, root)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DUMMY, tmp_path / "faceforensics"))


def video(item: Item) -> str:
    return item.name.split("/")[4]


@pytest.mark.parametrize("config", CONFIGS)
def test_all_people_of_a_video_stand_in_one_split(config: str) -> None:
    splits = defaultdict(set)
    for item in listed(config)[0]:
        for person in video(item).split("__")[0].split("_"):
            splits[person].add(item.split)
    assert splits and all(len(found) == 1 for found in splits.values())


def test_a_pair_gives_two_originals_and_two_fakes_in_its_official_split() -> None:
    items, notes = listed("face2face_c40")
    assert {(video(item), item.label, item.group, item.split) for item in items if item.group == "ff/054"} == {
        ("054", 0, "ff/054", "train"),
        ("071", 0, "ff/054", "train"),
        ("054_071", 1, "ff/054", "train"),
        ("071_054", 1, "ff/054", "train"),
    }
    assert {item.split for item in items if video(item) in ("672", "720_672")} == {"validation"}
    assert {item.split for item in items if video(item) in ("953", "974_953")} == {"test"}
    assert all("/c40/" in item.name for item in items) and not notes


def test_the_face_of_a_bystander_is_not_taken_for_a_fake() -> None:
    crops = sorted((DUMMY / "manipulated_sequences/Deepfakes/c23/videos/071_054").rglob("*.png"))
    taken = [item.path for item in listed("deepfakes_c23")[0] if video(item) == "071_054"]
    assert [crop.parent.name for crop in crops] == ["00", "01"] and taken == crops[:1]


def test_masks_are_those_of_the_same_crop() -> None:
    for item in listed("deepfakes_c23")[0]:
        if item.label:
            assert item.mask == Path(f"{DUMMY}_masks") / item.name
        else:
            assert item.mask is None


def test_swaps_between_actors_of_two_splits_are_left_out() -> None:
    items, notes = listed("deepfakedetection_c23")
    assert notes == ["1 fakes left out: their two actors stand in different splits"]
    assert not [item for item in items if "kitchen_pan" in item.name]
    assert {item.group for item in items if video(item).startswith("01_")} == {"dfd/01"}


def test_missing_videos_and_those_without_faces_are_counted(copy: Path) -> None:
    shutil.rmtree(copy / "original_sequences/youtube/c23/videos/071")
    shutil.rmtree(copy / "manipulated_sequences/FaceSwap/c23/videos/953_974/00")
    (copy / "faces.json").write_text(json.dumps({"failed": {"x.mp4": "cut short"}, "not_done": []}))
    items, notes = listed("faceswap_c23", copy)
    assert len(items) == 10
    assert notes == [
        "1 of 12 videos of the lists are not there",
        "1 of 12 videos show no face",
        "1 videos could not be read (faces.json)",
    ]


def rename(root: Path) -> None:
    (root / "manipulated_sequences/Deepfakes").rename(root / "manipulated_sequences/DeepFakes")


def with_videos(root: Path) -> None:
    place = root / "original_sequences/youtube/c23/videos"
    shutil.rmtree(place / "071")
    (place / "071.mp4").touch()


def in_two_splits(root: Path) -> None:
    (root / "splits/test.json").write_text('[["953", "974"], ["071", "003"]]')


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda root: (root / "splits/val.json").unlink(),
            "expected the file .*splits/val.json, .* holds test.json, train.j",
        ),
        (
            lambda root: (root / "splits/val.json").write_text("[[1, 2]]"),
            r"expected pairs of videos such as .* \[1, 2\]",
        ),
        (lambda root: (root / "splits/val.json").write_text("{oops"), "expected JSON in .*val.json"),
        (in_two_splits, "expected each video in one split, found 071 in train and test"),
        (rename, "expected the folder .*Deepfakes/c23/videos, .*; perhaps you meant 'DeepFakes'"),
        (with_videos, "071, found a video: move the videos elsewhere and run `forensictransfer data faces"),
        (lambda root: shutil.rmtree(root / "original_sequences"), "expected the folder .*original_sequences/youtube"),
    ],
)
def test_what_is_wrong_with_the_folder_is_one_clear_line(copy: Path, spoil: object, message: str) -> None:
    assert callable(spoil)
    spoil(copy)
    with pytest.raises(UserError, match=message, check=lambda error: error.code == "data-set-incomplete") as error:
        listed("deepfakes_c23", copy)
    assert "\n" not in str(error.value) and FACTS.page in str(error.value)
