"""Noise of known strength, curves of brightness, and a patch whose noise is another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensictransfer.detectors.signals.noise_level.detector import NoiseLevel
from forensictransfer.detectors.signals.noise_level.levels import CELL, Levels, deviations, noise_levels
from forensictransfer.testing.toys import as_files
from tests.traces import picture


def noisy(luma: np.ndarray, strength: np.ndarray | float, seed: int = 0) -> np.ndarray:
    grain = np.random.default_rng(seed).normal(size=luma.shape) * strength
    return np.repeat(np.clip(luma + grain, 0, 255).round().astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize("strength", [2.0, 8.0])
def test_the_strength_of_noise_is_measured_on_a_slope(strength: float) -> None:
    slope = np.linspace(60, 190, 322)[None, :] + np.zeros((242, 1))
    levels = noise_levels(noisy(slope, strength))
    assert levels.noise.shape == (30, 40) and levels.able.all()
    assert levels.noise.mean() == pytest.approx(strength, rel=0.03)
    np.testing.assert_allclose(levels.brightness, levels.brightness.mean(axis=0) + np.zeros((30, 1)), atol=strength)


def test_one_bright_pixel_by_hand() -> None:
    """Its nine products are 4, four times 2 and four times 1, of 6 grey levels: 16 over 64 pixels."""
    pixels = np.full((2 + CELL, 2 + CELL, 3), 100, np.uint8)
    pixels[5, 5] = 106
    assert noise_levels(pixels).noise[0, 0] == pytest.approx(np.sqrt(np.pi / 2) * 16 / 64, rel=1e-4)


def test_clipped_and_even_cells_tell_nothing() -> None:
    luma = np.full((50, 66), 120.0)
    luma[:, 34:] = 255
    levels = noise_levels(noisy(luma, 3.0))
    assert levels.able[:, :4].all() and not levels.able[:, 4:].any()
    assert not noise_levels(np.full((50, 66, 3), 120, np.uint8)).able.any()


@settings(max_examples=20, deadline=None)
@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1))
def test_a_curve_of_brightness_is_taken_out(first: float, second: float, third: float) -> None:
    """Whatever parabola it is, and a tenth of the cells with twice the noise is told from it."""
    brightness = np.random.default_rng(0).uniform(20, 235, (20, 30)).astype(np.float32)
    place = brightness / 128 - 1
    logs = first + second * place + third * place**2 + np.random.default_rng(1).normal(0, 0.1, brightness.shape)
    logs[:2] += np.log(2)
    far, spread = deviations(Levels(np.exp(logs).astype(np.float32), brightness, np.ones(brightness.shape, bool)))
    assert 0.08 < spread < 0.14 and abs(np.median(far[2:])) < 0.3
    assert far[:2].mean() == pytest.approx(np.log(2) / spread, rel=0.15)


@pytest.mark.parametrize(("patch", "times"), [(6.0, 2.0), (1.5, 0.5)])
def test_a_patch_of_other_noise_is_hot_and_raises_the_score(patch: float, times: float) -> None:
    luma = picture(256, 320)[..., 0] / 2 + 40.0
    strength = np.full(luma.shape, 1.0)
    inside = np.zeros(luma.shape, bool)
    inside[80:176, 120:216] = True
    sound = noisy(luma, 4.0)
    spliced, pristine = NoiseLevel().examine(
        as_files([noisy(luma, np.where(inside, 2 * patch, 4.0 * strength)), sound])
    )
    assert spliced.heat_map is not None
    assert np.median(spliced.heat_map[inside]) > 2 * np.median(spliced.heat_map[~inside])
    assert spliced.score > 2 * pristine.score and "noise about" in spliced.reasons[0]
    ratio = float(spliced.reasons[0].split(": ")[1].split()[0])
    assert (ratio > 1.3) == (times > 1) and (ratio < 0.9) == (times < 1)


def test_where_nothing_has_noise_it_says_so() -> None:
    even = np.full((200, 200, 3), 90, np.uint8)
    found = NoiseLevel().examine(as_files([even, picture(63, 200)]))
    assert not any(said.applies for said in found)
    assert "150 cells" in found[0].reason and "64 pixels" in found[1].reason
