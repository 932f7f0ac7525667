"""EXIF within limits: the entries that tell of origin, by the names of the standard, and the thumbnail.

Of each directory every known tag is decoded once and to a limit, so that entries which all point to one large value
cost nothing; directories that point to each other are read once. Numbers that no honest file holds stay numbers.
Sources: Exif 3.0 (CIPA DC-008, 2023); TIFF 6.0 (Adobe, 1992), section 2; BigTIFF.
"""

from __future__ import annotations

import struct
from collections.abc import Collection
from dataclasses import dataclass, field

from forensictransfer.data.metadata.limits import MOST_ENTRIES, MOST_NUMBERS, MOST_TEXT

XMP_TAG = 700
_PHOTO_IFD, _GPS_IFD = 34665, 34853
_MAIN = {
    256: "ImageWidth",
    257: "ImageLength",
    270: "ImageDescription",
    271: "Make",
    272: "Model",
    274: "Orientation",
    305: "Software",
    306: "DateTime",
    315: "Artist",
    316: "HostComputer",
    33432: "Copyright",
    11: "ProcessingSoftware",
    40091: "XPTitle",
    40092: "XPComment",
}
_PHOTO = {
    36864: "ExifVersion",
    36867: "DateTimeOriginal",
    36868: "DateTimeDigitized",
    36880: "OffsetTime",
    36881: "OffsetTimeOriginal",
    36882: "OffsetTimeDigitized",
    37510: "UserComment",
    40962: "PixelXDimension",
    40963: "PixelYDimension",
    42035: "LensMake",
    42036: "LensModel",
    42080: "CompositeImage",
    42037: "LensSerialNumber",
    42033: "BodySerialNumber",
    42040: "ImageEditor",
    42041: "CameraFirmware",
    42042: "RAWDevelopingSoftware",
    42043: "ImageEditingSoftware",
    42044: "MetadataEditingSoftware",
}
_GPS = {
    1: "GPSLatitudeRef",
    2: "GPSLatitude",
    3: "GPSLongitudeRef",
    4: "GPSLongitude",
    7: "GPSTimeStamp",
    29: "GPSDateStamp",
}
_COMPRESSION, _THUMBNAIL, _THUMBNAIL_SIZE = 259, 513, 514
_STRIPS, _STRIP_SIZES, _PHOTOMETRIC = 273, 279, 262
_THUMBNAIL_TAGS = (256, 257, _COMPRESSION, _PHOTOMETRIC, _STRIPS, _STRIP_SIZES, _THUMBNAIL, _THUMBNAIL_SIZE)
_FORMS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_SIZES = {kind: struct.calcsize("=" + form) for kind, form in _FORMS.items()} | {2: 1, 5: 8, 7: 1, 10: 8, 129: 1}

Value = str | tuple[float, ...]


@dataclass
class Directory:
    """The entries of a directory that were asked for: values by tag, and their bytes; `following` is the next one."""

    values: dict[int, Value] = field(default_factory=dict)
    raw: dict[int, bytes] = field(default_factory=dict)
    following: int = 0
    is_damaged: bool = False


@dataclass
class Exif:
    """EXIF entries by the names of the standard, the encoded or raw thumbnail, and what was wrong, in words.

    raw_size: width and height of a thumbnail of raw RGB bytes; None for one that is a JPEG.
    """

    entries: dict[str, Value] = field(default_factory=dict)
    thumbnail: bytes = b""
    raw_size: tuple[int, int] | None = None
    problems: list[str] = field(default_factory=list)

    def text(self, name: str) -> str:
        """Give an entry that is a text; "" where there is none."""
        value = self.entries.get(name, "")
        return value if isinstance(value, str) else ""

    def numbers(self, name: str) -> tuple[float, ...]:
        """Give an entry of numbers; () where there are none."""
        value = self.entries.get(name, ())
        return () if isinstance(value, str) else value


def read_exif(block: bytes) -> Exif:
    """Read EXIF from its block, a TIFF structure. What is damaged is left out and said in `problems`."""
    found = Exif()
    if not block:
        return found
    main = read_directory(block, (*_MAIN, _PHOTO_IFD, _GPS_IFD))
    _take(found, main, _MAIN)
    seen = {_first_place(block)}
    for tag, names, what in ((_PHOTO_IFD, _PHOTO, "EXIF"), (_GPS_IFD, _GPS, "GPS")):
        place = _whole(main, tag)
        if place is None:
            continue
        if place in seen:
            found.problems.append(f"the {what} directory points back to another one")
            continue
        seen.add(place)
        directory = read_directory(block, names, place)
        _take(found, directory, names)
    if main.following and block[:2] in (b"II", b"MM"):
        if main.following in seen:
            found.problems.append("the directory of the thumbnail points back to another one")
        else:
            _read_thumbnail(block, main.following, found)
    return found


