"""ImageFile: what a detector is given, read when it is asked for."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensictransfer.data.decode import ImageError, decode
from forensictransfer.data.image_file import ImageFile
from forensictransfer.data.records import Record


def encoded(kind: str, side: tuple[int, int] = (24, 16), **options: object) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (*side, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **options)
    return stream.getvalue()


def test_a_path_bytes_and_a_record_are_the_same_image(tmp_path: Path) -> None:
    content = encoded("PNG")
    path = tmp_path / "a.png"
    path.write_bytes(content)
    expected = decode(content, max_pixels=10**6)
    images = [
        ImageFile(path),
        ImageFile(str(path)),
        ImageFile(content, name="a.png"),
        ImageFile.of_record(Record("real/a.png", 0, "a", "train", path)),
    ]
    assert [image.name for image in images] == [str(path), str(path), "a.png", "real/a.png"]
    for image in images:
        np.testing.assert_array_equal(image.pixels, expected)
        assert image.size == (24, 16) and not image.pixels.flags.writeable
        assert image.content == content and image.sha256 == hashlib.sha256(content).hexdigest()


def test_nothing_is_read_before_it_is_asked_for_and_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    image = ImageFile(path)
    path.write_bytes(encoded("PNG"))
    pixels, sha256 = image.pixels, image.sha256
    path.unlink()
    assert image.pixels is pixels and image.sha256 == sha256 and image.container.format == "PNG"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_pixels_are_turned_back_to_how_they_are_stored(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = ImageFile(encoded("PNG", exif=exif))
    stored = image.as_stored(image.pixels)
    assert stored.shape[:2] == (image.container.height, image.container.width)
    np.testing.assert_array_equal(image.upright(stored), image.pixels)
    np.testing.assert_array_equal(stored, ImageFile(encoded("PNG")).pixels)


def test_known_pixels_are_not_decoded_again() -> None:
    known = np.zeros((3, 4, 3), np.uint8)
    assert ImageFile(b"no image", pixels=known).pixels is known


def test_the_container_of_a_jpeg() -> None:
    exif = Image.Exif()
    exif[0x0110], exif[0x0112] = "a camera", 6
    image = ImageFile(encoded("JPEG", quality=50, subsampling="4:2:0", exif=exif))
    container = image.container
    assert container.is_jpeg and (container.width, container.height) == (16, 24)
    assert image.size == (16, 24), "the pixels are upright, the container's size is the stored one"
    luma, chroma = container.quantisation
    # The example tables of ITU-T T.81, annex K.1: at quality 50 they are used as they are.
    assert luma.shape == (8, 8) and luma.dtype == np.uint16
    assert luma[0].tolist() == [16, 11, 10, 16, 24, 40, 51, 61]
    assert luma[:, 0].tolist() == [
        16,
        12,
        14,
        14,
        18,
        24,
        49,
        72,
    ]
    assert chroma[0].tolist() == [17, 18, 24, 47, 99, 99, 99, 99]
    assert container.exif["Model"] == "a camera" and container.exif["Orientation"] == 6
    assert container.facts["JPEG coding"] == "baseline, standard Huffman tables"
    assert container.facts["metadata"] == "EXIF"


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP"])
def test_the_container_of_other_formats(kind: str) -> None:
    container = ImageFile(encoded(kind)).container
    assert container.format == kind and not container.is_jpeg and container.quantisation == ()
    assert "Model" not in container.exif and "structure" in container.facts


def test_what_cannot_be_read_is_one_line_with_the_name(tmp_path: Path) -> None:
    missing = ImageFile(tmp_path / "gone.png")
    for attribute in ("content", "sha256", "container", "pixels"):
        with pytest.raises(ImageError, match=r"gone\.png", check=lambda error: error.code == "image-unreadable"):
            getattr(missing, attribute)
    damaged = ImageFile(encoded("JPEG")[:300], name="real/damaged.jpg")
    with pytest.raises(
        ImageError, match=r"^real/damaged\.jpg: ", check=lambda error: error.code == "image-damaged"
    ) as caught:
        _ = damaged.pixels
    assert "\n" not in str(caught.value)
    with pytest.raises(ImageError, match="^a text: ", check=lambda error: error.code == "image-format-unknown"):
        _ = ImageFile(b"no image", name="a text").container
    with pytest.raises(ImageError, match=r"^big: 16 x 24 pixels", check=lambda error: error.code == "image-too-large"):
        _ = ImageFile(encoded("PNG"), name="big", max_pixels=100).pixels
