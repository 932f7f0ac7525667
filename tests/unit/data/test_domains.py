"""Domains: any folder read in place, groups that stay together, and one clear line for what cannot be a domain."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import forensictransfer.data
from forensictransfer.core.settings import DataSettings, DomainSettings
from forensictransfer.data import domains
from forensictransfer.data.catalogue.builtin import Example, build_builtin
from forensictransfer.data.catalogue.data_sets import data_sets
from forensictransfer.data.decode import ImageError, decode
from forensictransfer.data.domains import Domain, data_folder, open_domain
from forensictransfer.data.encoded import read_header
from forensictransfer.data.records import FAKE, REAL, SPLITS, Record
from forensictransfer.data.splits import split_of
from forensictransfer.data.stored import StoredImage
from tests.folders import fill, refused, seen

DATA = DataSettings()


def test_a_plain_folder(tmp_path: Path) -> None:
    names = ["real/b.png", "real/deep/er/a photo é.JPG", "real/b.Jpeg", "fake/b.webp", "fake/c.bmp", "fake/d.TIF"]
    folder = fill(tmp_path / "faces", *names, "fake/e.tiff", "real/.hidden.png", "real/.cache/x.png", "real/list.txt")
    domain = open_domain(str(folder), data=DATA)
    assert (domain.name, domain.origin) == ("faces", str(folder.resolve()))
    assert seen(domain) == {
        "fake/b.webp": (FAKE, "b"),
        "fake/c.bmp": (FAKE, "c"),
        "fake/d.TIF": (FAKE, "d"),
        "fake/e.tiff": (FAKE, "e"),
        "real/b.Jpeg": (REAL, "b"),
        "real/b.png": (REAL, "b"),
        "real/deep/er/a photo é.JPG": (REAL, "a photo é"),
    }
    assert [record.name for record in domain.records] == sorted(seen(domain))
    assert all(record.split == split_of(record.group, DATA.split) for record in domain.records)
    assert "1 files without an image suffix skipped (.txt 1)" in domain.notes
    assert domain.records[0].source == folder / "fake/b.webp"


@pytest.mark.parametrize(("real", "fake"), [("0_real", "1_fake"), ("Real", "FAKE")])
def test_other_names_of_the_class_folders(tmp_path: Path, real: str, fake: str) -> None:
    domain = open_domain(fill(tmp_path, f"{real}/a.png", f"{fake}/b.png", "notes/c.png"), data=DATA)
    assert seen(domain) == {f"{real}/a.png": (REAL, "a"), f"{fake}/b.png": (FAKE, "b")}


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    elsewhere = fill(tmp_path / "elsewhere", "x/a.png").resolve()
    folder = fill(tmp_path / "faces", "fake/b.png", "real/c.png")
    (folder / "real/linked").symlink_to(elsewhere)
    (folder / "real/linked/back").symlink_to(elsewhere)
    (folder / "fake/nowhere.png").symlink_to(tmp_path / "gone.png")
    (folder / "fake/itself").symlink_to(folder / "fake/itself")
    (tmp_path / "alias").symlink_to(folder)
    domain = open_domain(tmp_path / "alias", data=DATA)
    assert sorted(seen(domain)) == ["fake/b.png", "fake/nowhere.png", "real/c.png", "real/linked/x/a.png"]
    assert (domain.name, domain.origin) == ("alias", str(folder.resolve()))


def test_split_folders_win(tmp_path: Path) -> None:
    names = [
        f"{split}/{kind}/{split}{i}.png"
        for split in ("train", "val", "test")
        for kind in ("real", "fake")
        for i in "12"
    ]
    domain = open_domain(fill(tmp_path, *names), data=DATA)
    assert len(domain.records) == 12
    assert domain.notes == ()
    for split in SPLITS:
        assert len(domain.split(split)) == 4
        assert all(record.group.startswith(split[:3]) for record in domain.split(split))


def test_what_lies_beside_the_classes_is_named(tmp_path: Path) -> None:
    plain = fill(
        tmp_path / "d", "real/a.png", "fake/b.png", "fake2/c.png", "masks/b.png", "docs/x.txt", "d.png", "e.csv"
    )
    notes = open_domain(plain, data=DATA).notes
    assert "not read, beside the class folders: fake2" in notes
    assert "1 images beside the class folders were not read" in notes
    names = [f"{split}/{kind}/{split}.png" for split in ("train", "test") for kind in ("real", "fake")]
    split = fill(tmp_path / "s", *names, "dev/real/c.png", "train/other/d.png", "train/real/other/e.png")
    assert "not read, beside the class folders: dev, train/other" in open_domain(split, data=DATA).notes


def test_a_missing_split_folder_leaves_the_split_empty(tmp_path: Path) -> None:
    domain = open_domain(
        fill(tmp_path, "test/real/a.png", "test/fake/b.png", "train/real/c.png", "train/fake/d.txt"), data=DATA
    )
    assert domain.split("validation") == ()
    assert "the validation split is empty" in domain.notes
    assert "train/fake holds no images" in domain.notes
    assert "the train split has no fake images" in domain.notes


def test_folders_that_are_no_domain(tmp_path: Path) -> None:
    (tmp_path / "faces").mkdir()
    assert f"'{tmp_path / 'faces'}'" in refused("path-missing", tmp_path / "facse")
    assert f"{tmp_path}/faces/real" in refused("domain-layout", tmp_path / "faces")
    fill(tmp_path / "faces", "original/a.png", "real/a.png")
    message = refused("domain-layout", tmp_path / "faces")
    assert f"{tmp_path}/faces/real" in message and f"{tmp_path}/faces/fake" in message
    assert "original, real" in message
    fill(tmp_path / "faces", "fake/readme.md")
    message = refused("domain-class-missing", tmp_path / "faces")
    assert message.startswith(f"{tmp_path}/faces/fake: ") and ".png .jpg" in message
    fill(tmp_path / "faces", "0_real/a.png")
    assert "'0_real' and 'real'" in refused("domain-layout", tmp_path / "faces")
    both = fill(tmp_path / "both", "real/a.png", "fake/a.png", "test/real/b.png")
    assert "fake, real, test" in refused("domain-layout", both)
    half = fill(tmp_path / "half", "train/real/a.png", "train/fake/b.png", "test/real/c.png")
    message = refused("domain-layout", half)
    assert f"{half}/test/real" in message and f"{half}/test/fake" in message
    twice = fill(
        tmp_path / "twice", *(f"{split}/{kind}/a.png" for split in ("val", "valid") for kind in ("real", "fake"))
    )
    message = refused("domain-layout", twice)
    assert "validation" in message and "'val' and 'valid'" in message
    assert refused("path-missing", both / "real/a.png").startswith(f"{both}/real/a.png: ")


def test_a_settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path / "images", "real/p1_x.png", "fake/p1_y.png")
    file = tmp_path / "faces.yaml"
    file.write_text("path: images\nname: swapped faces\ngroup: 'p\\d'\n")
    monkeypatch.chdir(tmp_path.parent)
    domain = open_domain(file, data=DATA)
    assert (domain.name, domain.origin) == ("swapped faces", str((tmp_path / "images").resolve()))
    assert {record.group for record in domain.records} == {"p1"}
    assert domain.spec.group == r"p\d"
    assert open_domain(file, group="path", data=DATA).spec.group == "path"
    spec = DomainSettings(path=str(tmp_path / "images"), name=None, group="stem")
    assert open_domain(spec, data=DATA).name == "images"
    assert refused("path-missing", tmp_path / "missing.yml").startswith(f"{tmp_path}/missing.yml: ")


def test_the_fingerprint_follows_the_content_not_the_place(tmp_path: Path) -> None:
    names = ["real/a.png", "fake/b.png"]
    here, there = (open_domain(fill(tmp_path / place, *names), data=DATA) for place in "xy")
    before = here.fingerprint()
    assert before == there.fingerprint()
    assert before == Domain("z", "z", here.records[::-1]).fingerprint()
    (tmp_path / "x/real/a.png").write_bytes(b"1")
    assert here.fingerprint() != before
    assert open_domain(tmp_path / "y", group="path", data=DATA).fingerprint() != before


def test_records_insist_on_labels_and_splits() -> None:
    with pytest.raises(ValueError, match="label"):
        Record("a", 2, "a", "train", b"")
    with pytest.raises(ValueError, match="split"):
        Record("a", 0, "a", "dev", b"")


def test_built_in_domains(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    examples = [Example(f"{split}/{label}", label, split, split, b"bytes") for split in SPLITS for label in (0, 1)]
    places = []

    def load(name: str, data_dir: Path) -> list[Example]:
        places.append(data_dir)
        return examples

    monkeypatch.setattr(domains, "builtin_names", lambda: ("photos/one", "photos/two"))
    monkeypatch.setattr(domains, "find_builtin", load)
    domain = open_domain("photos/one", data=DataSettings(data_dir=str(tmp_path)))
    assert (domain.name, domain.origin, domain.notes) == ("photos/one", "photos/one", ())
    assert domain.records[0] == Record("train/0", REAL, "train", "train", b"bytes")
    assert places == [tmp_path]
    assert "skipped" in open_domain("photos/one", group="path", data=DATA).notes[0]
    assert "'photos/two'" in refused("path-missing", "photos/tow")
    assert "photos/one, photos/two" in refused("path-missing", "photos")


def test_where_built_in_data_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORENSICTRANSFER_DATA", raising=False)
    assert data_folder(DATA) == Path.home() / ".cache/forensictransfer"
    monkeypatch.setenv("FORENSICTRANSFER_DATA", "/elsewhere")
    assert data_folder(DATA) == Path("/elsewhere")
    assert data_folder(DataSettings(data_dir="/chosen")) == Path("/chosen")


def test_show_counts_and_warns_of_a_difference_in_format(tmp_path: Path) -> None:
    fill(tmp_path / "d", "real/broken.png", "fake/z.png")
    for i in range(3):
        Image.fromarray(np.zeros((8, 16, 3), np.uint8)).save(tmp_path / f"d/real/{i}.png")
        Image.fromarray(np.zeros((8, 16, 3), np.uint8)).save(tmp_path / f"d/fake/{i}.jpg")
    text = forensictransfer.data.show(tmp_path / "d")
    lines = [line.split() for line in text.splitlines()]
    assert ["all", "4", "4", "5"] in lines
    assert "real: 3 PNG RGB; 3 16 x 8" in text
    assert "the classes differ in format" in text
    assert "note: real/broken.png: expected PNG, JPEG, WebP, BMP or TIFF, found 0 bytes" in text
    assert isinstance(forensictransfer.data.list(), tuple)


def test_a_built_data_set_is_opened_where_it_lies(tmp_path: Path) -> None:

    files = Path(str(data_sets()["casia_v2"].module("catalogue").__file__)).parent / "dummy_data"
    build_builtin("casia_v2/splicing", tmp_path, files=files)
    domain = open_domain("casia_v2/splicing", data=DataSettings(data_dir=str(tmp_path)))
    assert domain.notes[2] == "tampered images without a mask in CASIA 2 Groundtruth: 1"
    for record in domain.records:
        assert isinstance(record.source, StoredImage)
        assert np.array_equal(decode(record.source, max_pixels=1000), decode(files / record.name, max_pixels=1000))
        assert read_header(record.source) == read_header(files / record.name)
    before = domain.fingerprint()
    assert open_domain("casia_v2/splicing", data=DataSettings(data_dir=str(tmp_path))).fingerprint() == before
    next(tmp_path.rglob("*-train.tfrecord*")).unlink()
    with pytest.raises(ImageError, check=lambda error: error.code == "image-unreadable"):
        decode(domain.records[0].source, max_pixels=1000)
