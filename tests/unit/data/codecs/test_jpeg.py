"""JPEG of every subsampling, colour space and marker to the bit, and damaged ones by what is missing."""

from __future__ import annotations

import io
import itertools
import struct

import cv2
import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from forensictransfer.data.codecs.jpeg_structure import read_frame, segments
from forensictransfer.data.decode import ImageError, decode
from forensictransfer.data.encoded import read_header

LIMIT = 10**8
END = b"\xff\xd9"


def picture(height: int = 120, width: int = 100, seed: int = 0) -> np.ndarray:
    """A smooth picture with some noise, so that every block has coefficients."""
    rng = np.random.default_rng(seed)
    smooth = Image.fromarray(rng.integers(0, 256, (9, 9, 3), np.uint8)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    return np.clip(np.asarray(smooth).astype(int) + rng.integers(-12, 13, (height, width, 3)), 0, 255).astype(np.uint8)


def jpeg(pixels: np.ndarray, mode: str = "RGB", **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(stream, "JPEG", **{"quality": 90} | options)
    return stream.getvalue()


def by_pil(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


@pytest.mark.parametrize("sampling", [411, 420, 422, 440, 444])
@pytest.mark.parametrize(("progressive", "optimised", "restart"), itertools.product((0, 1), (0, 1), (0, 3)))
def test_every_subsampling_and_coding(sampling: int, progressive: int, optimised: int, restart: int) -> None:
    for height, width in ((120, 100), (17, 9), (1, 1)):
        pixels = picture(height, width)
        options = {
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR: getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{sampling}"),
            cv2.IMWRITE_JPEG_PROGRESSIVE: progressive,
            cv2.IMWRITE_JPEG_OPTIMIZE: optimised,
            cv2.IMWRITE_JPEG_RST_INTERVAL: restart,
        }
        done, encoded = cv2.imencode(
            ".jpg", pixels[:, :, ::-1], [number for pair in options.items() for number in pair]
        )
        assert done
        data = encoded.tobytes()
        found = decode(data, max_pixels=LIMIT)
        np.testing.assert_array_equal(found, by_pil(data))
        np.testing.assert_array_equal(found, imagecodecs.jpeg8_decode(data))


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_every_colour_space(mode: str, progressive: bool) -> None:
    data = jpeg(picture(), mode, progressive=progressive)
    np.testing.assert_array_equal(decode(data, max_pixels=LIMIT), by_pil(data))


@pytest.mark.parametrize("stored", ["rgb", "ycbcr", "gray"])
def test_colours_as_they_are_stored(stored: str) -> None:
    data = imagecodecs.jpeg8_encode(picture(), level=90, colorspace="rgb", outcolorspace=stored)
    np.testing.assert_array_equal(decode(data, max_pixels=LIMIT), by_pil(data))


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


SIDE_SEGMENTS = {
    "comment": segment(0xFE, b"a comment"),
    "empty comment": segment(0xFE, b""),
    "64 kB": segment(0xEB, bytes(65533)),
    "EXIF that is none": segment(0xE1, b"Exif\0\0no EXIF"),
    "EXIF cut short": segment(0xE1, b"Exif\0\0II*\0\xff\xff\0\0"),
    "empty EXIF": segment(0xE1, b"Exif\0\0"),
    "profile of no part": segment(0xE2, b"ICC_PROFILE\0\0\0"),
    "profile cut short": segment(0xE2, b"ICC_PROFILE\0"),
    "profile of two different counts": segment(0xE2, b"ICC_PROFILE\0\1\2a") + segment(0xE2, b"ICC_PROFILE\0\1\3b"),
    "pictures that are none": segment(0xE2, b"MPF\0no directory"),
    "Photoshop cut short": segment(0xED, b"Photoshop 3.0\x008BIM\4"),
    "Photoshop of a wild size": segment(0xED, b"Photoshop 3.0\x008BIM\x03\xed\0\0\xff\xff\xff\xff"),
    "Adobe cut short": segment(0xEE, b"Adobe"),
    "unknown transform of Adobe": segment(0xEE, b"Adobe\0\x64\0\0\0\0\7"),
    "FlashPix that is none": segment(0xE2, b"FPXR\0"),
    "second JFIF of an unknown version": segment(0xE0, b"JFIF\0\7\7\0\0\1\0\1\0\0"),
    "JFIF cut short": segment(0xE0, b"JFIF\0"),
    "unknown": segment(0xE9, b"anything"),
    "fill bytes": b"\xff\xff\xff" + segment(0xFE, b"behind them"),
}


@pytest.mark.parametrize("name", SIDE_SEGMENTS)
def test_no_side_segment_decides_over_pixels(name: str) -> None:
    plain = jpeg(picture())
    data = plain[:20] + SIDE_SEGMENTS[name] + plain[20:]  # behind the first segment, JFIF
    np.testing.assert_array_equal(decode(data, max_pixels=LIMIT), by_pil(plain))
    header = read_header(data)
    assert (header.format, header.width, header.height) == ("JPEG", 100, 120)


def scan_start(data: bytes) -> int:
    return read_frame(data).scans[0].start


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("end", [b"", END], ids=["no end", "end"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.8, 0.95])
def test_a_part_of_a_picture_is_refused(mode: str, progressive: bool, end: bytes, share: float) -> None:
    data = jpeg(picture(), mode, progressive=progressive)
    start = scan_start(data)
    with pytest.raises(ImageError, check=lambda error: error.code == "image-damaged"):
        decode(data[: start + int(share * (len(data) - start))] + end, max_pixels=LIMIT)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("lost", [1, 2])
def test_only_the_end_marker_is_missing(mode: str, progressive: bool, lost: int) -> None:
    data = jpeg(picture(), mode, progressive=progressive)
    np.testing.assert_array_equal(decode(data[:-lost], max_pixels=LIMIT), by_pil(data))


@pytest.mark.parametrize("lost", [3, 4, 6, 8])
@pytest.mark.parametrize("end", [b"", END], ids=["no end", "end"])
def test_the_last_bytes_are_missing(lost: int, end: bytes) -> None:
    data = jpeg(picture(256, 256))
    found = decode(data[:-lost] + end, max_pixels=LIMIT)
    wrong = (found != by_pil(data)).any(axis=2)
    assert wrong.mean() < 0.02
    assert not wrong[:-24].any()


def test_a_progressive_picture_without_its_last_scans_is_refused() -> None:
    data = jpeg(picture(), progressive=True)
    scans = read_frame(data).scans
    assert len(scans) > 4
    for scan in scans[1:]:  # cut between two scans: the library finds nothing to warn of
        with pytest.raises(ImageError, match="not all there", check=lambda error: error.code == "image-damaged"):
            decode(data[: scan.marker] + END, max_pixels=LIMIT)


def test_restarts_with_one_damaged_interval_are_refused() -> None:
    done, encoded = cv2.imencode(".jpg", picture(256, 256), [cv2.IMWRITE_JPEG_RST_INTERVAL, 32])
    assert done
    data = encoded.tobytes()
    marks = [
        place
        for place in range(scan_start(data), len(data) - 1)
        if data[place] == 0xFF and 0xD0 <= data[place + 1] <= 0xD7
    ]
    cut = marks[2] + (marks[3] - marks[2]) // 2
    with pytest.raises(ImageError, check=lambda error: error.code == "image-damaged"):
        decode(data[:cut] + data[marks[3] :], max_pixels=LIMIT)  # the second half of an interval is gone
    with pytest.raises(ImageError, check=lambda error: error.code == "image-damaged"):
        decode(data[: marks[2]] + data[marks[3] :], max_pixels=LIMIT)  # a whole interval is gone


def test_a_file_that_was_only_partly_written_is_refused() -> None:
    data = jpeg(picture(256, 256))
    middle = (scan_start(data) + len(data)) // 2
    with pytest.raises(ImageError, match="not all there", check=lambda error: error.code == "image-damaged"):
        decode(data[:middle] + bytes(len(data) - middle - 2) + END, max_pixels=LIMIT)
    with pytest.raises(ImageError, check=lambda error: error.code == "image-damaged"):
        decode(data[:middle] + bytes(len(data) - middle), max_pixels=LIMIT)


@pytest.mark.parametrize("level", [0, 90, 128, 255])
@pytest.mark.parametrize("options", [{}, {"optimize": True}, {"progressive": True}], ids=str)
def test_flat_pictures_are_sound(level: int, options: dict[str, object]) -> None:
    data = jpeg(np.full((512, 512, 3), level, np.uint8), **options)
    np.testing.assert_array_equal(decode(data, max_pixels=LIMIT), by_pil(data))
    np.testing.assert_array_equal(decode(data[:-2], max_pixels=LIMIT), by_pil(data))


@pytest.mark.parametrize("padding", [b"\0", b"\0\0\0\0", bytes(500)], ids=len)
def test_padding_before_the_end_is_no_damage(padding: bytes) -> None:
    data = jpeg(picture())
    np.testing.assert_array_equal(decode(data[:-2] + padding + END, max_pixels=LIMIT), by_pil(data))
    np.testing.assert_array_equal(decode(data + padding, max_pixels=LIMIT), by_pil(data))


def test_much_more_data_than_the_picture_needs_is_refused() -> None:
    low, high = jpeg(picture(), quality=60), jpeg(picture(), quality=95)
    joined = high[: scan_start(high)] + low[scan_start(low) : -2] + high[scan_start(high) :]
    with pytest.raises(ImageError, check=lambda error: error.code == "image-damaged"):
        decode(joined, max_pixels=LIMIT)


def test_segments_of_a_file() -> None:
    data = jpeg(picture(), progressive=True, comment=b"made here")
    markers = [part.marker for part in segments(data)]
    assert markers[0] == 0xE0
    assert 0xFE in markers
    assert markers.count(0xDA) == len(read_frame(data).scans) == 10
    frame = read_frame(data)
    assert frame.sampling == {1: (2, 2), 2: (1, 1), 3: (1, 1)}
    assert frame.unit == (16, 16)
    assert frame.lacking() is None


@settings(max_examples=200, deadline=None)
@given(st.floats(0, 1, exclude_max=True), st.integers(1, 255), st.booleans())
def test_a_changed_byte_ends_in_pixels_or_in_one_line(share: float, change: int, progressive: bool) -> None:
    """A changed coefficient is a picture like any other; what must not be is a crash, or another size."""
    data = bytearray(jpeg(picture(64, 48), progressive=progressive))
    data[int(share * len(data))] ^= change
    try:
        found = decode(bytes(data), max_pixels=LIMIT)
    except ImageError as error:
        assert "\n" not in str(error)
        return
    header = read_header(bytes(data))
    assert found.shape == (header.height, header.width, 3)
