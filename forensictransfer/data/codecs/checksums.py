"""Whether compressed data are whole by the checksum at their end, which decoders of images do not always reach."""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Iterable

_PIECE = 1 << 20  # bytes unpacked at a time: nothing is kept of them


def inflates(parts: Iterable[bytes]) -> bool:
    """Whether the pieces of a zlib stream are whole by its Adler-32 (RFC 1950)."""
    reader = zlib.decompressobj()
    try:
        for part in parts:
            while part and not reader.eof:
                reader.decompress(part, _PIECE)
                part = reader.unconsumed_tail
    except zlib.error:
        return False
    return reader.eof


def is_whole_xz(data: bytes) -> bool:
    """Whether an xz stream is whole by its own checksums."""
    reader = lzma.LZMADecompressor()
    try:
        reader.decompress(data, _PIECE)
        while not reader.eof and not reader.needs_input:
            reader.decompress(b"", _PIECE)
    except lzma.LZMAError:
        return False
    return reader.eof
