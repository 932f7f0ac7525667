"""One more JPEG compression of every image when it is read: `data.recompress`."""

import io

import numpy as np
import pytest
from PIL import Image

from forensictransfer.core.settings import DataSettings
from forensictransfer.data.decode import ImageError, digest
from forensictransfer.data.images import Images
from forensictransfer.data.recompress import jpeg_bytes, recompressed
from forensictransfer.data.records import Record


def _png(pixels):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (40, 56, 3), dtype=np.uint8)


def test_images_are_what_the_jpeg_makes_of_them(pixels):
    with Image.open(io.BytesIO(jpeg_bytes(pixels, 90))) as image:
        expected = np.asarray(image.convert("RGB"))
        assert image.layer[0][1:3] == (2, 2), "chroma at half the resolution"
    records = [Record("real/a.png", 0, "a", "train", _png(pixels))]
    images = Images(records, data=DataSettings(recompress=90))
    np.testing.assert_array_equal(images[0], expected)
    assert images.digests == [digest(expected)]
    assert not np.array_equal(Images(records, data=DataSettings())[0], expected)


def test_the_file_of_an_image_is_the_recompressed_one(pixels):
    record = Record("real/a.png", 0, "a", "train", _png(pixels))
    stored, again = (Images([record], data=DataSettings(recompress=quality)).file(0) for quality in (None, 90))
    assert (stored.container.format, again.container.format) == ("PNG", "JPEG")
    assert again.name == "real/a.png"
    np.testing.assert_array_equal(again.pixels, Images([record], data=DataSettings(recompress=90))[0])


def test_without_room_in_memory_the_same_pixels_come_out(pixels):
    record = Record("real/a.png", 0, "a", "train", _png(pixels))
    kept, again = (Images([record], data=DataSettings(recompress=70, memory_mb=room)) for room in (10, 0))
    np.testing.assert_array_equal(kept[0], again[0])


def test_an_image_that_no_jpeg_can_hold_is_named():
    strip = _png(np.zeros((1, 70_000, 3), np.uint8))
    with pytest.raises(ImageError, match=r"70,000 x 1 pixels, a JPEG has at most 65,500 .*data.recompress"):
        recompressed(strip, 90, max_pixels=10**6, name="strip.png")
