"""What an inspection finds in some images: inspection.json, and what `inspect --json` prints."""

from __future__ import annotations

from typing import ClassVar

from forensictransfer.core.values import Flag, Integer, Number
from forensictransfer.results.formats.document import Document, Part


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


class InspectedImage(Part):
    """An image with what is found in it. width, height: in pixels, upright. about: what the file says of itself."""

    name: str
    sha256: str
    format: str
    width: Integer
    height: Integer
    about: tuple[str, ...]
    findings: tuple[Finding, ...]


class SkippedImage(Part):
    """A file that could not be inspected, and why; code: of the error."""

    name: str
    reason: str
    code: str


class Inspection(Document):
    """All images of an inspection, those that were skipped, and the sheet of maps if one was written."""

    WHAT: ClassVar[str] = "an inspection"

    images: tuple[InspectedImage, ...]
    skipped: tuple[SkippedImage, ...] = ()
    sheet: str | None = None
