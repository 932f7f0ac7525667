"""Weights that an interpolation was made with, patterns, and patches without one, on pictures made here."""

from __future__ import annotations

import numpy as np
import pytest

from forensictransfer.detectors.evidence import Evidence
from forensictransfer.detectors.signals.cfa.detector import Cfa
from forensictransfer.detectors.signals.cfa.interpolation import (
    NAMES,
    PATTERNS,
    REACH,
    cell_errors,
    clipped_shares,
    fitted,
    folded,
    missing_colours,
    mosaic,
)
from forensictransfer.detectors.signals.cfa.traces import find_trace
from forensictransfer.testing.toys import as_files
from tests.traces import compressed, demosaiced, picture


def examined(*pictures: np.ndarray) -> list[Evidence]:
    return Cfa().examine(as_files(list(pictures)))


def scene(seed: int = 0) -> np.ndarray:
    grain = np.random.default_rng(seed).normal(scale=8, size=(192, 224, 3))
    return np.clip(picture(192, 224, seed) + grain, 0, 255).astype(np.uint8)


def test_a_mosaic_keeps_one_colour_of_each_pixel() -> None:
    pixels = np.arange(12).reshape(2, 2, 3)
    assert mosaic(pixels, (0, 0)).tolist() == [[0, 4], [7, 11]]
    assert mosaic(pixels, (0, 1)).tolist() == [[1, 3], [8, 10]]
    assert [missing_colours((0, 0), pattern) for pattern in PATTERNS] == [(1, 2), (0, 2), (0, 2), (0, 1)]


def test_neighbours_that_mirror_each_other_are_added() -> None:
    plane = np.zeros((5, 6))
    plane[2, 2], plane[2, 1], plane[2, 3], plane[0, 0], plane[4, 4] = 1, 10, 20, 3, 4
    near = folded(plane, slice(0, None, 2), slice(0, None, 2))
    assert near.shape == (9, 1, 1) and near.ravel().tolist() == [1, 30, 0, 0, 0, 0, 0, 0, 7]


def test_the_weights_of_an_interpolation_are_found() -> None:
    """Bilinear: green at red is a quarter of its four neighbours, blue of those on the diagonals."""
    pixels = demosaiced(scene())
    weights = fitted(pixels, mosaic(pixels, (0, 0)), (0, 0))[0, 0]
    green, blue = weights.reshape(2, 3, 3)
    assert green[0, 1] == pytest.approx(0.25, abs=0.02) and green[1, 0] == pytest.approx(0.25, abs=0.02)
    assert blue[1, 1] == pytest.approx(0.25, abs=0.02)
    assert abs(green[1, 1]) < 0.02 and abs(blue[0, 1]) < 0.02 and abs(blue[0, 0]) < 0.02


def test_each_pattern_is_recognised_and_its_errors_are_rounding() -> None:
    for number, pattern in enumerate(PATTERNS):
        pixels = demosaiced(scene(), pattern)
        errors = cell_errors(pixels)
        assert find_trace(errors, clipped_shares(pixels)).number == number
        # A value that is rounded is a quarter off on average.
        assert errors[number].mean() < 0.4 and np.delete(errors, number, axis=0).mean(axis=(1, 2)).min() > 1


def test_errors_are_those_of_single_pixels() -> None:
    """One changed value of a colour that is not recorded is an error of its cell alone."""
    pixels = demosaiced(scene())
    before = cell_errors(pixels)[0]
    row, column = REACH + 8 * 5 + 2, REACH + 8 * 7 + 4  # an even place: red is recorded
    pixels[row, column, 2] ^= 64
    difference = cell_errors(pixels)[0] - before
    assert difference[5, 7] == pytest.approx(64 / 128, abs=0.02)
    difference[5, 7] = 0
    assert np.abs(difference).max() < 0.02


@pytest.mark.parametrize("shift", [None, (0, 1), (1, 1)])
def test_a_patch_without_the_pattern_is_found_and_nothing_else(shift: tuple[int, int] | None) -> None:
    pixels, other = demosaiced(scene(), (1, 0)), scene(1)
    sound = pixels.copy()
    patch = other if shift is None else demosaiced(other, shift)
    pixels[64:144, 80:160] = patch[64:144, 80:160]
    for_sure, nothing = examined(pixels, sound)
    assert for_sure.mask is not None and nothing.mask is not None and not nothing.mask.any()
    assert for_sure.mask[72:136, 88:152].mean() > 0.9 and for_sure.mask.sum() < 1.6 * 80 * 80
    assert for_sure.score > 3 > nothing.score and "mosaic GBRG" in for_sure.reasons[0]
    instead = "no trace of it" if shift is None else f"pattern {NAMES[PATTERNS.index(shift)]} instead"
    assert instead in for_sure.reasons[1]


def test_where_there_is_no_trace_it_says_why() -> None:
    bare, grey = scene(), np.repeat(scene()[..., :1], 3, axis=2)
    halved = demosaiced(scene())[::2, ::2]
    crushed = compressed(demosaiced(scene()), 60)
    found = examined(bare, halved, crushed, grey, np.full((96, 96, 3), (9, 99, 9), np.uint8), bare[:63])
    assert not any(said.applies for said in found)
    reasons = [said.reason for said in found]
    assert all("no trace of a mosaic" in reason for reason in reasons[:3])
    assert "without colours" in reasons[3] and "too flat" in reasons[4] and "64 pixels" in reasons[5]


def test_clipped_pixels_are_counted_in_cells() -> None:
    pixels = np.full((2 * REACH + 16, 2 * REACH + 24, 3), 90, np.uint8)
    pixels[REACH + 8, REACH + 16 : REACH + 20, 1] = 255
    pixels[0] = 0  # the border belongs to no cell
    assert clipped_shares(pixels).tolist() == [[0, 0, 0], [0, 0, 4 / 64]]


def test_a_clipped_area_is_no_region_without_the_trace() -> None:
    pixels = demosaiced(scene())
    lighter = np.clip(pixels.astype(int) + 110 * (np.indices(pixels.shape[:2])[1] > 140)[..., None], 0, 255)
    (said,) = examined(lighter.astype(np.uint8))
    assert said.mask is not None and said.heat_map is not None and not said.mask.any()
    assert (lighter == 255).mean() > 0.1
