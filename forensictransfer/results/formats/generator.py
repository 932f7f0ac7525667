"""What a generator file says beside the pattern, what a check of images against generators finds, and the table."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from forensictransfer.core.values import Flag, Integer, Number
from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.results.formats.document import Document, Part
from forensictransfer.results.formats.skipped import SkippedImage


class HeldOut(Part):
    """An image that the fingerprint was not estimated from, and how strongly it bears it. group: as in the domain."""

    strength: Number
    group: str


class GeneratorInfo(Document):
    """What is known of a generator.

    height, width: of the pattern, a side of the tiles. fakes, reals: images it was estimated from. held_out_fakes,
    held_out_reals: others, which tell what to expect. recognised: the share of such fakes that is recognised at the
    usual rate of false alarms, without a value where no fake was held out. files: SHA-256 of all these images.
    skipped: left out, and why.
    """

    WHAT: ClassVar[str] = "the fingerprint of a generator"

    name: str
    height: Integer
    width: Integer
    created: str
    version: str
    fakes: Integer
    reals: Integer
    held_out_fakes: tuple[HeldOut, ...]
    held_out_reals: tuple[HeldOut, ...]
    files: tuple[str, ...]
    recognised: Estimate | None = None
    skipped: tuple[SkippedImage, ...] = ()

    @property
    def real_strengths(self) -> list[float]:
        """How strongly held-out reals bear the fingerprint."""
        return [one.strength for one in self.held_out_reals]


class GeneratorMatch(Part):
    """How strongly an image bears one generator's fingerprint.

    applies, reason: False, and why, where that cannot be asked. found: whether the strength exceeds the threshold.
    chance: the share of reals that bear it as strongly. enrolled: whether the fingerprint was made with this very file.
    """

    generator: str
    applies: Flag = True
    reason: str = ""
    found: Flag = False
    strength: Number | None = None
    threshold: Number | None = None
    chance: Number | None = None
    enrolled: Flag = False


class AttributedImage(Part):
    """An image with what was found of each generator. generator: the strongest that was found; None for none."""

    name: str
    sha256: str
    width: Integer
    height: Integer
    generator: str | None
    matches: tuple[GeneratorMatch, ...]


class GeneratorCheck(Document):
    """All images that were checked, and those that were skipped.

    false_alarms: the share of reals that any generator is named for.
    """

    WHAT: ClassVar[str] = "a check of generators"

    false_alarms: Number
    images: tuple[AttributedImage, ...]
    skipped: tuple[SkippedImage, ...] = ()


class AttributedClass(Part):
    """What the test images of one class of one domain were attributed to.

    label: real or fake. expected: the generator that made them, None for none of those enrolled. images, groups: how
    many. attributed: how many images by the name of the generator; the others to none. right: the share that was
    attributed as expected.
    """

    domain: str
    label: str
    expected: str | None
    images: Integer
    groups: Integer
    attributed: dict[str, Integer]
    right: Estimate


class LeftOutGenerator(Part):
    """What becomes of a domain whose generator is not among those enrolled: shares that no generator is named for."""

    domain: str
    fakes_rejected: Estimate
    reals_rejected: Estimate


class Attribution(Part):
    """Attribution by fingerprints of one number of fakes.

    fakes: how many were asked for, None for all; enrolled: how many each generator has. thresholds: by generator.
    named: images that any generator was named for; right: the share of them that it made. strongest: of the fakes of
    the generators alone, the share whose own fingerprint is the strongest, without any threshold. left_out: each
    generator in turn, thresholds chosen without it.
    """

    fakes: Integer | None
    enrolled: dict[str, Integer]
    thresholds: dict[str, Number]
    classes: tuple[AttributedClass, ...]
    named: Integer
    right: Estimate
    strongest: Estimate
    left_out: tuple[LeftOutGenerator, ...] = ()


class GeneratorTable(Document):
    """Attribution of the test splits of some domains to the generators of some of them.

    generators: names of the domains that were enrolled. others: those that were not. side: of the tiles. seed: of the
    choice of fakes. skipped: by domain, how many images.
    """

    WHAT: ClassVar[str] = "a table of generators"

    generators: tuple[str, ...]
    others: tuple[str, ...]
    false_alarms: Number
    side: Integer
    seed: Integer
    attributions: tuple[Attribution, ...]
    skipped: dict[str, Integer] = Field(default_factory=dict)
