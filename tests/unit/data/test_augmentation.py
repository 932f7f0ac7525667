"""Changes to training crops: blur, noise and mixup on both classes alike, and nothing else moves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import AugmentSettings, load_settings
from forensictransfer.data.batches import training_batch
from forensictransfer.data.crops import augment, spatial_mixup
from forensictransfer.testing import in_memory

PLAIN = AugmentSettings(flip=False)


def noise(seed: int = 0, side: int = 32) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)


def changed(seed: int = 0, **settings: object) -> np.ndarray:
    options = AugmentSettings.model_validate({"flip": False, **settings})
    return augment(noise(), options, np.random.default_rng(seed))


def test_nothing_is_changed_that_is_not_asked_for() -> None:
    np.testing.assert_array_equal(changed(), noise())
    np.testing.assert_array_equal(changed(blur_sigma=(1.0, 2.0), noise_sigma=(3.0, 4.0)), noise())


def test_blur_is_gaussian_and_keeps_the_brightness() -> None:
    found = changed(blur_probability=1.0, blur_sigma=(1.5, 1.5))
    expected = gaussian_filter(noise().astype(float), (1.5, 1.5, 0), mode="reflect")
    assert np.abs(found - expected).max() <= 0.5 + 1e-3
    assert abs(found.mean() - noise().mean()) < 0.1, "rounded, not cut off"
    np.testing.assert_array_equal(changed(blur_probability=1.0, blur_sigma=(0.0, 0.0)), noise())


def test_noise_has_the_deviation_asked_for() -> None:
    grey = np.full((64, 64, 3), 128, np.uint8)
    options = AugmentSettings(flip=False, noise_probability=1.0, noise_sigma=(5.0, 5.0))
    found = augment(grey, options, np.random.default_rng(1)).astype(float) - 128
    # Rounding adds 1/12 to the variance.
    assert found.std() == pytest.approx(np.sqrt(25 + 1 / 12), rel=0.03) and abs(found.mean()) < 0.15


@given(st.floats(0, 1), st.integers(0, 50))
def test_the_share_and_the_strength_are_drawn_for_each_crop(share: float, seed: int) -> None:
    options = {"blur_probability": share, "blur_sigma": (1.0, 3.0)}
    found = [not np.array_equal(changed(1000 * seed + i, **options), noise()) for i in range(40)]
    assert abs(np.mean(found) - share) < 0.35
    assert share not in (0, 1) or all(found) == bool(share)


def test_a_setting_changes_what_it_names_and_nothing_else() -> None:
    """The mirror image and the quality of the compression are the same with blur as without."""
    images = in_memory([noise(i, 48) for i in range(8)], [0, 1] * 4)
    options = {"crop": 32, "seed": 0, "epoch": 0, "step": 0}
    plain, _ = training_batch(images, range(8), augment=AugmentSettings(), **options)
    blurred, _ = training_batch(
        images, range(8), augment=AugmentSettings(blur_probability=0.5, blur_sigma=(2.0, 2.0)), **options
    )
    same = [np.array_equal(one, other) for one, other in zip(plain, blurred, strict=True)]
    assert 0 < sum(same) < 8
    for one, other in zip(plain, blurred, strict=True):
        expected = gaussian_filter(one.astype(float), (2, 2, 0), mode="reflect")
        assert np.array_equal(one, other) or np.abs(expected - other).max() < 0.51


# Spatial mixup


def test_the_right_half_comes_from_another_crop_of_the_class() -> None:
    crops = np.stack([np.full((4, 6, 3), 10 * i, np.uint8) for i in range(6)])
    labels = np.array([0, 1, 0, 1, 0, 1])
    mixed = spatial_mixup(crops, labels, 1.0, np.random.default_rng(0))
    for place, (crop, label) in enumerate(zip(mixed, labels, strict=True)):
        left, right = set(crop[:, :3].ravel()), set(crop[:, 3:].ravel())
        assert left == {10 * place} and len(right) == 1
        partner = right.pop() // 10
        assert partner != place and labels[partner] == label
    np.testing.assert_array_equal(crops[1], 10, err_msg="the batch itself is left alone")


def test_a_crop_without_another_one_of_its_class_stays_whole() -> None:
    crops = np.stack([noise(0), noise(1), noise(2)])
    mixed = spatial_mixup(crops, np.array([0, 1, 1]), 1.0, np.random.default_rng(0))
    np.testing.assert_array_equal(mixed[0], crops[0])
    assert not np.array_equal(mixed[1], crops[1])


def test_mixup_is_keyed_by_its_place_and_off_by_default() -> None:
    images = in_memory([noise(i, 48) for i in range(8)], [0, 1] * 4)
    options = {"crop": 32, "seed": 0, "epoch": 0}
    plain, labels = training_batch(images, range(8), augment=PLAIN, step=0, **options)
    mixup = PLAIN.model_copy(update={"spatial_mixup": 0.5})
    first, again, later = (
        training_batch(images, range(8), augment=mixup, step=step, **options)[0] for step in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert labels.tolist() == [0, 1] * 4
    changed_places = {i for i in range(8) if not np.array_equal(first[i], plain[i])}
    assert 0 < len(changed_places) < 8
    np.testing.assert_array_equal(first[:, :, :16], plain[:, :, :16])
    assert not np.array_equal(later, first)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("blur_sigma", [2.0, 1.0], "expected the lower of two numbers first, got"),
        ("noise_sigma", [-1.0, 1.0], "expected greater than or equal to 0"),
        ("spatial_mixup", 1.5, "expected less than or equal to 1"),
    ],
)
def test_settings_that_cannot_be(name: str, value: object, said: str, tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=f"data.augment.{name}.*{said}", check=lambda error: error.code == "setting-invalid"
    ):
        load_settings(None, {f"data.augment.{name}": value})
