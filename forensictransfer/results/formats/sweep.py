"""Files of a sweep: how a job ended, what its workers are doing, and what it was asked to do (sweep.json)."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import SerializerFunctionWrapHandler, field_validator, model_serializer, model_validator

from forensictransfer.core.values import Flag, Integer, Number
from forensictransfer.data.counts import Counts
from forensictransfer.data.records import SPLITS
from forensictransfer.results.formats.document import Document, Part
from forensictransfer.results.formats.run import joined_name


class JobRecord(Document):
    """How a job ended.

    kind: train, zero-shot, adapt or shots-only; state: done, failed, or not applied, where the detector has nothing to
    say of a class of its images; seconds: wall clock of its worker.

    cpu_seconds, memory_mb: of a job that is done, left out of the file otherwise. worker: host:pid. attempt: how often
    the job was begun. run: the folder that holds its result, relative to the sweep's. target is None for a training;
    of shots-only, which has no source, `source` is the target, too. sha256: of the results, by path relative to the
    sweep's folder. checksum: of all other fields, set when it is written.
    """

    WHAT: ClassVar[str] = "a record"

    job: str
    kind: str
    detector: str
    source: str
    target: str | None
    strategy: str
    shots: Integer
    draws: Integer
    seed: Integer
    state: Literal["done", "failed", "not applied"]
    error: str | None = None
    seconds: Number
    cpu_seconds: Number | None = None
    memory_mb: Number | None = None
    balanced_accuracy: Number | None = None
    worker: str | None = None
    attempt: Integer | None = None
    run: str
    sha256: dict[str, str]
    ended: str | None = None
    checksum: str = ""

    @property
    def done(self) -> bool:
        """Whether there is a result."""
        return self.state == "done"

    @model_serializer(mode="wrap")
    def _without_unmeasured(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        content: dict[str, Any] = handler(self)
        return {key: value for key, value in content.items() if value is not None or key not in _UNMEASURED}


_UNMEASURED = ("cpu_seconds", "memory_mb")


class WorkerStatus(Part):
    """.workers/NAME.json: the job that a living worker is at, and since when (seconds since 1970)."""

    job: str
    since: Number


class SweepDomain(Part):
    """A domain of a sweep and the images in each of its splits: train, validation and test, none left out."""

    origin: str
    group: str
    fingerprint: str
    splits: dict[str, Counts]

    @field_validator("splits")
    @classmethod
    def _all_splits(cls, splits: dict[str, Counts]) -> dict[str, Counts]:
        for name in SPLITS:
            if name not in splits:
                raise ValueError(f"the split '{name}' is missing")
        return splits


class ImpossibleCell(Part):
    """A target that has too few images for so many shots."""

    target: str
    shots: Integer
    reason: str


class SweepInfo(Document):
    """sweep.json: what was asked for, the domains by name, the jobs in their order, and what cannot be measured.

    Every source and every target is one of the domains. pairs: whether each source was trained on alone. combined: the
    domains of each training on several. sha256: of the files beside it. checksum: of all other fields,
    set when it is written.
    """

    WHAT: ClassVar[str] = "a sweep"

    kind: Literal["sweep"]
    version: str | None = None
    created: str | None = None
    id: str
    detectors: tuple[str, ...]
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    pairs: Flag = True
    combined: tuple[tuple[str, ...], ...] = ()
    shots: tuple[Integer, ...]
    draws: Integer
    strategies: tuple[str, ...]
    seeds: tuple[Integer, ...]
    domains: dict[str, SweepDomain]
    impossible: tuple[ImpossibleCell, ...]
    jobs: tuple[str, ...]
    sha256: dict[str, str]
    checksum: str = ""

    @model_validator(mode="after")
    def _knows_its_domains(self) -> SweepInfo:
        combined = [name for names in self.combined for name in names]
        for field, names in (("sources", self.sources), ("targets", self.targets), ("combined", combined)):
            for name in names:
                if name not in self.domains:
                    raise ValueError(f"field 'domains': has no '{name}', which the field '{field}' names")
        return self

    @property
    def learned_from(self) -> tuple[str, ...]:
        """What was trained on, by the names in tables: single sources, then several together, `A + B`."""
        return (*(self.sources if self.pairs else ()), *map(joined_name, self.combined))

    def members(self, source: str) -> tuple[str, ...]:
        """List the domains that a source is of, whose name may be that of several together."""
        return next((names for names in self.combined if joined_name(names) == source), (source,))
