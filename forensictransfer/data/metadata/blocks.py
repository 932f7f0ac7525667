"""Where in an image file its metadata lie: the raw blocks of EXIF, XMP, IPTC and texts, cut out and unpacked.

Sources: JPEG: ITU-T T.81, annex B; Exif 3.0 (CIPA DC-008), 4.5; XMP Specification Part 3 (Adobe, 2020), which has PNG,
WebP and TIFF too, and how XMP of more than 64 kB is divided; PNG: W3C, chapter 11; WebP: RFC 9649.
C2PA manifests are only noticed here: JUMBF in APP11 of JPEG, `caBX` of PNG, `C2PA` of WebP, tag 52545 of TIFF.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from forensictransfer.data.codecs import jpeg_structure, png
from forensictransfer.data.metadata.exif import XMP_TAG, Directory, read_directory
from forensictransfer.data.metadata.limits import MOST_PARTS, MOST_TEXT, MOST_TEXTS, MOST_TOGETHER, in_short

_EXIF, _XMP = b"Exif\0", b"http://ns.adobe.com/xap/1.0/\0"
_MORE_XMP, _PHOTOSHOP = b"http://ns.adobe.com/xmp/extension/\0", b"Photoshop 3.0\0"
_IPTC_TAG, _PHOTOSHOP_TAG, _C2PA_TAG = 33723, 34377, 52545
_IPTC, _THUMBNAIL, _XMP_RESOURCE = 0x0404, 0x040C, 0x0424
_MOST_NOTES = 8
_RAW = b"Raw profile type "  # ImageMagick's texts of hexadecimal digits


@dataclass(frozen=True)
class Text:
    """A text with its key: of a PNG, or (key "comment") of a JPEG. is_whole: False where its end was left out."""

    key: str
    text: str
    is_whole: bool = True


@dataclass
class Blocks:
    """The metadata of a file as they lie there, unpacked; `left_out` says in words what was not read.

    exif: a TIFF structure, b"" for none. xmp: packets of XML. iptc: records of IIM. texts: in their order.
    photoshop_thumbnail: an encoded image. has_c2pa: whether a C2PA manifest seems to be in the file. is_whole: False
    for a file of more parts than are looked at.
    """

    exif: bytes = b""
    xmp: list[bytes] = field(default_factory=list)
    iptc: bytes = b""
    texts: list[Text] = field(default_factory=list)
    photoshop_thumbnail: bytes = b""
    has_c2pa: bool = False
    is_whole: bool = True
    _read: int = 0  # characters of all texts
    left_out: list[str] = field(default_factory=list)

    def leave_out(self, what: str) -> None:
        """Note once that something was not read."""
        if len(self.left_out) < _MOST_NOTES and what not in self.left_out:
            self.left_out.append(what)

    def has_room(self, size: int) -> bool:
        """Tell whether another text of so many bytes is read; notes that it is not."""
        self._read += size
        if self._read > MOST_TOGETHER or len(self.texts) >= MOST_TEXTS:
            self.leave_out(f"texts beyond {MOST_TEXTS:,} or 16 MB")
            return False
        return True


def read_blocks(content: bytes, kind: str) -> Blocks:
    """Find the metadata of an encoded image. kind: JPEG (or MPO), PNG, WEBP, TIFF or BMP, as the decoder has it."""
    blocks = Blocks()
    reader = {"JPEG": _jpeg, "MPO": _jpeg, "PNG": _png, "WEBP": _webp, "TIFF": _tiff}.get(kind)
    if reader is not None:
        try:
            reader(content, blocks)
        except (struct.error, IndexError, ValueError):
            blocks.leave_out("a part of the metadata is damaged")
    return blocks


def _jpeg(content: bytes, blocks: Blocks) -> None:
    photoshop: list[bytes] = []
    extended: dict[bytes, bytearray] = {}
    parts = 0
    for part in islice(jpeg_structure.segments(content), MOST_PARTS):
        parts += 1
        if part.marker == 0xDA:
            break
        body = content[part.start : part.end]
        if part.marker == 0xE1 and body.startswith(_EXIF):
            if not blocks.exif:
                blocks.exif = body[6:]
            else:
                blocks.leave_out("a second EXIF block")
        elif part.marker == 0xE1 and body.startswith(_XMP):
            blocks.xmp.append(body[len(_XMP) :])
        elif part.marker == 0xE1 and body.startswith(_MORE_XMP):
            _extend(body[len(_MORE_XMP) :], extended, blocks)
        elif part.marker == 0xED and body.startswith(_PHOTOSHOP):
            photoshop.append(body[len(_PHOTOSHOP) :])
        elif part.marker == 0xEB and body.startswith(b"JP"):
            blocks.has_c2pa = blocks.has_c2pa or b"c2pa" in body[:64]
        elif part.marker == 0xFE:
            _add_text(blocks, "comment", body)
    if parts == MOST_PARTS:
        blocks.is_whole = False
        blocks.leave_out(f"what stands behind {MOST_PARTS:,} segments")
    blocks.xmp += [bytes(packet) for packet in extended.values()]
    if photoshop:
        _resources(b"".join(photoshop)[:MOST_TEXT], blocks)


def _extend(body: bytes, extended: dict[bytes, bytearray], blocks: Blocks) -> None:
    """Put a part of a long XMP packet where it belongs: 32 digits of the packet, its length, the part's place."""
    digest = body[:32]
    length, place = struct.unpack_from(">II", body, 32)
    if length > MOST_TEXT or (digest not in extended and len(extended) >= 2):
        blocks.leave_out("XMP of more than 4 MB")
        return
    packet = extended.setdefault(digest, bytearray(length))
    part = body[40:][: max(len(packet) - place, 0)]
    packet[place : place + len(part)] = part


