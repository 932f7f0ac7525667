"""Fingerprints of cameras: the residual, the estimate, the energy of a peak, and the place of crops."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from scipy.stats import norm

from forensictransfer.detectors.signals.prnu import THRESHOLD
from forensictransfer.detectors.signals.prnu.fingerprint import FingerprintSum
from forensictransfer.detectors.signals.prnu.residual import (
    SATURATED,
    cleaned,
    denoising_residual,
    image_noise,
    raw_noise,
)
from forensictransfer.detectors.signals.prnu.search import (
    EXPECTED,
    Match,
    Searcher,
    log10_false_alarms,
    peak_energy,
    threshold,
)
from tests.cameras import Camera


def _decoded(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as image:
        return np.array(image.convert("RGB"))


@pytest.fixture(scope="module")
def camera() -> Camera:
    return Camera(1)


@pytest.fixture(scope="module")
def searcher(camera: Camera) -> Searcher:
    return Searcher(_sum(camera).estimate())


def _sum(camera: Camera, count: int = 8) -> FingerprintSum:
    total = FingerprintSum(*camera.size)
    for seed in range(count):
        total.add(raw_noise(_decoded(camera.file(seed, flat=seed % 2 == 0))))
    return total


def test_weak_noise_is_all_residual_and_smooth_content_none_of_it() -> None:
    noise = np.random.default_rng(0).normal(scale=2, size=(256, 320)).astype(np.float32)
    ramp = np.add.outer(np.linspace(0, 100, 256), np.linspace(0, 100, 320)).astype(np.float32)
    found = denoising_residual(ramp + noise)
    assert found.shape == noise.shape and found.dtype == np.float32
    inner = (slice(96, -96), slice(96, -96))  # beyond the reach of the edges, where the picture is mirrored
    assert np.corrcoef(found[inner].ravel(), noise[inner].ravel())[0, 1] > 0.98
    assert np.abs(denoising_residual(ramp)[inner]).max() < 0.01


def test_strong_details_stay_out_of_the_residual() -> None:
    """A wave of amplitude 50 has local variances far above the noise's: its share is s^2 / (v + s^2)."""
    wave = 50 * np.sin(np.arange(128) * np.pi / 2)[None] * np.ones((128, 1))
    found = denoising_residual(wave.astype(np.float32))
    assert found[16:-16, 16:-16].std() < 0.05 * wave.std()


def test_saturated_pixels_say_nothing() -> None:
    pixels = np.random.default_rng(0).integers(100, 140, (64, 64, 3), dtype=np.uint8)
    pixels[10:20, 10:20, 2] = SATURATED
    noise = raw_noise(pixels)
    assert not noise.usable[10:20, 10:20].any() and noise.usable.sum() == 64 * 64 - 100
    assert not noise.residual[10:20, 10:20].any() and not noise.luma[10:20, 10:20].any()


def test_lines_and_periods_are_cleaned_away_and_noise_is_not() -> None:
    rng = np.random.default_rng(3)
    noise = rng.normal(size=(512, 512)).astype(np.float32)
    periodic = np.tile(rng.normal(size=(8, 8)), (64, 64)).astype(np.float32)
    lines = rng.normal(size=(512, 1)).astype(np.float32) + rng.normal(size=(1, 512)).astype(np.float32)
    periodic -= periodic.mean()
    found = cleaned(noise + 2 * periodic + 2 * lines)
    assert np.abs(found.mean(axis=0)).max() < 0.05 and np.abs(found.mean(axis=1)).max() < 0.05
    left = float((found * periodic).sum() / (periodic * periodic).sum())
    assert abs(left) < 0.1 * 2
    assert np.corrcoef(found.ravel(), noise.ravel())[0, 1] > 0.9
    assert not cleaned(np.ones((16, 16), np.float32)).any()


def test_fingerprint_of_exact_residuals_is_the_pattern(camera: Camera) -> None:
    """The estimate is a mean weighted by I^2: of W = I K it is K itself, whatever the photographs show."""
    total = FingerprintSum(2, 2)
    pattern = np.array([[0.1, -0.1], [-0.1, 0.1]], np.float32)
    for brightness in (10.0, 100.0):
        light = np.full((2, 2), brightness, np.float32)
        noise = raw_noise(np.zeros((2, 2, 3), np.uint8))
        total.add(type(noise)(light * pattern, light, np.ones((2, 2), bool)))
    assert total._products / total._energies == pytest.approx(pattern)


