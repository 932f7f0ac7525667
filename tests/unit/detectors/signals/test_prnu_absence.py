"""Windows in which a fingerprint is missed: their correlation, what it should be, and where it is not."""

from __future__ import annotations

import numpy as np
import pytest

from forensictransfer.detectors.signals.prnu.absence import find_absence
from forensictransfer.detectors.signals.prnu.expectation import (
    FEWEST,
    Expectation,
    Sample,
    fit_expectation,
    measured,
)
from forensictransfer.detectors.signals.prnu.fingerprint import FingerprintSum
from forensictransfer.detectors.signals.prnu.residual import SATURATED, Noise, cleaned, image_noise, raw_noise
from forensictransfer.detectors.signals.prnu.windows import BLOCK, BlockSums
from tests.cameras import Camera

SIZE = (384, 512)


@pytest.fixture(scope="module")
def camera() -> Camera:
    return Camera(1, *SIZE)


@pytest.fixture(scope="module")
def enrolled(camera: Camera) -> tuple[np.ndarray, tuple[Expectation, ...]]:
    """The pattern of eight photographs, and what windows of 128 pixels of the same photographs show of it."""
    total, raws = FingerprintSum(*SIZE), []
    for seed in range(8):
        raws.append(raw_noise(camera.photograph(seed, level=-60.0 + 15 * seed)))
        total.add(raws[-1])
    samples = []
    for raw in raws:
        noise = Noise(cleaned(raw.residual), raw.luma, raw.usable)
        samples.append(measured(noise, total.estimate(without=raw).pattern)[128])
    expectation = fit_expectation(samples)
    assert expectation is not None
    return total.estimate().pattern, (expectation,)


def test_window_correlation_is_that_of_its_pixels() -> None:
    rng = np.random.default_rng(0)
    residual, pattern = (rng.normal(size=(80, 96)).astype(np.float32) for _ in range(2))
    luma = rng.uniform(50, 200, (80, 96)).astype(np.float32)
    usable = rng.random((80, 96)) < 0.9
    noise = Noise(residual * usable, luma * usable, usable)
    windows = BlockSums(noise, pattern).windows(64)
    assert windows is not None and windows.correlation.shape == (2, 3)
    part = (slice(16, 80), slice(32, 96))
    inside = usable[part]
    expected = np.corrcoef(residual[part][inside], (luma * pattern)[part][inside])[0, 1]
    assert windows.correlation[1, 2] == pytest.approx(expected, abs=1e-6)
    assert windows.features[1, 2, 0] == pytest.approx(luma[part][inside].mean() / 255, rel=1e-5)
    assert windows.features[1, 2, 2] == pytest.approx(1 - inside.mean())


def test_features_tell_even_areas_from_detail() -> None:
    even = Noise(*(np.ones((128, 128), kind) for kind in (np.float32, np.float32, bool)))
    detail = Noise(even.residual, 100 * np.random.default_rng(0).random((128, 128)).astype(np.float32), even.usable)
    through = []
    for noise in (even, detail):
        windows = BlockSums(noise, np.ones((128, 128), np.float32)).windows(128)
        assert windows is not None
        through.append(windows.features[0, 0, 1])
    assert through[0] == pytest.approx(1) and through[1] < 0.1


def test_windows_that_do_not_fit_are_none() -> None:
    noise = image_noise(np.zeros((70, 200, 3), np.uint8))
    assert BlockSums(noise, noise.residual).windows(128) is None
    assert BlockSums(noise, noise.residual).shape == (70 // BLOCK, 200 // BLOCK)


def test_an_expectation_is_fitted_to_what_it_was_made_from() -> None:
    """Correlations that are a product of brightness and evenness, and a little noise."""
    rng = np.random.default_rng(2)
    samples = []
    for _ in range(4):
        features = np.stack([rng.uniform(0.1, 0.9, 100), rng.uniform(0, 1, 100), np.zeros(100)], axis=-1)
        values = 0.05 + 0.2 * features[:, 0] * features[:, 1] + rng.normal(scale=0.01, size=100)
        samples.append(Sample(128, features, values, rng.normal(scale=0.02, size=100)))
    found = fit_expectation(samples)
    assert found is not None and found.side == 128
    where = np.array([[0.5, 0.5, 0.0], [0.2, 0.9, 0.0]])
    assert found.of(where) == pytest.approx([0.1, 0.086], abs=0.005)
    assert found.deviation == pytest.approx(0.01, rel=0.2) and found.chance == pytest.approx(0.02, rel=0.2)
    assert found.knows(where).all()
    assert not found.knows(np.array([[0.05, 0.5, 0.0], [0.5, 0.5, 0.6]])).any()
    assert fit_expectation(samples[:1]) is None
    few = [Sample(128, one.features[:9], one.correlation[:9], one.chance[:9]) for one in samples]
    assert sum(len(one.correlation) for one in few) < FEWEST and fit_expectation(few) is None


def test_chance_is_never_below_that_of_independent_pixels() -> None:
    zeros = [Sample(128, np.random.default_rng(n).random((80, 3)) / 4, np.zeros(80), np.zeros(80)) for n in range(2)]
    found = fit_expectation(zeros)
    assert found is not None and found.chance == 1 / 128


def test_a_part_of_another_camera_is_found_and_nothing_in_what_is_whole(
    camera: Camera, enrolled: tuple[np.ndarray, tuple[Expectation, ...]]
) -> None:
    for seed in range(30, 36):
        pixels = camera.photograph(seed)
        whole = find_absence(image_noise(pixels), *enrolled)
        assert whole is not None and not whole.absent.any() and whole.judged.mean() > 0.5
        assert whole.heat_map.shape == SIZE and whole.heat_map.dtype == np.float32 and whole.heat_map.max() <= 0.5
        pixels[100:300, 150:400] = Camera(2, *SIZE).photograph(seed)[100:300, 150:400]
        found = find_absence(image_noise(pixels), *enrolled)
        assert found is not None
        mask = np.zeros(SIZE, bool)
        mask[100:300, 150:400] = True
        assert found.absent[mask].mean() > 0.4 and found.absent[~mask].mean() < 0.1
        assert found.heat_map[mask].max() > 0.5


def test_saturated_and_unknown_parts_are_not_judged(
    camera: Camera, enrolled: tuple[np.ndarray, tuple[Expectation, ...]]
) -> None:
    pixels = camera.photograph(40)
    pixels[:, :256] = SATURATED + 2
    pixels[:, 400:] = 1
    found = find_absence(image_noise(pixels), *enrolled)
    assert found is None or not (found.absent.any() or found.judged[:, :128].any() or found.judged[:, 470:].any())


def test_nothing_can_be_said_of_a_fingerprint_that_is_too_weak(camera: Camera) -> None:
    weak = Expectation(128, (0.02, *[0.0] * 9), (0.0,) * 3, (1.0,) * 3, deviation=0.01, chance=1 / 128)
    noise = image_noise(camera.photograph(50))
    assert find_absence(noise, np.zeros(SIZE, np.float32), [weak]) is None
    assert find_absence(noise, np.zeros(SIZE, np.float32), []) is None
