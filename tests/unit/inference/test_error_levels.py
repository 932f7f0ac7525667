"""Error levels: a picture scaled to the image's own differences, and a line that says it is no verdict."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from forensictransfer.inference.error_levels import NAME, WHY, error_levels
from forensictransfer.inference.inspection import inspect_images
from tests.traces import picture


def test_what_was_coarse_differs_more() -> None:
    pixels = np.full((48, 64, 3), 128, np.uint8)
    pixels[:, 32:] = np.random.default_rng(0).integers(0, 256, (48, 32, 3))
    found = error_levels(pixels)
    assert found.shape == (48, 64) and found.dtype == np.float32 and found.min() >= 0 and found.max() == 1
    assert found[:, 40:].mean() > 0.1 > found[:, :24].max()
    assert not error_levels(np.full((16, 16, 3), 128, np.uint8)).any()


def test_the_picture_comes_with_a_folder_alone_and_has_no_score(tmp_path: Path) -> None:
    Image.fromarray(picture(64, 64)).save(tmp_path / "a.png")
    (without,) = inspect_images([tmp_path / "a.png"]).images
    assert NAME not in [one.detector for one in without.findings]
    (image,) = inspect_images([tmp_path / "a.png"], out=tmp_path / "out").images
    (one,) = (one for one in image.findings if one.detector == NAME)
    assert one.score is None and one.found is None and one.words == (WHY,)
    assert (tmp_path / "out" / str(one.map)).is_file()