def test_estimate_without_a_photograph_is_that_of_the_others(camera: Camera) -> None:
    total = _sum(camera, 3)
    last = raw_noise(_decoded(camera.file(3)))
    before = total.estimate().pattern
    total.add(last)
    assert np.allclose(total.estimate(without=last).pattern, before, atol=1e-4)


def test_pattern_is_estimated(camera: Camera, searcher: Searcher) -> None:
    found = searcher.fingerprint.pattern
    assert np.corrcoef(found.ravel(), camera.pattern.ravel())[0, 1] > 0.6


def test_peak_energy_by_hand() -> None:
    correlation = np.tile(np.array([1.0, -1.0], np.float32), (40, 20))
    correlation[3, 5] = -10
    assert peak_energy(correlation, 3, 5) == pytest.approx(-100)
    correlation[3, 5] = 10
    assert peak_energy(correlation, 3, 5) == pytest.approx(100)
    correlation[0, 0], correlation[38, 38] = 10, 50  # within five pixels of a corner, by way of the edge
    correlation[3, 5] = 1
    assert peak_energy(correlation, 0, 0) == pytest.approx(100)


def test_false_alarms_are_those_of_a_normal_deviate() -> None:
    assert log10_false_alarms(4.0, 1) == pytest.approx(np.log10(norm.sf(2)))
    assert log10_false_alarms(4.0, 1000) == pytest.approx(3 + np.log10(norm.sf(2)))
    assert log10_false_alarms(-4.0, 1) == pytest.approx(np.log10(norm.cdf(2)))


def test_threshold_rises_with_the_positions_beyond_what_sixty_allows() -> None:
    assert threshold(1) == threshold(10_000_000) == THRESHOLD
    assert threshold(10**10) > THRESHOLD
    assert log10_false_alarms(threshold(10**10), 10**10) == pytest.approx(np.log10(EXPECTED))


def test_chance_level_is_as_theory_says(searcher: Searcher) -> None:
    """Peaks of images without any fingerprint exceed the level of one alarm in ten about once in ten."""
    rng = np.random.default_rng(5)
    found = []
    for _ in range(60):
        noise = image_noise(rng.integers(80, 176, (96, 96, 3), dtype=np.uint8))
        match = searcher.search(noise)
        assert match is not None
        found.append(match.log10_false_alarms)
    assert np.mean(np.array(found) < -1) < 0.25 and np.median(found) > -1


def test_own_photographs_are_found_and_those_of_another_camera_not(camera: Camera, searcher: Searcher) -> None:
    for seed in range(100, 104):
        own = searcher.search(image_noise(_decoded(camera.file(seed))))
        other = searcher.search(image_noise(_decoded(Camera(2).file(seed))))
        assert own is not None and own.found and (own.top, own.left, own.quarters) == (0, 0, 0)
        assert own.positions == 2  # upright and upside down
        assert other is not None and not other.found


@pytest.mark.parametrize("quarters", range(4))
def test_crops_are_placed_however_they_are_turned(camera: Camera, searcher: Searcher, quarters: int) -> None:
    pixels = _decoded(camera.file(50))[33:193, 71:271]
    match = searcher.search(image_noise(np.rot90(pixels, -quarters)))
    assert match is not None and match.found
    assert (match.top, match.left, match.quarters, match.scale) == (33, 71, quarters, 1.0)


def test_resized_photographs_are_found_whole_and_cropped_ones_at_given_sizes(
    camera: Camera, searcher: Searcher
) -> None:
    small = np.array(Image.fromarray(camera.photograph(60)).resize((240, 192), Image.Resampling.BICUBIC))
    whole = searcher.search(image_noise(small))
    assert whole is not None and whole.found and whole.scale == pytest.approx(0.75)
    crop = image_noise(small[15:, 30:])
    plain, sized = searcher.search(crop), searcher.search(crop, scales=(0.75,))
    assert plain is not None and not plain.found
    assert sized is not None and sized.found and sized.scale == 0.75
    assert abs(sized.top - 20) <= 1 and abs(sized.left - 40) <= 1


def test_larger_images_have_no_place(searcher: Searcher) -> None:
    noise = image_noise(np.random.default_rng(0).integers(0, 200, (300, 330, 3), dtype=np.uint8))
    assert searcher.search(noise) is None


def test_flat_black_images_match_nothing(searcher: Searcher) -> None:
    match = searcher.search(image_noise(np.zeros((256, 320, 3), np.uint8)))
    assert match is not None and match.pce == 0 and not match.found


def test_best_place_counts_all_positions() -> None:
    assert Match(70.0, 10).found and not Match(70.0, 10**12).found
