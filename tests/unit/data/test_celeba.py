"""Edits of CelebA portraits: identities, official parts, and numbers of CelebA-HQ."""

from __future__ import annotations

from pathlib import Path

import pytest

from forensictransfer.core.errors import UserError
from forensictransfer.data.catalogue.celeba import celeba_items
from forensictransfer.data.catalogue.data_sets import data_sets
from forensictransfer.data.catalogue.extracted import ManualFolder


@pytest.fixture
def tree(tmp_path: Path) -> ManualFolder:
    for name, text in {
        "Anno/identity_CelebA.txt": "000001.jpg 2880\n000002.jpg 2937\n182638.jpg 9000\n",
        "Eval/list_eval_partition.txt": "000001.jpg 0\n000002.jpg 1\n182638.jpg 2\n",
        "real/000001.png": "x",
        "real/2.png": "x",
        "fake/000001_Young.png": "x",
        "fake/182638-Smiling.jpg": "x",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return ManualFolder(tmp_path, "glow_celeba", data_sets()["glow_celeba"].facts)


def test_the_number_leads_to_person_and_part(tree: ManualFolder) -> None:
    found = {item.path.name: (item.label, item.group, item.split) for item in celeba_items(tree)}
    assert found == {
        "000001.png": (0, "celeba/2880", "train"),
        "2.png": (0, "celeba/2937", "validation"),
        "000001_Young.png": (1, "celeba/2880", "train"),
        "182638-Smiling.jpg": (1, "celeba/9000", "test"),
    }


def test_numbers_of_celeba_hq(tree: ManualFolder) -> None:
    mapping = "idx  orig_idx  orig_file\n1  182637  182638.jpg\n2  0  000001.jpg\n182638  1  000002.jpg\n"
    (tree.root / "CelebA-HQ-to-CelebA-mapping.txt").write_text(mapping)
    groups = {item.path.name: item.group for item in celeba_items(tree)}
    assert groups == {
        "000001.png": "celeba/9000",
        "2.png": "celeba/2880",
        "000001_Young.png": "celeba/9000",
        "182638-Smiling.jpg": "celeba/2937",
    }
    (tree.root / "CelebA-HQ-to-CelebA-mapping.txt").write_text("idx orig_idx orig_file\n1 182637\n")
    with pytest.raises(
        UserError, match="idx, orig_idx and orig_file", check=lambda error: error.code == "data-set-incomplete"
    ):
        list(celeba_items(tree))


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("fake/edit_1.png", "x", r"names that begin with the photograph's number, found .*edit_1.png"),
        ("fake/7_Male.png", "x", "there is no photograph 7 in CelebA's lists"),
        ("Anno/identity_CelebA.txt", "000001.jpg\n", "expected lines like '000001.jpg 2880' in Anno/identity_CelebA"),
        ("Eval/list_eval_partition.txt", "000001.jpg 3\n", "expected 0, 1 or 2 in Eval/list_eval_partition.txt"),
    ],
)
def test_mistakes(tree: ManualFolder, file: str, text: str, says: str) -> None:
    (tree.root / file).write_text(text)
    with pytest.raises(UserError, match=says, check=lambda error: error.code == "data-set-incomplete"):
        list(celeba_items(tree))
