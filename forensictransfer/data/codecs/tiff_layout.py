"""How the pixels of a TIFF file are stored, and which layouts are not read here.

Source: TIFF 6.0 (Adobe, 1992); Adobe Photoshop TIFF Technical Notes (2002).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from forensictransfer.core.errors import ErrorCode
from forensictransfer.data.codecs.errors import CodecError
from forensictransfer.data.codecs.tiff_tags import Tag, Tags, number


class Colours(IntEnum):
    """What samples mean: PhotometricInterpretation."""

    WHITE_IS_ZERO = 0
    BLACK_IS_ZERO = 1
    RGB = 2
    PALETTE = 3
    CMYK = 5
    YCBCR = 6
    LAB = 8


class Compression(IntEnum):
    """Compressions that need a rule."""

    NONE = 1
    OLD_JPEG = 6
    JPEG = 7
    DEFLATE = 8
    OLD_DEFLATE = 32946
    LZMA = 34925
    WEBP = 50001


UNIT_ALPHA = 1  # extra sample: alpha that the colours are multiplied by
_FORMATS = {2: "signed", 3: "floating", 4: "undefined", 5: "complex", 6: "complex"}
_OTHERS = {4: "mask", 9: "ICC Lab", 10: "ITU Lab", 32803: "raw sensor", 32844: "logarithmic", 32845: "logarithmic"} | {
    34892: "raw sensor",
    51177: "depth",
}
_FULL_RANGE = [0, 255, 128, 255, 128, 255]  # black and white of Y, Cb and Cr


@dataclass(frozen=True)
class Layout:
    """How the pixels of the first image of a TIFF file are stored; sizes in pixels, before the orientation."""

    width: int
    height: int
    samples: int
    bits: int
    colours: Colours
    separate: bool
    compression: int
    extra: tuple[int, ...]


def read_layout(tags: Tags) -> Layout:
    """Read the layout from the tags of a directory.

    Raises CodecError for one that is not read here: other than unsigned samples of one length up to 16 bits, colours
    whose meaning is not stated, a lossy compression of what must be exact, the small preview of a camera's raw file.
    """
    samples = number(tags, Tag.SAMPLES, 1)
    bits = set(tags.get(Tag.BITS, (1,)))
    formats = set(tags.get(Tag.FORMAT, (1,)))
    colours, compression = number(tags, Tag.PHOTOMETRIC, 0), number(tags, Tag.COMPRESSION, Compression.NONE)
    if number(tags, Tag.SUBFILE, 0) & 1:
        raise unsupported("an image as the first one", "a reduced preview, as in the raw files of cameras")
    if formats != {1}:
        kind = next((_FORMATS.get(number, "unknown") for number in sorted(formats - {1})), "unknown")
        raise CodecError(
            f"expected samples of 1 to 16 bits without sign, found {kind} samples", ErrorCode.IMAGE_SAMPLES_UNSUPPORTED
        )
    if len(bits) != 1:
        lengths = ", ".join(map(str, sorted(bits)[:4])) + ", ..." * (len(bits) > 4)
        raise unsupported("samples of one length", f"samples of {lengths} bits")
    depth = bits.pop()
    if not 1 <= depth <= 16:
        raise CodecError(
            f"expected samples of 1 to 16 bits without sign, found samples of {depth} bits",
            ErrorCode.IMAGE_SAMPLES_UNSUPPORTED,
        )
    if colours not in set(Colours):
        raise unsupported("grey, colour, palette, CMYK or YCbCr", f"{_OTHERS.get(colours, f'kind {colours}')} samples")
    layout = Layout(
        width=number(tags, Tag.WIDTH, 0),
        height=number(tags, Tag.HEIGHT, 0),
        samples=samples,
        bits=depth,
        colours=Colours(colours),
        separate=number(tags, Tag.PLANAR, 1) == 2 and samples > 1,
        compression=compression,
        extra=tags.get(Tag.EXTRA, ()),
    )
    _check_compression(layout, tags)
    return layout


def _check_compression(layout: Layout, tags: Tags) -> None:
    lossy = layout.compression in (Compression.OLD_JPEG, Compression.JPEG, Compression.WEBP)
    if layout.compression == Compression.OLD_JPEG:
        raise unsupported("a compression that one reading agrees on", "JPEG in the form that TIFF gave up in 1995")
    if lossy and layout.bits != 8:
        raise unsupported("8 bits under lossy compression", f"{layout.bits} bits")
    if lossy and layout.colours == Colours.PALETTE:
        raise unsupported("a palette's numbers as they were", "numbers under lossy compression")
    if layout.colours == Colours.CMYK and number(tags, Tag.INK_SET, 1) != 1:
        raise unsupported("cyan, magenta, yellow and black", "other inks")
    if layout.colours == Colours.YCBCR and layout.compression != Compression.JPEG:
        if layout.bits != 8 or layout.samples != 3 or layout.separate:
            raise unsupported("YCbCr of three samples of 8 bits", "another layout of YCbCr")
        if tags.get(Tag.SUBSAMPLING, (2, 2)) != (1, 1) and layout.compression == Compression.NONE:
            raise unsupported("YCbCr with a colour for each pixel", "fewer colours than pixels, without compression")
        if (
            tags.get(Tag.BLACK_WHITE, ())
            and [top / (bottom or 1) for top, bottom in tags[Tag.BLACK_WHITE]] != _FULL_RANGE
        ):
            raise unsupported("YCbCr of the full range", "another black and white")
    if layout.colours == Colours.WHITE_IS_ZERO and layout.extra[:1] == (UNIT_ALPHA,):
        raise unsupported("black at zero where alpha multiplies it", "white at zero")
    if layout.compression == Compression.JPEG and layout.samples == 2 and not layout.separate:
        raise unsupported("one, three or four samples under JPEG", "two")
    if layout.separate and layout.colours in (Colours.PALETTE, Colours.YCBCR, Colours.LAB):
        raise unsupported("samples of a pixel side by side", "separate planes of palette, YCbCr or Lab colours")


def check_ends(length: int, tags: Tags, layout: Layout) -> None:
    """Raise CodecError where a strip or tile ends behind the file."""
    tiled = Tag.TILES in tags
    places = tags.get(Tag.TILES if tiled else Tag.STRIPS, ())
    sizes = tags.get(Tag.TILE_SIZES if tiled else Tag.STRIP_SIZES, ())
    if not places:
        raise CodecError("it has no strips or tiles of pixels")
    if layout.compression == Compression.NONE:
        width = number(tags, Tag.TILE_WIDTH, 0) if tiled else layout.width
        rows = number(tags, Tag.TILE_HEIGHT, 0) if tiled else min(number(tags, Tag.ROWS, layout.height), layout.height)
        size = rows * -(-width * layout.bits * (1 if layout.separate else layout.samples) // 8)
        sizes = (size,) * len(places)
        in_plane = len(places) // layout.samples if layout.separate else len(places)
        if not tiled and in_plane and layout.height % max(rows, 1):  # the last strip of each plane is shorter
            last = size // max(rows, 1) * (layout.height % max(rows, 1))
            sizes = tuple(last if number % in_plane == in_plane - 1 else size for number in range(len(places)))
    short = sum(int(place) + int(size) > length for place, size in zip(places, sizes, strict=False))
    if short:
        raise CodecError(f"the file is cut short, {short:,} of {len(places):,} strips or tiles end behind it")


def unsupported(expected: str, found: str) -> CodecError:
    """Make the error of a layout that is not read here."""
    return CodecError(f"expected {expected}, found {found}", ErrorCode.IMAGE_LAYOUT_UNSUPPORTED)
