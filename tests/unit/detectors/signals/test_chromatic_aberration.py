"""Mutual information by hand, models and vectors against known lenses, and what it says where none can be measured."""

from __future__ import annotations

import math

import numpy as np
import pytest

from forensictransfer.detectors.signals.chromatic_aberration import detector
from forensictransfer.detectors.signals.chromatic_aberration.aberration import find_aberration, reduced
from forensictransfer.detectors.signals.chromatic_aberration.detector import ChromaticAberration
from forensictransfer.detectors.signals.chromatic_aberration.model import Radial, mutual_information
from forensictransfer.detectors.signals.chromatic_aberration.regions import SHARED, find_regions
from forensictransfer.detectors.signals.chromatic_aberration.vectors import band, block_middles, find_vectors
from forensictransfer.testing.toys import as_files
from tests.traces import compressed, fine_picture, picture, pulled_apart


def test_mutual_information_is_that_of_the_joint_histogram() -> None:
    one = np.array([0, 0, 1, 1])
    assert mutual_information(one, one) == pytest.approx(math.log(2))
    assert mutual_information(one, np.array([0, 1, 0, 1])) == pytest.approx(0)
    # Of four: three in (0, 0) and one in (1, 1) of (3/4, 1/4) each.
    thrice = np.array([0, 0, 0, 1])
    assert mutual_information(thrice, thrice) == pytest.approx(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25)))


def test_a_model_moves_nothing_at_its_centre() -> None:
    model = Radial(0.002, -0.06, 0.04, (201, 401))
    assert model.centre == pytest.approx((30, -20))
    right, down = model.at(np.array([230, 330]), np.array([80, 180]))
    np.testing.assert_allclose(right, [0, 0.2], atol=1e-12)
    np.testing.assert_allclose(down, [0, 0.2], atol=1e-12)
    assert Radial(0.0, 0.1, 0.0, (9, 9)).centre == (math.inf, math.inf)


def test_vectors_are_those_that_a_colour_was_moved_by() -> None:
    grey = fine_picture(256, 256)[..., 0].astype(float)
    # Two colours of other contrast, the second a third of a pixel to the right of the first and a fifth above it.
    spectrum = np.fft.fft2(grey)
    down, right = np.fft.fftfreq(256)[:, None], np.fft.fftfreq(256)[None]
    moved = np.fft.ifft2(spectrum * np.exp(-2j * np.pi * (right / 3 - down / 5))).real
    able = np.ones(grey.shape, bool)
    found = find_vectors(band(grey), band(40 + 0.7 * moved), able)
    assert found.known.sum() == 13 * 13  # of 16 x 16 cells; three on a side are the border's
    np.testing.assert_allclose(found.right[found.known], 1 / 3, atol=0.04)
    np.testing.assert_allclose(found.down[found.known], -1 / 5, atol=0.04)
    # Blocks of cells i - 1 to i + 2.
    across, below = block_middles((3, 4))
    assert across[0, 1] == 31.5 and below[2, 0] == 47.5
    assert not find_vectors(band(grey), band(200 - grey), able).known.any()
    assert not find_vectors(band(grey), band(grey), np.zeros(grey.shape, bool)).known.any()


def test_alpha_and_centre_are_found() -> None:
    found = find_aberration(pulled_apart(fine_picture(288, 384), 3e-3, -2e-3, (40.0, -25.0)))
    assert found is not None and found.factor == 1
    for colour, growth in zip(found.colours, (3e-3, -2e-3), strict=True):
        assert colour.model.growth == pytest.approx(growth, abs=1e-4)
        assert colour.model.centre == pytest.approx((40, -25), abs=6)
        assert 0 < abs(colour.error) < 3e-4
        assert np.median(colour.angle[colour.able]) < 5


