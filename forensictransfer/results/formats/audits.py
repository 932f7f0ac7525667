"""What the command `audit` finds in one domain or two, as its JSON holds it, and mend.json of an equalised domain."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from forensictransfer.core.values import Flag, Integer, Number
from forensictransfer.results.formats.audit import DomainAudit, ImagePair, NamedImage, Separability, Verdict
from forensictransfer.results.formats.document import Document, Part


class SharedPhotographs(Part):
    """Photographs that both domains show, and how many images of each do, in all and by split."""

    photographs: Integer
    images: tuple[Integer, Integer]
    by_split: dict[str, tuple[Integer, Integer]]


class SharedGroups(Part):
    """Names of groups that occur in both domains, and how many of them are seen to show the same photograph."""

    groups: Integer
    show_the_same: Integer
    show_others: Integer
    names: tuple[str, ...]


class UnderOtherNames(Part):
    """Images of either domain whose photograph the other one holds in another group: no test leaves them out."""

    images: tuple[Integer, Integer]
    test: tuple[Integer, Integer]
    of_test: tuple[Integer, Integer]


class OppositeLabels(Part):
    """Pixels that both domains hold: how many, how many under opposite labels, and these images of the second."""

    same_pixels: Integer
    opposite: Integer
    images: tuple[NamedImage, ...]


class TraceTransfer(Part):
    """How well the traces of one domain tell the classes of the other one apart.

    own: those of the file in the source itself.
    """

    source: str = Field(alias="from")
    target: str = Field(alias="to")
    own: Separability
    file: Separability
    file_and_tone: Separability


class SharedPair(ImagePair):
    """Two images, one of each domain, that show the same photograph; similarity: as that of `CopyPair`."""

    same_group: Flag
    same_pixels: Flag
    similarity: Number
    mirrored: Flag


class PairFindings(Part):
    """What two domains share, before it is judged. bits, pairs_left_out: as those of `Copies`."""

    domains: tuple[str, str]
    bits: Integer
    shared_photographs: SharedPhotographs
    shared_groups: SharedGroups
    under_other_names: UnderOtherNames
    opposite_labels: OppositeLabels
    transfer: tuple[TraceTransfer, ...]
    classes_look_swapped: Flag
    pairs: tuple[SharedPair, ...]
    pairs_left_out: Integer


class PairAudit(PairFindings):
    """The audit of two domains as source and target of each other."""

    verdict: Verdict


class EqualisedDomain(Document):
    """mend.json: how a domain was equalised.

    width, height: pixels; tables: quantisation tables of an encoder whose tables are none of the standard ones;
    too_small: names of the images left out, by class; unreadable: (name, reason); split_folders: whether the splits
    are kept as folders.
    """

    WHAT: ClassVar[str] = "an equalised domain"

    version: str
    source: str = Field(alias="from")
    fingerprint: str
    width: Integer
    height: Integer
    quality: Integer
    tables: tuple[tuple[Integer, ...], ...] | None
    subsampling: str
    images: Integer
    too_small: dict[str, tuple[str, ...]]
    unreadable: tuple[tuple[str, str], ...]
    split_folders: Flag


class Equalisation(EqualisedDomain):
    """How a domain was equalised, into which folder, and what an audit finds there."""

    folder: str
    after: DomainAudit


class Audit(Document):
    """What `audit` finds in one domain or two; pair: None for one."""

    WHAT: ClassVar[str] = "an audit"

    version: str
    domains: tuple[DomainAudit, ...]
    pair: PairAudit | None


class EqualisedAudit(Audit):
    """What `audit` finds in a domain before and after equalising it."""

    equalisation: Equalisation = Field(alias="mended")
