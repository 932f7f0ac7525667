"""TIFF pixels by the layout that the file states: converted right, or refused by name.

PIL chooses by a table of layouts, and a few of its entries are wrong or say nothing: separate planes of 16 bits come
out as noise, 16 bits with white at zero as the negative, signed samples as unsigned ones. So the layout is decided
here, and PIL gets what it reads right: the same strips or tiles under a directory of their own, one plane at a time
where planes are separate. That directory holds no metadata, which therefore cannot stop an image from being read.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image, TiffImagePlugin

from forensictransfer.data.codecs.checksums import inflates, is_whole_xz
from forensictransfer.data.codecs.errors import CodecError
from forensictransfer.data.codecs.jpeg import decode_jpeg
from forensictransfer.data.codecs.tiff_layout import (
    UNIT_ALPHA,
    Colours,
    Compression,
    Layout,
    check_ends,
    read_layout,
    unsupported,
)
from forensictransfer.data.codecs.tiff_tags import Changes, Tag, Tags, read_tags, with_tags


def decode_tiff(content: bytes) -> Image.Image | np.ndarray:
    """Decode the first image of a TIFF file, before the orientation is applied.

    Args:
        content: the file.
    Returns:
        What PIL reads right, as its image, or pixels uint8 (h, w, 3) where the layout needed more than that.
    Raises:
        CodecError: a layout that is not read here, or damaged data.
    """
    tags = read_tags(content)
    layout = read_layout(tags)
    check_ends(len(content), tags, layout)
    _check_parts(content, tags, layout)
    if layout.separate:
        return _from_planes(content, tags, layout)
    palette = tags.get(Tag.COLOUR_MAP, ())
    if layout.colours == Colours.PALETTE and palette and max(palette) < 256:
        # Some programs write 8 bits where the standard has 16, which all others, libtiff among them, take into account.
        return _with_directory(content, tags, {Tag.COLOUR_MAP: tuple(257 * level for level in palette)})
    if layout.colours == Colours.WHITE_IS_ZERO and layout.bits > 8 and layout.samples == 1:
        grey = _eight_bits(_with_directory(content, tags, {Tag.PHOTOMETRIC: (Colours.BLACK_IS_ZERO,)}), layout.bits)
        return np.repeat(255 - grey[:, :, None], 3, axis=2)
    return _with_directory(content, tags, {})


def with_readable_directory(content: bytes) -> bytes:
    """Write a TIFF file that PIL does not open under a directory that it does, to look at its size and kind.

    Grey with white at zero is called grey, separate planes the first of them. Raises CodecError for a layout that is
    not read here.
    """
    tags = read_tags(content)
    layout = read_layout(tags)
    changed: dict[int, tuple[Any, ...] | None] = (
        {Tag.PHOTOMETRIC: (Colours.BLACK_IS_ZERO,)} if layout.colours == Colours.WHITE_IS_ZERO else {}
    )
    if layout.separate:
        changed = _plane(tags, layout, 0)
    rewritten = with_tags(content, tags, changed)
    _opened(rewritten, layout).close()
    return rewritten


def _from_planes(content: bytes, tags: Tags, layout: Layout) -> np.ndarray:
    """Decode each plane as a grey image and put them together."""
    needed = {Colours.RGB: 3, Colours.CMYK: 4}.get(layout.colours, 1)
    alpha = layout.extra[:1] == (UNIT_ALPHA,)
    if layout.samples < needed + alpha:
        raise unsupported(f"{needed + alpha} samples for each pixel", str(layout.samples))
    planes = [
        _eight_bits(_with_directory(content, tags, _plane(tags, layout, number)), layout.bits)
        for number in range(needed + alpha)
    ]
    if layout.colours == Colours.CMYK:
        return rgb_of(Image.merge("CMYK", [Image.fromarray(plane) for plane in planes]))
    pixels = np.stack(planes[:needed], axis=2)
    if layout.colours == Colours.WHITE_IS_ZERO:
        pixels = 255 - pixels
    if alpha:
        pixels = _unmultiplied(pixels, planes[-1])
    return np.repeat(pixels, 3, axis=2) if needed == 1 else pixels


def rgb_of(image: Image.Image) -> np.ndarray:
    """Convert an image of 8 bits to uint8 (h, w, 3); alpha is dropped, colours that it multiplies are divided by it."""
    if image.mode == "La":
        samples = np.asarray(image)
        return np.repeat(_unmultiplied(samples[:, :, :1], samples[:, :, 1]), 3, axis=2)
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _unmultiplied(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Divide colours uint8 (h, w, c) by alpha (h, w), as PIL does for TIFF: black where it is 0."""
    alpha = alpha[:, :, None].astype(int)
    divided: np.ndarray = np.minimum(255 * colours.astype(int) // np.maximum(alpha, 1), 255)
    return np.where(alpha == 0, 0, divided).astype(np.uint8)


def _plane(tags: Tags, layout: Layout, number: int) -> dict[int, tuple[Any, ...] | None]:
    """Write the tags of one plane as a grey image: its part of the strips or tiles."""
    changed: dict[int, tuple[Any, ...] | None] = {
        Tag.PHOTOMETRIC: (Colours.BLACK_IS_ZERO,),
        Tag.SAMPLES: (1,),
        Tag.PLANAR: (1,),
        Tag.BITS: (layout.bits,),
        Tag.FORMAT: (1,),
        Tag.EXTRA: None,
        Tag.INK_SET: None,
    }
    for tag in (Tag.STRIPS, Tag.STRIP_SIZES, Tag.TILES, Tag.TILE_SIZES):
        places = tags.get(tag, ())
        if len(places) % layout.samples:
            raise CodecError(f"{len(places)} strips or tiles are not the same number for {layout.samples} planes")
        count = len(places) // layout.samples
        if places:
            changed[tag] = places[number * count : (number + 1) * count]
    return changed


def _eight_bits(image: Image.Image, bits: int) -> np.ndarray:
    """Give the top 8 bits of a grey image, uint8 (h, w); fewer bits are spread over 0 to 255."""
    if bits > 8:
        return (np.asarray(image) >> (bits - 8)).astype(np.uint8)
    return np.asarray(image.convert("L"))


def _with_directory(content: bytes, tags: Tags, changed: Changes) -> Image.Image:
    """Decode under a directory of its own (`with_tags`). Raises CodecError for a layout that PIL does not know."""
    image = _opened(with_tags(content, tags, changed), read_layout(tags))
    image.load()
    return image


def _opened(content: bytes, layout: Layout) -> TiffImagePlugin.TiffImageFile:
    try:
        return TiffImagePlugin.TiffImageFile(io.BytesIO(content))
    except SyntaxError:
        colours = {
            Colours.WHITE_IS_ZERO: "grey",
            Colours.BLACK_IS_ZERO: "grey",
            Colours.RGB: "colour",
            Colours.PALETTE: "palette",
        }
        raise unsupported(
            "a usual layout of samples",
            f"{layout.samples} of {layout.bits} bits for a {colours.get(layout.colours, 'CMYK, YCbCr or Lab')} pixel",
        ) from None


def _check_parts(content: bytes, tags: Tags, layout: Layout) -> None:
    """Raise CodecError where a strip or tile is damaged by its own checksum, or is a damaged JPEG."""
    places = tags.get(Tag.STRIPS, ()) or tags.get(Tag.TILES, ())
    sizes = tags.get(Tag.STRIP_SIZES, ()) or tags.get(Tag.TILE_SIZES, ())
    parts = (content[place : place + size] for place, size in zip(places, sizes, strict=False))
    if layout.compression == Compression.JPEG:
        (tables,) = tags.get(Tag.JPEG_TABLES, (b"",))
        colours = "CMYK" if layout.samples == 4 and not layout.separate else "RGB"
        for part in parts:
            decode_jpeg(tables[:-2] + part[2:] if len(tables) > 4 else part, colours)
    elif layout.compression in (Compression.DEFLATE, Compression.OLD_DEFLATE):
        if not all(inflates([part]) for part in parts):
            raise CodecError("the checksum of its pixels is wrong")
    elif layout.compression == Compression.LZMA and not all(is_whole_xz(part) for part in parts):
        raise CodecError("the checksum of its pixels is wrong")
