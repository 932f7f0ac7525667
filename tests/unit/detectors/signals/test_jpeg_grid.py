"""Votes for grids of JPEG, their false alarms, and what is found in pictures whose history is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.fft import dctn

from forensictransfer.detectors.signals.jpeg_grid.detector import LIMIT, JpegGrid, find_grids
from forensictransfer.detectors.signals.jpeg_grid.regions import find_grid, find_regions
from forensictransfer.detectors.signals.jpeg_grid.significance import log10_nfa
from forensictransfer.detectors.signals.jpeg_grid.votes import (
    CONSTANT,
    NO_VOTE,
    grid_votes,
    votes_of,
    zero_counts,
)
from forensictransfer.detectors.signals.luma import luma_of
from forensictransfer.testing.toys import as_files
from tests.traces import compressed, picture


def test_zeros_are_those_of_each_block() -> None:
    luma = luma_of(compressed(picture(20, 23), 60))
    counts = zero_counts(luma)
    assert counts.shape == (13, 16)
    for y, x in ((0, 0), (3, 7), (8, 8), (12, 15)):
        coefficients = dctn(luma[y : y + 8, x : x + 8].astype(float), norm="ortho")
        assert counts[y, x] == (np.abs(coefficients.ravel()[1:]) < 0.5).sum()


def test_constant_blocks_and_ties_get_no_votes() -> None:
    ruled = np.zeros((16, 16), np.float32)
    ruled[::3] = 200  # each row constant
    assert (zero_counts(ruled) == CONSTANT).all() and (zero_counts(ruled.T.copy()) == CONSTANT).all()
    for count in (0, 5, CONSTANT):  # none has most zeros alone
        assert (votes_of(np.full((9, 9), count, np.uint8)) == NO_VOTE).all()
    counts = np.full((9, 9), 5, np.uint8)
    counts[2, 3] = 6
    votes = votes_of(counts)
    # Of the pixels (7..8, 7..8), which have 64 whole blocks, all lie in the block from (2, 3).
    assert votes.shape == (16, 16) and (votes[7:9, 7:9] == 8 * 2 + 3).all() and (votes != NO_VOTE).sum() == 4


def test_votes_count_one_in_64() -> None:
    # 640 pixels are 10 trials, 150 votes 2 hits: 1 - (63/64)^10 - 10/64 (63/64)^9 by chance; 1,000 tests.
    by_chance = 1 - (63 / 64) ** 10 - 10 / 64 * (63 / 64) ** 9
    assert log10_nfa(640, 150, 3) == pytest.approx(3 + math.log10(by_chance))


def test_the_grid_of_a_compression_is_found_at_its_origin() -> None:
    pixels = picture(160, 200)
    assert find_grids(pixels).grid is None
    for origin in ((0, 0), (3, 5)):
        found = find_grids(compressed(pixels, 85, *origin))
        assert found.grid is not None and found.grid.origin == origin and not found.regions


def test_a_foreign_patch_is_boxed_and_nothing_else() -> None:
    pixels = compressed(picture(240, 320), 85)
    pixels[80:176, 120:216] = compressed(picture(240, 320, seed=1), 85, 2, 6)[80:176, 120:216]
    found = find_grids(pixels)
    (region,) = found.regions
    assert region.kind == "foreign" and region.origin == (2, 6) and region.log10_nfa < LIMIT
    box = np.array([region.top, region.left, region.bottom, region.right])
    np.testing.assert_allclose(box, [80, 120, 176, 216], atol=8)


def test_a_patch_that_was_never_compressed_has_no_grid() -> None:
    before = picture(240, 320)
    pixels = compressed(before, 85)
    pixels[64:208, 96:256] = before[64:208, 96:256]
    (region,) = find_grids(pixels).regions
    assert region.kind == "missing" and region.origin == (0, 0)
    assert region.top >= 64 - 8 and region.bottom <= 208 + 8 and region.left >= 96 - 8 and region.right <= 256 + 8


def test_the_only_compressed_patch_is_foreign() -> None:
    """Its votes are enough for a grid of the whole image, but outside of it there is none."""
    pixels = picture(240, 320)
    pixels[80:176, 120:216] = compressed(picture(240, 320, seed=1), 85)[80:176, 120:216]
    found = find_grids(pixels)
    assert found.grid is None and [region.kind for region in found.regions] == ["foreign"]


def test_an_enlarged_image_has_no_grid() -> None:
    """Its period is 2 or 8, and its zeros are at one phase of the rows and one of the columns."""
    votes = np.full((64, 64), NO_VOTE, np.uint8)
    votes[:, :20], votes[:, 20:38], votes[:, 38:44] = 9, 10, 0  # (1, 1) and (1, 2), in the same row; (0, 0)
    assert find_grid(votes).log10_nfa > 0
    votes[:, 20:38] = 18  # (2, 2) is no rival
    assert find_grid(votes).log10_nfa < LIMIT


def test_nothing_is_found_where_nobody_votes() -> None:
    best, regions = find_regions(np.full((80, 80), NO_VOTE, np.uint8), "foreign", LIMIT)
    assert not regions and best == pytest.approx(math.log10(64 * 55 * 55))  # boxes of 10 x 10 cells, 64 origins
    assert (grid_votes(np.full((40, 40, 3), 255, np.uint8)) == NO_VOTE).all()


def test_evidence_says_where_and_how_sure() -> None:
    pixels = compressed(picture(240, 320), 85)
    pixels[80:176, 120:216] = compressed(picture(240, 320, seed=1), 85, 2, 6)[80:176, 120:216]
    sound, forged, tiny = JpegGrid().examine(as_files([picture(240, 320), pixels, picture(20, 320)]))
    assert sound.score < 0 < -LIMIT < forged.score and not tiny.applies and "24 pixels" in tiny.reason
    assert sound.heat_map is not None and not sound.heat_map.any() and sound.mask is not None and not sound.mask.any()
    assert forged.mask is not None and forged.heat_map is not None
    assert forged.mask[88:168, 128:208].mean() > 0.95 and forged.mask.sum() < 1.2 * 96 * 96
    assert forged.heat_map[forged.mask].min() > 0.5
    assert any("foreign grid from (2, 6)" in reason for reason in forged.reasons)
