"""What the detectors of signals share: luma, tails of the binomial, cells and their pixels, what is too small."""

from __future__ import annotations

import io
import math
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image
from scipy.stats import binom

from forensictransfer.detectors.base import Evidence, ImageFile
from forensictransfer.detectors.signals.binomial import log10_tail
from forensictransfer.detectors.signals.cells import large_parts, spread
from forensictransfer.detectors.signals.luma import is_grey, luma_of
from forensictransfer.detectors.signals.single import SignalDetector


def test_luma_is_that_of_jpeg() -> None:
    pixels = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [10, 20, 30]]], np.uint8)
    assert luma_of(pixels)[0] == pytest.approx([0.299 * 255, 0.587 * 255, 0.114 * 255, 2.99 + 11.74 + 3.42], rel=1e-5)


def test_what_has_one_colour_anywhere_is_not_grey() -> None:
    grey = np.full((3, 4, 3), 90, np.uint8)
    assert is_grey(grey)
    for channel in range(3):
        coloured = grey.copy()
        coloured[1, 2, channel] = 91
        assert not is_grey(coloured)


def test_the_tail_is_that_of_the_binomial() -> None:
    for n, k, p in ((10, 3, 0.2), (500, 40, 1 / 64), (64, 64, 0.5), (7, 0, 0.1)):
        assert log10_tail(n, k, p) == pytest.approx(binom.logsf(k - 1, n, p) / math.log(10), abs=1e-9)
    # All of n: n log p exactly, far below what a float holds.
    assert log10_tail(3000, 3000, 1 / 64) == pytest.approx(-3000 * math.log10(64), rel=1e-6)


def test_pixels_have_the_value_of_their_cell_or_the_nearest() -> None:
    cells = np.array([[1, 2], [3, 4]])
    np.testing.assert_array_equal(spread(cells, (3, 5), 2), [[1, 1, 2, 2, 2], [1, 1, 2, 2, 2], [3, 3, 4, 4, 4]])
    np.testing.assert_array_equal(spread(cells, (2, 5), 2, (1, 1)), [[1, 1, 1, 2, 2], [1, 1, 1, 2, 2]])


def test_pixels_beyond_all_cells_get_nothing_if_asked() -> None:
    cells = np.array([[1, 2]])
    np.testing.assert_array_equal(
        spread(cells, (3, 6), 2, (1, 1), "nothing"), [[0, 0, 0, 0, 0, 0], [0, 1, 1, 2, 2, 0], [0, 1, 1, 2, 2, 0]]
    )


def test_parts_are_connected_by_their_sides() -> None:
    mask = np.array([[1, 1, 0, 1], [0, 0, 1, 0], [1, 0, 1, 1]], bool)
    np.testing.assert_array_equal(large_parts(mask, 3), [[0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 1, 1]])
    np.testing.assert_array_equal(large_parts(mask, 1), mask)
    assert not large_parts(np.zeros((2, 2), bool), 1).any()


class Brightness(SignalDetector):
    """The mean of a JPEG, for these tests."""

    name: ClassVar[str] = "brightness"
    needs: ClassVar[frozenset[str]] = frozenset({"pixels", "jpeg"})
    smallest: ClassVar[int] = 8

    def judge(self, image: ImageFile) -> Evidence:
        """Say how bright it is."""
        return Evidence(float(image.pixels.mean()))


@pytest.mark.parametrize(
    ("kind", "size", "reason"),
    [("JPEG", (8, 9), ""), ("PNG", (8, 9), "not a JPEG"), ("JPEG", (7, 90), "smaller than 8 pixels")],
)
def test_an_image_that_cannot_be_judged_is_not(kind: str, size: tuple[int, int], reason: str) -> None:
    stream = io.BytesIO()
    Image.new("RGB", size, (40, 40, 40)).save(stream, kind)
    (found,) = Brightness().examine([ImageFile(stream.getvalue())])
    assert found.reason == reason and found.applies == (not reason)
    assert not found.applies or found.score == pytest.approx(40, abs=1)
