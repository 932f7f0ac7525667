"""EXIF within limits: what honest files hold is read, and what hostile ones hold costs nothing."""

from __future__ import annotations

import struct
import time

import pytest

from forensictransfer.data.metadata.exif import read_exif
from tests.tagged import encoded, exif, rationals, short, text


def test_entries_are_read_by_name_with_the_thumbnail() -> None:
    small = encoded("JPEG")
    found = read_exif(
        exif(
            [text(271, "Canon"), text(272, "Canon IXUS"), short(274, 6)],
            [text(36867, "2004:08:27 13:52:55"), short(40962, 640)],
            [rationals(7, 11, 52, 55), text(29, "2004:08:27")],
            small,
        )
    )
    assert found.text("Model") == "Canon IXUS" and found.numbers("Orientation") == (6,)
    assert found.text("DateTimeOriginal") == "2004:08:27 13:52:55" and found.numbers("PixelXDimension") == (640,)
    assert found.numbers("GPSTimeStamp") == (11, 52, 55) and found.text("GPSDateStamp") == "2004:08:27"
    assert found.thumbnail == small and not found.problems
    assert found.text("Orientation") == "" and found.numbers("Model") == () and found.text("Artist") == ""


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        (b"ASCII\0\0\0", b"Steps: 20\0\0"),
        (b"UNICODE\0", "Steps: 20".encode("utf-16-le")),
        (b"UNICODE\0", "Steps: 20".encode("utf-16-be")),
        (bytes(8), b"Steps: 20"),
        (b"", b"Steps: 20"),
    ],
)
def test_comments_are_read_in_every_coding(coding: bytes, packed: bytes) -> None:
    value = coding + packed
    assert read_exif(exif(photo=[(37510, 7, len(value), value)])).text("UserComment") == "Steps: 20"


def test_directories_that_point_back_are_read_once() -> None:
    assert read_exif(exif([short(34665, 8)])).problems == ["the EXIF directory points back to another one"]
    assert read_exif(exif([text(271, "Canon")], following=8)).problems == [
        "the directory of the thumbnail points back to another one"
    ]


def test_many_entries_of_one_large_value_cost_nothing() -> None:
    size = 60_000
    entries = b"".join(struct.pack("<HHII", 40_000 + number % 20_000, 7, size, 8) for number in range(3_999))
    entries += struct.pack("<HHII", 305, 2, size, 8) * 2_000
    block = b"II*\0" + struct.pack("<I", size) + bytes(size - 8) + struct.pack("<H", 5_999) + entries + bytes(4)
    begun = time.process_time()
    found = read_exif(block)
    assert time.process_time() - begun < 2 and sum(len(str(value)) for value in found.entries.values()) < 10**6
    assert found.problems == ["entries point behind the block or are of no known type"]


@pytest.mark.parametrize("cut", [0, 1, 4, 7, 9, 12, 30, 60])
def test_a_block_that_is_cut_short_gives_what_there_is(cut: int) -> None:
    whole = exif([text(271, "Canon"), text(272, "IXUS")], [text(36867, "2004:08:27 13:52:55")])
    found = read_exif(whole[:cut])
    assert not found.entries and (bool(found.problems) or cut == 0)
    assert read_exif(b"no TIFF at all").problems


def test_noise_raises_nothing() -> None:
    whole = bytearray(exif([text(271, "Canon"), short(274, 6)], [text(36867, "2004:08:27")], thumbnail=b"abc"))
    for place in range(len(whole)):
        for value in (0, 255, whole[place] ^ 0x80):
            changed = bytearray(whole)
            changed[place] = value
            read_exif(bytes(changed))
