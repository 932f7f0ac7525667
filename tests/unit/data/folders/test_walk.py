"""Links in a domain's folder: followed to what is new, never in circles, across the classes or twice to one file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import DataSettings
from forensictransfer.data.domains import Domain, open_domain
from tests.folders import fill

DATA = DataSettings()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fill(tmp_path / "d", "real/v1/a.png", "real/v2/b.png", "real/c.png", "fake/w1/d.png", "fake/e.png")


OWN = ("fake/e.png", "fake/w1/d.png", "real/c.png", "real/v1/a.png", "real/v2/b.png")


def names(domain: Domain) -> tuple[str, ...]:
    return tuple(record.name for record in domain.records)


@pytest.mark.parametrize(
    ("link", "target", "reason"),
    [
        ("fake/up", "..", "leads to a folder above it"),
        ("fake/w1/up", "../..", "leads to a folder above it"),
        ("fake/w1/own", "..", "leads to a folder above it"),
        ("fake/out", "../..", "leads to a folder above it"),
        ("fake/w1/itself", ".", "leads to a folder above it"),
        ("fake/other", "../real", "leads into the other class, real"),
        ("fake/other", "../real/v1", "leads into the other class, real"),
        ("real/deep", "../fake/w1", "leads into the other class, fake"),
        ("real/v3", "v1", "is real/v1 again"),
        ("real/0", "v1", "is real/v1 again"),
        ("fake/x.png", "../real/v1/a.png", "leads into the other class, real/v1/a.png"),
        ("real/0.png", "c.png", "is real/c.png again"),
        ("real/v2/z.png", "../v1/a.png", "is real/v1/a.png again"),
    ],
)
def test_links_that_are_skipped_are_listed(folder: Path, link: str, target: str, reason: str) -> None:
    (folder / link).symlink_to(target)
    domain = open_domain(folder, data=DATA)
    assert names(domain) == OWN
    assert domain.skipped == ((link, reason),)
    assert domain.warnings == (f"1 link skipped: {link} {reason}",)


def test_a_name_of_two_lines_stays_in_one(folder: Path) -> None:
    (folder / "fake/up\nand away").symlink_to("..")
    (line,) = open_domain(folder, data=DATA).warnings
    assert line == r"1 link skipped: fake/up\nand away leads to a folder above it"


def test_hard_links_count_once(folder: Path) -> None:
    os.link(folder / "real/c.png", folder / "real/v1/0.png")
    domain = open_domain(folder, data=DATA)
    assert names(domain) == OWN
    assert domain.skipped == (("real/v1/0.png", "is real/c.png again"),)


def test_a_file_of_both_classes_is_refused(folder: Path) -> None:
    os.link(folder / "real/c.png", folder / "fake/z.png")
    with pytest.raises(UserError, check=lambda error: error.code == "domain-contradictory") as caught:
        open_domain(folder, data=DATA)
    assert "found in both: fake/z.png is real/c.png" in str(caught.value)


@pytest.mark.parametrize("target", ["pool", "pool/p.png"])
def test_a_file_that_both_classes_link_is_refused(folder: Path, tmp_path: Path, target: str) -> None:
    fill(tmp_path, "pool/p.png")
    for kind in ("real", "fake"):
        (folder / kind / Path(target).name).symlink_to(tmp_path / target)
    with pytest.raises(UserError, check=lambda error: error.code == "domain-contradictory"):
        open_domain(folder, data=DATA)


def test_links_to_what_is_new_are_followed_once(folder: Path, tmp_path: Path) -> None:
    fill(tmp_path / "pool", "p.png", "q/r.png")
    for name in ("l1", "l2"):
        (folder / "real" / name).symlink_to(tmp_path / "pool")
    (folder / "real/q").symlink_to(tmp_path / "pool/q")
    (folder / "real/w.png").symlink_to(tmp_path / "pool/p.png")
    (tmp_path / "pool/back").symlink_to(folder)
    domain = open_domain(folder, data=DATA)
    assert names(domain) == (*OWN[:3], "real/l1/p.png", "real/l1/q/r.png", *OWN[3:])
    assert dict(domain.skipped) == {
        "real/l1/back": "leads to a folder above it",
        "real/l2": "is real/l1 again",
        "real/q": "is real/l1/q again",
        "real/w.png": "is real/l1/p.png again",
    }


def test_a_class_may_be_a_folder_elsewhere(tmp_path: Path) -> None:
    fill(tmp_path, "photos/a.png", "d/fake/b.png")
    (tmp_path / "d/real").symlink_to(tmp_path / "photos")
    assert names(open_domain(tmp_path / "d", data=DATA)) == ("fake/b.png", "real/a.png")


@pytest.mark.parametrize(
    ("link", "target", "says"),
    [
        ("d/real", "fake", "are the same folder"),
        ("d/real", "fake/w", "lie one within the other"),
        ("d/real", ".", "a link to a folder above it"),
        ("d/real", "..", "a link to a folder above it"),
        ("s/test", "train", "are the same folder"),
        ("s/test/real", "../train/real", "are the same folder"),
    ],
)
def test_class_folders_that_are_links_to_each_other(tmp_path: Path, link: str, target: str, says: str) -> None:
    fill(tmp_path, "d/fake/w/a.png", "s/train/real/a.png", "s/train/fake/b.png")
    if link == "s/test/real":
        fill(tmp_path, "s/test/fake/c.png")
    (tmp_path / link).symlink_to(target)
    with pytest.raises(UserError, check=lambda error: error.code == "domain-layout") as caught:
        open_domain(tmp_path / link.partition("/")[0], data=DATA)
    assert says in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["real/fake/x.png", "real/v1/FAKE/x.png", "fake/0_real/x.png", "fake/a/Real/b/x.png"])
def test_a_folder_that_is_named_as_the_other_class(folder: Path, name: str) -> None:
    fill(folder, name)
    with pytest.raises(UserError, check=lambda error: error.code == "domain-layout") as caught:
        open_domain(folder, data=DATA)
    assert str(caught.value).startswith(f"{folder}/{name.rpartition('/')[0].removesuffix('/b')}: lies in ")


def test_a_class_folder_within_its_own_class(folder: Path) -> None:
    assert "real/real/x.png" in names(open_domain(fill(folder, "real/real/x.png"), data=DATA))


def test_a_class_that_is_links_to_the_other_one_has_no_images(tmp_path: Path) -> None:
    fill(tmp_path, "real/a.png", "fake/notes.txt")
    (tmp_path / "fake/a.png").symlink_to("../real/a.png")
    with pytest.raises(UserError, check=lambda error: error.code == "domain-class-missing") as caught:
        open_domain(tmp_path, data=DATA)
    assert "links skipped: 1, fake/a.png leads into the other class, real/a.png" in str(caught.value)


def test_a_very_deep_folder(tmp_path: Path) -> None:
    fill(tmp_path, "fake/a.png", "real/b.png")
    here, depth = os.getcwd(), 1200
    os.chdir(tmp_path / "real")
    try:
        for _ in range(depth):
            os.mkdir("d")
            os.chdir("d")
        Path("c.png").touch()
        assert len(open_domain(tmp_path, data=DATA).records) == 3
        Path("c.png").unlink()
    finally:
        # By steps: what removes the test's folder works by recursion.
        while Path.cwd() != tmp_path / "real":
            os.chdir("..")
            os.rmdir("d")
        os.chdir(here)


PLACES = ("real", "real/v1", "fake", "fake/w1", "pool", "pool/p")
TARGETS = (*PLACES, ".", "real/v1/a.png", "fake/b.png", "pool/p/c.png", "nowhere")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(TARGETS), st.booleans()), max_size=6))
def test_whatever_the_links_no_file_comes_twice_or_under_a_wrong_label(
    tmp_path_factory: pytest.TempPathFactory, links: list[tuple[str, str, bool]]
) -> None:
    top = tmp_path_factory.mktemp("links")
    fill(top, "real/v1/a.png", "real/d.png", "fake/b.png", "fake/w1/e.png", "pool/p/c.png")
    for number, (place, target, hard) in enumerate(links):
        # Names that end in .png, so that links to files are read as images.
        link, to = top / place / f"l{number}.png", top / target
        if hard and to.is_file():
            os.link(to, link)
        else:
            link.symlink_to(to)
    try:
        domain = open_domain(top, data=DATA)
    except UserError as error:
        assert error.code == "domain-contradictory"
        return
    inodes = [os.stat(top / name).st_ino for name in names(domain) if (top / name).exists()]
    assert len(inodes) == len(set(inodes))
    for record in domain.records:
        place = os.path.realpath(top / record.name)
        for kind, label in (("real", 0), ("fake", 1)):
            if place.startswith(str(top / kind) + "/"):
                assert record.label == label
    assert {"real/v1/a.png", "real/d.png", "fake/b.png", "fake/w1/e.png"} <= {
        name for record in domain.records for name in (record.name, *_hard(top, record.name))
    }
    assert len(domain.skipped) == len({name for name, _ in domain.skipped})


def _hard(top: Path, name: str) -> list[str]:
    """The other names of a file, by hard links."""
    if not (top / name).exists():
        return []
    same = os.stat(top / name)
    return [
        str(path.relative_to(top))
        for path in top.rglob("*.png")
        if path.exists() and os.path.samestat(path.stat(), same)
    ]
