"""ForenSynths' names: which images come from one photograph, and what a missing part says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from forensictransfer.datasets.forensynths.catalogue import FACTS
from forensictransfer.datasets.forensynths.layout import items

from forensictransfer.core.errors import UserError
from forensictransfer.data.catalogue.extracted import ManualFolder
from forensictransfer.data.catalogue.manual import Item, settle

DUMMY = Path(__file__).parent / "dummy_data"


def found(config: str, root: Path = DUMMY) -> dict[str, Item]:
    tree = ManualFolder(root, "forensynths", FACTS)
    return {item.name: item for item in settle(items(tree, config), tree)}


def test_progan_keeps_its_three_parts() -> None:
    splits = {name.split("/")[0]: item.split for name, item in found("progan").items()}
    assert splits == {"train": "train", "val": "validation", "test": "test"}
    assert len({item.group for item in found("progan").values()}) == len(found("progan"))


@pytest.mark.parametrize(
    ("config", "name", "group"),
    [
        ("biggan", "test/biggan/0_real/882--n04517823_35255.png", "imagenet/n04517823_35255"),
        ("biggan", "test/biggan/1_fake/00000701.png", "forensynths/test/biggan/1_fake/00000701"),
        ("cyclegan", "test/cyclegan/apple/0_real/n07740461_9091.png", "imagenet/n07740461_9091"),
        ("cyclegan", "test/cyclegan/orange/1_fake/n07740461_9091_fake.png", "imagenet/n07740461_9091"),
        (
            "cyclegan",
            "test/cyclegan/winter/1_fake/2011-01-02 10_00_00_fake.png",
            "forensynths/cyclegan/2011-01-02 10_00_00",
        ),
        ("crn", "test/crn/1_fake/00100001.png", "gta/00100001"),
        ("imle", "test/imle/0_real/00100001.png", "gta/00100001"),
        ("gaugan", "test/gaugan/1_fake/000000270244.png", "coco/000000270244"),
        ("deepfake", "test/deepfake/1_fake/097_033_0100.png", "ff/033"),
        ("deepfake", "test/deepfake/0_real/097_0100.png", "ff/033"),
        ("stylegan", "test/stylegan/car/1_fake/001024.png", "forensynths/test/stylegan/car/1_fake/001024"),
    ],
)
def test_groups_are_photographs_where_names_tell(config: str, name: str, group: str) -> None:
    assert found(config)[name].group == group


def test_a_generator_needs_nothing_of_the_others(tmp_path: Path) -> None:
    shutil.copytree(DUMMY / "test" / "biggan", tmp_path / "test" / "biggan")
    assert len(found("biggan", tmp_path)) == 8
    with pytest.raises(
        UserError, match="test/stargan, .*test holds biggan", check=lambda error: error.code == "data-set-incomplete"
    ):
        found("stargan", tmp_path)
    with pytest.raises(
        UserError, match="train, .* holds test", check=lambda error: error.code == "data-set-incomplete"
    ):
        found("progan", tmp_path)


def test_a_kind_without_its_fakes_is_named(tmp_path: Path) -> None:
    shutil.copytree(DUMMY, tmp_path / "x")
    shutil.rmtree(tmp_path / "x" / "train" / "horse" / "1_fake")
    with pytest.raises(
        UserError,
        match="train/horse/1_fake, .*horse holds 0_real",
        check=lambda error: error.code == "data-set-incomplete",
    ):
        found("progan", tmp_path / "x")
