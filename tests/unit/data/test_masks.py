"""Masks: which file belongs to which fake, and what is no mask."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from forensictransfer.core.settings import AugmentSettings, DataSettings
from forensictransfer.data.batches import Images, training_batch
from forensictransfer.data.crops import random_crop
from forensictransfer.data.domains import open_domain
from forensictransfer.data.encoded import ImageError
from forensictransfer.data.masks import read_mask
from forensictransfer.data.tiles import fit_to, last_start

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
    return {one.name: one.mask.relative_to(folder).as_posix() for one in records if isinstance(one.mask, Path)}


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


@given(
    changed=arrays(bool, st.tuples(st.integers(8, 100), st.integers(8, 100))).filter(np.any),
    crop=st.sampled_from([32, 40]),
    seed=st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_a_training_crop_of_a_masked_fake_holds_what_was_changed(changed: np.ndarray, crop: int, seed: int) -> None:
    """At least half as many changed pixels as the best of all aligned places, counted one by one."""
    image = np.repeat(changed[:, :, None], 3, axis=2).astype(np.uint8)
    found = random_crop(image, crop, np.random.default_rng(seed), changed)
    whole = fit_to(image, crop)[:, :, 0]
    starts = (range(0, last_start(side, crop) + 1, 8) for side in whole.shape)
    most = max(whole[top : top + crop, left : left + crop].sum() for top, left in itertools.product(*starts))
    assert found.shape == (crop, crop, 3) and 2 * found[:, :, 0].sum() >= most


def test_batches_of_a_domain_with_masks_hold_forgeries(tmp_path: Path) -> None:
    """One pixel in 160 x 160 of each fake is changed; of the reals any crop is taken."""
    rng = np.random.default_rng(0)
    for number in range(2):
        for kind in ("real", "fake", "mask"):
            pixels = rng.integers(0, 200, (160, 160), dtype=np.uint8)
            if kind != "real":
                pixels = pixels * (kind == "fake")
                pixels[150, 8 + 90 * number] = 255
            (tmp_path / kind).mkdir(exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / kind / f"{number}.png")
    records = open_domain(tmp_path, data=DataSettings()).records
    batch = {"crop": 32, "augment": AugmentSettings(), "seed": 0, "epoch": 0}
    for data, always in ((DataSettings(), True), (DataSettings(masks=False), False)):
        images = Images(records, data=data)
        both = Images.joined({"a": images, "b": images.subset([1, 0, 3, 2])})
        fakes = np.flatnonzero(both.labels)
        cut = [training_batch(both, fakes, step=step, **batch)[0] for step in range(8)]
        assert all((crop == 255).any() for crops in cut for crop in crops) == always
        assert all((both.changed(place) is not None) == (label == 1) for place, label in enumerate(both.labels))


def test_a_mask_that_cannot_be_used_leaves_its_image_in(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = write(tmp_path / "d", "real/a.png", "fake/a.png", "mask/a.png")
    (folder / "mask/a.png").write_bytes(b"none")
    images = Images(open_domain(folder, data=DataSettings()).records, data=DataSettings(), progress="reading d")
    assert len(images) == 2 and images.skipped == ()
    fake, real = np.argmax(images.labels), np.argmin(images.labels)
    assert images.changed(fake) is None and images.mask_problem(real) is None
    assert images.mask_problem(fake)
    assert "reading d: 1 masks cannot be used and are left out: fake/a.png: " in caplog.text
