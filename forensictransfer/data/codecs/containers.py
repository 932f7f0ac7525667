"""How an image file is put together: its segments and chunks, and what they tell of the program that wrote it.

Nothing is decoded. JPEG: ITU-T T.81, annex B; PNG: W3C Portable Network Graphics, chapter 5; WebP: RFC 9649. A damaged
file gives what can be read before the damage; whether it can be decoded is for `data.decode` to say.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence
from itertools import groupby

Facts = dict[str, float | str]

_APPS = {
    b"JFIF\0": "JFIF",
    b"JFXX\0": "JFXX",
    b"Exif\0": "EXIF",
    b"http://ns.adobe.com/xap/": "XMP",
    b"http://ns.adobe.com/xmp/": "XMP",
    b"ICC_PROFILE\0": "ICC",
    b"Photoshop 3.0\0": "IPTC",
    b"Adobe": "Adobe",
    b"MPF\0": "MPF",
}
_METADATA = {"EXIF": "EXIF", "XMP": "XMP", "ICC": "ICC", "IPTC": "IPTC", "COM": "comment", "MPF": "MPF"} | {
    "eXIf": "EXIF",
    "iCCP": "ICC",
    "tEXt": "text",
    "zTXt": "text",
    "iTXt": "text",
    "tIME": "time",
    "ICCP": "ICC",
    "EXIF ": "EXIF",
    "XMP ": "XMP",
}
_SOF = {0xC0: "baseline", 0xC1: "extended", 0xC2: "progressive", 0xC3: "lossless", 0xC9: "arithmetic"} | {
    0xCA: "arithmetic progressive"
}
# How many codes of each length, 1 to 16, the example tables of T.81 have (annex K.3), by (class, number). Encoders use
# these unless they are told to fit tables to the picture.
_STANDARD_LENGTHS = {
    (0, 0): bytes([0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]),
    (0, 1): bytes([0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0]),
    (1, 0): bytes([0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125]),
    (1, 1): bytes([0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119]),
}


def container_facts(content: bytes, kind: str) -> Facts:
    """Read what the container of an encoded image says, by the names of `traces.TRACES`.

    kind: JPEG (or MPO), PNG, WEBP, TIFF or BMP, as the project's decoder has it. `structure` and `metadata` are there
    for every kind: the order of the parts, and which kinds of metadata stand among them.
    """
    reader = {"JPEG": _jpeg, "MPO": _jpeg, "PNG": _png, "WEBP": _webp}.get(kind)
    if reader is None:
        return {"structure": kind, "metadata": "none"}
    try:
        facts, tokens = reader(content)
    except (IndexError, struct.error):
        facts, tokens = {}, ["damaged"]
    held = sorted({_METADATA[token] for token in tokens if token in _METADATA})
    return {**facts, "structure": _in_short(tokens), "metadata": " + ".join(held) or "none"}


def _in_short(tokens: Sequence[str]) -> str:
    """Join tokens in their order, repeated ones counted; a digest where there are very many."""
    parts = []
    for token, run in groupby(token.strip() for token in tokens):
        count = sum(1 for _ in run)
        parts.append(token if count == 1 or token == "IDAT" else f"{token}*{count}")
    text = " ".join(parts)
    return text if len(text) <= 120 else f"{text[:100]} ... {hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _jpeg(content: bytes) -> tuple[Facts, list[str]]:
    tokens: list[str] = []
    lengths: dict[tuple[int, int], bytes] = {}
    facts: Facts = {"restart interval": 0.0, "bytes after the end": float(_after(content, b"\xff\xd9"))}
    for marker, body in _segments(content):
        if 0xE0 <= marker <= 0xEF:
            known = [name for magic, name in _APPS.items() if body.startswith(magic)]
            tokens.append(known[0] if known else f"APP{marker - 0xE0}")
        elif marker in _SOF:
            tokens.append(_SOF[marker])
            facts["JPEG coding"] = _SOF[marker]
        elif marker == 0xC4:
            tokens.append("DHT")
            lengths |= _huffman_lengths(body)
        elif marker == 0xDB:
            tokens.append("DQT")
        elif marker == 0xDD and len(body) >= 2:
            tokens.append("DRI")
            facts["restart interval"] = float(struct.unpack(">H", body[:2])[0])
        elif marker == 0xFE:
            tokens.append("COM")
        else:
            tokens.append(f"{marker:02X}")
    if facts.get("JPEG coding") == "baseline":
        usual = all(_STANDARD_LENGTHS.get(key) == value for key, value in lengths.items())
        facts["JPEG coding"] = f"baseline, {'standard' if usual else 'optimised'} Huffman tables"
    return facts, tokens


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (marker, body) of the segments up to the first scan."""
    place = 2
    while place + 4 <= len(content):
        if content[place] != 0xFF:
            return
        marker = content[place + 1]
        if marker == 0xFF:  # padding
            place += 1
            continue
        if marker == 0xDA or marker == 0xD9:
            return
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:  # markers without a body
            place += 2
            continue
        (length,) = struct.unpack_from(">H", content, place + 2)
        yield marker, content[place + 4 : place + 2 + max(length, 2)]
        place += 2 + max(length, 2)


