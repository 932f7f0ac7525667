"""Contradictions of dates and sizes: only what no time zone and no usual rounding explains."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from forensictransfer.data.metadata.exif import Exif
from forensictransfer.data.metadata.xmp import EXIF, PHOTOSHOP, TIFF, XAP, Xmp
from forensictransfer.inference.provenance.contradictions import date_findings, geometry_findings

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TAKEN = "2020:05:01 12:00:00"


def dates(
    exif: dict[str, object] | None = None, xmp: dict[str, str] | None = None, iptc: dict[str, str] | None = None
) -> list[str]:
    names = {"CreateDate": XAP, "ModifyDate": XAP, "DateTimeOriginal": EXIF, "DateCreated": PHOTOSHOP}
    properties = Xmp({(names[name], name): [value] for name, value in (xmp or {}).items()})
    entries = Exif({"DateTimeOriginal": TAKEN} | (exif or {}))  # type: ignore[arg-type]
    return [one.words for one in date_findings(entries, properties, iptc or {}, NOW)]


@pytest.mark.parametrize(
    ("exif", "xmp"),
    [
        ({}, {}),
        ({"DateTime": TAKEN, "DateTimeDigitized": TAKEN}, {}),
        ({"DateTime": "2020:04:30 11:00:00"}, {}),  # 25 hours: two time zones
        ({"DateTime": "2021:04:30 11:00:00"}, {"ModifyDate": "2021-04-30T11:00:00+02:00"}),
        ({"DateTime": "0000:00:00 00:00:00", "DateTimeDigitized": "    :  :     :  :  "}, {}),
        ({"OffsetTimeOriginal": "+02:00"}, {"DateTimeOriginal": "2020-05-01T11:00:00.25+01:00"}),
        ({"GPSDateStamp": "2020:05:01", "GPSTimeStamp": (2.0, 0.0, 0.0)}, {}),
        ({"GPSDateStamp": "2020:05:01", "GPSTimeStamp": (99.0, 0.0, 0.0)}, {}),
        ({"GPSDateStamp": "2020:99:01", "GPSTimeStamp": (1.0, 0.0, 0.0)}, {}),
        ({}, {"CreateDate": "2020-05-01", "ModifyDate": "2019"}),
    ],
)
def test_what_time_zones_explain_is_no_contradiction(exif: dict[str, object], xmp: dict[str, str]) -> None:
    assert dates(exif, xmp) == []


@pytest.mark.parametrize(
    ("exif", "xmp", "words"),
    [
        ({"DateTime": "2020:04:29 11:00:00"}, {}, "EXIF modified 2020-04-29 11:00:00 is before EXIF taken"),
        (
            {"DateTime": "2020:05:01 11:59:00", "OffsetTime": "+02:00", "OffsetTimeOriginal": "+02:00"},
            {},
            "EXIF modified 2020-05-01 11:59:00 is before",
        ),
        ({}, {"CreateDate": "2020-05-04T00:00:00Z", "ModifyDate": "2020-05-03T00:00:00Z"}, "XMP modified"),
        ({}, {"ModifyDate": "2019-05-03T00:00:00Z"}, "is before EXIF taken"),
        ({}, {"DateTimeOriginal": "2019-05-03T00:00:00Z"}, "are not one moment"),
        ({"DateTime": "2027:01:01 00:00:00"}, {}, "in the future"),
        ({"DateTime": "2020:13:01 00:00:00"}, {}, "'2020:13:01 00:00:00' is no date"),
        ({"DateTime": "yesterday"}, {}, "'yesterday' is no date"),
        ({"GPSDateStamp": "2020:05:03", "GPSTimeStamp": (2.0, 0.0, 0.0)}, {}, "the satellites' 2020-05-03 02:00:00"),
        (
            {"GPSDateStamp": "2020:05:01", "GPSTimeStamp": (23.5, 0.0, 0.0), "OffsetTimeOriginal": "+02:00"},
            {},
            "the satellites'",
        ),
    ],
)
def test_dates_that_do_not_fit_are_said(exif: dict[str, object], xmp: dict[str, str], words: str) -> None:
    (found,) = dates(exif, xmp)
    assert words in found


def test_the_date_of_iptc_is_compared() -> None:
    assert dates(iptc={"DateCreated": "20200501", "TimeCreated": "120000+0000"}) == []
    assert len(dates(iptc={"DateCreated": "20190501"})) == 1 and dates(iptc={"DateCreated": "2019"}) == []


def sizes(exif: dict[str, tuple[float, ...]], xmp: dict[str, str] | None = None) -> list[str]:
    names = {"PixelXDimension": EXIF, "PixelYDimension": EXIF, "ImageWidth": TIFF, "ImageLength": TIFF}
    properties = Xmp({(names[name], name): [value] for name, value in (xmp or {}).items()})
    return [one.words for one in geometry_findings(Exif({**exif}), properties, 640, 480)]


def test_sizes_are_compared_with_the_stored_picture() -> None:
    assert sizes({}) == [] and sizes({"PixelXDimension": (640,), "PixelYDimension": (480,)}) == []
    assert sizes({"PixelXDimension": (0,), "PixelYDimension": (480,)}) == []
    assert sizes({"ImageWidth": (float("nan"),), "ImageLength": (480,)}) == []
    (words,) = sizes({"PixelXDimension": (480,), "PixelYDimension": (640,)})
    assert (
        words
        == "the metadata tell of 480 x 640 pixels, the picture has 640 x 480: it was turned after they were written"
    )
    assert "scaled" in sizes({"PixelXDimension": (2272,), "PixelYDimension": (1704,)})[0]
    assert "cut" in sizes({"PixelXDimension": (2272,), "PixelYDimension": (1200,)})[0]
    assert "scaled" in sizes({}, {"ImageWidth": "1280", "ImageLength": "960"})[0]
    assert sizes({}, {"ImageWidth": "9" * 5000, "ImageLength": "-1"}) == []
