"""Celeb-DF v2: the official test is whole, no clip stands on two sides, and by person no person does."""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from pathlib import Path

import pytest
from forensictransfer.datasets.celeb_df_v2 import layout
from forensictransfer.datasets.celeb_df_v2.catalogue import FACTS

from forensictransfer.core.errors import UserError
from forensictransfer.data.catalogue.manual import Item, list_domain

DUMMY = Path(__file__).parent / "dummy_data"


def listed(config: str, root: Path = DUMMY) -> tuple[list[Item], list[str]]:
    return list_domain("celeb_df_v2", layout, FACTS, config, root)


def videos(items: list[Item], split: str | None = None) -> set[str]:
    return {"/".join(item.name.split("/")[:2]) for item in items if split in (None, item.split)}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DUMMY, tmp_path / "celeb_df_v2"))


def test_the_official_test_is_kept_whole_and_its_clips_leave_the_training() -> None:
    items, notes = listed("official")
    lines = (DUMMY / "List_of_testing_videos.txt").read_text().split()
    assert videos(items, "test") == {line.removesuffix(".mp4") for line in lines[1::2]}
    # id1_id0_0007 is tested; the same clip with another face would show its background in training.
    assert "Celeb-synthesis/id1_id2_0007" not in videos(items)
    assert notes == ["1 training videos left out: other versions of their clip are in the official test"]
    assert {item.label for item in items if item.name.startswith(("Celeb-real", "YouTube-real"))} == {0}
    assert {item.label for item in items if item.name.startswith("Celeb-synthesis")} == {1}


def test_a_fake_belongs_to_the_clip_that_was_changed() -> None:
    groups = {item.name.split("/")[1]: item.group for item in listed("official")[0]}
    assert groups["id1_id0_0007"] == groups["id1_0007"] == "celebdf/id1_0007"
    assert groups["00170"] == "celebdf/YouTube-real/00170"


def test_by_person_nobody_stands_in_two_splits() -> None:
    items, notes = listed("identity")
    splits = defaultdict(set)
    for item in items:
        for person in re.findall(r"id\d+", item.name.split("/")[1]):
            splits[person].add(item.split)
    assert len(splits) > 5 and all(len(found) == 1 for found in splits.values())
    assert notes == ["1 fakes left out: their two people stand in different splits"]
    assert {item.group for item in items if "/id1_" in item.name} == {"celebdf/id1"}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("1 Celeb-synthesis/id1_id0_0007.mp4", "expected lines such as '1 YouTube-real/00170.mp4'"),
        ("Celeb-real/id1_0007.mp4", "found 'Celeb-real/id1_0007.mp4'"),
        ("", "expected .*List_of_testing_videos.txt to hold something"),
        (None, "expected the file .*List_of_testing_videos.txt"),
    ],
)
def test_a_list_that_is_not_the_official_one_is_told(copy: Path, lines: str | None, message: str) -> None:
    path = copy / "List_of_testing_videos.txt"
    path.unlink() if lines is None else path.write_text(lines)
    with pytest.raises(UserError, match=message, check=lambda error: error.code == "data-set-incomplete"):
        listed("official", copy)
    if lines is None:
        assert listed("identity", copy)[0]


def test_a_renamed_folder_is_told(copy: Path) -> None:
    (copy / "YouTube-real").rename(copy / "Youtube-real")
    with pytest.raises(
        UserError,
        match="YouTube-real, .*; perhaps you meant 'Youtube-real'",
        check=lambda error: error.code == "data-set-incomplete",
    ):
        listed("official", copy)
