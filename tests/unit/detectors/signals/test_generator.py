"""Fingerprints of generators: the noise of images, how strongly it bears a pattern, and the threshold of that."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.stats import norm

from forensictransfer.detectors.layers import LocalWienerResidual
from forensictransfer.detectors.signals.generator.fingerprint import (
    GeneratorFingerprint,
    NoiseMean,
    chance,
    fewest_reals,
    threshold,
)
from forensictransfer.detectors.signals.generator.noise import folded_noise
from tests.traces import picture


def test_noise_is_that_of_the_detector() -> None:
    image = picture(64, 64)
    image[20:40] = 77
    expected = LocalWienerResidual()(image[None]).numpy().reshape(64, 64)
    found = folded_noise(image, 64)
    assert found is not None and found.dtype == np.float32
    assert found == pytest.approx(expected - expected.mean(), abs=1e-4)


def test_tiles_are_averaged_side_by_side() -> None:
    """A part that no whole tile fits in counts nothing, and each tile counts alike, however noisy it is."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (150, 140, 3), np.uint8)
    image[64:128] //= 8
    whole = LocalWienerResidual()(image[None]).numpy().reshape(150, 140)
    tiles = [whole[top : top + 64, left : left + 64] for top in (0, 64) for left in (0, 64)]
    expected = np.mean([tile / np.sqrt(np.mean(tile**2)) for tile in tiles], axis=0)
    assert folded_noise(image, 64) == pytest.approx(expected - expected.mean(), abs=1e-4)


@pytest.mark.parametrize("image", [np.zeros((63, 200, 3), np.uint8), np.full((64, 64, 3), 80, np.uint8)])
def test_small_and_flat_images_have_none(image: np.ndarray) -> None:
    assert folded_noise(image, 64) is None


@pytest.mark.parametrize("side", [8, 64])
def test_strength_is_the_correlation_by_that_at_all_shifts(side: int) -> None:
    rng = np.random.default_rng(1)
    pattern, noise = (one - one.mean() for one in rng.normal(size=(2, side, side)))
    shifts = [(down, right) for down in range(side) for right in range(side)] if side == 8 else None
    found = GeneratorFingerprint(pattern).strength(noise)
    if shifts is None:
        moved = np.fft.irfft2(np.fft.rfft2(noise) * np.conj(np.fft.rfft2(pattern)), s=noise.shape)
    else:
        moved = np.array([(noise * np.roll(pattern, shift, (0, 1))).sum() for shift in shifts])
    assert found == pytest.approx((noise * pattern).sum() / np.sqrt(np.mean(moved**2)), rel=1e-4)


def test_strength_of_noise_that_knows_nothing_is_a_normal_deviate() -> None:
    """Whatever spectrum both have: here both are smooth."""
    rng = np.random.default_rng(2)
    smooth = [gaussian_filter(rng.normal(size=(64, 64)), (0.5, 2)) for _ in range(400)]
    noises = [one - one.mean() for one in smooth]
    found = [GeneratorFingerprint(noises[0]).strength(one) for one in noises[1:]]
    assert np.std(found) == pytest.approx(1, abs=0.15) and abs(np.mean(found)) < 0.2


def test_the_mean_brings_out_what_is_common() -> None:
    rng = np.random.default_rng(3)
    common = rng.normal(size=(64, 64))
    mean = NoiseMean(64)
    for _ in range(100):
        mean.add(0.1 * common + rng.normal(size=(64, 64)))
    fingerprint = GeneratorFingerprint(mean.mean)
    assert mean.count == 100 and abs(fingerprint.pattern.mean()) < 1e-6
    borne = [fingerprint.strength(0.1 * common + rng.normal(size=(64, 64))) for _ in range(20)]
    assert np.mean(borne) == pytest.approx(64 * 0.1 / np.sqrt(2), rel=0.2)
    assert fingerprint.strength(np.zeros((64, 64))) == 0


def test_the_threshold_keeps_its_rate_of_false_alarms() -> None:
    assert threshold([10.0 + one for one in range(39)], 0.025) == 48
    assert threshold([10.0 + one for one in range(79)], 0.025) == 87
    assert threshold([-5.0] * 39, 0.025) == pytest.approx(norm.isf(0.025)), "photographs of elsewhere are not that low"
    assert [fewest_reals(rate) for rate in (0.05, 0.025, 0.01, 0.3)] == [19, 39, 99, 3]
    with pytest.raises(ValueError, match="at least 39 reals"):
        threshold([1.0] * 38, 0.025)
    rng = np.random.default_rng(4)
    false = [rng.normal(5) > threshold(rng.normal(5, size=39).tolist(), 0.05) for _ in range(4000)]
    assert np.mean(false) == pytest.approx(0.05, abs=0.01)


def test_chance_counts_the_image_itself() -> None:
    assert [chance([1.0, 2.0, 3.0], strength) for strength in (0, 2, 9)] == [1, 0.75, 0.25]
