"""CASIA's names: what belongs together, and which mask is whose."""

from __future__ import annotations

from pathlib import Path

import pytest
from forensictransfer.datasets.casia_v2.catalogue import FACTS
from forensictransfer.datasets.casia_v2.layout import items

from forensictransfer.data.catalogue.extracted import ManualFolder
from forensictransfer.data.catalogue.manual import Item


def write(root: Path, *names: str) -> ManualFolder:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    return ManualFolder(root, "casia_v2", FACTS)


def named(tree: ManualFolder, config: str) -> dict[str, Item]:
    return {item.path.stem: item for item in items(tree, config)}


def test_splices_link_their_photographs_in_all_configurations(tmp_path: Path) -> None:
    tree = write(
        tmp_path,
        *(f"Au/Au_{name}.jpg" for name in ("ani_00001", "ani_00002", "art_00003", "art_00004")),
        "Tp/Tp_D_CRN_S_N_ani00001_art00003_11818.jpg",
        "Tp/Tp_D_CRN_S_N_art00003_ani00002_11819.tif",
        "Tp/Tp_S_NNN_S_N_art00004_art00004_02347.tif",
        "CASIA 2 Groundtruth/Tp_D_CRN_S_N_ani00001_art00003_11818_gt.png",
    )
    everything = named(tree, "all")
    groups = {name: item.group for name, item in everything.items()}
    assert len({groups[name] for name in groups if "art00004" not in name and "art_00004" not in name}) == 1
    assert groups["Au_art_00004"] == groups["Tp_S_NNN_S_N_art00004_art00004_02347"] == "casia/art00004"
    for config, kind in (("splicing", "Tp_D"), ("copy_move", "Tp_S")):
        part = named(tree, config)
        assert {name[:4] for name, item in part.items() if item.label} == {kind}
        assert all(item.group == groups[name] for name, item in part.items())


def test_masks_may_be_missing_and_are_counted(tmp_path: Path) -> None:
    tree = write(
        tmp_path,
        "Au/Au_ani_00001.jpg",
        "Tp/Tp_D_CRN_S_N_ani00001_art00003_11818.jpg",
        "Tp/Tp_D_CRN_S_N_ani00001_art00003_11819.jpg",
        "Gt/Tp_D_CRN_S_N_ani00001_art00003_11819_gt.png",
    )
    found = named(tree, "splicing")
    assert found["Tp_D_CRN_S_N_ani00001_art00003_11818"].mask is None
    assert found["Tp_D_CRN_S_N_ani00001_art00003_11819"].mask == next((tmp_path / "Gt").iterdir())
    assert tree.notes[-1] == "tampered images without a mask in Gt: 1"


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("Tp_D_CNN_M_N_arc00086_xxx00000_00306", "casia/arc00086"),
        ("Tp_D_CNN_M_N_xxx00000_xxx00000_00307", "casia/Tp_D_CNN_M_N_xxx00000_xxx00000_00307"),
        ("Tp_D_misnamed", "casia/Tp_D_misnamed"),
    ],
)
def test_photographs_that_are_not_named_link_nothing(name: str, group: str, tmp_path: Path) -> None:
    tree = write(tmp_path, "Au/Au_ani_00001.jpg", f"Tp/{name}.jpg", "Tp/Tp_D_X_ani00001_xxx00000_1.jpg", "Gt/a_gt.png")
    found = named(tree, "splicing")
    assert found[name].group == group
    assert found["Tp_D_X_ani00001_xxx00000_1"].group == found["Au_ani_00001"].group == "casia/ani00001"