def test_where_colours_were_copied_from_green_no_direction_is_told() -> None:
    """As a mosaic's interpolation, or JPEG, does in places: displaced by nothing, which points nowhere."""
    scene = fine_picture(256, 320)
    pixels = pulled_apart(scene, 4e-3, -3e-3)
    pixels[80:208, 176:304] = scene[80:208, 176:304]
    found = find_aberration(pixels)
    assert found is not None
    copied = (slice(7, 10), slice(13, 16))  # blocks within: of cells 6 to 11, and 12 to 17
    assert found.colours[0].vectors.known[copied].all() and not found.able[copied].any()
    assert found.able[2:4, 2:8].all()


def test_large_images_are_reduced_by_whole_numbers() -> None:
    pixels = np.arange(5 * 7 * 3).reshape(5, 7, 3).astype(np.uint8)
    half = reduced(pixels, 2)
    assert half.shape == (2, 3, 3)
    assert half[1, 2, 0] == pytest.approx(pixels[2:4, 4:6, 0].mean())


def test_regions_are_as_sure_as_their_blocks_are_many() -> None:
    angle, able = np.zeros((20, 20)), np.ones((20, 20), bool)
    nothing, none = find_regions(angle, able)
    assert nothing == pytest.approx(2 * math.log10(210)) and not none
    angle[4:12, 5:13] = 90
    best, (region,) = find_regions(angle, able)
    assert best == region.log10_nfa == pytest.approx(nothing + 64 / SHARED * math.log10(0.05))
    assert region.angle == 90 and region.mask.sum() == 64 and region.mask[4, 5]
    # Blocks that cannot tell do not part a region; those that agree with the lens do.
    able[8:10, 5:13] = False
    (region,) = find_regions(angle, able)[1]
    assert region.mask.sum() == 48
    able[:] = True
    angle[8] = 0
    assert [one.mask.sum() for one in find_regions(angle, able)[1]] == [32, 24]
    able[3:8, 3], angle[4:8, 4] = False, 0
    assert [one.mask.sum() for one in find_regions(angle, able)[1]] == [32, 24]
    # Where directions cannot be told, nothing points elsewhere.
    assert find_regions(angle, angle == 0)[0] == pytest.approx(nothing)


def test_what_another_lens_saw_is_found() -> None:
    scene = fine_picture(320, 320)
    sound = pulled_apart(scene, 4e-3, -3e-3)
    spliced = sound.copy()
    spliced[24:152, 168:296] = pulled_apart(scene, -4e-3, 3e-3)[24:152, 168:296]
    said, clean = ChromaticAberration().examine(as_files([compressed(spliced, 95), compressed(sound, 95)]))
    assert said.score > 3 and clean.score < 0
    assert clean.mask is not None and not clean.mask.any()
    assert said.mask is not None and said.heat_map is not None
    inside = np.zeros(said.mask.shape, bool)
    inside[24:152, 168:296] = True
    assert said.mask[inside].mean() > 0.5 and said.mask[~inside].mean() < 0.05
    assert said.heat_map[56:120, 200:264].min() > 0.5
    assert "log10 NFA" in said.reasons[-1] and "alpha of red 1.00" in said.reasons[0]


def test_vectors_that_no_lens_explains_are_no_forgery(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detector, "_DISAGREE", 0.2)
    scene = fine_picture(256, 320)
    pixels = pulled_apart(scene, 4e-3, -3e-3)
    pixels[:, :120] = pulled_apart(scene, -4e-3, 3e-3)[:, :120]
    (said,) = ChromaticAberration().examine(as_files([pixels]))
    assert said.reason == "red and blue are displaced, but not as by one lens"


def test_where_no_lens_shows_it_says_so() -> None:
    images = {
        "256 pixels": fine_picture(255, 400),
        "without colours": np.repeat(picture(256, 256)[..., :1], 3, axis=2),
        "too flat": np.full((256, 256, 3), (200, 100, 50), np.uint8),
        "no measurable aberration": fine_picture(256, 256),
        "outside of the picture": pulled_apart(fine_picture(256, 256), 4e-3, -3e-3, (200.0, 0.0)),
    }
    found = ChromaticAberration().examine(as_files(list(images.values())))
    for words, said in zip(images, found, strict=True):
        assert not said.applies and words in said.reason, (words, said.reason, said.reasons)