def _take(found: Exif, directory: Directory, names: dict[int, str]) -> None:
    found.entries |= {names[tag]: value for tag, value in directory.values.items() if tag in names}
    if directory.is_damaged and "entries point behind the block or are of no known type" not in found.problems:
        found.problems.append("entries point behind the block or are of no known type")


def read_directory(block: bytes, tags: Collection[int], place: int | None = None) -> Directory:
    """Read some tags of one directory of a TIFF structure (default: the first)."""
    found = Directory()
    try:
        order, big = _layout(block)
        place = _first_place(block) if place is None else place
        (count,) = struct.unpack_from(order + ("Q" if big else "H"), block, place)
        place += 8 if big else 2
        step = 20 if big else 12
        for entry in range(place, place + min(count, MOST_ENTRIES) * step, step):
            tag, kind, number = struct.unpack_from(order + ("HHQ" if big else "HHI"), block, entry)
            if tag not in tags or tag in found.raw:
                continue
            size = number * _SIZES.get(kind, 0)
            start = entry + (12 if big else 8)
            if size > (8 if big else 4):
                (start,) = struct.unpack_from(order + ("Q" if big else "I"), block, start)
            if kind not in _SIZES or start + size > len(block):
                found.is_damaged = True
                continue
            found.raw[tag] = block[start : start + min(size, MOST_TEXT)]
            found.values[tag] = _decoded(found.raw[tag], kind, order, tag)
        if count <= MOST_ENTRIES:
            (found.following,) = struct.unpack_from(order + ("Q" if big else "I"), block, place + count * step)
        else:
            found.is_damaged = True
    except struct.error:
        found.is_damaged = True
    return found


def _layout(block: bytes) -> tuple[str, bool]:
    """Tell the order of bytes and whether it is BigTIFF. Raises struct.error for what is neither."""
    if block[:2] not in (b"II", b"MM"):
        raise struct.error("no TIFF structure")
    order = "<" if block[:2] == b"II" else ">"
    return order, struct.unpack_from(order + "H", block, 2)[0] == 43


def _first_place(block: bytes) -> int:
    try:
        order, big = _layout(block)
        return int(struct.unpack_from(order + ("Q" if big else "I"), block, 8 if big else 4)[0])
    except struct.error:
        return 0


def _decoded(packed: bytes, kind: int, order: str, tag: int) -> Value:
    if tag == 37510:
        return _comment(packed, order)
    if 40091 <= tag <= 40095:  # Windows' own, always in 16 bits
        return packed.decode("utf-16-le", "replace").rstrip("\0")
    if kind in (2, 7, 129):
        return packed.split(b"\0")[0].decode("utf-8", "replace").strip()
    if kind in (5, 10):
        form = order + ("II" if kind == 5 else "ii")
        pairs = [struct.unpack_from(form, packed, place) for place in range(0, len(packed) - 7, 8)][:MOST_NUMBERS]
        return tuple(top / bottom if bottom else float("nan") for top, bottom in pairs)
    number = min(len(packed) // _SIZES[kind], MOST_NUMBERS)
    return tuple(struct.unpack_from(f"{order}{number}{_FORMS[kind]}", packed))


def _comment(packed: bytes, order: str) -> str:
    """Read UserComment: eight bytes name its coding; programs disagree on the order of bytes in Unicode."""
    coding, text = packed[:8], packed[8:]
    if coding.startswith(b"UNICODE"):
        zeros = text[:2000]
        little = zeros[1::2].count(0) > zeros[::2].count(0) if zeros.count(0) else order == "<"
        return text.decode("utf-16-le" if little else "utf-16-be", "replace").strip("\0 \ufeff")
    if not coding.startswith((b"ASCII", b"JIS")) and coding.strip(b"\0 "):
        text = packed  # no coding is named
    return text.decode("utf-8", "replace").strip("\0 ")


def _whole(directory: Directory, tag: int) -> int | None:
    value = directory.values.get(tag)
    return int(value[0]) if isinstance(value, tuple) and value else None


def _read_thumbnail(block: bytes, place: int, found: Exif) -> None:
    directory = read_directory(block, _THUMBNAIL_TAGS, place)
    start, size = _whole(directory, _THUMBNAIL), _whole(directory, _THUMBNAIL_SIZE)
    if start is not None and size:
        found.thumbnail = block[start : start + min(size, MOST_TEXT)]
        if start + size > len(block):
            found.problems.append("the thumbnail ends behind the block")
        return
    strip, length = _whole(directory, _STRIPS), _whole(directory, _STRIP_SIZES)
    width, height = _whole(directory, 256), _whole(directory, 257)
    is_rgb = _whole(directory, _COMPRESSION) == 1 and _whole(directory, _PHOTOMETRIC) == 2
    if is_rgb and strip is not None and width and height and length == 3 * width * height <= MOST_TEXT:
        found.thumbnail, found.raw_size = block[strip : strip + length], (width, height)
