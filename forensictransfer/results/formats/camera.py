"""What a camera file says beside the pattern, and what a check of images against cameras finds."""

from __future__ import annotations

from typing import ClassVar

from forensictransfer.core.values import Flag, Integer, Number
from forensictransfer.detectors.signals.prnu import THRESHOLD
from forensictransfer.results.formats.document import Document, Part
from forensictransfer.results.formats.inspection import Place
from forensictransfer.results.formats.skipped import SkippedImage


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


class ExpectedCorrelation(Part):
    """How strong the correlation of windows should be: `detectors.signals.prnu.expectation.Expectation`, its fields."""

    side: Integer
    coefficients: tuple[Number, ...]
    low: tuple[Number, ...]
    high: tuple[Number, ...]
    deviation: Number
    chance: Number


class CameraInfo(Document):
    """What is known of a camera. width, height: of its photographs as they are stored. skipped: left out, and why.

    expected: what its own photographs show, by the side of the windows; none where there were too few of them.
    """

    WHAT: ClassVar[str] = "the fingerprint of a camera"

    name: str
    width: Integer
    height: Integer
    created: str
    version: str
    photographs: tuple[EnrolledPhotograph, ...]
    expected: tuple[ExpectedCorrelation, ...] = ()
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


class AbsenceFound(Part):
    """Where an image lacks the fingerprint of the camera that it bears.

    words: what was found, or why nothing can be said. side: of the windows, pixels. judged, absent: shares of the
    image. places: boxes of where it is absent, the largest first. map: the picture's file, relative to the folder.
    """

    words: str
    side: Integer | None = None
    judged: Number = 0.0
    absent: Number = 0.0
    places: tuple[Place, ...] = ()
    map: str | None = None


class CheckedImage(Part):
    """An image with what was found of each camera.

    camera: the name of the surest that was found, or None. absence: where that one is absent; None if none was found.
    """

    name: str
    sha256: str
    width: Integer
    height: Integer
    camera: str | None
    matches: tuple[CameraMatch, ...]
    absence: AbsenceFound | None = None


class CameraCheck(Document):
    """All images that were checked, those that were skipped, and the sheet of maps if one was written."""

    WHAT: ClassVar[str] = "a check of cameras"

    images: tuple[CheckedImage, ...]
    skipped: tuple[SkippedImage, ...] = ()
    sheet: str | None = None