def _resources(content: bytes, blocks: Blocks) -> None:
    """Read Photoshop's image resources: 8BIM, number, name, length, data, each padded to an even length."""
    place = 0
    for _ in range(MOST_PARTS):
        if content[place : place + 4] != b"8BIM" or place + 12 > len(content):
            return
        (number,) = struct.unpack_from(">H", content, place + 4)
        name = 1 + content[place + 6]
        place += 6 + name + name % 2
        (length,) = struct.unpack_from(">I", content, place)
        body = content[place + 4 : place + 4 + length]
        if number == _IPTC and not blocks.iptc:
            blocks.iptc = body
        elif number == _THUMBNAIL and len(body) > 28:
            blocks.photoshop_thumbnail = body[28:]
        elif number == _XMP_RESOURCE:
            blocks.xmp.append(body)
        place += 4 + length + length % 2


def _png(content: bytes, blocks: Blocks) -> None:
    parts = 0
    view = memoryview(content)
    for chunk in islice(png.chunks(content), MOST_PARTS):
        parts += 1
        if chunk.kind == b"caBX":
            blocks.has_c2pa = True
        if chunk.kind not in (b"eXIf", b"tEXt", b"zTXt", b"iTXt"):
            continue
        body = view[chunk.start + 8 : max(chunk.end - 4, chunk.start + 8)]
        if not chunk.is_complete or zlib.crc32(body, zlib.crc32(chunk.kind)) != int.from_bytes(
            view[chunk.end - 4 : chunk.end], "big"
        ):
            blocks.leave_out(f"a {chunk.kind.decode()} chunk that is damaged")
        elif chunk.kind != b"eXIf":
            _png_text(chunk.kind, body, blocks)
        elif len(body) > MOST_TEXT:
            blocks.leave_out("EXIF of more than 4 MB")
        else:
            blocks.exif = blocks.exif or bytes(body)
    if parts == MOST_PARTS:
        blocks.is_whole = False
        blocks.leave_out(f"what stands behind {MOST_PARTS:,} chunks")


