"""DiffusionForensics: which parts are official, folders by several names, names that are unique in their part alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from forensictransfer.datasets.diffusionforensics.catalogue import CONFIGS, FACTS
from forensictransfer.datasets.diffusionforensics.layout import items

from forensictransfer.core.errors import UserError
from forensictransfer.data.catalogue.extracted import ManualFolder
from forensictransfer.data.catalogue.manual import Item

DUMMY = Path(__file__).parent / "dummy_data"


def found(config: str, root: Path = DUMMY) -> list[Item]:
    return list(items(ManualFolder(root, "diffusionforensics", FACTS), config))


@pytest.mark.parametrize("config", CONFIGS)
def test_official_parts_are_kept_where_a_generator_is_in_all_three(config: str) -> None:
    splits = {item.split for item in found(config)}
    official = config in ("bedroom_adm", "imagenet_adm")
    assert splits == ({"train", "validation", "test"} if official else {None})
    assert official or all("images/test/" in item.path.as_posix() for item in found(config))


def test_imagenet_photographs_keep_their_name_and_others_their_part() -> None:
    reals = {item.group for item in found("imagenet_adm") if not item.label}
    assert "imagenet/ILSVRC2012_val_00039791" in reals
    assert all(item.group.startswith("diffusionforensics/images/") for item in found("bedroom_adm"))


def test_a_folder_by_another_of_its_names(tmp_path: Path) -> None:
    shutil.copytree(DUMMY, tmp_path / "x")
    test = tmp_path / "x" / "images" / "test" / "lsun_bedroom"
    (test / "sdv1_new").rename(test / "sdv1_new2")
    assert {item.path.parent.name for item in found("bedroom_sdv1", tmp_path / "x")} == {"real", "sdv1_new2"}


def test_a_part_that_is_missing_is_named(tmp_path: Path) -> None:
    shutil.copytree(DUMMY, tmp_path / "x")
    shutil.rmtree(tmp_path / "x" / "images" / "val" / "lsun_bedroom" / "adm")
    with pytest.raises(
        UserError,
        match="val/lsun_bedroom/adm, .*lsun_bedroom holds real",
        check=lambda error: error.code == "data-set-incomplete",
    ):
        found("bedroom_adm", tmp_path / "x")
