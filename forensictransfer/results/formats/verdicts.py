"""What a run says of images of one's own: real, fake, or unsure and why."""

from __future__ import annotations

from typing import ClassVar, Literal

from forensictransfer.core.values import Flag, Integer, Number
from forensictransfer.results.formats.document import Document, Part
from forensictransfer.results.formats.skipped import SkippedImage


class Doubt(Part):
    """Why an image is called neither real nor fake.

    code: a name that stays as it is: `between` (its score lies where real and fake images have theirs), `few-images`
    (too few were calibrated on for the error allowed), `unlike` (it is unlike the images that the run knows, so that no
    promise holds), `not-calibrated` (there is nothing to calibrate on), `unstable`
    (compressed or scaled it would be called the other), `not-applicable` (the detector does not judge such images).
    words: the same in a line.
    """

    code: str
    words: str


class Verdict(Part):
    """What a run says of one image.

    name: its path, or what it was called. width, height: in pixels, upright. decision: what it is called. score: larger
    means more likely fake; probability: of fake, where both are equally frequent; None where the detector does not
    apply. doubts: why it is unsure, empty where it is not. tiles: how many it was scored by, None for a detector that
    looks at the whole image; seen: the share of its pixels in them.
    """

    name: str
    sha256: str
    format: str
    width: Integer
    height: Integer
    decision: Literal["real", "fake", "unsure"]
    score: Number | None
    probability: Number | None
    doubts: tuple[Doubt, ...] = ()
    tiles: Integer | None = None
    seen: Number | None = None

    @property
    def why(self) -> str:
        """All doubts in one line."""
        return "; ".join(doubt.words for doubt in self.doubts)


class JudgedBy(Part):
    """What the verdicts were given by: all that decides them beside the images.

    run, made, version: the run, when it was made, and the version that gave the verdicts. trained_on, target: domains
    by name. threshold: fake is more likely above. error: the share of errors allowed, None where the threshold alone
    decides; real_to, fake_from: called real are scores up to the first, fake those from the second on, None where no
    score is; reals, fakes: images of `calibrated_on` that the limits come from. knows_its_images: whether images
    unlike them are noticed. stable_under: what the call has to
    survive. stride, max_tiles: of the tiles.
    """

    run: str
    made: str
    version: str
    detector: str
    trained_on: str
    target: str | None
    draw: Integer
    threshold: Number
    error: Number | None
    real_to: Number | None = None
    fake_from: Number | None = None
    calibrated_on: str | None = None
    reals: Integer | None = None
    fakes: Integer | None = None
    knows_its_images: Flag = False
    stable_under: tuple[str, ...] = ()
    stride: Integer
    max_tiles: Integer


class Verdicts(Document):
    """The verdicts on some images in the order in which they were named, and those that could not be read."""

    WHAT: ClassVar[str] = "verdicts on images"

    by: JudgedBy
    images: tuple[Verdict, ...]
    skipped: tuple[SkippedImage, ...] = ()
