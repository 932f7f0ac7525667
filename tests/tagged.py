"""Files with metadata made by hand: EXIF, XMP and PNG texts, as programs and attackers write them."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

XMP_HEAD = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/"'
    ' xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"'
    ' xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    ' xmlns:m="http://ns.adobe.com/xap/1.0/mm/" xmlns:v="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"'
    ' xmlns:t="http://purl.org/dc/terms/">'
)
XMP_TAIL = "</rdf:Description></rdf:RDF></x:xmpmeta>"


def picture(seed: int = 0, height: int = 96, width: int = 128) -> np.ndarray:
    """A picture of blobs, uint8 (h, w, 3)."""
    small = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


def encoded(kind: str = "JPEG", pixels: np.ndarray | None = None, **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture() if pixels is None else pixels).save(stream, kind, **options)
    return stream.getvalue()


def xmp(inside: str) -> bytes:
    return f"{XMP_HEAD}{inside}{XMP_TAIL}".encode()


Entry = tuple[int, int, int, bytes]  # tag, type, count, bytes of the value (a place where they are not the value)


def text(tag: int, value: str) -> Entry:
    packed = value.encode() + b"\0"
    return tag, 2, len(packed), packed


def short(tag: int, value: int) -> Entry:
    return tag, 4, 1, struct.pack("<I", value)


def rationals(tag: int, *values: int) -> Entry:
    return tag, 5, len(values), b"".join(struct.pack("<II", value, 1) for value in values)


def exif(
    main: Sequence[Entry] = (),
    photo: Sequence[Entry] = (),
    gps: Sequence[Entry] = (),
    thumbnail: bytes = b"",
    following: int | None = None,
) -> bytes:
    """A TIFF structure with its directories, little-endian; the thumbnail's directory follows the main one."""
    sizes = [2 + 12 * count + 4 for count in (len(main) + bool(photo) + bool(gps), len(photo), len(gps), 2)]
    places = [8 + sum(sizes[:number]) for number in range(4)]
    data_place = 8 + sum(sizes)
    data = thumbnail
    block = b""
    linked = [*main]
    if photo:
        linked.append(short(34665, places[1]))
    if gps:
        linked.append(short(34853, places[2]))
    last = [short(513, data_place), short(514, len(thumbnail))]
    after = (places[3] if thumbnail else 0) if following is None else following
    for entries, next_place in ((linked, after), (photo, 0), (gps, 0), (last, 0)):
        packed = b""
        for tag, kind, count, value in sorted(entries):
            if len(value) > 4:
                value, data = struct.pack("<I", data_place + len(data)), data + value
            packed += struct.pack("<HHI", tag, kind, count) + value.ljust(4, b"\0")
        block += struct.pack("<H", len(entries)) + packed + struct.pack("<I", next_place)
    return b"II*\0" + struct.pack("<I", 8) + block + data


def jpeg(
    exif_block: bytes = b"", packets: Sequence[bytes] = (), pixels: np.ndarray | None = None, more: bytes = b""
) -> bytes:
    """A JPEG with EXIF, XMP and other segments (whole, with their markers) behind its start."""
    whole = encoded("JPEG", pixels, quality=90)
    segments = segment(0xE1, b"Exif\0\0" + exif_block) if exif_block else b""
    segments += b"".join(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet) for packet in packets)
    return whole[:2] + segments + more + whole[2:]


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(
    texts: Mapping[str, str] | None = None, more: bytes = b"", pixels: np.ndarray | None = None, *, packed: bool = False
) -> bytes:
    """A PNG with texts (tEXt, or zTXt), and other whole chunks, before its pixels."""
    whole = encoded("PNG", pixels)
    parts = b""
    for key, value in (texts or {}).items():
        body = value.encode("latin-1", "replace")
        parts += chunk(b"zTXt", key.encode() + b"\0\0" + zlib.compress(body)) if packed else b""
        parts += b"" if packed else chunk(b"tEXt", key.encode() + b"\0" + body)
    return whole[:33] + parts + more + whole[33:]
