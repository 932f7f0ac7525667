"""Masks: which file belongs to which fake, and what is no mask."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensictransfer.core.settings import DataSettings
from forensictransfer.data.domains import open_domain
from forensictransfer.data.encoded import ImageError
from forensictransfer.data.masks import read_mask

MARKED = np.zeros((6, 8), np.uint8)
MARKED[1:3, 2:5] = 255


def write(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(MARKED).save(path)
    return folder


def masks_of(folder: Path) -> dict[str, str]:
    records = open_domain(folder, data=DataSettings()).records
    return {one.name: one.mask.relative_to(folder).as_posix() for one in records if one.mask is not None}


def test_a_mask_has_the_name_of_its_fake(tmp_path: Path) -> None:
    fakes = ("fake/a.png", "fake/deep/b.jpg", "fake/c.png", "fake/d.png")
    others = (
        "mask/a.png",
        "mask/deep/b.tif",
        "mask/d.png",
        "mask/d.bmp",
        "mask/e.png",
        "mask/.f.png",
        "mask/deep/a.png",
    )
    folder = write(tmp_path / "d", "real/a.png", "real/c.png", *fakes, *others)
    assert masks_of(folder) == {"fake/a.png": "mask/a.png", "fake/deep/b.jpg": "mask/deep/b.tif"}
    notes = open_domain(folder, data=DataSettings()).notes
    assert "masks: 2 of 4 fakes have one" in notes
    assert "masks: several files fit, none is used: fake/d.png" in notes
    assert "masks: 2 without a fake of that name: mask/deep/a.png, mask/e.png" in notes
    assert not any("not read" in note for note in notes)


def test_in_split_folders_each_has_its_own(tmp_path: Path) -> None:
    names = [f"{split}/{kind}/{split}.png" for split in ("train", "val", "test") for kind in ("real", "fake", "Masks")]
    folder = write(tmp_path / "d", *names)
    assert masks_of(folder) == {
        f"{split}/fake/{split}.png": f"{split}/Masks/{split}.png" for split in ("train", "val", "test")
    }


def test_masks_change_neither_groups_nor_splits_nor_the_fingerprint(tmp_path: Path) -> None:
    images = [f"{kind}/{number}.png" for kind in ("real", "fake") for number in range(8)]
    plain, masked = write(tmp_path / "p", *images), write(tmp_path / "m", *images, "mask/3.png")
    one, other = (open_domain(folder, data=DataSettings()) for folder in (plain, masked))
    assert one.fingerprint() == other.fingerprint()


def test_bright_pixels_are_those_changed(tmp_path: Path) -> None:
    grey = np.array([[0, 127, 128], [255, 1, 2]], np.uint8)
    Image.fromarray(grey).save(tmp_path / "a.png")
    mask = read_mask(tmp_path / "a.png", (2, 3))
    assert mask.tolist() == [[False, False, True], [True, False, False]] and mask.dtype == bool
    coloured = np.zeros((2, 3, 3), np.uint8)
    coloured[0, 0, 1] = 200  # green alone
    Image.fromarray(coloured).save(tmp_path / "b.png")
    assert read_mask(tmp_path / "b.png", (2, 3)).sum() == 1


@pytest.mark.parametrize(
    ("name", "pixels", "said"),
    [
        ("a.jpg", MARKED, "expected a mask without losses (PNG, BMP, TIFF, WebP), found a JPEG"),
        ("a.png", MARKED.T, "expected a mask of 8 x 6 pixels, as its image has, found 6 x 8"),
        ("a.png", 0 * MARKED, "found 0% marked"),
        ("a.png", 0 * MARKED + 255, "found 100% marked"),
        ("a.png", None, "is empty"),
    ],
)
def test_what_is_no_mask_is_said_in_one_line(tmp_path: Path, name: str, pixels: np.ndarray | None, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"")
    if pixels is not None:
        Image.fromarray(pixels).save(path)
    with pytest.raises(ImageError) as error:
        read_mask(path, (6, 8))
    assert said in error.value.reason or pixels is None
    assert "\n" not in str(error.value)
