"""What a camera file says beside the pattern, and what a check of images against cameras finds."""

from __future__ import annotations

from typing import ClassVar

from forensictransfer.core.values import Flag, Integer, Number
from forensictransfer.detectors.signals.prnu import THRESHOLD
from forensictransfer.results.formats.document import Document, Part
from forensictransfer.results.formats.inspection import SkippedImage


class EnrolledPhotograph(Part):
    """A photograph that a fingerprint was estimated from.

    flat: whether it shows an even area. pce: its peak-to-correlation energy against the fingerprint of the others; None
    where that was not measured.
    """

    name: str
    sha256: str
    flat: Flag = False
    pce: Number | None = None

    @property
    def doubtful(self) -> bool:
        """Whether it was compared with the others and does not bear their fingerprint."""
        return self.pce is not None and self.pce < THRESHOLD


class CameraInfo(Document):
    """What is known of a camera. width, height: of its photographs as they are stored. skipped: left out, and why."""

    WHAT: ClassVar[str] = "the fingerprint of a camera"

    name: str
    width: Integer
    height: Integer
    created: str
    version: str
    photographs: tuple[EnrolledPhotograph, ...]
    skipped: tuple[SkippedImage, ...] = ()


class CameraMatch(Part):
    """What was found of one camera's fingerprint in an image.

    applies, reason: False, and why, where the image has no place in the camera's frame. pce: peak-to-correlation energy
    at the best place, of `positions`. threshold: what it has to exceed. log10_false_alarms: how many such peaks are
    expected by chance. left, top: where the image's corner lies in the camera's frame; quarters: turns against the
    clock that bring it there; scale: its size. enrolled: whether the fingerprint was estimated from this very file.
    """

    camera: str
    applies: Flag = True
    reason: str = ""
    found: Flag = False
    pce: Number | None = None
    threshold: Number | None = None
    positions: Integer | None = None
    log10_false_alarms: Number | None = None
    left: Integer | None = None
    top: Integer | None = None
    quarters: Integer | None = None
    scale: Number | None = None
    enrolled: Flag = False


class CheckedImage(Part):
    """An image with what was found of each camera. camera: the name of the surest that was found, or None."""

    name: str
    sha256: str
    width: Integer
    height: Integer
    camera: str | None
    matches: tuple[CameraMatch, ...]


class CameraCheck(Document):
    """All images that were checked, and those that were skipped."""

    WHAT: ClassVar[str] = "a check of cameras"

    images: tuple[CheckedImage, ...]
    skipped: tuple[SkippedImage, ...] = ()
