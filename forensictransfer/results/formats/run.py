"""run.json, FINISHED and environment.json: what a run is, and what it was made with."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import SerializerFunctionWrapHandler, model_serializer, model_validator

from forensictransfer.core.files import now
from forensictransfer.core.values import Integer
from forensictransfer.core.version import __version__
from forensictransfer.results.formats.document import Document, Part

PHOTOGRAPHS = "photographs"  # what a run learned from where its sources hold no fakes: photographs by camera
PAIRED = "paired"  # the protocol whose shots are photographs, each with a forgery of its own group


class DomainReference(Part):
    """A domain as files name it: `origin` is its folder or built-in name, `fingerprint` the hash of its images."""

    name: str
    origin: str
    group: str
    fingerprint: str


class MemberRun(Part):
    """A trained run that was adapted together with others: its folder, its detector, and the side of its crops."""

    path: str
    detector: str
    crop: Integer
    trained_on: tuple[DomainReference, ...]


class RunInfo(Document):
    """run.json: what a run is, and what it was made from. A field is None where it does not apply.

    source: the domain trained on, None where these are several; sources: the several, in the order in which they were
    named, empty for one (`trained_on` has either); target: the domain adapted to; shots: labelled images per class of
    the target; draws: repetitions with other shots; threshold_rule, stop_rule: the rules by name; parent: the folder of
    the run that an adapted run comes from; recompress: quality of the JPEG that every image went through when it
    was read; background: names of the folders that the background came from, None: the source; material: PHOTOGRAPHS
    where the sources are folders of photographs by camera, None where they are domains; protocol: PAIRED, or
    None where the shots of the two classes are drawn apart; members: the runs that an adapted run fuses, where they
    are several (then `parent` is None).

    The file of a run of several sources is of format 2, which versions that know only one source refuse; that of one
    source stays as it was, of format 1. That of a run that fuses several is of format 3.
    """

    WHAT: ClassVar[str] = "a run"
    READ: ClassVar[tuple[int, ...]] = (1, 2, 3)

    kind: Literal["train", "adapt"]
    version: str
    created: str
    detector: str
    source: DomainReference | None = None
    sources: tuple[DomainReference, ...] = ()
    target: DomainReference | None = None
    strategy: str | None = None
    shots: Integer | None = None
    draws: Integer | None = None
    seed: Integer | None = None
    threshold_rule: str | None = None
    stop_rule: str | None = None
    parent: str | None = None
    recompress: Integer | None = None
    protocol: Literal["paired"] | None = None
    background: str | None = None
    material: Literal["photographs"] | None = None
    members: tuple[MemberRun, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> RunInfo:
        if self.source is None and not self.sources:
            raise ValueError(f"field '{'sources' if self.format == 2 else 'source'}': is missing")
        if self.sources and (self.source is not None or len(self.sources) < 2):
            raise ValueError("field 'sources': expected two or more, without a field 'source'")
        if self.format == 3 and not self.members:
            raise ValueError("field 'members': is missing")
        if self.members and (self.format != 3 or len(self.members) == 1):
            raise ValueError("field 'members': expected two or more, in a run of format 3")
        if self.kind == "adapt":
            for name in ("target", "shots", "draws"):
                if getattr(self, name) is None:
                    raise ValueError(f"field '{name}': is missing from an adapted run")
        return self

    @classmethod
    def new(cls, kind: Literal["train", "adapt"], **about: Any) -> RunInfo:
        """Describe a run that begins now with this version; about: the other fields."""
        form = 3 if about.get("members") else 2 if about.get("sources") else 1
        return cls(format=form, kind=kind, version=__version__, created=now(), **about)

    @staticmethod
    def learned_from(domains: Sequence[DomainReference]) -> dict[str, Any]:
        """Return the fields that name the domains trained on."""
        return {"source": domains[0]} if len(domains) == 1 else {"sources": tuple(domains)}

    @property
    def trained_on(self) -> tuple[DomainReference, ...]:
        """The domains trained on: one or more."""
        return self.sources if self.source is None else (self.source,)

    @property
    def source_name(self) -> str:
        """The name of what was trained on in tables: `A`, or `A + B + C`."""
        return joined_name([domain.name for domain in self.trained_on])

    @property
    def source_fingerprint(self) -> str:
        """The fingerprint of what was trained on; of several domains, a hash over theirs."""
        return joined_fingerprint([domain.fingerprint for domain in self.trained_on])

    @model_serializer(mode="wrap")
    def _one_or_several(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        content: dict[str, Any] = handler(self)
        del content["sources" if self.source is not None else "source"]
        if not self.members:
            del content["members"]
        if self.material is None:
            del content["material"]
        return content


JOINT = " + "


def joined_name(names: Sequence[str]) -> str:
    """Name several domains that are learned from together, in their order."""
    return JOINT.join(names)


def joined_fingerprint(fingerprints: Sequence[str]) -> str:
    """Compute one fingerprint of several domains, in their order; of one domain it is its own."""
    if len(fingerprints) == 1:
        return fingerprints[0]
    return hashlib.sha256("\n".join(fingerprints).encode()).hexdigest()


# What a resumed run must have in common with what is asked for now.
ABOUT = tuple(name for name in RunInfo.model_fields if name not in ("format", "kind", "version", "created"))
SOURCES = ("source", "sources")  # of these the one that a run has


class Marker(Document):
    """FINISHED: when a run ended, and the SHA-256 of every file that the result rests on, by path in the run."""

    WHAT: ClassVar[str] = "the marker of a finished run"

    finished: str
    sha256: dict[str, str]
