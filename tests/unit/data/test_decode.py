"""The decoder: bit-exact with PIL on plain files, one stated rule for everything else, one clear line for bad input."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from forensictransfer.data.decode import decode, digest
from forensictransfer.data.encoded import read_header

LIMIT = 10**8


def noise(height: int, width: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)
    return pixels[:, :, 0] if channels == 1 else pixels


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def by_pil(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def png(width: int, height: int, depth: int, colour: int, packed_rows: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", packed_rows) + chunk(b"IEND", b"")


sizes = st.integers(1, 70)


@settings(max_examples=120, deadline=None)
@given(sizes, sizes, st.integers(1, 100), st.sampled_from([0, 1, 2]), st.booleans(), st.booleans(), st.integers(0, 99))
def test_jpeg_is_bit_exact_with_pil(
    height: int, width: int, quality: int, subsampling: int, progressive: bool, grey: bool, seed: int
) -> None:
    pixels = noise(height, width, 1 if grey else 3, seed)
    data = encoded(Image.fromarray(pixels), "JPEG", quality=quality, subsampling=subsampling, progressive=progressive)
    found = decode(data, max_pixels=LIMIT)
    assert found.dtype == np.uint8
    assert found.shape == (height, width, 3)
    np.testing.assert_array_equal(found, by_pil(data))


LOSSLESS = [
    ("PNG", {}),
    ("BMP", {}),
    ("WEBP", {"lossless": True}),
    *(("TIFF", {"compression": name}) for name in (None, "tiff_lzw", "tiff_adobe_deflate", "packbits")),
]


@settings(max_examples=60, deadline=None)
@given(sizes, sizes, st.sampled_from(LOSSLESS), st.integers(0, 99))
def test_lossless_formats_give_back_what_was_stored(
    height: int, width: int, kind: tuple[str, dict[str, object]], seed: int
) -> None:
    pixels = noise(height, width, 3, seed)
    found = decode(encoded(Image.fromarray(pixels), kind[0], **kind[1]), max_pixels=LIMIT)
    np.testing.assert_array_equal(found, pixels)


@pytest.mark.parametrize(("kind", "options"), [("WEBP", {"quality": 60}), ("TIFF", {"compression": "jpeg"})])
def test_lossy_formats_are_bit_exact_with_pil(kind: str, options: dict[str, object]) -> None:
    data = encoded(Image.fromarray(noise(61, 47)), kind, **options)
    np.testing.assert_array_equal(decode(data, max_pixels=LIMIT), by_pil(data))


def test_a_file_and_its_bytes_are_the_same_whatever_the_suffix(tmp_path: Path) -> None:
    file = tmp_path / "a photo ü.PNG"
    file.write_bytes(encoded(Image.fromarray(noise(20, 30)), "JPEG"))
    np.testing.assert_array_equal(decode(file, max_pixels=LIMIT), decode(file.read_bytes(), max_pixels=LIMIT))
    assert read_header(file) == ("JPEG", 30, 20, "RGB")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(noise(16, 24)), kind, exif=exif)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    np.testing.assert_array_equal(decode(data, max_pixels=LIMIT), np.asarray(expected))


def test_orientation_6_is_a_quarter_turn_clockwise() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = np.array([[1, 2, 3], [4, 5, 6]], np.uint8)
    found = decode(encoded(Image.fromarray(stored), "PNG", exif=exif), max_pixels=LIMIT)
    np.testing.assert_array_equal(found[:, :, 0], [[4, 1], [5, 2], [6, 3]])


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0nonsense", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\0\x05\1"]
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damaged_metadata_do_not_cost_the_image(exif: bytes) -> None:
    data = encoded(Image.fromarray(noise(9, 11)), "JPEG", exif=exif)
    np.testing.assert_array_equal(decode(data, max_pixels=LIMIT), by_pil(data))


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_alpha_is_dropped_and_the_colours_stay_as_stored(kind: str) -> None:
    pixels = noise(8, 9, 4)
    pixels[0] = (200, 100, 50, 0)
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    found = decode(encoded(Image.fromarray(pixels, "RGBA"), kind, **options), max_pixels=LIMIT)
    np.testing.assert_array_equal(found, pixels[:, :, :3])


def test_grey_with_and_without_alpha_and_one_bit_are_replicated() -> None:
    grey = noise(7, 9, 1)
    threefold = np.repeat(grey[:, :, None], 3, axis=2)
    np.testing.assert_array_equal(decode(encoded(Image.fromarray(grey), "PNG"), max_pixels=LIMIT), threefold)
    with_alpha = Image.merge("LA", [Image.fromarray(grey), Image.fromarray(grey // 2)])
    np.testing.assert_array_equal(decode(encoded(with_alpha, "PNG"), max_pixels=LIMIT), threefold)
    bits = Image.fromarray(grey > 127)
    for kind in ("PNG", "TIFF", "BMP"):
        np.testing.assert_array_equal(decode(encoded(bits, kind), max_pixels=LIMIT), (threefold > 127) * np.uint8(255))


@pytest.mark.parametrize("transparency", [None, 1, bytes([255, 0, 128])])
def test_a_palette_gives_its_colours_and_no_warning(transparency: int | bytes | None) -> None:
    colours = [(10, 20, 30), (40, 50, 60), (70, 80, 90)]
    image = Image.new("P", (3, 1))
    image.putpalette([value for colour in colours for value in colour])
    image.putdata([0, 1, 2])
    options = {} if transparency is None else {"transparency": transparency}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = decode(encoded(image, "PNG", **options), max_pixels=LIMIT)
    np.testing.assert_array_equal(found, [colours])


def test_sixteen_bits_keep_their_top_eight() -> None:
    values = np.array([[0, 255, 256, 32767], [32768, 65279, 65280, 65535]], np.uint16)
    expected = np.repeat(np.array([[0, 0, 1, 127], [128, 254, 255, 255]], np.uint8)[:, :, None], 3, axis=2)
    for kind in ("PNG", "TIFF"):
        np.testing.assert_array_equal(decode(encoded(Image.fromarray(values), kind), max_pixels=LIMIT), expected)
    big_endian = encoded(Image.fromarray(values.astype(">u2")), "TIFF")
    assert big_endian[:2] == b"MM"
    np.testing.assert_array_equal(decode(big_endian, max_pixels=LIMIT), expected)
    colours = np.stack([values, values[::-1], values[:, ::-1]], axis=2).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in colours)
    np.testing.assert_array_equal(
        decode(png(4, 2, 16, 2, zlib.compress(rows)), max_pixels=LIMIT), (colours >> 8).astype(np.uint8)
    )


def test_twelve_bits_keep_their_top_eight() -> None:
    def entry(tag: int, value: int) -> bytes:
        return struct.pack("<HHII", tag, 4, 1, value)

    # Two pixels, 0xABC and 0x123, packed into three bytes behind a directory of eight entries.
    tags = [(256, 2), (257, 1), (258, 12), (259, 1), (262, 1), (273, 8 + 2 + 8 * 12 + 4), (277, 1), (279, 3)]
    data = b"II*\0" + struct.pack("<IH", 8, len(tags)) + b"".join(entry(*tag) for tag in tags) + bytes(4)
    found = decode(data + bytes([0xAB, 0xC1, 0x23]), max_pixels=LIMIT)
    np.testing.assert_array_equal(found[0, :, 0], [0xAB, 0x12])


def test_cmyk_goes_through_pil() -> None:
    data = encoded(Image.fromarray(noise(17, 15, 4), "CMYK"), "JPEG")
    np.testing.assert_array_equal(decode(data, max_pixels=LIMIT), by_pil(data))


@pytest.mark.parametrize(("kind", "options"), [("WEBP", {"lossless": True}), ("PNG", {}), ("TIFF", {}), ("MPO", {})])
def test_the_first_frame_counts(kind: str, options: dict[str, object]) -> None:
    first, second = (Image.fromarray(noise(16, 16, 3, seed)) for seed in (1, 2))
    data = encoded(first, kind, save_all=True, append_images=[second], **options)
    assert getattr(Image.open(io.BytesIO(data)), "n_frames", 1) == 2
    np.testing.assert_array_equal(decode(data, max_pixels=LIMIT), by_pil(data))
    if kind != "MPO":
        np.testing.assert_array_equal(decode(data, max_pixels=LIMIT), np.asarray(first))


def test_threads_give_the_same_pixels_and_nobody_can_change_them() -> None:
    data = encoded(Image.fromarray(noise(200, 200)), "JPEG")
    with ThreadPoolExecutor(8) as pool:
        digests = set(pool.map(lambda _: digest(decode(data, max_pixels=LIMIT)), range(32)))
    assert len(digests) == 1
    exif = Image.Exif()
    exif[0x0112] = 5
    for some in (data, encoded(Image.fromarray(noise(8, 9)), "PNG", exif=exif)):
        found = decode(some, max_pixels=LIMIT)
        assert not found.flags.writeable
        assert found.flags.c_contiguous


def test_the_digest_tells_shapes_apart() -> None:
    flat, tall = np.zeros((2, 3, 3), np.uint8), np.zeros((3, 2, 3), np.uint8)
    assert digest(flat) != digest(tall)
    assert digest(flat) == digest(np.zeros((4, 6, 3), np.uint8)[::2, ::2])
    assert len(digest(flat)) == 64
