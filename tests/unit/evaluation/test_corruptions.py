"""What happens to pictures on their way: the same bytes everywhere, sizes, and what nothing changes."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from forensictransfer.core.errors import UserError
from forensictransfer.data.decode import decode
from forensictransfer.evaluation.corruptions import CORRUPTIONS, corrupted

PICTURE = (np.add.outer(3 * np.arange(90), 2 * np.arange(120))[..., None] + np.array([0, 80, 160])) % 256
PICTURE = PICTURE.astype(np.uint8)


def pixels(name: str, level: float) -> np.ndarray:
    return decode(corrupted(PICTURE, name, level), max_pixels=10**6)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_every_level_gives_a_picture_and_always_the_same(name: str) -> None:
    found = [corrupted(PICTURE, name, level) for level in CORRUPTIONS[name].levels]
    assert len(set(found)) == len(found) >= 2
    assert found == [corrupted(PICTURE, name, level) for level in CORRUPTIONS[name].levels]
    for content in found:
        picture = decode(content, max_pixels=10**6)
        assert picture.std() > 10 and not np.array_equal(picture, PICTURE)


def test_the_bytes_are_those_of_every_machine() -> None:
    """Pixels, since the libraries that write files may learn to write them smaller."""
    known = {
        "jpeg": "433c86673ea6",
        "webp": "a8d90e087510",
        "resize": "548eecf3bda0",
        "crop": "791e31edf502",
        "blur": "25982f73e881",
        "noise": "5942f63b5f06",
        "sharpen": "a7f67575ae0c",
        "gamma": "f433fed6d16f",
        "screenshot": "316cdf2e1664",
        "social": "4132cdc6e5c3",
    }
    found = {
        name: hashlib.sha256(pixels(name, one.levels[1]).tobytes()).hexdigest()[:12]
        for name, one in CORRUPTIONS.items()
    }
    assert found == known


def test_sizes() -> None:
    shapes = {
        (name, level): pixels(name, level).shape[:2] for name, level in (("resize", 0.5), ("resize", 2), ("crop", 0.5))
    }
    assert shapes == {("resize", 0.5): (45, 60), ("resize", 2): (180, 240), ("crop", 0.5): (45, 60)}
    assert pixels("screenshot", 95).shape == (63, 84, 3) and pixels("social", 70).shape == (68, 90, 3)


def test_a_crop_leaves_the_grid_and_nothing_else() -> None:
    """22 and 30 rows and columns from the edge; a start on the grid of 8 moves by one."""
    np.testing.assert_array_equal(pixels("crop", 0.5), PICTURE[22:67, 30:90])
    square = np.zeros((64, 64, 3), np.uint8)
    square[15, 15] = 255
    assert decode(corrupted(square, "crop", 0.5), max_pixels=10**6)[0, 0, 0] == 255


def test_values_by_hand() -> None:
    np.testing.assert_array_equal(pixels("gamma", 2.0), np.rint(255 * (PICTURE / 255.0) ** 2))
    noise = pixels("noise", 5).astype(float) - PICTURE
    inside = (PICTURE > 30) & (PICTURE < 225)
    assert abs(noise[inside].mean()) < 0.2 and 4.8 < noise[inside].std() < 5.2
    other = decode(corrupted(PICTURE[:, ::-1], "noise", 5), max_pixels=10**6).astype(float) - PICTURE[:, ::-1]
    assert not np.array_equal(other, noise)


def test_unknown_names() -> None:
    with pytest.raises(
        UserError, match="unknown corruption 'jpg'.*'jpeg'", check=lambda error: error.code == "name-unknown"
    ):
        corrupted(PICTURE, "jpg", 70)
