"""140k faces: the tables say what must be there, and count the other way round."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from forensictransfer.datasets.faces_140k.catalogue import FACTS
from forensictransfer.datasets.faces_140k.layout import items

from forensictransfer.core.errors import UserError
from forensictransfer.data.catalogue.extracted import ManualFolder
from forensictransfer.data.catalogue.manual import Item

DUMMY = Path(__file__).parent / "dummy_data"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DUMMY, tmp_path / "x"))


def found(root: Path) -> dict[str, Item]:
    return {item.path.stem: item for item in items(ManualFolder(root, "faces_140k", FACTS), "stylegan")}


def test_photographs_are_real_and_called_by_their_number(root: Path) -> None:
    everything = found(root)
    assert (everything["00123"].label, everything["00123"].group) == (0, "ffhq/00123")
    assert (everything["00276TOPP4"].label, everything["00276TOPP4"].group) == (1, "faces_140k/00276TOPP4")
    assert {everything[name].split for name in ("31355", "18010", "52889")} == {"train", "validation", "test"}


def test_an_image_that_a_table_names_must_be_there(root: Path) -> None:
    (root / "real_vs_fake" / "real-vs-fake" / "train" / "fake" / "02DJSB0XXV.jpg").unlink()
    with pytest.raises(
        UserError,
        match="6 images .*train.csv .* 1 of them .*02DJSB0XXV",
        check=lambda error: error.code == "data-set-incomplete",
    ):
        found(root)


def test_a_table_that_is_missing_or_odd(root: Path) -> None:
    (root / "test.csv").rename(root / "tset.csv")
    with pytest.raises(
        UserError,
        match="test.csv, .*perhaps you meant 'tset.csv'",
        check=lambda error: error.code == "data-set-incomplete",
    ):
        found(root)
    (root / "test.csv").write_text("id,label\n1,1\n")
    with pytest.raises(UserError, match="label_str, path", check=lambda error: error.code == "data-set-incomplete"):
        found(root)
    (root / "test.csv").write_text("label_str,path\nreal,test/fake/ZZX92OQ4J1.jpg\n")
    with pytest.raises(
        UserError,
        match="test.csv: .* test/real/.* test/fake/ZZX92OQ4J1.jpg",
        check=lambda error: error.code == "data-set-incomplete",
    ):
        found(root)