def _huffman_lengths(body: bytes) -> dict[tuple[int, int], bytes]:
    """Read how many codes of each length the tables in a DHT segment have, by (class, number)."""
    found = {}
    place = 0
    while place + 17 <= len(body):
        lengths = body[place + 1 : place + 17]
        found[body[place] >> 4, min(body[place] & 15, 1)] = lengths
        place += 17 + sum(lengths)
    return found


def _png(content: bytes) -> tuple[Facts, list[str]]:
    tokens: list[str] = []
    facts: Facts = {"bytes after the end": 0.0}
    data: list[int] = []
    level, keys, interlaced = "", set(), False
    place = 8
    while place + 12 <= len(content):
        length, name = struct.unpack_from(">I4s", content, place)
        body = place + 8
        kind = name.decode("latin-1")
        tokens.append(kind)
        if kind == "IHDR" and length >= 13:
            facts["bit depth"] = float(content[body + 8])
            interlaced = bool(content[body + 12])
        elif kind == "IDAT":
            if not data and length >= 2:
                level = str(content[body + 1] >> 6)
            data.append(length)
        elif kind in ("tEXt", "zTXt", "iTXt"):
            keys.add(content[body : body + min(length, 79)].split(b"\0")[0].decode("latin-1"))
        place = body + length + 4
        if kind == "IEND":
            facts["bytes after the end"] = float(len(content) - place)
            break
    # How the compressed data are cut up tells programs apart, as long as there is more than one piece.
    pieces = f"pieces of {data[0]:,} bytes" if len(data) > 1 else "one piece"
    facts["PNG coding"] = f"zlib level class {level or '?'}, {pieces}{', interlaced' if interlaced else ''}"
    if keys:
        facts["text keys"] = ", ".join(sorted(keys))[:120]
    return facts, tokens


def _webp(content: bytes) -> tuple[Facts, list[str]]:
    tokens = []
    place, end = 12, len(content)
    if len(content) >= 8:
        end = min(end, 8 + struct.unpack_from("<I", content, 4)[0])
    while place + 8 <= end:
        name, length = struct.unpack_from("<4sI", content, place)
        kind = name.decode("latin-1")
        tokens.append({"EXIF": "EXIF ", "XMP ": "XMP "}.get(kind, kind))
        place += 8 + length + length % 2
    coding = "lossless" if "VP8L" in tokens else "lossy" if "VP8 " in tokens else "animated"
    return {"WebP coding": coding, "bytes after the end": float(len(content) - end)}, tokens


def _after(content: bytes, end: bytes) -> int:
    """Count the bytes behind the last end marker; 0 where there is none (a file that was cut short)."""
    found = content.rfind(end)
    return 0 if found < 0 else len(content) - found - len(end)
