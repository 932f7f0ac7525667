"""The parts of a JPEG file: its segments and scans, and which coefficients these hold. Nothing is decoded.

Source: ITU-T T.81 (JPEG), annexes B and G.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

_FRAMES = (0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xCA, 0xCB)
_PROGRESSIVE = (0xC2, 0xCA)
_ADOBE, _COMMENT = 0xEE, 0xFE


class Segment(NamedTuple):
    """A marker segment: the marker's second byte, the place of the marker, and where its body begins and ends."""

    marker: int
    place: int
    start: int
    end: int


@dataclass(frozen=True)
class Scan:
    """A scan.

    Attributes:
        components: their numbers.
        first, last: coefficients, 0 to 63.
        low_bits: how many of their lowest bits are still to come.
        marker, start: places of its marker and of its data.
        zeros_end_a_block: whether the tables make the code of all zeros the end of a block, so that long runs of zero
            bytes are flat blocks.
    """

    components: tuple[int, ...]
    first: int
    last: int
    low_bits: int
    marker: int
    start: int
    zeros_end_a_block: bool


@dataclass
class Frame:
    """What the segments say of the picture: kind of coding, sampling (h, v) by component, restart interval, scans."""

    marker: int = 0
    sampling: dict[int, tuple[int, int]] = field(default_factory=dict)
    interval: int = 0
    scans: list[Scan] = field(default_factory=list)

    @property
    def is_progressive(self) -> bool:
        """Whether coefficients come in several scans."""
        return self.marker in _PROGRESSIVE

    @property
    def in_one_scan(self) -> bool:
        """Whether one scan holds all: a sequential picture with its components interleaved, or of one component."""
        return not self.is_progressive and bool(self.scans) and len(self.scans[0].components) == len(self.sampling)

    @property
    def unit(self) -> tuple[int, int]:
        """Height and width in pixels of what a scan of all components codes at a time (MCU)."""
        if len(self.sampling) < 2:
            return 8, 8
        return 8 * max(v for _, v in self.sampling.values()), 8 * max(h for h, _ in self.sampling.values())

    def lacking(self) -> str | None:
        """Say which coefficients no scan holds to the last bit; None if none are lacking."""
        left = {component: [True] * 64 for component in self.sampling}
        for scan in self.scans:
            if scan.low_bits == 0:
                for component in scan.components:
                    left.setdefault(component, [True] * 64)[scan.first : scan.last + 1] = [False] * (
                        scan.last + 1 - scan.first
                    )
        short = {component: sum(flags) for component, flags in left.items() if any(flags)}
        if not short:
            return None
        component, count = next(iter(short.items()))
        return f"no scan ends {count} of the 64 coefficients of component {component}" + (
            f" and others of {len(short) - 1} more" if len(short) > 1 else ""
        )


def segments(content: bytes) -> Iterator[Segment]:
    """Yield the segments with a body, those between scans too; stops at the end, or where no marker is."""
    place = 2
    while place + 4 <= len(content):
        if content[place] != 0xFF:
            return
        marker = content[place + 1]
        if marker == 0xFF:  # fill
            place += 1
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:  # no body
            place += 2
        elif marker == 0xD9:
            return
        else:
            (length,) = struct.unpack_from(">H", content, place + 2)
            end = place + 2 + max(length, 2)
            yield Segment(marker, place, place + 4, min(end, len(content)))
            place = _after_data(content, end) if marker == 0xDA else end


def read_frame(content: bytes, *, headers_only: bool = False) -> Frame:
    """Read the frame and its scans; with headers_only up to the first scan. What is damaged is left out."""
    frame = Frame()
    zero_symbols: dict[int, int] = {}  # by AC table: what its code of all zeros means
    for part in segments(content):
        body = content[part.start : part.end]
        if part.marker in _FRAMES and len(body) >= 6:
            frame.marker = part.marker
            for place in range(6, min(len(body), 6 + 3 * body[5]) - 2, 3):
                frame.sampling[body[place]] = (max(body[place + 1] >> 4, 1), max(body[place + 1] & 15, 1))
        elif part.marker == 0xC4:
            zero_symbols |= _first_symbols(body)
        elif part.marker == 0xDD and len(body) >= 2:
            frame.interval = int.from_bytes(body[:2], "big")
        elif part.marker == 0xDA and body and len(body) >= 4 + 2 * body[0]:
            count = body[0]
            first, last, bits = body[1 + 2 * count : 4 + 2 * count]
            if not frame.is_progressive:
                first, last, bits = 0, 63, 0
            ends = bool(count) and zero_symbols.get(body[2] & 15) == 0
            components = tuple(body[1 : 1 + 2 * count : 2])
            frame.scans.append(Scan(components, first, min(last, 63), bits & 15, part.place, part.end, ends))
            if headers_only:
                break
    return frame


def without_metadata(content: bytes) -> bytes:
    """Leave out comments and application segments, but whole ones that say how colours are coded (JFIF and Adobe)."""
    kept, place = [], 0
    for part in segments(content):
        if part.marker == 0xDA:
            break
        body = content[part.start : part.end]
        colours = (body.startswith(b"JFIF\0") and len(body) >= 14) or (body.startswith(b"Adobe") and len(body) >= 12)
        if part.marker == _COMMENT or (0xE0 <= part.marker <= 0xEF and not colours):
            kept.append(content[place : part.place])
            place = part.end
    return b"".join((*kept, content[place:]))


def repaired_headers(content: bytes) -> bytes:
    """Correct what libjpeg warns of and then ignores, so that its next warning is about the picture.

    An unknown version of JFIF, an unknown transform in Adobe's segment (both are read as the usual one), parameters of
    a sequential scan that have one value only, and parts of colour profiles (left out).
    """
    changed = bytearray(content)
    profiles = []
    frame = Frame()
    for part in segments(content):
        body = content[part.start : part.end]
        if part.marker in _FRAMES:
            frame.marker = part.marker
        elif part.marker == 0xE0 and body.startswith(b"JFIF\0") and len(body) > 5 and body[5] not in (1, 2):
            changed[part.start + 5] = 1
        elif part.marker == _ADOBE and body.startswith(b"Adobe") and len(body) >= 12 and body[11] > 2:
            changed[part.start + 11] = 1
        elif part.marker == 0xE2 and body.startswith(b"ICC_PROFILE\0"):
            profiles.append(part)
        elif part.marker == 0xDA and body and not frame.is_progressive and len(body) >= 4 + 2 * body[0]:
            changed[part.start + 1 + 2 * body[0] : part.start + 4 + 2 * body[0]] = bytes((0, 63, 0))
    for part in reversed(profiles):
        del changed[part.place : part.end]
    return bytes(changed)


def _first_symbols(body: bytes) -> dict[int, int]:
    """Read from a DHT segment, by number of the AC table, the symbol of its first code, which is all zeros."""
    found = {}
    place = 0
    while place + 17 < len(body):
        if body[place] >> 4 == 1:
            found[body[place] & 15] = body[place + 17]
        place += 17 + sum(body[place + 1 : place + 17])
    return found


def _after_data(content: bytes, place: int) -> int:
    """Find the marker behind the data of a scan; 0xFF inside is followed by 0, or by a restart marker's byte."""
    while True:
        place = content.find(b"\xff", place)
        if place < 0 or place + 1 >= len(content):
            return len(content)
        following = content[place + 1]
        if following == 0xFF:
            place += 1
        elif following == 0 or 0xD0 <= following <= 0xD7:
            place += 2
        else:
            return place
