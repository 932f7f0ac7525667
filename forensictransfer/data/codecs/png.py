"""PNG files reduced to what their pixels need, and the metadata that say which way up they are.

Side chunks (text, colour profile, times, animation) say nothing about the stored pixels: whatever is wrong with one,
its size, checksum or coding, the pixels count and the chunk does not. Source: W3C Portable Network Graphics (third
edition), chapters 5 and 11.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from forensictransfer.core.errors import ErrorCode
from forensictransfer.data.codecs.checksums import inflates
from forensictransfer.data.codecs.errors import CodecError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PIXELS = (b"IHDR", b"PLTE", b"IDAT")
_END = b"\0\0\0\0IEND\xaeB`\x82"
_XMP = b"XML:com.adobe.xmp"
_RAW_EXIF = b"Raw profile type exif"
_MOST = 1 << 20  # bytes of one text, unpacked: EXIF and XMP are far smaller


class Chunk(NamedTuple):
    """A chunk of a PNG file: its kind, the file, and where in it the chunk begins and ends, as it says itself."""

    kind: bytes
    content: bytes
    start: int
    end: int

    @property
    def whole(self) -> bytes:
        """All its bytes that there are."""
        return self.content[self.start : self.end]

    @property
    def body(self) -> bytes:
        """Its data, those that there are."""
        return self.content[self.start + 8 : self.end - 4]

    @property
    def is_complete(self) -> bool:
        """Whether the file holds all of the chunk."""
        return self.end <= len(self.content)

    @property
    def is_sound(self) -> bool:
        """Whether the chunk is complete and its checksum is right."""
        checksum = struct.pack(">I", zlib.crc32(self.kind + self.body))
        return self.is_complete and self.content[self.end - 4 : self.end] == checksum

    @property
    def is_side(self) -> bool:
        """Whether a decoder may do without the chunk: the fifth bit of its first letter."""
        return bool(self.kind[0] & 0x20)


def chunks(content: bytes) -> Iterator[Chunk]:
    """Yield the chunks up to the end of the image or of the file, or to what is no chunk; the last may be cut short."""
    place = len(SIGNATURE)
    while place + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        if not kind.isalpha():
            return
        end = place + 12 + length
        yield Chunk(kind, content, place, end)
        if kind == b"IEND":
            return
        place = end


def without_side_chunks(content: bytes) -> bytes:
    """Reduce a PNG file to its header, palette and pixels, with an end; of an animation its still picture.

    Raises CodecError for a chunk that no decoder may leave out and that is not known here, and for pixels that their
    checksums call damaged, which PIL does not look at.
    """
    kept = [SIGNATURE]
    doubtful = False
    for chunk in chunks(content):
        if chunk.kind in _PIXELS:
            doubtful = doubtful or (chunk.kind == b"IDAT" and chunk.is_complete and not chunk.is_sound)
            kept.append(chunk.whole if chunk.is_complete else _written(chunk))
        elif not chunk.is_side and chunk.kind != b"IEND":
            name = chunk.kind.decode("ascii")
            apple = ", as Apple's tools write" if name == "CgBI" else ""
            raise CodecError(
                f"expected a PNG by the standard, found the part '{name}' that changes how pixels are stored{apple}",
                ErrorCode.IMAGE_LAYOUT_UNSUPPORTED,
            )
    if doubtful and not inflates(chunk.body for chunk in chunks(content) if chunk.kind == b"IDAT"):
        raise CodecError("the checksum of its pixels is wrong")
    return b"".join((*kept, _END))


def _written(chunk: Chunk) -> bytes:
    """Write what there is of a chunk that is cut short, so that a decoder finds the end of its data there."""
    checksum = zlib.crc32(chunk.kind + chunk.body)
    return struct.pack(">I4s", len(chunk.body), chunk.kind) + chunk.body + struct.pack(">I", checksum)


def sound_chunks(content: bytes) -> bytes:
    """Leave out the side chunks that are damaged and the texts, so that what the others say can be read."""
    kept = [SIGNATURE]
    for chunk in chunks(content):
        text = chunk.kind in (b"tEXt", b"zTXt", b"iTXt")
        if (chunk.kind in _PIXELS and chunk.is_complete) or (chunk.is_side and not text and chunk.is_sound):
            kept.append(chunk.whole)
    return b"".join((*kept, _END))


def orientation_sources(content: bytes) -> dict[str, bytes | str]:
    """Find EXIF and XMP wherever in the file they are, by the names that PIL has for them; damaged ones are left out.

    Programs write EXIF into a chunk of its own or, older ones, as a text of hexadecimal digits.
    """
    found: dict[str, bytes | str] = {}
    for chunk in chunks(content):
        if not chunk.is_side or not chunk.is_sound:
            continue
        if chunk.kind == b"eXIf":
            found.setdefault("exif", chunk.body)
        elif chunk.kind == b"iTXt" and chunk.body.startswith(_XMP + b"\0"):
            text = _international_text(chunk.body)
            if text is not None:
                found.setdefault("XML:com.adobe.xmp", text)
        elif chunk.kind == b"zTXt" and chunk.body.startswith(_RAW_EXIF + b"\0\0"):
            packed = _unpacked(chunk.body[len(_RAW_EXIF) + 2 :])
            if packed is not None:
                found.setdefault("Raw profile type exif", packed.decode("latin-1"))
        elif chunk.kind == b"tEXt" and chunk.body.startswith(_RAW_EXIF + b"\0") and len(chunk.body) <= _MOST:
            found.setdefault("Raw profile type exif", chunk.body[len(_RAW_EXIF) + 1 :].decode("latin-1"))
    return found


def _international_text(body: bytes) -> str | None:
    """Read the text of an iTXt chunk; None where it is damaged or larger than any XMP."""
    _, _, rest = body.partition(b"\0")
    if len(rest) < 2:
        return None
    packed, method, rest = rest[0], rest[1], rest[2:]
    parts = rest.split(b"\0", 2)  # language, translated keyword, text
    if len(parts) < 3:
        return None
    text: bytes | None = parts[2]
    if packed:
        text = _unpacked(parts[2]) if method == 0 else None
    return None if text is None or len(text) > _MOST else text.decode("utf-8", "replace")


def _unpacked(packed: bytes) -> bytes | None:
    reader = zlib.decompressobj()
    try:
        text = reader.decompress(packed, _MOST)
    except zlib.error:
        return None
    return None if reader.unconsumed_tail else text
