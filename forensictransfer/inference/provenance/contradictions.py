"""Statements of a file that do not fit each other: dates, and sizes in pixels.

Clocks of cameras have no time zone, so that two of them are a contradiction only where no two zones on Earth (UTC-12 to
UTC+14) could explain them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from forensictransfer.data.metadata.exif import Exif
from forensictransfer.data.metadata.xmp import EXIF, PHOTOSHOP, TIFF, XAP, Xmp
from forensictransfer.inference.provenance.findings import CLOCKS, contradiction, quoted
from forensictransfer.results.formats.inspection import ProvenanceFinding

_ZONES = timedelta(hours=26)  # between the two most distant clocks on Earth
_SECONDS = timedelta(seconds=2)
_EAST, _WEST = timedelta(hours=15), timedelta(hours=-13)  # local time less UTC, with an hour for a GPS fix that is old
_STALE = timedelta(hours=12)
_DATE = re.compile(r"(\d{4})[-:/.](\d\d)[-:/.](\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?(?:\.\d+)?)?\s*(Z|[+-]\d\d:?\d\d)?")
_PLACEHOLDER = re.compile(r"[\s:0]*")  # a clock that was never set: blanks, colons and zeros


@dataclass(frozen=True)
class Moment:
    """A date as a file gives it: where it stands, local time, and how far from UTC, if that is told."""

    name: str
    local: datetime
    offset: timedelta | None = None

    def __str__(self) -> str:
        return f"{self.name} {self.local:%Y-%m-%d %H:%M:%S}"

    def less(self, other: Moment) -> tuple[timedelta, timedelta]:
        """Give how much later this is than the other one, and how much of that zones could explain."""
        if self.offset is not None and other.offset is not None:
            return (self.local - self.offset) - (other.local - other.offset), _SECONDS
        return self.local - other.local, _ZONES


def date_findings(
    exif: Exif, xmp: Xmp, iptc: Mapping[str, str], now: datetime | None = None
) -> Iterator[ProvenanceFinding]:
    """Find dates that cannot be right together, or at all. now: local time (default: this machine's clock)."""
    found = {moment.name: moment for moment in _moments(exif, xmp, iptc) if moment is not None}
    present = (datetime.now(UTC) if now is None else now.astimezone(UTC)).replace(tzinfo=None)
    for moment in found.values():
        if moment.local - (moment.offset or timedelta(0)) - present > (
            _SECONDS + timedelta(hours=1) if moment.offset is not None else _ZONES
        ):
            yield contradiction("date", _of(moment), f"{moment} is in the future by this machine's clock", CLOCKS)
    for text, name in ((exif.text(name), name) for name in ("DateTime", "DateTimeOriginal", "DateTimeDigitized")):
        if text and _moment(name, text) is None and not _PLACEHOLDER.fullmatch(text):
            yield contradiction("date", "EXIF", f"{name} {quoted(text, 40)} is no date", CLOCKS)
    for early, late in (
        ("EXIF taken", "EXIF modified"),
        ("EXIF taken", "EXIF digitised"),
        ("XMP created", "XMP modified"),
        ("EXIF taken", "XMP modified"),
    ):
        if early in found and late in found:
            much, explained = found[early].less(found[late])
            if much > explained:
                words = f"{found[late]} is before {found[early]}"
                yield contradiction("date", _both(found[early], found[late]), words, CLOCKS)
    for one, other in (("EXIF taken", "XMP taken"), ("EXIF taken", "IPTC created")):
        if one in found and other in found:
            much, explained = found[one].less(found[other])
            if abs(much) > explained:
                words = f"{found[one]} and {found[other]} are not one moment"
                yield contradiction("date", _both(found[one], found[other]), words, CLOCKS)
    yield from _satellite(exif, found.get("EXIF taken"))


def _satellite(exif: Exif, taken: Moment | None) -> Iterator[ProvenanceFinding]:
    """Compare the camera's clock with that of the satellites, which is UTC."""
    day, clock = _DATE.match(exif.text("GPSDateStamp") + " 00:00:00"), exif.numbers("GPSTimeStamp")
    if taken is None or day is None or len(clock) < 3 or not all(0 <= part < 61 for part in clock[:3]):
        return
    try:
        year, month, date = map(int, day.groups()[:3])
        utc = datetime(year, month, date) + timedelta(hours=clock[0], minutes=clock[1], seconds=clock[2])
    except (ValueError, OverflowError):
        return
    difference = taken.local - utc
    fits = _WEST <= difference <= _EAST if taken.offset is None else abs(difference - taken.offset) <= _STALE
    if not fits:
        words = f"{taken} and the satellites' {utc:%Y-%m-%d %H:%M:%S} UTC are farther apart than any time zone"
        yield contradiction("date", "EXIF and GPS", words, f"{CLOCKS}, and a position may be old")


def geometry_findings(exif: Exif, xmp: Xmp, width: int, height: int) -> Iterator[ProvenanceFinding]:
    """Find sizes that are not those of the picture. width, height: in pixels, as it is stored."""
    told: dict[tuple[int, int], list[str]] = {}
    for source, size in (
        ("EXIF", (exif.numbers("PixelXDimension"), exif.numbers("PixelYDimension"))),
        ("EXIF", (exif.numbers("ImageWidth"), exif.numbers("ImageLength"))),
        ("XMP", (_number(xmp.first(EXIF, "PixelXDimension")), _number(xmp.first(EXIF, "PixelYDimension")))),
        ("XMP", (_number(xmp.first(TIFF, "ImageWidth")), _number(xmp.first(TIFF, "ImageLength")))),
    ):
        if size[0] and size[1] and 0 < size[0][0] < 1e9 and 0 < size[1][0] < 1e9:
            told.setdefault((int(size[0][0]), int(size[1][0])), []).append(source)
    for (wide, high), sources in told.items():
        if (wide, high) == (width, height):
            continue
        words = f"the metadata tell of {wide} x {high} pixels, the picture has {width} x {height}"
        if (wide, high) == (height, width):
            words += ": it was turned after they were written"
        elif abs(wide * height - high * width) <= max(wide, high, width, height):
            words += ": it was scaled after they were written"
        else:
            words += ": it was cut, or they are of another picture"
        yield contradiction("geometry", " and ".join(dict.fromkeys(sources)), words)


def _number(text: str) -> tuple[float, ...]:
    return (float(text),) if text.isascii() and text.isdigit() and len(text) < 10 else ()


def _moments(exif: Exif, xmp: Xmp, iptc: Mapping[str, str]) -> Iterator[Moment | None]:
    for name, entry, zone in (
        ("EXIF taken", "DateTimeOriginal", "OffsetTimeOriginal"),
        ("EXIF digitised", "DateTimeDigitized", "OffsetTimeDigitized"),
        ("EXIF modified", "DateTime", "OffsetTime"),
    ):
        yield _moment(name, f"{exif.text(entry)}{exif.text(zone)}")
    for name, text in (
        ("XMP created", xmp.first(XAP, "CreateDate")),
        ("XMP modified", xmp.first(XAP, "ModifyDate")),
        ("XMP taken", xmp.first(EXIF, "DateTimeOriginal") or xmp.first(PHOTOSHOP, "DateCreated")),
    ):
        yield _moment(name, text)
    day, clock = iptc.get("DateCreated", ""), iptc.get("TimeCreated", "")
    if re.fullmatch(r"\d{8}", day):
        hour = f" {clock[:2]}:{clock[2:4]}:{clock[4:6]}" if re.match(r"\d{6}", clock) else " 12:00:00"
        yield _moment("IPTC created", f"{day[:4]}-{day[4:6]}-{day[6:]}{hour}")


def _moment(name: str, text: str) -> Moment | None:
    """Read a date of EXIF or XMP; None for what is no date with a time."""
    match = _DATE.match(text.strip())
    if match is None or match.group(4) is None:
        return None
    try:
        year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
        local = datetime(year, month, day, hour, minute, second)
        zone = match.group(7)
        offset = None
        if zone == "Z":
            offset = timedelta(0)
        elif zone:
            sign = -1 if zone[0] == "-" else 1
            offset = sign * timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
            timezone(offset)  # no zone is a day away
        if local.year < 1900:
            return None
        return Moment(name, local, offset)
    except (ValueError, OverflowError):
        return None


def _of(moment: Moment) -> str:
    return moment.name.partition(" ")[0]


def _both(one: Moment, other: Moment) -> str:
    return " and ".join(dict.fromkeys((_of(one), _of(other))))
