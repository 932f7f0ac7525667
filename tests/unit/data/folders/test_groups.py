"""Groups: what belongs together stays together, by each of the rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from forensictransfer.core.settings import DataSettings
from forensictransfer.data.domains import open_domain
from forensictransfer.data.records import FAKE, REAL, SPLITS
from tests.folders import fill, refused, seen

DATA = DataSettings()


def test_equal_stems_in_two_split_folders(tmp_path: Path) -> None:
    folder = fill(
        tmp_path,
        "train/real/1.png",
        "train/fake/2.png",
        "test/real/1.png",
        "test/fake/3.png",
        "valid/real/1.png",
        "valid/fake/4.png",
    )
    numbered = open_domain(folder, data=DATA)
    assert seen(numbered)["train/real/1.png"] == (REAL, "train/1")
    assert seen(numbered)["valid/real/1.png"] == (REAL, "validation/1")
    assert seen(numbered)["train/fake/2.png"] == (FAKE, "2")
    assert "1 file stems stand in more than one split folder" in " ".join(numbered.notes)
    # Somebody who gives a rule means it: the photograph stays in the earliest split alone.
    ruled = open_domain(folder, group=r"(\d)\.png", data=DATA)
    assert sorted(seen(ruled)) == ["test/fake/3.png", "train/fake/2.png", "train/real/1.png", "valid/fake/4.png"]
    assert "1 validation and 1 test images dropped" in " ".join(ruled.notes)


def test_group_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = fill(tmp_path / "d", "real/b001r01_real.png", "fake/b001r01_aged.png", "fake/b002r05_aged.png")
    names = ["fake/b001r01_aged.png", "fake/b002r05_aged.png", "real/b001r01_real.png"]

    def groups(rule: str) -> list[str]:
        return [record.group for record in open_domain(folder, group=rule, data=DATA).records]

    assert groups("stem") == ["b001r01_aged", "b002r05_aged", "b001r01_real"]
    assert groups("path") == names
    assert groups(r"b\d+r\d+") == ["b001r01", "b002r05", "b001r01"]
    assert groups(r"b(\d+)r\d+") == ["001", "002", "001"]
    table = tmp_path / "groups.csv"
    table.write_text("\ufeffgroup,path\n" + "".join(f"p{i},{name}\n" for i, name in enumerate([*names, "gone.png"])))
    assert groups(str(table)) == ["p0", "p1", "p2"]
    monkeypatch.chdir(tmp_path)
    assert open_domain(folder, group="groups.csv", data=DATA).spec.group == str(table)
    assert "1 rows of groups.csv name no image" in open_domain(folder, group=str(table), data=DATA).notes


def test_no_group_stands_on_two_sides(tmp_path: Path) -> None:
    names = [f"{kind}/p{i}_{edit}.png" for kind in ("real", "fake") for i in range(60) for edit in "xy"]
    domain = open_domain(fill(tmp_path, *names), group=r"p\d+", data=DATA)
    sides = [{record.group for record in domain.split(split)} for split in SPLITS]
    assert sum(map(len, sides)) == len(set.union(*sides)) == 60


def test_group_rules_that_do_not_fit(tmp_path: Path) -> None:
    folder = fill(tmp_path / "d", "real/a1.png", "fake/b.png")
    code = "groups-invalid"
    assert "fake/b.png" in refused(code, folder, r"\w\d")
    assert "'(': " in refused(code, folder, "(")
    assert "missing.csv: " in refused(code, folder, "missing.csv")
    table = tmp_path / "t.csv"
    table.write_text("file,group\na,b\n")
    message = refused(code, folder, str(table))
    assert "path and group" in message and "file, group" in message
    table.write_text("path,group\nreal/a1.png,x\n")
    assert "fake/b.png" in refused(code, folder, str(table))
    table.write_text("path,group\nreal/a1.png,x\nreal/a1.png,y\n")
    message = refused(code, folder, str(table))
    assert "line 3: real/a1.png" in message and "x and y" in message


def test_a_group_table_may_have_blanks_around_its_cells(tmp_path: Path) -> None:
    folder = fill(tmp_path / "d", "real/a b.png", "fake/a b.png", "fake/c.png")
    table = tmp_path / "t.csv"
    # Typed by hand: a blank behind each comma, trailing ones, a row of empty cells as spreadsheets leave them.
    table.write_text('path, group ,note\nreal/a b.png,0001,\nfake/a b.png, 0001 ,x\n fake/c.png\t,"0002 "\n,,\n')
    domain = open_domain(folder, group=str(table), data=DATA)
    assert seen(domain) == {
        "real/a b.png": (REAL, "0001"),
        "fake/a b.png": (FAKE, "0001"),
        "fake/c.png": (FAKE, "0002"),
    }
    assert not [note for note in domain.notes if "rows of t.csv" in note]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("fake/b.png,", "line 3: fake/b.png has no group"),
        ("fake/b.png,  ", "line 3: fake/b.png has no group"),
        ('fake/b.png,"\t"', "line 3: fake/b.png has no group"),
        ("fake/b.png", "line 3: fake/b.png has no group"),
        (" ,x", "line 3: the group x has no path"),
        ("gone.png,", "line 3: gone.png has no group"),
        ("fake/c.png,x", "no group for 1 of 2 images: fake/b.png"),
        (" real/a.png,y", "line 3: real/a.png has two groups, x and y"),
    ],
)
def test_a_group_table_without_a_group_is_refused(tmp_path: Path, row: str, expected: str) -> None:
    folder = fill(tmp_path / "d", "real/a.png", "fake/b.png")
    table = tmp_path / "t.csv"
    table.write_text(f"path,group\nreal/a.png,x\n{row}\n")
    assert expected in refused("groups-invalid", folder, str(table))
