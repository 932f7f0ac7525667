"""data.json: the images that a run was made from, and all that it has seen."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from forensictransfer.core.values import Integer
from forensictransfer.data.counts import Counts
from forensictransfer.data.exclusion import LeftOut
from forensictransfer.evaluation.applicability import NotApplied
from forensictransfer.results.formats.document import Part
from forensictransfer.results.formats.run import DomainReference


class SeenImages(Part):
    """Groups and digests of decoded pixels that a run has learned from: no test may hold them."""

    groups: tuple[str, ...]
    digests: tuple[str, ...]

    def joined(self, groups: Iterable[str], digests: Iterable[str]) -> SeenImages:
        """Add what an adaptation has seen."""
        return SeenImages(
            groups=tuple(sorted({*self.groups, *groups})), digests=tuple(sorted({*self.digests, *digests}))
        )


class Seen(Part):
    """What every data.json tells, of a training or of an adaptation."""

    seen: SeenImages


class WeightsFile(Part):
    """A file of weights that a training began with."""

    file: str
    sha256: str


class SourceData(Part):
    """The domain of a training, or all of them together. skipped: (name, reason) of images that could not be read.

    left_out: how many these are, by split and class; empty in files of versions that did not count them. not_applied:
    by split, the images among the others that the detector does not apply to. links: (name, reason) of links in the
    domain's folder that were not followed. Of several domains, names and notes begin with the domain's, and `origin` is
    empty.
    """

    name: str
    origin: str
    fingerprint: str
    notes: tuple[str, ...]
    splits: dict[str, Counts]
    skipped: tuple[tuple[str, str], ...]
    left_out: dict[str, LeftOut] = Field(default_factory=dict)
    not_applied: dict[str, NotApplied] = Field(default_factory=dict)
    links: tuple[tuple[str, str], ...] = ()


class TrainingData(SourceData):
    """data.json of a training. sources: each domain by itself, where there are several."""

    sources: tuple[SourceData, ...] = ()
    seen: SeenImages
    weights: WeightsFile | None = None

    @property
    def without_seen(self) -> AdaptedSource:
        """What an adapted run repeats of it."""
        return AdaptedSource(**{name: getattr(self, name) for name in AdaptedSource.model_fields})


class AdaptedSource(SourceData):
    """What data.json of an adaptation repeats of its training."""

    sources: tuple[SourceData, ...] = ()
    weights: WeightsFile | None = None


class TargetData(DomainReference):
    """The domain adapted to, with the notes that were made when it was opened.

    skipped: (name, reason) of images that would have been shots and could not be read; others were drawn for them.
    not_applied: by draw, the shots that the detector does not apply to: nothing was drawn for them.
    """

    notes: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...] = ()
    left_out: LeftOut | None = None
    not_applied: dict[str, NotApplied] = Field(default_factory=dict)
    links: tuple[tuple[str, str], ...] = ()


class BackgroundData(Part):
    """A folder that the background was taken from instead of the source.

    fingerprint: of the images chosen from it; photographs: how many of these were used; skipped: (name, reason) of
    those that could not be read; tested: how many were left out because they stand in a test split; not_applied: those
    of the rest that the detector does not apply to.
    """

    name: str
    origin: str
    fingerprint: str
    photographs: Integer
    skipped: tuple[tuple[str, str], ...] = ()
    tested: Integer = 0
    not_applied: NotApplied | None = None


class AdaptationData(Part):
    """data.json of an adaptation: what the training had seen, the shots of all draws and the background count as seen.

    background: the folders that it was taken from; empty where it is the source's own.
    """

    source: AdaptedSource
    target: TargetData
    background: tuple[BackgroundData, ...] = ()
    seen: SeenImages
