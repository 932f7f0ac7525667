"""Words against counts by hand, EM against two known classes, and a patch of another history made here."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from forensictransfer.detectors.signals.splicebuster.blocks import BLOCK, block_features
from forensictransfer.detectors.signals.splicebuster.detector import Splicebuster
from forensictransfer.detectors.signals.splicebuster.mixture import gaussian_and_outliers, reduced, two_gaussians
from forensictransfer.detectors.signals.splicebuster.words import CELL, WORDS, cell_words
from forensictransfer.testing.toys import as_files
from tests.traces import compressed, picture, smooth_on_the_left


def test_an_even_image_has_the_word_of_zeros_alone() -> None:
    words = cell_words(np.full((38, 46, 3), 100, np.uint8))
    assert words.counts.shape == (4, 5, WORDS) and (words.usable == 1).all()
    expected = np.zeros(WORDS)
    expected[[24, 49]] = 2 * CELL**2  # both directions of the derivative
    np.testing.assert_array_equal(words.counts, np.broadcast_to(expected, words.counts.shape))


def test_words_are_counted_where_they_begin() -> None:
    """A step of 9 in the rows: third differences 9, -18, 9 down, none to the right."""
    pixels = np.full((38, 38, 3), 100, np.uint8)
    pixels[11:] = 109
    counts = cell_words(pixels).counts
    # The difference at row i reaches from i to i + 3: 1 at row 8, -1 (cut) at 9, 1 at 10; runs that begin at rows 5 to
    # 10 see some of it. Rows 5 to 7 are in the first cell: 8 columns of three runs.
    assert counts[0, 1, :24].sum() == 3 * CELL and counts[1, 1, :24].sum() == 3 * CELL
    # Across the derivative the three rows are runs of four equal levels that are not zero, all in the second cell.
    assert counts[0, 1, 25:49].sum() == 0 and counts[1, 1, 25:49].sum() == 3 * CELL
    assert counts[2, :, :24].sum() == 0


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_words_do_not_tell_sides_from_each_other(seed: int) -> None:
    """Turned about its diagonal, or negative, an image has the same words, but for the border."""
    grey = 10 + 2 * np.random.default_rng(seed).integers(0, 60, (48, 48), np.uint8)

    def middle(plane: np.ndarray) -> np.ndarray:
        words = cell_words(np.repeat(plane[..., None], 3, axis=2))
        assert words.counts.sum() == 4 * 40 * 40  # the last six pixels begin no run
        return words.counts

    np.testing.assert_array_equal(middle(grey.T), middle(grey).transpose(1, 0, 2))
    np.testing.assert_array_equal(middle(140 - grey), middle(grey))


def test_blocks_are_sums_of_cells() -> None:
    words = cell_words(picture(80, 96))
    features, able = block_features(words, 2)
    assert words.counts.shape == (9, 11, WORDS) and features.shape == (2, 3, WORDS) and able.all()
    sums = words.counts[2 : 2 + BLOCK, 4 : 4 + BLOCK].sum(axis=(0, 1))
    np.testing.assert_allclose(features[1, 2, :25] ** 2, sums[:25] / sums[:25].sum(), atol=1e-6)
    np.testing.assert_allclose(np.square(features).sum(axis=-1), 2, atol=1e-5)


def test_two_classes_are_told_apart_and_one_is_not_divided() -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(600, 4))
    alone = two_gaussians(points)
    points[:120] = 5 + 0.5 * points[:120]
    found, outliers = two_gaussians(points), gaussian_and_outliers(points)
    assert abs(found.share - 0.2) < 0.02 and found.gain > 10 * max(alone.gain, 0.02)
    assert (found.usual[:120] > found.other[:120]).all() and (found.usual[120:] < found.other[120:]).mean() > 0.99
    assert np.median(outliers.usual[:120]) > 1.5 * np.median(outliers.usual[120:])


def test_components_keep_what_varies_most() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(200, 3)) * (0.1, 5, 1)
    kept = reduced(values, 2)
    assert kept.shape == (200, 2)
    assert abs(np.corrcoef(kept[:, 0], values[:, 1])[0, 1]) > 0.99
    assert abs(np.corrcoef(kept[:, 1], values[:, 2])[0, 1]) > 0.99


def test_a_patch_of_another_history_is_hot_and_raises_the_score() -> None:
    grain = np.random.default_rng(5).normal(scale=4, size=(256, 320, 1))
    sound = np.clip(picture(256, 320) + grain, 0, 255).astype(np.uint8)
    pixels = sound.copy()
    pixels[80:176, 120:216] = compressed(sound, 70)[80:176, 120:216]
    spliced, pristine = Splicebuster().examine(as_files([pixels, sound]))
    assert spliced.heat_map is not None and pristine.heat_map is not None
    inside = np.zeros(sound.shape[:2], bool)
    inside[80:176, 120:216] = True
    assert np.median(spliced.heat_map[inside]) > 5 * np.median(spliced.heat_map[~inside])
    assert spliced.score > 4 * pristine.score


def test_where_blocks_are_too_few_it_says_so() -> None:
    flat = np.full((96, 160, 3), 200, np.uint8)
    clipped = np.where(smooth_on_the_left(96, 160) > 128, 255, 0).astype(np.uint8)
    found = Splicebuster().examine(as_files([flat, clipped, picture(63, 200)]))
    assert not any(said.applies for said in found)
    assert "80 blocks" in found[0].reason and "80 blocks" in found[1].reason and "64 pixels" in found[2].reason


def test_a_large_image_has_no_more_blocks_than_a_bound() -> None:
    """Every second cell begins a block; the map is that of the pixels all the same."""
    small = picture(200, 256)
    large = np.tile(small, (6, 6, 1))
    (said,) = Splicebuster().examine(as_files([large]))
    assert said.heat_map is not None and said.heat_map.shape == large.shape[:2]
