"""What an audit finds in one domain, and audits/NAME.json of a sweep, which holds it."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from forensictransfer.core.values import Flag, Integer, Number
from forensictransfer.data.counts import Counts
from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.results.formats.document import Document, Part
from forensictransfer.results.formats.metrics import StoredEstimate

Word = Literal["clean", "careful", "do not use"]
CLEAN: Word = "clean"
CAREFUL: Word = "careful"
DO_NOT_USE: Word = "do not use"


class Separator(Part):
    """How well one trace alone tells reals from fakes.

    trace: its name; part: file or tone; topic: what it is about; auc: above 0.5 where fakes have larger values;
    notable: whether it differs from chance at 5 % over all traces that were looked at; words: in which way.
    """

    trace: str
    part: str
    topic: str
    auc: StoredEstimate
    notable: Flag
    words: str

    @property
    def strength(self) -> float:
        """AUC, or 1 - AUC, whichever is larger."""
        return max(self.auc.value or 0.0, 1 - (self.auc.value or 0.0))

    @property
    def surely(self) -> float:
        """The end of the interval that is nearer to chance, as a strength."""
        return max(self.auc.lowest, 1 - self.auc.highest)


class Separability(Part):
    """How well a classifier tells reals from fakes by some traces alone.

    balanced_accuracy, auc: None where groups are too few to tell; n: images and groups behind them.
    """

    traces: tuple[str, ...]
    balanced_accuracy: StoredEstimate | None
    auc: StoredEstimate | None
    n: Counts

    @property
    def accuracy(self) -> Estimate | None:
        """The balanced accuracy with its interval and the groups behind it."""
        return None if self.balanced_accuracy is None else replace(self.balanced_accuracy, n=self.n.groups)


class Separabilities(Part):
    """How well the classes are told apart by the traces of the file, by tone, and by both."""

    file: Separability
    tone: Separability
    file_and_tone: Separability

    @property
    def all(self) -> tuple[Separability, ...]:
        """The three in their order."""
        return self.file, self.tone, self.file_and_tone


class SamePixels(Part):
    """Images that have the pixels of another one, and how many of these are in other groups, or under both labels."""

    images: Integer
    in_other_groups: Integer
    both_labels: Integer


class OtherGroups(Part):
    """Images that show a photograph of another group."""

    images: Integer
    photographs: Integer
    mirrored: Integer
    both_classes: Integer


class AcrossSplits(Part):
    """Images with a copy in another split: all, those of the test split, and how large that is."""

    images: Integer
    test: Integer
    of_test: Integer


class ImagePair(Part):
    """Two images, by their names, and where they stand."""

    images: tuple[str, str]
    splits: tuple[str, str]
    classes: tuple[str, str]


class CopyPair(ImagePair):
    """Two images that show the same photograph; similarity: correlation of their thumbnails, 1 for the same pixels."""

    same_pixels: Flag
    similarity: Number
    mirrored: Flag


class Copies(Part):
    """The copies within one domain: how many images of which kind, and the pairs by name.

    bits: up to so many bits hashes differed in all pairs that were compared. largest: images of one photograph.
    group_rule: a rule that would keep most copies together. pairs_left_out: beyond those that are listed.
    """

    images: Integer
    bits: Integer
    same_pixels: SamePixels
    other_groups: OtherGroups
    across_splits: AcrossSplits
    largest: Integer
    group_rule: str | None
    pairs: tuple[CopyPair, ...]
    pairs_left_out: Integer


class NamedImage(Part):
    """An image by its name, and the class that it is called."""

    image: str
    label: str = Field(alias="class")


class OddLabel(NamedImage):
    """An image whose label some evidence speaks against."""

    evidence: tuple[str, ...]


class OddLabels(Part):
    """The images whose label some evidence speaks against: counts, by class and by evidence, and the likeliest."""

    images: Integer
    real: Integer
    fake: Integer
    evidence: dict[str, Integer]
    listed: tuple[OddLabel, ...]


class Reason(Part):
    """One reason of a verdict, and the word that it alone would lead to."""

    word: Word
    text: str


class Verdict(Part):
    """The verdict of an audit in one word, its reasons, the worst first, and what it rests on."""

    word: Word
    reasons: tuple[Reason, ...]
    rests_on: str


class DomainFindings(Part):
    """All that is found in one domain before it is judged.

    group: the rule for groups; unreadable: (name, class, reason); separators: of the traces that vary, the strongest
    first; constant: names of those that do not.
    """

    name: str
    origin: str
    group: str
    fingerprint: str
    images: Counts
    splits: dict[str, Counts]
    unreadable: tuple[tuple[str, str, str], ...]
    notes: tuple[str, ...]
    separators: tuple[Separator, ...]
    constant: tuple[str, ...]
    separabilities: Separabilities = Field(alias="tellings")
    duplicates: Copies
    labels: OddLabels


class DomainAudit(DomainFindings):
    """The audit of one domain."""

    verdict: Verdict


class _AuditFile(Document):
    WHAT: ClassVar[str] = "an audit"

    kind: Literal["audit"] = "audit"


class StoredAudit(DomainAudit, _AuditFile):
    """audits/NAME.json of a sweep. checksum: of all other fields, set when it is written."""

    checksum: str = ""
