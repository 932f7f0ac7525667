"""PNG of every colour type, depth, transparency and interlace; and side chunks, whatever is wrong with them."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from forensictransfer.data.decode import ImageError, decode
from forensictransfer.data.encoded import read_header

LIMIT = 10**8
SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
KINDS = [(colour, depth) for colour, depths in DEPTHS.items() for depth in depths]
PASSES = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def rows(samples: np.ndarray, depth: int) -> bytes:
    """Filter 0 and the packed samples of each row of (h, w, channels)."""
    packed = []
    for row in samples:
        if depth == 16:
            packed.append(b"\0" + row.astype(">u2").tobytes())
        elif depth == 8:
            packed.append(b"\0" + row.astype(np.uint8).tobytes())
        else:
            bits = (row.reshape(-1, 1) >> np.arange(depth)[::-1]) & 1
            packed.append(b"\0" + np.packbits(bits.astype(np.uint8).ravel()).tobytes())
    return b"".join(packed)


def png(
    samples: np.ndarray, colour: int, depth: int, *, before: bytes = b"", after: bytes = b"", interlaced=False
) -> bytes:
    height, width, _ = samples.shape
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    if interlaced:
        parts = [samples[top::down, left::right] for top, left, down, right in PASSES]
        data = b"".join(rows(part, depth) for part in parts if part.size)
    else:
        data = rows(samples, depth)
    return b"".join(
        (SIGNATURE, chunk(b"IHDR", header), before, chunk(b"IDAT", zlib.compress(data)), after, chunk(b"IEND", b""))
    )


def picture(
    colour: int, depth: int, height: int = 11, width: int = 13, seed: int = 0
) -> tuple[np.ndarray, bytes, np.ndarray]:
    """Samples, the palette's chunk if it needs one, and the pixels by the rules of `data.decode`."""
    rng = np.random.default_rng(seed)
    samples = rng.integers(0, 1 << depth, (height, width, CHANNELS[colour]))
    if colour == 3:
        palette = rng.integers(0, 256, (1 << depth, 3), np.uint8)
        return samples, chunk(b"PLTE", palette.tobytes()), palette[samples[:, :, 0]]
    levels = samples >> 8 if depth == 16 else samples * (255 // ((1 << depth) - 1))
    colours = levels[:, :, : 3 if colour in (2, 6) else 1]
    return samples, b"", np.broadcast_to(colours, (height, width, 3)).astype(np.uint8)


def transparency(colour: int, depth: int) -> bytes:
    if colour == 3:
        return chunk(b"tRNS", bytes(range(1 << depth)))
    return chunk(b"tRNS", struct.pack(">" + "H" * CHANNELS[colour], *[1] * CHANNELS[colour]))


@pytest.mark.parametrize(("colour", "depth"), KINDS)
@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("transparent", [False, True])
def test_every_kind_is_read_right(colour: int, depth: int, interlaced: bool, transparent: bool) -> None:
    if transparent and colour in (4, 6):
        pytest.skip("the standard forbids it")
    for height, width in ((11, 13), (1, 1), (3, 9)):
        samples, palette, pixels = picture(colour, depth, height, width)
        before = palette + (transparency(colour, depth) if transparent else b"")
        data = png(samples, colour, depth, before=before, interlaced=interlaced)
        np.testing.assert_array_equal(decode(data, max_pixels=LIMIT), pixels)


@pytest.mark.parametrize(("colour", "depth"), [kind for kind in KINDS if kind[0] != 3 and kind[1] >= 8])
@pytest.mark.parametrize("interlaced", [False, True])
def test_another_reader_gives_the_same_samples(colour: int, depth: int, interlaced: bool) -> None:
    samples, _, _ = picture(colour, depth)
    read = imagecodecs.png_decode(png(samples, colour, depth, interlaced=interlaced))
    np.testing.assert_array_equal(read.reshape(samples.shape), samples)


def damaged(kind: bytes, body: bytes) -> bytes:
    return chunk(kind, body)[:-4] + b"\1\2\3\4"


PACKED = zlib.compress(bytes(1_200_000))
SIDE_CHUNKS = {
    "text above 1 MB": chunk(b"tEXt", b"parameters\0" + b"a" * 1_200_000),
    "packed text above 1 MB": chunk(b"zTXt", b"parameters\0\0" + PACKED),
    "packed international text above 1 MB": chunk(b"iTXt", b"parameters\0\1\0\0\0" + PACKED),
    "texts above 64 MB together": chunk(b"tEXt", b"parameters\0" + b"a" * 900_000) * 75,
    "profile above 1 MB": chunk(b"iCCP", b"profile\0\0" + PACKED),
    "packed text that is damaged": chunk(b"zTXt", b"parameters\0\0no deflate stream"),
    "text of an unknown compression": chunk(b"zTXt", b"parameters\0\7" + PACKED),
    "international text of an unknown compression": chunk(b"iTXt", b"parameters\0\1\7\0\0" + PACKED),
    "profile of an unknown compression": chunk(b"iCCP", b"profile\0\7" + PACKED),
    "profile that is damaged": chunk(b"iCCP", b"profile\0\0no deflate stream"),
    "wrong checksum of a resolution": damaged(b"pHYs", struct.pack(">IIB", 2835, 2835, 1)),
    "wrong checksum of a text": damaged(b"tEXt", b"parameters\0steps"),
    "wrong checksum of a time": damaged(b"tIME", bytes(7)),
    "wrong checksum of EXIF": damaged(b"eXIf", b"MM\0*\0\0\0\10\0\0"),
    "resolution that is too short": chunk(b"pHYs", b"\0"),
    "gamma that is too short": chunk(b"gAMA", b""),
    "primaries that are too short": chunk(b"cHRM", b"\0"),
    "rendering intent that is too short": chunk(b"sRGB", b""),
    "transparency that is too short": chunk(b"tRNS", b""),
    "EXIF that is none": chunk(b"eXIf", b"no EXIF"),
    "animation that is too short": chunk(b"acTL", b""),
    "frame without an animation": chunk(b"fcTL", bytes(26)),
    "text without a key": chunk(b"tEXt", b""),
    "unknown": chunk(b"abCd", b"anything"),
    "unknown and damaged": damaged(b"abCd", b"anything"),
}


@pytest.mark.parametrize("name", SIDE_CHUNKS)
@pytest.mark.parametrize("place", ["before", "after"])
def test_no_side_chunk_decides_over_pixels(name: str, place: str) -> None:
    samples, _, pixels = picture(2, 8)
    data = png(samples, 2, 8, **{place: SIDE_CHUNKS[name]})
    np.testing.assert_array_equal(decode(data, max_pixels=LIMIT), pixels)
    header = read_header(data)
    assert (header.format, header.width, header.height) == ("PNG", 13, 11)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(b"abcdefgh"), st.binary(max_size=60), st.integers(0, 2**32 - 1) | st.none(), st.booleans())