def _png_text(kind: bytes, body: memoryview, blocks: Blocks) -> None:
    """Read a text: key, 0, then the text (tEXt), how it is packed and it (zTXt), or four fields before it (iTXt)."""
    key, found, _ = bytes(body[:80]).partition(b"\0")
    if not found:
        blocks.leave_out("a text without a key")
        return
    if not blocks.has_room(0):
        return
    place, packed, coding = len(key) + 1, kind == b"zTXt", "latin-1"
    if kind == b"zTXt":
        place += 1
    elif kind == b"iTXt":
        packed, coding = bool(body[place]), "utf-8"
        place += 2
        for _ in range(2):  # language and translated key
            end = bytes(body[place : place + 1024]).find(b"\0")
            if end < 0:
                blocks.leave_out("a text that is damaged")
                return
            place += end + 1
    data, whole = _unpacked(body[place:]) if packed else (bytes(body[place : place + MOST_TEXT]), True)
    whole = whole and (packed or len(body) - place <= MOST_TEXT)
    if data is None:
        blocks.leave_out("a text that is damaged")
    elif key == b"XML:com.adobe.xmp":
        blocks.xmp.append(data)
    elif key.startswith(_RAW):
        _raw_profile(key[len(_RAW) :], data, blocks)
    else:
        _add_text(blocks, key.decode("latin-1"), data, coding, is_whole=whole)


def _unpacked(packed: memoryview) -> tuple[bytes | None, bool]:
    """Unpack at most MOST_TEXT bytes; None where they are damaged. Second: whether that is all."""
    reader = zlib.decompressobj()
    try:
        text = reader.decompress(packed[:MOST_TEXT], MOST_TEXT)
    except zlib.error:
        return None, False
    return text, reader.eof


def _raw_profile(name: bytes, data: bytes, blocks: Blocks) -> None:
    """Read a profile that is written as a text: its name, its length, hexadecimal digits in lines."""
    words = data.split(None, 2)
    profile = bytes.fromhex(b"".join(words[2].split()).decode("latin-1")) if len(words) == 3 else b""
    if name in (b"exif", b"APP1") and profile.startswith(_EXIF):
        blocks.exif = blocks.exif or profile[6:]
    elif name in (b"xmp", b"APP1"):
        blocks.xmp.append(profile.removeprefix(_XMP))
    elif name in (b"iptc", b"8bim"):
        if profile.startswith(b"8BIM"):
            _resources(profile, blocks)
        else:
            blocks.iptc = blocks.iptc or profile


def _add_text(blocks: Blocks, key: str, data: bytes, coding: str = "utf-8", *, is_whole: bool = True) -> None:
    if not blocks.has_room(len(data)):
        return
    if not is_whole:
        blocks.leave_out(f"the end of the text {in_short(repr(key), 40)}, which is longer than 4 MB or damaged")
    blocks.texts.append(Text(key, data.decode(coding, "replace"), is_whole))


def _webp(content: bytes, blocks: Blocks) -> None:
    for name, body in islice(_riff(content), MOST_PARTS):
        if name == b"C2PA":
            blocks.has_c2pa = True
        elif name in (b"EXIF", b"XMP ") and len(body) > MOST_TEXT:
            blocks.leave_out(f"{name.decode().strip()} of more than 4 MB")
        elif name == b"EXIF":
            blocks.exif = blocks.exif or bytes(body).removeprefix(b"Exif\0\0")
        elif name == b"XMP ":
            blocks.xmp.append(bytes(body))


def _riff(content: bytes) -> Iterator[tuple[bytes, memoryview]]:
    place, view = 12, memoryview(content)
    while place + 8 <= len(content):
        name, length = struct.unpack_from("<4sI", content, place)
        yield name, view[place + 8 : place + 8 + length]
        place += 8 + length + length % 2


def _tiff(content: bytes, blocks: Blocks) -> None:
    blocks.exif = content
    main: Directory = read_directory(content, (XMP_TAG, _IPTC_TAG, _PHOTOSHOP_TAG, _C2PA_TAG))
    blocks.has_c2pa = _C2PA_TAG in main.raw
    blocks.xmp += [main.raw[XMP_TAG]] if XMP_TAG in main.raw else []
    blocks.iptc = main.raw.get(_IPTC_TAG, b"")
    if _PHOTOSHOP_TAG in main.raw:
        _resources(main.raw[_PHOTOSHOP_TAG], blocks)
