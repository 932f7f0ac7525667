"""From where light falls on objects of an image, and whether two differ: light.json, what `light --json` prints."""

from __future__ import annotations

from typing import ClassVar

from forensictransfer.core.values import Flag, Integer, Number
from forensictransfer.results.formats.document import Document, Part


class LitObject(Part):
    """The light on one object.

    name: the file of its mask. applies, reason: False, and why, where no direction is found. degrees: of the light,
    against the clock from the right (90: from above). error: standard deviation, degrees. low, high: its 95 % interval,
    which may go beyond 180. explained: share of the variance of the brightness along the outline. points: of it.
    """

    name: str
    applies: Flag = True
    reason: str = ""
    degrees: Number | None = None
    error: Number | None = None
    low: Number | None = None
    high: Number | None = None
    explained: Number | None = None
    points: Integer | None = None


class LightComparison(Part):
    """Two objects: how many degrees their lights are apart, and how likely as much is under one light (p value)."""

    one: str
    other: str
    apart: Number
    error: Number
    p: Number


class LightFound(Document):
    """An image with the light on its objects.

    differ: whether two differ with p below 0.01, divided by the number of pairs. picture: the file of outlines and
    arrows, relative to the folder, if one was written.
    """

    WHAT: ClassVar[str] = "directions of light"

    name: str
    sha256: str
    width: Integer
    height: Integer
    objects: tuple[LitObject, ...]
    comparisons: tuple[LightComparison, ...] = ()
    differ: Flag = False
    picture: str | None = None
