"""Depths of differences against numbers worked out by hand, and a patch of lower quality that was made here."""

from __future__ import annotations

import numpy as np

from forensictransfer.detectors.signals.jpeg_ghosts.detector import QUALITIES, JpegGhosts, depths, differences
from forensictransfer.testing.toys import as_files
from tests.traces import compressed, picture


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
