"""The directory of a TIFF file: the tags that say how pixels are stored, read and written; metadata are not looked at.

Source: TIFF 6.0 (Adobe, 1992), section 2; BigTIFF.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from forensictransfer.data.codecs.errors import CodecError


class Tag(IntEnum):
    """Tags that say how pixels are stored."""

    SUBFILE = 254
    WIDTH = 256
    HEIGHT = 257
    BITS = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    FILL_ORDER = 266
    STRIPS = 273
    SAMPLES = 277
    ROWS = 278
    STRIP_SIZES = 279
    PLANAR = 284
    FAX_3 = 292
    FAX_4 = 293
    PREDICTOR = 317
    COLOUR_MAP = 320
    TILE_WIDTH = 322
    TILE_HEIGHT = 323
    TILES = 324
    TILE_SIZES = 325
    INK_SET = 332
    EXTRA = 338
    FORMAT = 339
    JPEG_TABLES = 347
    YCBCR_FACTORS = 529
    SUBSAMPLING = 530
    POSITIONING = 531
    BLACK_WHITE = 532


_SHORT, _LONG, _RATIONAL, _UNDEFINED = 3, 4, 5, 7
# Types that hold whole numbers or pairs of them: letter and bytes of a number, bytes of a value.
_LETTERS = {1: "B", 3: "H", 4: "I", 5: "I", 8: "h", 9: "i", 13: "I", 16: "Q", 18: "Q"}
_STEPS = {kind: struct.calcsize("=" + letter) for kind, letter in _LETTERS.items()}
_SIZES = {**_STEPS, _RATIONAL: 8, _UNDEFINED: 1}
# The type that a tag is written with, if not _SHORT.
_TYPES = {
    **dict.fromkeys(
        (Tag.SUBFILE, Tag.WIDTH, Tag.HEIGHT, Tag.STRIPS, Tag.ROWS, Tag.STRIP_SIZES, Tag.FAX_3, Tag.FAX_4), _LONG
    ),
    **dict.fromkeys((Tag.TILE_WIDTH, Tag.TILE_HEIGHT, Tag.TILES, Tag.TILE_SIZES), _LONG),
    **dict.fromkeys((Tag.YCBCR_FACTORS, Tag.BLACK_WHITE), _RATIONAL),
    Tag.JPEG_TABLES: _UNDEFINED,
}
_KNOWN = frozenset(Tag)
Tags = Mapping[int, tuple[Any, ...]]  # the values of each tag
Changes = Mapping[int, tuple[Any, ...] | None]  # other values of some tags, None for those to leave out


def read_tags(content: bytes) -> Tags:
    """Read the tags of the first directory of a TIFF file that say how pixels are stored.

    Metadata are not looked at. Raises CodecError where the directory or one of these tags is cut short.
    """
    order = "<" if content[:2] == b"II" else ">"
    big = struct.unpack_from(order + "H", content, 2)[0] == 43
    try:
        (place,) = struct.unpack_from(order + ("Q" if big else "I"), content, 8 if big else 4)
        (count,) = struct.unpack_from(order + ("Q" if big else "H"), content, place)
        place += 8 if big else 2
        tags: dict[int, tuple[Any, ...]] = {}
        for entry in range(place, place + count * (20 if big else 12), 20 if big else 12):
            tag, kind, number = struct.unpack_from(order + ("HHQ" if big else "HHI"), content, entry)
            if tag in _KNOWN and kind in _SIZES:
                size = number * _SIZES[kind]
                value = entry + (12 if big else 8)
                if size > (8 if big else 4):
                    (value,) = struct.unpack_from(order + ("Q" if big else "I"), content, value)
                if value + size > len(content):
                    raise CodecError("the file is cut short, its directory points behind it")
                tags[tag] = _unpacked(content[value : value + size], kind, order)
    except struct.error:
        raise CodecError("the file is cut short, its directory is not all there") from None
    return tags


def _unpacked(packed: bytes, kind: int, order: str) -> tuple[Any, ...]:
    """Decode the values of a tag: numbers, pairs of them for rationals, bytes for undefined ones."""
    if kind == _UNDEFINED:
        return (packed,)
    numbers = struct.unpack(f"{order}{len(packed) // _STEPS[kind]}{_LETTERS[kind]}", packed)
    return tuple(zip(numbers[::2], numbers[1::2], strict=True)) if kind == _RATIONAL else numbers


def number(tags: Tags, tag: Tag, default: int) -> int:
    """Return the first value of a tag, or the default where it is missing."""
    return int(tags.get(tag, (default,))[0])


def with_tags(content: bytes, tags: Tags, changed: Changes) -> bytes:
    """Add a directory of the tags of the layout alone; `changed` replaces some of them, None leaves one out."""
    little = content[:2] == b"II"
    order = "<" if little else ">"
    merged: dict[int, tuple[Any, ...] | None] = {**tags, **changed}
    kept = {tag: values for tag, values in sorted(merged.items()) if values is not None}
    start = len(content) + len(content) % 2
    place = start + 2 + 12 * len(kept) + 4
    entries, values = [], b""
    for tag, value in kept.items():
        kind, count, packed = _packed(tag, value, order)
        if len(packed) > 4:
            packed, values = struct.pack(order + "I", place + len(values)), values + packed + bytes(len(packed) % 2)
        entries.append(struct.pack(order + "HHI", tag, kind, count) + packed.ljust(4, b"\0"))
    head = (b"II*\0" if little else b"MM\0*") + struct.pack(order + "I", start)
    directory = struct.pack(order + "H", len(entries)) + b"".join(entries) + bytes(4)
    return b"".join((head, content[8:], bytes(len(content) % 2), directory, values))


def _packed(tag: int, values: tuple[Any, ...], order: str) -> tuple[int, int, bytes]:
    """Encode the values of a tag: its type, how many, the bytes."""
    kind = _TYPES.get(Tag(tag), _SHORT)
    if kind == _UNDEFINED:
        return kind, len(values[0]), values[0]
    numbers = [number for pair in values for number in pair] if kind == _RATIONAL else values
    return kind, len(values), struct.pack(f"{order}{len(numbers)}{_LETTERS[kind]}", *numbers)
