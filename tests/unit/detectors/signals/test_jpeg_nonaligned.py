"""Grid, quality and place of an earlier compression of files made here, and its likelihood against numbers by hand."""

from __future__ import annotations

import numpy as np
import pytest

from forensictransfer.data.image_file import ImageFile
from forensictransfer.detectors.evidence import Evidence
from forensictransfer.detectors.signals.jpeg_nonaligned.detector import JpegNonaligned
from forensictransfer.detectors.signals.jpeg_nonaligned.fit import fit_earlier, log_ratios
from forensictransfer.detectors.signals.jpeg_nonaligned.shifts import (
    FINE,
    FREQUENCIES,
    luma_plane,
    rounding_of,
    shifted,
)
from tests.traces import compressed, encoded, picture

SIZE = (256, 320)


def examined(pixels: np.ndarray, quality: int) -> Evidence:
    (said,) = JpegNonaligned().examine([ImageFile(encoded(pixels, quality))])
    return said


def test_on_their_own_grid_values_are_multiples_of_the_steps() -> None:
    luma = ImageFile(encoded(picture(64, 80), 70)).coefficients[0]
    plane = luma_plane(luma)
    own, other = shifted(plane, (0, 0)), shifted(plane, (3, 5))
    assert own.values.shape == (len(FREQUENCIES), 8, 10) and other.values.shape == (len(FREQUENCIES), 7, 9)
    for values, place in zip(own.values, FREQUENCIES, strict=True):
        np.testing.assert_allclose(values, luma.values[:, :, *place] * float(luma.steps[place]), atol=2e-3)


def test_the_last_rounding_is_that_of_its_steps() -> None:
    """Steps of 6 move what is uniform in them by 6 / sqrt(12), and so in blocks that begin elsewhere."""
    plane = np.random.default_rng(0).normal(scale=60, size=(160, 160)).astype(np.float32)
    found = rounding_of(plane, np.full((8, 8), 6))
    np.testing.assert_allclose(found, 6 / np.sqrt(12), rtol=0.15)


def test_values_near_multiples_speak_for_the_step() -> None:
    """Step 10, noise 1: at a multiple 10 / sqrt(2 pi) times as likely, between two of them not at all; 5 % are left."""
    found = np.exp(log_ratios(10, 1.0, mean=False))
    assert found[20 * FINE] == pytest.approx(0.05 + 0.95 * 10 / np.sqrt(2 * np.pi))
    assert found[25 * FINE] == pytest.approx(0.05, abs=1e-3)
    assert found[0] == found[4 * FINE] == 1  # rounded to 0: nothing is known
    assert np.exp(log_ratios(10, 1.0, mean=True))[0] == pytest.approx(found[20 * FINE])
    np.testing.assert_array_equal(log_ratios(1, 4.0, mean=True), 0)  # a step below the noise leaves no trace


def test_on_the_own_grid_values_are_multiples_of_the_last_step() -> None:
    """Step 6 after 4: of the multiples of 4 one in three is one of 6, the others are 2 away."""
    found = np.exp(log_ratios(6, 0.5, 4, mean=False))
    assert found[12 * FINE] == pytest.approx(0.05 + 0.95 * 3, rel=0.01)
    assert found[8 * FINE] == found[16 * FINE] == pytest.approx(0.05, abs=0.01)
    np.testing.assert_allclose(np.exp(log_ratios(4, 0.5, 4, mean=True))[:: 4 * FINE], 1, atol=1e-9)  # the same step


def test_a_sample_of_rows_has_the_same_values() -> None:
    plane = np.random.default_rng(0).normal(scale=60, size=(80, 64)).astype(np.float32)
    whole, some = shifted(plane, (2, 3)), shifted(plane, (2, 3), every=4)
    np.testing.assert_array_equal(some.values, whole.values[:, ::4])


@pytest.mark.parametrize(("first", "second"), [(60, 80), (75, 90), (90, 96)])
@pytest.mark.parametrize("shift", [(0, 3), (5, 2)])
def test_grid_and_quality_of_the_first_compression_are_found(first: int, second: int, shift: tuple[int, int]) -> None:
    found = fit_earlier(ImageFile(encoded(compressed(picture(*SIZE), first, *shift), second)).coefficients[0])
    assert found.is_found and found.shift == shift and abs(found.quality - first) <= 2 and found.share >= 0.8


@pytest.mark.parametrize("quality", [55, 75, 90, 98])
def test_one_compression_or_two_on_one_grid_are_silent(quality: int) -> None:
    for pixels in (picture(*SIZE), compressed(picture(*SIZE), 65)):
        said = examined(pixels, quality)
        assert said.score == 0 and said.mask is not None and not said.mask.any()


@pytest.mark.parametrize("foreign", [True, False])
def test_the_part_that_differs_is_found(foreign: bool) -> None:
    """A patch with the earlier compression in an image without, and one without it in an image that has it."""
    pixels, mask = picture(*SIZE), np.zeros(SIZE, bool)
    mask[80:192, 96:224] = True
    said = examined(np.where((mask == foreign)[..., None], compressed(pixels, 60, 3, 6), pixels), 95)
    assert said.mask is not None and said.score > 25 and "(3, 6)" in said.reasons[0]
    assert said.mask[mask].mean() > 0.4 and said.mask[~mask].mean() < 0.03


def test_what_it_does_not_apply_to() -> None:
    assert "32 pixels" in examined(picture(24, 96), 90).reason
