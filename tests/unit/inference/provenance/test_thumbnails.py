"""Thumbnails: made in any usual way they agree with their picture; another picture's, or an old one, does not."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from skimage import data as samples

from forensictransfer.data.image_file import ImageFile
from forensictransfer.inference.provenance.examine import provenance_of
from forensictransfer.inference.provenance.thumbnails import SAME, likeness
from forensictransfer.results.formats.inspection import ProvenanceFinding
from tests.tagged import encoded, exif, jpeg, short


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.asarray(samples.astronaut())[:384]


def reduced(pixels: np.ndarray, width: int = 160, height: int = 120) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC))


def said(pixels: np.ndarray, thumbnail: bytes, orientation: int = 1) -> list[ProvenanceFinding]:
    content = jpeg(exif([short(274, orientation)], thumbnail=thumbnail), pixels=pixels)
    return [one for one in provenance_of(ImageFile(content)) if one.what == "thumbnail"]


def test_usual_thumbnails_show_the_same_picture(photo: np.ndarray) -> None:
    high = photo[:, :300]
    bars = np.zeros((120, 160, 3), np.uint8)
    bars[2:118, 35:125] = reduced(high, 90, 116)
    kinds = {
        "whole": (reduced(photo), photo),
        "stretched": (reduced(high), high),
        "between bars": (bars, high),
        "its middle": (reduced(photo[:, 64:448], 120, 120), photo),
        "without its edges": (reduced(photo[10:370, 5:490]), photo),
        "other tone": (255 - (255 - reduced(photo)) // 2, photo),
    }
    for name, (small, whole) in kinds.items():
        found = likeness(small, whole)
        assert found is not None and found.correlation > 0.97 and not found.differing.any(), name


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_pictures_that_are_turned_agree_with_their_thumbnail(photo: np.ndarray, orientation: int) -> None:
    for small in (photo, np.rot90(photo, {1: 0, 3: 2, 6: -1, 8: 1}[orientation])):  # as stored, or upright already
        turned = small.shape[0] > small.shape[1]
        (one,) = said(photo, encoded("JPEG", reduced(small, *((120, 160) if turned else (160, 120)))), orientation)
        assert "shows the same picture" in one.words and one.strength == "compared with the pixels"
        assert "no proof that neither was changed" in one.limits


def test_another_picture_and_an_old_one_are_said(photo: np.ndarray) -> None:
    other = np.asarray(samples.coffee())
    (one,) = said(photo, encoded("JPEG", reduced(other)))
    assert "shows another picture" in one.words
    changed = photo.copy()
    changed[200:320, 300:420] = np.asarray(samples.chelsea())[80:200, 100:220]
    (one,) = said(changed, encoded("JPEG", reduced(photo)))
    assert "the same picture" in one.words and "of the width and" in one.words and "no proof of forgery" in one.limits
    found = likeness(reduced(other), photo)
    assert found is not None and found.correlation < SAME


def test_what_cannot_be_compared_is_said(photo: np.ndarray) -> None:
    (one,) = said(photo, encoded("JPEG", np.full((120, 160, 3), 90, np.uint8)))
    assert "too even or small" in one.words and one.strength == "not read"
    (one,) = said(photo, b"\xff\xd8 no picture")
    assert "cannot be decoded" in one.words
    assert likeness(reduced(photo, 8, 6), photo) is None
    assert likeness(reduced(photo), np.zeros((300, 400, 3), np.uint8)) is None
    (one,) = said(photo, encoded("PNG", np.zeros((1100, 1100, 3), np.uint8)))
    assert "cannot be decoded" in one.words  # larger than any thumbnail
