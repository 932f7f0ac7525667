"""run.json, FINISHED and environment.json: what a run is, and what it was made with."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import model_validator

from forensictransfer.core.files import now
from forensictransfer.core.values import Integer
from forensictransfer.core.version import __version__
from forensictransfer.results.formats.document import Document, Part


class DomainReference(Part):
    """A domain as files name it: `origin` is its folder or built-in name, `fingerprint` the hash of its images."""

    name: str
    origin: str
    group: str
    fingerprint: str


class RunInfo(Document):
    """run.json: what a run is, and what it was made from. A field is None where it does not apply.

    source: the domain trained on; target: the domain adapted to; shots: labelled images per class of the target; draws:
    repetitions with other shots; threshold_rule, stop_rule: the rules by name; parent: the folder of the run that an
    adapted run comes from; recompress: quality of the JPEG that every image went through when it was read.
    """

    WHAT: ClassVar[str] = "a run"

    kind: Literal["train", "adapt"]
    version: str
    created: str
    detector: str
    source: DomainReference
    target: DomainReference | None = None
    strategy: str | None = None
    shots: Integer | None = None
    draws: Integer | None = None
    seed: Integer | None = None
    threshold_rule: str | None = None
    stop_rule: str | None = None
    parent: str | None = None
    recompress: Integer | None = None

    @model_validator(mode="after")
    def _whole(self) -> RunInfo:
        if self.kind == "adapt":
            for name in ("target", "shots", "draws"):
                if getattr(self, name) is None:
                    raise ValueError(f"field '{name}': is missing from an adapted run")
        return self

    @classmethod
    def new(cls, kind: Literal["train", "adapt"], **about: Any) -> RunInfo:
        """Describe a run that begins now with this version; about: the other fields."""
        return cls(format=cls.FORMAT, kind=kind, version=__version__, created=now(), **about)


# What a resumed run must have in common with what is asked for now.
ABOUT = tuple(name for name in RunInfo.model_fields if name not in ("format", "kind", "version", "created"))


class Marker(Document):
    """FINISHED: when a run ended, and the SHA-256 of every file that the result rests on, by path in the run."""

    WHAT: ClassVar[str] = "the marker of a finished run"

    finished: str
    sha256: dict[str, str]
