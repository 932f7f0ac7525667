"""Fingerprints of generators: the noise of a crop, and the correlation with the mean noise of each class."""

from __future__ import annotations

import numpy as np
import pytest

from forensictransfer.detectors.layers import LocalWienerResidual
from forensictransfer.detectors.networks.gan_fingerprint import GanFingerprint
from tests.traces import picture

CROP = 32


def _generated(count: int, strength: float, seed: int) -> np.ndarray:
    """Pictures, uint8 (n, 32, 32, 3), each with one pattern of period 8 added."""
    pattern = np.tile(np.random.default_rng(99).normal(size=(8, 8)), (CROP // 8, CROP // 8))
    pictures = np.stack([picture(CROP, CROP, seed=seed + number) for number in range(count)])
    return np.clip(pictures + strength * pattern[..., None], 0, 255).round().astype(np.uint8)


def test_noise_by_hand() -> None:
    """One pixel 60 above the rest, squares of 3: m = 60 / 9, v = 60^2 8 / 81, and outside of its square nothing."""
    image = np.full((1, 9, 9, 3), 100, np.uint8)
    image[0, 4, 4] = 160
    found = LocalWienerResidual(side=3, sigma=5.0)(image).numpy().reshape(9, 9)
    share = 25 / (3600 * 8 / 81)
    expected = np.zeros((9, 9))
    expected[3:6, 3:6] = -60 / 9 * share
    expected[4, 4] = 60 * 8 / 9 * share
    assert found == pytest.approx(expected / np.sqrt(np.mean(expected**2)), abs=1e-3)


def test_noise_has_unit_energy_and_a_flat_image_none() -> None:
    layer = LocalWienerResidual()
    images = np.stack([picture(CROP, CROP), np.full((CROP, CROP, 3), 80, np.uint8)])
    energy = np.square(layer(images).numpy()).mean(axis=1)
    assert energy == pytest.approx([1, 0], abs=1e-4)


def test_weak_noise_passes_and_edges_do_not() -> None:
    grain = np.random.default_rng(0).normal(scale=2, size=(64, 64))
    step = np.where(np.arange(64) < 32, 60.0, 180.0)[None] + grain
    found = LocalWienerResidual()(np.repeat(step.round().astype(np.uint8)[None, ..., None], 3, axis=-1)).numpy()
    found = found.reshape(64, 64)
    away = np.r_[4:28, 36:60]
    assert np.corrcoef(found[:, away].ravel(), grain[:, away].ravel())[0, 1] > 0.95
    assert np.abs(found[:, 30:34]).mean() < 0.5 * np.abs(found[:, away]).mean()


def test_score_is_the_difference_of_correlations() -> None:
    detector = GanFingerprint.build(CROP)
    images = np.concatenate([_generated(12, 0, 0), _generated(12, 3, 100)])
    labels = np.repeat([0, 1], 12)
    features = detector.analyse(images).features
    detector.fit_features(features, labels)
    means = [features[labels == label].mean(axis=0) for label in (0, 1)]
    difference = means[1] - means[0]
    expected = (features - (means[0] + means[1]) / 2) @ difference / CROP**2
    assert detector.analyse(images).scores == pytest.approx(expected, abs=1e-4)


def test_new_images_of_the_generator_are_told_from_others() -> None:
    detector = GanFingerprint.build(CROP)
    train = np.concatenate([_generated(30, 0, 0), _generated(30, 2, 100)])
    detector.fit_features(detector.analyse(train).features, np.repeat([0, 1], 30))
    reals, fakes = (detector.analyse(_generated(20, strength, 500)).scores for strength in (0, 2))
    assert np.mean(reals[:, None] < fakes[None]) > 0.85
