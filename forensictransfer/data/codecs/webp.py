"""WebP files reduced to what their pixels need. Source: RFC 9649."""

from __future__ import annotations

import struct

_SIDE = (b"ICCP", b"EXIF", b"XMP ")
_FLAGS = 0b00101100  # of VP8X: a colour profile, EXIF, XMP


def without_metadata(content: bytes) -> bytes:
    """Leave out colour profile, EXIF and XMP, and whatever is behind the last complete part."""
    kept = []
    place = 12
    while place + 8 <= len(content):
        name, length = struct.unpack_from("<4sI", content, place)
        body = content[place + 8 : place + 8 + length]
        if len(body) < length and name in _SIDE:
            break
        if name == b"VP8X" and body:
            body = bytes([body[0] & ~_FLAGS]) + body[1:]
        if name not in _SIDE:
            kept.append(struct.pack("<4sI", name, length) + body + bytes(length % 2))
        place += 8 + length + length % 2
    parts = b"".join(kept)
    return b"RIFF" + struct.pack("<I", 4 + len(parts)) + b"WEBP" + parts
