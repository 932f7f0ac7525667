"""TIFF layouts, written by tifffile and expected from the samples that it stored: the very pixels, or one line."""

from __future__ import annotations

import io
import itertools
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from forensictransfer.data.decode import ImageError, decode
from forensictransfer.data.encoded import read_header

LIMIT = 10**8
HEIGHT, WIDTH = 37, 29
COMPRESSIONS = (None, "zlib", "lzw", "packbits", "zstd")
SAMPLES = {"minisblack": 1, "miniswhite": 1, "rgb": 3, "palette": 1}
Layout = tuple[str, int, str, str, str | None, str | None, str, bool]


def layouts() -> Iterator[Layout]:
    """(photometric, bits, sample format, planes, extra sample, compression, byte order, tiled) that can be written."""
    for photometric, bits, kind, planes, extra, compression, order, tiled in itertools.product(
        SAMPLES,
        (1, 2, 4, 8, 10, 12, 14, 16, 32),
        "uif",
        ("contig", "separate"),
        (None, "unspecified", "assocalpha", "unassalpha"),
        COMPRESSIONS,
        "<>",
        (False, True),
    ):
        if compression is not None and bits not in (8, 16, 32):
            continue  # tifffile packs bits only without compression
        if (kind == "i" and bits not in (8, 16, 32)) or (kind == "f" and bits not in (16, 32)):
            continue
        if planes == "separate" and SAMPLES[photometric] + (extra is not None) == 1:
            continue
        if photometric == "palette" and (bits != 8 or kind != "u" or extra):
            continue
        yield photometric, bits, kind, planes, extra, compression, order, tiled


def written(layout: Layout, seed: int = 0, **options: Any) -> tuple[bytes, np.ndarray, np.ndarray | None]:
    """The file, the samples (h, w, samples) that it stores and the palette (3, 256) if it has one."""
    photometric, bits, kind, planes, extra, compression, order, tiled = layout
    rng = np.random.default_rng(seed)
    count = SAMPLES[photometric] + (extra is not None)
    stored = f"{kind}{1 if bits <= 8 else 2 if bits <= 16 else 4}"
    if kind == "f":
        samples = rng.random((HEIGHT, WIDTH, count)).astype(stored)
    else:
        samples = rng.integers(0, 1 << min(bits, 31), (HEIGHT, WIDTH, count)).astype(stored)
    palette = rng.integers(0, 65536, (3, 256)).astype(np.uint16) if photometric == "palette" else None
    stream = io.BytesIO()
    data = np.moveaxis(samples, 2, 0) if planes == "separate" else samples if count > 1 else samples[:, :, 0]
    if bits not in (8, 16, 32):
        options["bitspersample"] = bits
    tifffile.imwrite(
        stream,
        data,
        photometric=photometric,
        planarconfig=planes if count > 1 else None,
        extrasamples=extra and [extra],
        compression=compression,
        byteorder=order,
        tile=(16, 16) if tiled else None,
        colormap=palette,
        metadata=None,
        **options,
    )
    return stream.getvalue(), samples, palette


