"""Histograms after two compressions against numbers worked out by hand, and the first quality of files made here."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
from PIL import Image

from forensictransfer.data.image_file import ImageFile
from forensictransfer.detectors.signals.jpeg_double.detector import JpegDouble
from forensictransfer.detectors.signals.jpeg_double.fit import Doubled, fit_doubled
from forensictransfer.detectors.signals.jpeg_double.histograms import LARGEST, Model, single_values
from tests.traces import compressed, encoded, partly_compressed, picture

SIZE = (256, 320)


def fitted(pixels: np.ndarray, quality: int) -> Doubled:
    return fit_doubled(ImageFile(encoded(pixels, quality)).coefficients[0])


def test_the_second_step_sorts_the_multiples_of_the_first() -> None:
    """Steps 5, then 2, of uniform values, against the share 1 of each bin after one compression.

    A multiple stands for 5 units, a bin for 2: 2.5 if it is whole in one bin. Rounding spreads it by 0.5. 0 lies in the
    middle of the bin of 0, whose ends are 2 deviations away; 5 on the edge of 2 and 3; 10 in the middle of that of 5.
    """
    model = Model(np.random.default_rng(0).uniform(-400, 400, 200_000), 2)
    twice = model.twice(5)
    assert twice.sum() == pytest.approx(1, abs=0.01) and model.bins == LARGEST // 2
    inside = math.erf(math.sqrt(2))  # of a normal distribution within 2 deviations
    beside = 2.5 * (1 - inside) / 2
    shares = (twice / model.once)[model.bins : model.bins + 6]
    np.testing.assert_allclose(shares, [2.5 * inside, beside, 1.25, 1.25, beside, 2.5 * inside], atol=0.05)


def test_values_of_one_compression_know_nothing_of_steps() -> None:
    """Dequantised they are multiples of the step; in blocks that begin elsewhere they are not."""
    luma = ImageFile(encoded(picture(*SIZE), 60)).coefficients[0]
    step = int(luma.steps[0, 1])
    values = single_values(luma)[:, 0, 1]
    assert values.shape == (31 * 39,)
    rest = np.abs(values / step - np.round(values / step))
    assert 0.2 < rest.mean() < 0.3  # of uniform values 0.25


@pytest.mark.parametrize("second", [75, 85, 95])
@pytest.mark.parametrize("first", [55, 65, 80, 90])
def test_the_first_quality_is_estimated_where_it_was_lower(first: int, second: int) -> None:
    found = fitted(compressed(picture(*SIZE), first), second)
    if first < second - 5:
        assert found.is_found and found.quality is not None and abs(found.quality - first) <= 2 and found.share >= 0.8


@pytest.mark.parametrize("quality", [50, 65, 80, 90, 95, 100])
def test_one_compression_is_silent(quality: int) -> None:
    for pixels in (picture(*SIZE), compressed(picture(*SIZE), quality)):  # the same once more changes nothing
        assert not fitted(pixels, quality).is_found


def test_another_grid_is_no_aligned_compression() -> None:
    assert not fitted(compressed(picture(*SIZE), 60, 3, 5), 90).is_found


def test_the_part_without_a_first_compression_is_found() -> None:
    """The map is that of the picture as it is seen: turned by its EXIF entry, it turns along."""
    pixels = partly_compressed(*SIZE)
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying, a quarter turn to the right makes it upright
    stored = np.ascontiguousarray(np.rot90(pixels, 1))
    turned = ImageFile(encoded(stored, 95, exif=exif.tobytes()))
    for image in (ImageFile(encoded(pixels, 95)), turned):
        (found,) = JpegDouble().examine([image])
        assert image.size == SIZE and found.score > 25 and found.mask is not None and found.heat_map is not None
        assert found.mask[:, :96].mean() > 0.8 and found.mask[:, 120:].mean() < 0.02
    files = [ImageFile(encoded(compressed(pixels, 60), 95)), ImageFile(encoded(pixels, 20))]
    all_over, never = JpegDouble().examine(files)
    assert all_over.mask is not None and not all_over.mask.any() and never.score == 0


def test_what_it_does_not_apply_to() -> None:
    stream = io.BytesIO()
    Image.fromarray(picture(64, 64)).save(stream, "PNG")
    png, small = JpegDouble().examine([ImageFile(stream.getvalue()), ImageFile(encoded(picture(24, 64), 80))])
    assert png.reason == "not a JPEG" and "32 pixels" in small.reason
