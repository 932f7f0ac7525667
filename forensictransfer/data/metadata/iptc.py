"""IPTC's older records (IIM): the few that tell of origin. Source: IPTC-NAA Information Interchange Model 4.2."""

from __future__ import annotations

import struct

from forensictransfer.data.metadata.limits import MOST_ENTRIES

_NAMES = {
    (2, 55): "DateCreated",
    (2, 60): "TimeCreated",
    (2, 65): "OriginatingProgram",
    (2, 70): "ProgramVersion",
    (2, 80): "By-line",
    (2, 110): "Credit",
    (2, 115): "Source",
    (2, 116): "CopyrightNotice",
    (2, 120): "Caption",
}
_UTF_8 = b"\x1b%G"
_LONGEST = 100_000


def read_iptc(block: bytes) -> dict[str, str]:
    """Read the known data sets by name, the first of each; what is damaged ends the reading."""
    found: dict[str, bytes] = {}
    coding = "latin-1"
    place = 0
    for _ in range(MOST_ENTRIES):
        if place + 5 > len(block) or block[place] != 0x1C:
            break
        record, number, length = struct.unpack_from(">BBH", block, place + 1)
        place += 5
        if length & 0x8000:  # the length itself is so many bytes long
            size = length & 0x7FFF
            length = int.from_bytes(block[place : place + size], "big") if size <= 4 else len(block)
            place += size
        body = block[place : place + length]
        place += length
        if (record, number) == (1, 90) and body == _UTF_8:
            coding = "utf-8"
        name = _NAMES.get((record, number))
        if name is not None:
            found.setdefault(name, body[:_LONGEST])
    return {name: body.decode(coding, "replace").strip("\0 \r\n") for name, body in found.items()}