def expected(layout: Layout, samples: np.ndarray, palette: np.ndarray | None) -> np.ndarray:
    """What the rules of `data.decode` make of the samples."""
    photometric, bits, _, _, extra, *_ = layout
    if palette is not None:
        return (palette[:, samples[:, :, 0]] >> 8).transpose(1, 2, 0).astype(np.uint8)
    levels = samples.astype(int) >> (bits - 8) if bits > 8 else samples.astype(int) * (255 // ((1 << bits) - 1))
    colours = levels[:, :, : SAMPLES[photometric]]
    if photometric == "miniswhite":
        colours = 255 - colours
    if extra == "assocalpha":
        alpha = levels[:, :, -1:]
        colours = np.where(alpha == 0, 0, np.minimum(255 * colours // np.maximum(alpha, 1), 255))
    return np.broadcast_to(colours, (HEIGHT, WIDTH, 3)).astype(np.uint8)


def is_promised(layout: Layout) -> bool:
    """Whether the layout is one that must be read: unsigned grey, colour or palette of usual depths."""
    (
        photometric,
        bits,
        kind,
        planes,
        extra,
        *_,
    ) = layout
    if kind != "u" or bits == 32 or (photometric == "miniswhite" and extra == "assocalpha"):
        return False
    if planes == "separate":
        return bits in (8, 16)
    if photometric == "rgb":
        return bits in (8, 16)
    return extra is None and (bits in (1, 2, 4, 8, 16) or (photometric == "palette"))


def test_every_layout_is_read_right_or_refused_in_a_line() -> None:
    read, refused, wrong, missing = 0, 0, [], []
    for layout in layouts():
        try:
            data, samples, palette = written(layout)
        except (ValueError, TypeError, tifffile.TiffFileError):
            continue  # the writer cannot
        try:
            found = decode(data, max_pixels=LIMIT)
        except ImageError as error:
            assert error.code in ("image-layout-unsupported", "image-samples-unsupported"), (layout, error)
            assert "\n" not in str(error)
            refused += 1
            if is_promised(layout):
                missing.append((layout, error.reason))
            continue
        read += 1
        assert layout[2] == "u", layout
        if not np.array_equal(found, expected(layout, samples, palette)):
            wrong.append(layout)
    assert not wrong
    assert not missing
    assert read > 800
    assert refused > 300


def test_a_palette_of_8_bits_is_understood() -> None:
    """The standard has 16 bits for each colour; some programs write 0 to 255."""
    rng = np.random.default_rng(0)
    samples, palette = rng.integers(0, 256, (HEIGHT, WIDTH), np.uint8), rng.integers(0, 256, (3, 256)).astype(np.uint16)
    stream = io.BytesIO()
    tifffile.imwrite(stream, samples, photometric="palette", colormap=palette, metadata=None)
    np.testing.assert_array_equal(
        decode(stream.getvalue(), max_pixels=LIMIT), palette[:, samples].transpose(1, 2, 0).astype(np.uint8)
    )


@pytest.mark.parametrize("kind", ["group3", "group4", "tiff_ccitt"])
@pytest.mark.parametrize("white_is_zero", [False, True])
def test_fax_compression(kind: str, white_is_zero: bool) -> None:
    bits = np.random.default_rng(0).random((HEIGHT, WIDTH)) < 0.3
    stream = io.BytesIO()
    Image.fromarray(bits).save(stream, "TIFF", compression=kind, tiffinfo={262: int(not white_is_zero)})
    np.testing.assert_array_equal(decode(stream.getvalue(), max_pixels=LIMIT)[:, :, 0], 255 * bits.astype(np.uint8))


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_bits_in_the_other_order(bits: int) -> None:
    """FillOrder 2, lowest bit first: written into the entry of a tag that says nothing of pixels, ResolutionUnit."""
    data, samples, _ = written(("minisblack", bits, "u", "contig", None, None, "<", False))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page: Any = file.pages[0]
        start, size, entry = page.dataoffsets[0], page.databytecounts[0], page.tags[296].offset
    turned = np.unpackbits(np.frombuffer(data[start : start + size], np.uint8).reshape(-1, 1), axis=1)[:, ::-1]
    changed = bytearray(data)
    changed[start : start + size] = np.packbits(turned, axis=1).tobytes()
    changed[entry : entry + 12] = struct.pack("<HHIHH", 266, 3, 1, 2, 0)
    found = decode(bytes(changed), max_pixels=LIMIT)
    np.testing.assert_array_equal(found[:, :, 0], samples[:, :, 0] * (255 // ((1 << bits) - 1)))


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_another_reader_gives_the_same_samples(compression: str | None) -> None:
    layout: Layout = ("rgb", 16, "u", "separate", None, compression, ">", False)
    data, samples, _ = written(layout)
    np.testing.assert_array_equal(np.moveaxis(tifffile.imread(io.BytesIO(data)), 0, 2), samples)
    np.testing.assert_array_equal(decode(data, max_pixels=LIMIT), samples >> 8)


@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize("rows", [1, 5, 37])
def test_strips_of_any_height_in_both_kinds_of_file(bigtiff: bool, rows: int) -> None:
    samples = np.random.default_rng(1).integers(0, 65536, (3, HEIGHT, WIDTH), np.uint16)
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream, bigtiff=bigtiff) as writer:
        writer.write(samples, photometric="rgb", planarconfig="separate", rowsperstrip=rows, metadata=None)
    found = decode(stream.getvalue(), max_pixels=LIMIT)
    np.testing.assert_array_equal(found, np.moveaxis(samples >> 8, 0, 2))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("planes", ["contig", "separate"])
def test_the_orientation_turns_pixels_and_header_alike(orientation: int, planes: str) -> None:
    layout: Layout = ("rgb", 16, "u", planes, None, None, "<", False)
    data, samples, _ = written(layout, extratags=[(274, 3, 1, orientation, True)])
    plain = Image.fromarray((samples >> 8).astype(np.uint8))
    turned = plain.transpose(_TURNS[orientation]) if orientation > 1 else plain
    np.testing.assert_array_equal(decode(data, max_pixels=LIMIT), np.asarray(turned))
    header = read_header(data)
    assert (header.width, header.height) == turned.size


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@pytest.mark.parametrize("subsampling", [(1, 1), (2, 1), (2, 2)])
@pytest.mark.parametrize("photometric", ["rgb", "ycbcr"])
@pytest.mark.parametrize("tiled", [False, True])
def test_jpeg_in_tiff_is_what_another_reader_gives(subsampling: tuple[int, int], photometric: str, tiled: bool) -> None:
    rng = np.random.default_rng(2)
    smooth = np.asarray(Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).resize((90, 70)))
    stream = io.BytesIO()
    tifffile.imwrite(
        stream,
        smooth,
        photometric=photometric,
        compression="jpeg",
        subsampling=subsampling,
        tile=(32, 32) if tiled else None,
        metadata=None,
    )
    np.testing.assert_array_equal(
        decode(stream.getvalue(), max_pixels=LIMIT), tifffile.imread(io.BytesIO(stream.getvalue()))
    )


def test_a_damaged_jpeg_in_a_tiff_is_refused() -> None:
    smooth = np.asarray(
        Image.fromarray(np.random.default_rng(3).integers(0, 256, (9, 9, 3), np.uint8)).resize((96, 96))
    )
    stream = io.BytesIO()
    tifffile.imwrite(stream, smooth, photometric="rgb", compression="jpeg", tile=(48, 48), metadata=None)
    data = bytearray(stream.getvalue())
    page = tifffile.TiffFile(io.BytesIO(bytes(data))).pages[0]
    start, size = page.dataoffsets[1], page.databytecounts[1]
    data[start + size // 2 : start + size // 2 + 2] = b"\xff\xd9"  # the tile ends in its middle
    with pytest.raises(ImageError, match="not all there", check=lambda error: error.code == "image-damaged"):
        decode(bytes(data), max_pixels=LIMIT)


@pytest.mark.parametrize("compression", ["zlib", "lzma"])
def test_checksums_find_every_change_of_compressed_pixels(compression: str) -> None:
    data, samples, _ = written(("rgb", 8, "u", "contig", None, compression, "<", False))
    page = tifffile.TiffFile(io.BytesIO(data)).pages[0]
    start, size = page.dataoffsets[0], page.databytecounts[0]
    rng = np.random.default_rng(0)
    for _ in range(200):
        changed = bytearray(data)
        changed[start + int(rng.integers(size))] ^= 1 << int(rng.integers(8))
        try:
            found = decode(bytes(changed), max_pixels=LIMIT)
        except ImageError as error:
            assert error.code == "image-damaged"
        else:
            np.testing.assert_array_equal(found, samples)


TAGS_REFUSED = {
    "a reduced preview": {"subfiletype": 1},
    "raw sensor": {"photometric": "cfa"},
    "mask": {"photometric": "mask", "bilevel": True},
}


@pytest.mark.parametrize("word", TAGS_REFUSED)
def test_what_is_no_plain_picture_is_refused_by_name(word: str) -> None:
    options = dict(TAGS_REFUSED[word])
    data = np.eye(HEIGHT, WIDTH).astype(bool if options.pop("bilevel", False) else np.uint8)
    stream = io.BytesIO()
    tifffile.imwrite(stream, data, **{"photometric": "minisblack", "metadata": None} | options)
    with pytest.raises(ImageError, match=word, check=lambda error: error.code == "image-layout-unsupported"):
        decode(stream.getvalue(), max_pixels=LIMIT)


def test_ycbcr_with_fewer_colours_than_pixels_is_refused_without_compression() -> None:
    """The default of the standard where the tag is missing: 2 x 2 pixels have one colour."""
    data, *_ = written(("rgb", 8, "u", "contig", None, None, "<", False))
    place = tifffile.TiffFile(io.BytesIO(data)).pages[0].tags[262].valueoffset
    data = data[:place] + bytes([6, 0]) + data[place + 2 :]
    with pytest.raises(ImageError, match="fewer colours", check=lambda error: error.code == "image-layout-unsupported"):
        decode(data, max_pixels=LIMIT)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.99])
@pytest.mark.parametrize("planes", ["contig", "separate"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_file_that_is_cut_short_is_refused(share: float, planes: str, compression: str | None) -> None:
    data, *_ = written(("rgb", 16, "u", planes, None, compression, "<", False))
    with pytest.raises(ImageError, check=lambda error: error.code == "image-damaged"):
        decode(data[: int(share * len(data))], max_pixels=LIMIT)


def test_damaged_metadata_keep_no_picture_from_being_read() -> None:
    data, samples, _ = written(
        ("rgb", 8, "u", "contig", None, None, "<", False), extratags=[(34665, 4, 1, 2**31, True)]
    )  # the place of EXIF, far behind the end
    np.testing.assert_array_equal(decode(data, max_pixels=LIMIT), samples)
