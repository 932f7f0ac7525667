"""jobs/NAME.json and sweep.json: how a job of a sweep ended, and what a sweep was asked to do."""

from __future__ import annotations

from typing import ClassVar, Literal

from forensictransfer.core.values import Integer, Number
from forensictransfer.data.counts import Counts
from forensictransfer.results.formats.document import Document, Part


class JobRecord(Document):
    """How a job ended. kind: train, zero-shot or adapt; state: done or failed; seconds: wall clock of its worker.

    run: the folder that holds its result, relative to the sweep's. target is None for a training. sha256: of the
    results, by path relative to the sweep's folder.
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
    state: Literal["done", "failed"]
    error: str | None = None
    seconds: Number
    balanced_accuracy: Number | None = None
    run: str
    sha256: dict[str, str]

    @property
    def done(self) -> bool:
        """Whether there is a result."""
        return self.state == "done"


class SweepDomain(Part):
    """A domain of a sweep and the images in each of its splits."""

    origin: str
    group: str
    fingerprint: str
    splits: dict[str, Counts]


class ImpossibleCell(Part):
    """A target that has too few images for so many shots."""

    target: str
    shots: Integer
    reason: str


class SweepInfo(Document):
    """sweep.json: what was asked for, the domains by name, the jobs in their order, and what cannot be measured."""

    WHAT: ClassVar[str] = "a sweep"

    kind: Literal["sweep"]
    id: str
    detectors: tuple[str, ...]
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    shots: tuple[Integer, ...]
    draws: Integer
    strategies: tuple[str, ...]
    seeds: tuple[Integer, ...]
    domains: dict[str, SweepDomain]
    impossible: tuple[ImpossibleCell, ...]
    jobs: tuple[str, ...]
    sha256: dict[str, str]
