"""Tiles that overlap, and the map that their scores are blended into."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from forensictransfer.data.tiles import Place
from forensictransfer.detectors import heat_maps
from forensictransfer.detectors.heat_maps import blend, map_places


@pytest.mark.parametrize("size", [(64, 64), (64, 65), (203, 77), (40, 300), (17, 9)])
def test_tiles_of_a_map_overlap_and_cover_the_image(size: tuple[int, int]) -> None:
    crop = 64
    places = map_places(*size, crop)
    seen = np.zeros([max(side, crop) for side in size], int)
    for top, left in places:
        assert top % 8 == 0 and left % 8 == 0
        seen[top : top + crop, left : left + crop] += 1
    covered = seen[: max(crop, size[0] // 8 * 8 - 7), : max(crop, size[1] // 8 * 8 - 7)]
    assert covered.min() >= 1
    tops = sorted({top for top, _ in places})
    assert all(later - earlier <= crop // 2 for earlier, later in itertools.pairwise(tops))


def test_larger_images_are_covered_by_fewer_tiles_that_overlap_less(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = map_places(640, 640, 64)
    monkeypatch.setattr(heat_maps, "MOST_TILES", 150)
    fewer = map_places(640, 640, 64)
    assert len(whole) == 19**2 and 100 <= len(fewer) <= 150
    monkeypatch.setattr(heat_maps, "MOST_TILES", 5)
    assert len(map_places(640, 640, 64)) == 100, "side by side, and no place is left out"


def test_equal_tiles_make_an_even_map() -> None:
    places = map_places(100, 77, 32)
    found = blend(np.full(len(places), 0.3), places, 32, (100, 77))
    assert found.shape == (100, 77) and found.dtype == np.float32
    np.testing.assert_allclose(found, 0.3, rtol=1e-6)


def test_a_map_says_what_its_tiles_say_and_goes_over_smoothly() -> None:
    places = [Place(0, 0), Place(0, 16), Place(0, 32)]
    found = blend(np.array([0.0, 0.0, 1.0]), places, 32, (32, 64))
    assert np.all(found[:, :32] == 0) and np.all(found[:, 48:] == 1)
    row = found[5]
    assert np.all(np.diff(row) >= 0) and np.abs(np.diff(row)).max() < 0.15, "no step where a tile begins"
    # Between the two: the raised cosines sin^2 and cos^2 add up to 1.
    np.testing.assert_allclose(row[32:48], np.sin(np.pi * (np.arange(16) + 0.5) / 32) ** 2, atol=1e-6)


def test_an_image_smaller_than_a_tile_has_one_value() -> None:
    found = blend(np.array([0.7]), map_places(9, 17, 32), 32, (9, 17))
    assert found.shape == (9, 17)
    np.testing.assert_allclose(found, 0.7, rtol=1e-6)
