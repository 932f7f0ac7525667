"""Data sets got by hand: the folder's checks, and what becomes of the listed images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import DataSettings
from forensictransfer.data.catalogue.data_sets import MADE_HERE, Facts, data_sets, manual_folder
from forensictransfer.data.catalogue.extracted import ManualFolder
from forensictransfer.data.catalogue.manual import Item, learning_split, linked, settle
from forensictransfer.data.splits import split_of

FACTS = Facts(
    forgery="f",
    content="c",
    size="s",
    licence="l",
    obtained="form",
    groups="g",
    splits="s",
    page="https://example.org/set",
    files=("one.zip", "two.zip"),
    tree="real/1.png\nfake/1.png",
)


@pytest.fixture
def tree(tmp_path: Path) -> ManualFolder:
    for name in (
        "part/real/b.PNG",
        "part/real/a.jpg",
        "part/real/deep/c.tif",
        "part/real/.d.png",
        "part/real/list.txt",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "empty").mkdir()
    (tmp_path / "table.csv").write_text("\ufeffpath,label\nx.png,1\n\n", encoding="utf-8")
    (tmp_path / "nothing.csv").write_bytes(b"")
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00")
    return ManualFolder(tmp_path, "set", FACTS)


def test_images_come_sorted_with_any_case_and_without_hidden_ones(tree: ManualFolder) -> None:
    assert [tree.name(path) for path in tree.images("part", "real")] == ["part/real/a.jpg", "part/real/b.PNG"]
    assert [path.name for path in tree.images_below("part")] == ["a.jpg", "b.PNG", "c.tif"]
    assert tree.folders("part") == ["real"]
    assert tree.has("part", "real") and not tree.has("part", "fake")


def test_tables_and_lines(tree: ManualFolder) -> None:
    assert tree.table("table.csv", columns=("path", "label")) == [{"path": "x.png", "label": "1"}]
    assert tree.lines("table.csv") == ["path,label", "x.png,1"]


@pytest.mark.parametrize(
    ("look", "says"),
    [
        (lambda t: t.folder("part", "fake"), r"expected the folder .*part/fake, .*part holds real"),
        (lambda t: t.folder("prat", "real"), r"expected the folder .*prat/real, .* holds .*perhaps you meant 'part'"),
        (lambda t: t.folder("part", "real", "a.jpg", "b"), r"expected the folder .*a.jpg/b, .*a.jpg is a file"),
        (lambda t: t.folder("table.csv"), r"expected the folder .*table.csv"),
        (lambda t: t.file("part", "list.csv"), r"expected the file .*part/list.csv"),
        (lambda t: t.file("nothing.csv"), r"nothing.csv to hold something, found 0 bytes"),
        (lambda t: t.images("empty"), r"expected images .* in .*empty, found none"),
        (lambda t: t.images_below("empty"), r"expected images .* below .*empty, found none"),
        (
            lambda t: t.table("table.csv", columns=("path", "split")),
            r"expected the columns path, split .* found path, l",
        ),
        (lambda t: t.lines("binary.txt"), r"expected UTF-8 text in .*binary.txt"),
    ],
)
def test_what_is_missing_is_said_in_one_line(
    tree: ManualFolder, look: Callable[[ManualFolder], object], says: str
) -> None:
    with pytest.raises(UserError, match=says, check=lambda error: error.code == "data-set-incomplete") as caught:
        look(tree)
    text = str(caught.value)
    assert "\n" not in text and text.startswith("set: ") and "(from one.zip + two.zip, https://example.org/set)" in text


def test_images_below_a_link_in_a_circle_come_once(tree: ManualFolder) -> None:
    before = tree.images_below("part")
    (tree.root / "part" / "up").symlink_to("..")
    (tree.root / "part" / "again").symlink_to("real")
    assert tree.images_below("part") == before


def test_fewer_images_than_known_are_noted(tree: ManualFolder) -> None:
    tree.expect(5, 5, "all")
    tree.expect(3, 1000, "part")
    assert tree.notes == ["3 of 1,000 images found of part: was the archive extracted completely?"]


def test_a_root_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="none, ", check=lambda error: error.code == "data-set-incomplete"):
        ManualFolder(tmp_path / "none", "set", FACTS).folder()


def item(name: str, label: int, group: str, split: str | None = None) -> Item:
    return Item(Path(name), label, group, split, name)


def test_items_get_the_split_of_their_group_and_stand_sorted(tree: ManualFolder) -> None:
    given = [item(f"{label}/{number}", label, f"g{number}") for number in (3, 1, 2) for label in (1, 0)]
    settled = settle(given, tree)
    assert [found.name for found in settled] == sorted(found.name for found in given)
    assert all(found.split == split_of(found.group, DataSettings().split) for found in settled)


def test_groups_that_official_splits_tear_apart_lose_the_later_part(tree: ManualFolder) -> None:
    given = [
        item("a", 0, "g", "train"),
        item("b", 1, "g", "test"),
        item("c", 1, "h", "test"),
        item("d", 0, "i", "test"),
    ]
    assert [found.name for found in settle(given, tree)] == ["a", "c", "d"]
    assert tree.notes == ["1 test images dropped: their groups stand in an earlier split folder, too"]


def test_mistakes_of_a_lister_are_no_user_errors(tree: ManualFolder) -> None:
    with pytest.raises(ValueError, match="unique names, got 'a' 2 times"):
        settle([item("a", 0, "g"), item("a", 1, "h")], tree)
    for wrong in (item("a", 2, "g"), item("a", 0, ""), item("a", 0, "g", "val")):
        with pytest.raises(ValueError, match="expected label 0 or 1"):
            settle([wrong], tree)


def test_a_class_that_is_missing_and_a_group_that_is_too_large(tree: ManualFolder) -> None:
    with pytest.raises(UserError, match="fake images", check=lambda error: error.code == "data-set-incomplete"):
        settle([item("a", 0, "g")], tree)
    settle([item(str(number), number % 2, "big" if number < 30 else f"g{number}") for number in range(100)], tree)
    assert tree.notes == ["one group (big) holds 30 of the 100 images"]


def test_links_reach_through_others() -> None:
    groups = linked([("b", "a"), ("c", "b"), ("x", "y"), ("z", "z"), ("e", "d"), ("d", "c")])
    assert groups == {**dict.fromkeys("abcde", "a"), "x": "x", "y": "x", "z": "z"}
    assert linked([]) == {}


def test_what_is_learned_here_is_in_no_test_elsewhere() -> None:
    names = [f"group {number}" for number in range(400)]
    ours, elsewhere = [learning_split(name) for name in names], [split_of(name, DataSettings().split) for name in names]
    assert set(ours) == {"train", "validation"}
    assert {there for here, there in zip(ours, elsewhere, strict=True) if here == "train"} == {"train"}


def test_catalogues_and_places(tmp_path: Path) -> None:
    known = data_sets()
    assert list(known) == sorted(known) and known["forged_photos"].facts.obtained == MADE_HERE
    assert known["casia_v2"].domains == ("casia_v2/splicing", "casia_v2/copy_move", "casia_v2/all")
    assert manual_folder("casia_v2", tmp_path) == tmp_path / "manual" / "casia_v2"
    assert FACTS.instructions("HERE").splitlines()[-2:] == ["    real/1.png", "    fake/1.png"]
    assert "one.zip and two.zip" in FACTS.instructions("HERE")
