"""Depths of differences against numbers worked out by hand, and a patch of lower quality that was made here."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from forensictransfer.detectors.signals.jpeg_ghosts.detector import JpegGhosts
from forensictransfer.detectors.signals.jpeg_ghosts.differences import QUALITIES, beyond_whole, depths
from forensictransfer.detectors.signals.jpeg_ghosts.differences import differences as of_luma
from forensictransfer.detectors.signals.jpeg_ghosts.shifted import Ghosts, find_ghosts, regions_of, score_of
from forensictransfer.testing.toys import as_files
from tests.traces import compressed, picture


def differences(pixels: np.ndarray) -> np.ndarray:
    return of_luma(Image.fromarray(pixels).convert("L"))


def test_depth_is_the_share_that_a_difference_lies_below_that_of_a_higher_quality() -> None:
    squares = np.array([9.0, 2.0, 6.0, 5.0, 4.5, 3.0, 0.4]).reshape(7, 1, 1)
    deep, telling = depths(squares)
    # Three places apart: 9 to 5 falls; 2 to 4.5 is (4.5 - 2) / (4.5 + 0.5); 6 to 3 falls; 5 to 0.4 is near rounding.
    assert deep.ravel().tolist() == [0, 0.5, 0, 0] and telling.ravel().tolist() == [True, True, True, False]


def test_an_image_dips_at_the_quality_it_was_saved_at() -> None:
    grey = np.repeat(picture(96, 96).mean(axis=2, keepdims=True).round().astype(np.uint8), 3, axis=2)
    squares = differences(compressed(grey, 70)).mean(axis=(1, 2))
    place = QUALITIES.index(70)
    assert squares[place] < 0.1 * squares[place - 1] and squares[place] < 0.1 * squares[place + 1]


def test_even_areas_have_no_ghost() -> None:
    """Whatever their level, which is a multiple of some step."""
    for level in (16, 77, 144):
        assert not differences(np.full((40, 48, 3), level, np.uint8)).any()


def test_a_patch_of_lower_quality_is_found_and_nothing_else() -> None:
    grain = np.random.default_rng(5).normal(scale=8, size=(240, 320, 1))
    pixels = np.clip(picture(240, 320) + grain, 0, 255).astype(np.uint8)
    sound = compressed(pixels, 95)
    pixels[80:176, 120:216] = compressed(pixels, 70)[80:176, 120:216]
    for_sure, nothing, small = JpegGhosts().examine(as_files([compressed(pixels, 95), sound, picture(24, 64)]))
    assert for_sure.mask is not None and nothing.mask is not None and not nothing.mask.any()
    assert for_sure.mask[88:168, 128:208].mean() > 0.9 and for_sure.mask.sum() < 1.2 * 96 * 96
    assert for_sure.score > nothing.score + 0.2 and "quality about 7" in for_sure.reasons[0]
    assert not small.applies and "32 pixels" in small.reason


def with_a_square(shift: tuple[int, int], last: int | None) -> np.ndarray:
    """A picture of which 96 x 96 pixels at (80, 120) were saved at 70 on a grid of their own; then all at `last`."""
    grain = np.random.default_rng(5).normal(scale=8, size=(240, 320, 1))
    pixels = np.clip(picture(240, 320) + grain, 0, 255).astype(np.uint8)
    pixels[80:176, 120:216] = compressed(pixels, 70, *shift)[80:176, 120:216]
    return pixels if last is None else compressed(pixels, last)


@pytest.mark.parametrize("last", [None, 97])
def test_a_square_on_another_grid_is_found_by_all_grids_alone(last: int | None) -> None:
    images = as_files([with_a_square((3, 5), last)])
    (aligned,), (found,) = JpegGhosts().examine(images), JpegGhosts(shifts=True).examine(images)
    assert aligned.mask is not None and not aligned.mask.any()
    assert found.mask is not None and found.heat_map is not None
    assert found.mask[96:160, 136:200].mean() > 0.85 and found.mask.sum() < 1.3 * 96 * 96
    assert found.heat_map[100:156, 140:196].mean() > 0.4 > 0.1 > found.heat_map[:, :100].mean()
    assert found.score > aligned.score + 0.2 and len(found.reasons) == 2
    assert "saved at about 7" in found.reasons[1] and "grid from (3, 5)" in found.reasons[1]


@pytest.mark.parametrize("shift", [(0, 0), (3, 5)])
def test_an_image_that_was_saved_whole_has_no_region_on_any_grid(shift: tuple[int, int]) -> None:
    pixels = compressed(picture(160, 200), 80, *shift)
    (found,) = JpegGhosts(shifts=True).examine(as_files([pixels]))
    assert found.mask is not None and not found.mask.any() and found.score < 0.1
    assert len(found.reasons) == 1


def test_what_the_whole_image_has_on_a_grid_is_taken_off() -> None:
    """6 x 6 cells dip by half at one quality, and one of them by all: (4 - 2) / 4.5 and 4 / 4.5 of the next but two."""
    squares = np.full((5, 6, 6), 4.0, np.float32)
    squares[0], squares[0, 2, 2] = 2.0, 0.0
    found = beyond_whole(squares)
    # The median counts twice: once as this quality's, once as the largest of all.
    assert found[0, 2, 2] == pytest.approx(max(0, 4 / 4.5 - 2 * 2 / 4.5)) and found.sum() == pytest.approx(
        found[0, 2, 2]
    )
    squares[0], squares[0, 2, 2] = 4.0, 1.0
    assert beyond_whole(squares)[0, 2, 2] == pytest.approx(3 / 4.5)


def test_regions_are_of_one_grid_and_name_the_quality_of_most_cells() -> None:
    depth = np.full((6, 8), 0.1, np.float32)
    shift, quality = np.zeros((6, 8), np.uint8), np.zeros((6, 8), int)
    depth[1:5, 1:5], shift[1:5, 1:5], quality[1:5, 1:5] = 0.8, 29, 10  # 29 is (3, 5)
    quality[1, 1] = 3
    depth[1:5, 5], shift[1:5, 5] = 0.9, 30  # beside it, of another grid: too few
    (region,) = regions_of(Ghosts(depth, shift, quality), 0.4, 16)
    assert region.cells.sum() == 16 and region.shift == (3, 5) and region.quality == QUALITIES[10] == 70
    assert score_of(Ghosts(depth, shift, quality))[1] == 30


def test_all_grids_are_looked_at_in_the_smallest_image_too() -> None:
    found = find_ghosts(Image.fromarray(picture(32, 40)).convert("L"))
    assert found.depth.shape == found.shift.shape == found.quality.shape == (3, 4)
    (said,) = JpegGhosts(shifts=True).examine(as_files([picture(33, 47)]))
    assert said.heat_map is not None and said.heat_map.shape == (33, 47)
