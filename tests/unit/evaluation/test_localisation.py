"""Heat maps against masks, by numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from forensictransfer.evaluation.localisation import MappedImage, against_mask, false_alarm_area, summarise_maps

MAP = np.array([[0.9, 0.6, 0.2], [0.8, 0.4, 0.1]], np.float32)
MASK = np.array([[True, False, False], [True, True, False]])


def test_a_map_against_a_mask_by_hand() -> None:
    """Of 9 pairs one is the wrong way round (0.4 below 0.6). Above 0.5: two right, one wrong, one missed, two right."""
    found = against_mask(MAP, MASK)
    assert found["pixel_auc"] == pytest.approx(8 / 9)
    assert found["pixel_f1"] == pytest.approx(2 * 2 / (2 * 2 + 1 + 1))
    assert found["pixel_mcc"] == pytest.approx((2 * 2 - 1) / np.sqrt(3 * 3 * 3 * 3))
    # From 0.4 on: three right, one wrong.
    assert found["pixel_f1_best"] == pytest.approx(2 * 3 / (4 + 3))


def test_what_the_middle_of_an_image_alone_reaches() -> None:
    """Of six pixels the two of the middle column are nearest: (1, 1) is changed, and ties with (0, 1), which is not.

    The four corners are alike; two of the three changed pixels are among them.
    """
    found = against_mask(MAP, MASK)
    assert found["centre_auc"] == pytest.approx((0.5 + 2 * 1 + 0 + 2 * 2 * 0.5) / 9)
    assert found["centre_f1_best"] == pytest.approx(2 * 3 / (6 + 3))


def test_a_map_of_one_value_tells_nothing() -> None:
    for value, f1 in ((0.2, 0.0), (0.7, 2 * 3 / (6 + 3))):
        found = against_mask(np.full((2, 3), value, np.float32), MASK)
        assert (found["pixel_auc"], found["pixel_mcc"]) == (0.5, 0.0)
        assert found["pixel_f1"] == pytest.approx(f1)
        assert found["pixel_f1_best"] == pytest.approx(2 * 3 / (6 + 3))


def test_a_level_that_only_equal_pixels_share_is_taken_whole() -> None:
    """Both pixels of 0.9 are called together, so that no level calls the changed one alone."""
    found = against_mask(np.array([[0.9, 0.9, 0.1]]), np.array([[True, False, False]]))
    assert found["pixel_f1_best"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("mask", [np.zeros((2, 3), bool), np.ones((2, 3), bool)])
def test_a_mask_of_one_kind_is_refused(mask: np.ndarray) -> None:
    with pytest.raises(ValueError, match="both kinds"):
        against_mask(MAP, mask)


def test_the_area_that_is_called_changed() -> None:
    assert false_alarm_area(MAP) == pytest.approx(3 / 6)
    assert false_alarm_area(np.full((4, 4), 0.5)) == 0.0


def mapped(draw: int, name: str, value: float, *, real: bool = False) -> MappedImage:
    return MappedImage(draw, name, name[0], {"false_alarm_area" if real else "pixel_auc": value})


def test_means_over_images_and_draws() -> None:
    images = [
        *(
            mapped(draw, name, value + draw / 10)
            for draw in (0, 1)
            for name, value in (("a1", 0.5), ("a2", 0.6), ("b", 0.7))
        ),
        *(mapped(draw, "r", 0.2, real=True) for draw in (0, 1)),
    ]
    found = summarise_maps(images, resamples=200)
    assert (found.fakes, found.reals) == (3, 1) and list(found.metrics) == ["pixel_auc", "false_alarm_area"]
    auc, area = found.metrics.values()
    assert auc.value == pytest.approx(0.65) and auc.n == 2
    # Groups a (0.55) and b (0.7), draws 0.1 apart: nothing lies beyond.
    assert auc.low is not None and auc.high is not None and 0.55 <= auc.low < 0.65 < auc.high <= 0.8
    assert area.value == pytest.approx(0.2) and (area.low, area.high) == (None, None), "one group has no interval"
    assert summarise_maps(images, resamples=200) == found


def test_flat_maps_of_fakes_are_counted_once() -> None:
    images = [
        one
        for draw in (0, 1)
        for one in (
            MappedImage(draw, "a", "a", {"pixel_auc": 0.5}, flat=True),
            MappedImage(draw, "b", "b", {"pixel_auc": 0.7}),
            MappedImage(draw, "r", "r", {"false_alarm_area": 0.0}, flat=True),
        )
    ]
    assert summarise_maps(images, resamples=10).flat == 1
