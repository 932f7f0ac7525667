"""The same pixels twice: with both labels, or in several splits; and images that are left out of one class alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import DataSettings
from forensictransfer.data.checks.copies import check_labels_agree, contradictions, copies_across, same_files
from forensictransfer.data.describe import summary
from forensictransfer.data.exclusion import LeftOut
from forensictransfer.data.images import Images
from forensictransfer.data.records import Record

DATA = DataSettings(workers=1)


def record(name: str, group: str | None = None, source: Path | bytes = b"") -> Record:
    return Record(name, int(name.startswith("fake")), group or Path(name).stem, "train", source)


def images(folder: Path, **shown: int) -> Images:
    """Images by name, of the pixels of a seed: real_a=1 is real/a."""
    records = []
    for name, seed in shown.items():
        pixels = np.random.default_rng(seed).integers(0, 256, (8, 8, 3)).astype(np.uint8)
        # Other bytes each time: what counts are the pixels.
        kind = ("png", "bmp", "tiff", "webp")[len(records) % 4]
        path = folder / f"{name}.{kind}"
        Image.fromarray(pixels).save(path, **({"lossless": True} if kind == "webp" else {}))
        records.append(record(name.replace("_", "/", 1), source=path))
    return Images(records, data=DATA)


def test_contradictions_are_listed_once_each() -> None:
    names = ["real/a", "fake/b", "fake/c", "real/d", "fake/d", "real/e", "real/f", "fake/b"]
    found = contradictions([record(name) for name in names], [*"111", *"22", *"33", "1"])
    assert found == ["real/a = fake/b = fake/c", "real/d = fake/d"]


def test_one_picture_with_both_labels_stops(tmp_path: Path) -> None:
    train = images(tmp_path, real_a=1, real_b=2, fake_c=3)
    check_labels_agree("faces", [train, images(tmp_path, real_t=1, fake_t=4)])
    with pytest.raises(UserError, check=lambda error: error.code == "domain-contradictory") as caught:
        check_labels_agree("faces", [train, images(tmp_path, fake_s=2, real_s=3)])
    assert "2 pictures with the same pixels in both classes, real and fake: real/b = fake/s, real/s = fake/c" in str(
        caught.value
    )
    assert "domain 'faces'" in str(caught.value) and "\n" not in str(caught.value)


def test_copies_in_other_splits_are_said() -> None:
    def said(*images: tuple[str, str, str, str]) -> str | None:
        records = [Record(name, int(name.startswith("fake")), group, split, b"") for name, group, split, _ in images]
        return copies_across(records, [content for *_, content in images])

    line = said(
        ("real/x", "x", "test", "1"),
        ("fake/y", "y", "test", "4"),
        ("fake/z", "z", "test", "5"),
        ("real/a", "a", "train", "1"),
        ("fake/d", "d", "validation", "4"),
    )
    assert line is not None
    assert line.startswith("2 images of validation or test repeat an image of an earlier split under another group: ")
    assert "real/x (test) = real/a (train), fake/y (test) = fake/d (validation)" in line
    # In one split, or in one group, they tell nothing that the split does not know.
    assert said(("real/x", "x", "train", "1"), ("real/a", "a", "train", "1")) is None
    assert said(("real/x", "x", "train", "1"), ("real/a", "x", "test", "1")) is None


def test_files_of_the_same_bytes(tmp_path: Path) -> None:
    contents = {
        "real/a": b"x" * 9000,
        "fake/b": b"x" * 9000,
        "real/c": b"x" * 8999 + b"y",  # as long, and the same at its beginning
        "real/d": b"short",
        "fake/e": b"short",
        "real/f": b"other",
        "real/g": b"",
        "real/h": b"",
    }
    records = []
    for name, content in contents.items():
        path = tmp_path / name.replace("/", "_")
        path.write_bytes(content)
        records.append(record(name, source=path))
    found, numbers = same_files([*records, record("real/gone", source=tmp_path / "gone"), record("fake/bytes")])
    assert contradictions(found, numbers) == ["real/a = fake/b", "real/d = fake/e"]
    assert {one.name for one in found} == {"real/a", "fake/b", "real/d", "fake/e"}


def test_data_show_says_what_is_in_both_classes_and_in_several_splits(tmp_path: Path) -> None:
    for number, name in enumerate(("train/real/a", "train/fake/b", "test/real/c", "test/fake/d", "test/fake/e")):
        path = tmp_path / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8, 3), number, np.uint8)).save(path)
    assert not summary(tmp_path).warnings
    (tmp_path / "test/real/x.png").write_bytes((tmp_path / "train/real/a.png").read_bytes())
    (tmp_path / "test/real/y.png").write_bytes((tmp_path / "train/fake/b.png").read_bytes())
    both, across = summary(tmp_path).warnings
    assert "1 picture with the same pixels in both classes, real and fake: test/real/y.png = train/fake/b.png" in both
    assert "test/real/x.png (test) = train/real/a.png (train)" in across
    assert f"warning: {both}\nwarning: {across}" in summary(tmp_path).text()


@pytest.mark.parametrize(
    ("counts", "lopsided"),
    [
        ((0, 400, 37, 400), True),
        ((37, 400, 0, 400), True),
        ((40, 400, 37, 400), False),
        ((0, 400, 0, 400), False),
        ((0, 400, 1, 400), False),
        ((0, 400, 5, 400), False),
        ((0, 400, 6, 400), True),
        ((0, 10, 3, 10), False),
        ((0, 10, 5, 10), True),
        ((1, 1000, 10, 10000), False),
        ((0, 0, 3, 3), False),
    ],
)
def test_exclusion_is_lopsided_where_chance_does_not_explain_it(
    counts: tuple[int, int, int, int], lopsided: bool
) -> None:
    assert LeftOut(*counts).lopsided() is lopsided
    assert (LeftOut(*counts).warning() is not None) is lopsided


def test_what_is_left_out_is_counted_by_class(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    given = [record(f"{kind}/{i}", source=tmp_path / f"{kind}{i}.png") for kind in ("real", "fake") for i in range(8)]
    for number, one in enumerate(given):
        assert isinstance(one.source, Path)
        Image.fromarray(np.full((8, 8, 3), number, np.uint8)).save(one.source)
    for one in given[9:15]:
        assert isinstance(one.source, Path)
        one.source.write_bytes(one.source.read_bytes()[:40])
    read = Images(given, data=DATA, progress="reading faces")
    assert read.left_out == LeftOut(real=0, reals=8, fake=6, fakes=8)
    assert caplog.messages[-1].endswith(": 6 of 8 fakes and 0 of 8 reals")
    assert str(read.left_out.warning()).startswith("left out 6 of 8 fakes and 0 of 8 reals: ")
    assert LeftOut.total([read.left_out, LeftOut(1, 2, 0, 2)]) == LeftOut(1, 10, 6, 10)
    assert LeftOut.total([]) == LeftOut(0, 0, 0, 0)
