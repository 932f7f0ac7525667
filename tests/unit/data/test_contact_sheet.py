"""The contact sheet: reals on the left, fakes on the right, the same images for the same seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensictransfer.core.errors import UserError
from forensictransfer.data import sheet
from forensictransfer.data.contact_sheet import choose
from forensictransfer.data.records import Record

RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.fixture
def domain(tmp_path: Path) -> Path:
    for name, colour, numbers in (("real", RED, range(12)), ("fake", BLUE, range(6, 14))):
        (tmp_path / "faces" / name).mkdir(parents=True)
        for number in numbers:
            Image.new("RGB", (300, 200), colour).save(tmp_path / "faces" / name / f"{number:02d}.png")
    return tmp_path / "faces"


def test_reals_stand_left_and_fakes_right(domain: Path, tmp_path: Path) -> None:
    said = sheet(domain, tmp_path / "out" / "sheet.png")
    assert said == f"{tmp_path / 'out' / 'sheet.png'}: 12 real and 8 fake images of faces, seed 0"
    with Image.open(tmp_path / "out" / "sheet.png") as image:
        assert image.format == "PNG"
        pixels = np.asarray(image)
    half = pixels.shape[1] // 2
    red, blue = (pixels == RED).all(-1), (pixels == BLUE).all(-1)
    assert red[:, :half].sum() == 12 * 144 * 96 and blue[:, half:].sum() == 8 * 144 * 96
    assert not red[:, half:].any() and not blue[:, :half].any()


def test_the_same_seed_draws_the_same_sheet(domain: Path, tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.png" for number in range(3)]
    for file, seed in zip(files, (1, 1, 2), strict=True):
        sheet(domain, file, per_class=4, seed=seed)
    assert files[0].read_bytes() == files[1].read_bytes() != files[2].read_bytes()


def test_a_fake_stands_across_from_its_photograph() -> None:
    records = [Record(f"r{g}", 0, f"g{g}", "train", b"") for g in range(8)]
    records += [Record(f"f{g}{n}", 1, f"g{g}", "train", b"") for g in range(5, 12) for n in range(2)]
    reals, fakes = choose(records, 6, 0)
    assert len(reals) == len(fakes) == 6
    assert {record.group for record in reals[:3]} == {"g5", "g6", "g7"}
    assert [record.group for record in reals[:3]] == [record.group for record in fakes[:3]]
    assert len({record.group for record in fakes}) == 6, "one image of each group before a second one"
    _, more = choose(records, 99, 0)
    assert sorted(record.name for record in more) == sorted(record.name for record in records if record.label)


def test_small_and_broken_images(tmp_path: Path) -> None:
    for name in ("real", "fake"):
        (tmp_path / "small" / name).mkdir(parents=True)
    Image.new("RGB", (20, 10), RED).save(tmp_path / "small" / "real" / "ä.png")
    (tmp_path / "small" / "fake" / "b.png").write_bytes(b"no image")
    sheet(tmp_path / "small", tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as image:
        assert (np.asarray(image) == RED).all(-1).sum() == 200, "never enlarged"


def test_a_file_that_cannot_be_written(domain: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"sheet\.jpg.*\.png", check=lambda error: error.code == "path-wrong-kind"):
        sheet(domain, tmp_path / "sheet.jpg")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, check=lambda error: error.code == "path-not-writable"):
        sheet(domain, tmp_path / "file" / "sheet.png")