def test_any_side_chunk_leaves_the_pixels_alone(first: int, rest: bytes, checksum: int | None, ahead: bool) -> None:
    samples, _, pixels = picture(2, 8)
    side = chunk(bytes([first]) + b"XtA", rest)
    if checksum is not None:
        side = side[:-4] + struct.pack(">I", checksum)
    data = png(samples, 2, 8, before=side if ahead else b"", after=b"" if ahead else side)
    np.testing.assert_array_equal(decode(data, max_pixels=LIMIT), pixels)


def test_only_the_end_is_missing() -> None:
    samples, _, pixels = picture(2, 8)
    data = png(samples, 2, 8)
    for lost in (1, 4, 12, 14, 16):  # the end chunk; the checksum of the pixels
        np.testing.assert_array_equal(decode(data[:-lost], max_pixels=LIMIT), pixels)


def test_pixels_that_are_damaged_are_refused() -> None:
    samples, _, _ = picture(2, 8, 40, 40)
    data = bytearray(png(samples, 2, 8))
    data[len(data) // 2] ^= 0x10
    with pytest.raises(ImageError, check=lambda error: error.code == "image-damaged"):
        decode(bytes(data), max_pixels=LIMIT)


def test_pixels_of_a_wrong_checksum_count_if_their_own_is_right() -> None:
    samples, _, pixels = picture(2, 8, 40, 40)
    sound = png(samples, 2, 8)
    end = len(sound) - 12  # of the chunk of pixels, whose last four bytes are its checksum
    np.testing.assert_array_equal(decode(sound[: end - 4] + b"\1\2\3\4" + sound[end:], max_pixels=LIMIT), pixels)
    changed = zlib.compress(rows(samples[::-1], 8))
    original = zlib.compress(rows(samples, 8))
    mixed = changed[:-4] + original[-4:]  # inflates to other rows, with the checksum of the right ones
    data = (
        sound[: sound.index(b"IDAT") - 4] + struct.pack(">I", len(mixed)) + b"IDAT" + mixed + b"\1\2\3\4" + sound[end:]
    )
    with pytest.raises(ImageError, match="checksum", check=lambda error: error.code == "image-damaged"):
        decode(data, max_pixels=LIMIT)


@pytest.mark.parametrize("name", [b"CgBI", b"ABCD"])
def test_a_part_that_changes_the_pixels_is_refused_by_name(name: bytes) -> None:
    samples, _, _ = picture(2, 8)
    with pytest.raises(ImageError, match=name.decode(), check=lambda error: error.code == "image-layout-unsupported"):
        decode(png(samples, 2, 8, before=chunk(name, b"\0\0\0\0")), max_pixels=LIMIT)


def exif(orientation: int) -> bytes:
    entries = Image.Exif()
    entries[0x0112] = orientation
    return entries.tobytes()


def orientations() -> Iterator[tuple[str, bytes]]:
    """Chunks that say that the picture is turned (6), as programs write them."""
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    raw = exif(6).removeprefix(b"Exif\0\0")
    digits = (b"Exif\0\0" + raw).hex().encode()
    text = (
        b"\nexif\n%8d\n" % (len(digits) // 2)
        + b"\n".join(digits[i : i + 72] for i in range(0, len(digits), 72))
        + b"\n"
    )
    yield "EXIF", chunk(b"eXIf", raw)
    yield "XMP", chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)
    yield "packed XMP", chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(xmp))
    yield "EXIF as packed text", chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(text))
    yield "EXIF as text", chunk(b"tEXt", b"Raw profile type exif\0" + text)


@pytest.mark.parametrize(
    ("name", "side"), list(orientations()), ids=lambda value: value if isinstance(value, str) else ""
)
@pytest.mark.parametrize("place", ["before", "after"])
def test_the_orientation_turns_pixels_and_header_alike(name: str, side: bytes, place: str) -> None:
    samples, _, pixels = picture(2, 8)
    data = png(samples, 2, 8, **{place: side})
    np.testing.assert_array_equal(decode(data, max_pixels=LIMIT), np.rot90(pixels, -1))
    header = read_header(data)
    assert (header.width, header.height) == (11, 13)


def test_an_animation_gives_its_still_picture() -> None:
    frames = [Image.fromarray(np.full((9, 7, 3), level, np.uint8)) for level in (10, 200)]
    stream = io.BytesIO()
    frames[0].save(stream, "PNG", save_all=True, append_images=frames[1:])
    assert (decode(stream.getvalue(), max_pixels=LIMIT) == 10).all()
