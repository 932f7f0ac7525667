"""What an inspection finds in some images: inspection.json, and what `inspect --json` prints."""

from __future__ import annotations

from typing import ClassVar

from forensictransfer.core.values import Flag, Integer, Number
from forensictransfer.results.formats.document import Document, Part
from forensictransfer.results.formats.skipped import SkippedImage


class Place(Part):
    """A box of an image, in pixels from its upper left corner."""

    left: Integer
    top: Integer
    width: Integer
    height: Integer


class Finding(Part):
    """What one detector says of one image.

    applies, reason: False, and why, where it cannot judge the image. error: why it failed, one line; "" if it did not.
    score: larger where more speaks for a forgery, in the detector's own unit; None for a picture that is no evidence.
    found: whether it calls any pixel changed; None for a detector that marks none. words: what it found. places: the
    boxes of what it calls changed, the largest first. area: share of the image that it calls changed. map: the file of
    its map, relative to the folder.
    """

    detector: str
    applies: Flag = True
    reason: str = ""
    error: str = ""
    score: Number | None = None
    probability: Number | None = None
    found: Flag | None = None
    words: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    area: Number | None = None
    map: str | None = None


class ProvenanceFinding(Part):
    """What a file says of its own origin, or what its parts say against each other. Never a score, never a verdict.

    what: its kind, a name that stays as it is ("camera", "software", "generator", "digital-source-type", "date",
    "geometry", "thumbnail", "c2pa", "metadata"). source: where it stands ("EXIF", "XMP", "C2PA"). strength: what it
    rests on, in words. words: what it says. answer: of C2PA, one of a few fixed answers; "" for others. limits:
    what it does not prove.
    """

    what: str
    source: str
    strength: str
    words: str
    limits: str
    answer: str = ""


class InspectedImage(Part):
    """An image with what is found in it.

    width, height: in pixels, upright. about: what the file says of its own making. provenance: what it says of its
    origin.
    """

    name: str
    sha256: str
    format: str
    width: Integer
    height: Integer
    about: tuple[str, ...]
    findings: tuple[Finding, ...]
    provenance: tuple[ProvenanceFinding, ...] = ()


class Inspection(Document):
    """All images of an inspection, those that were skipped, and the sheet of maps if one was written.

    notes: what holds for all images, such as what was not looked at.
    """

    WHAT: ClassVar[str] = "an inspection"

    images: tuple[InspectedImage, ...]
    skipped: tuple[SkippedImage, ...] = ()
    sheet: str | None = None
    notes: tuple[str, ...] = ()
