"""metrics.json: what one run measured on the test split of one domain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field, PlainSerializer, ValidationInfo, field_validator

from forensictransfer.core.values import Integer, Number
from forensictransfer.data.counts import Counts
from forensictransfer.data.exclusion import LeftOut
from forensictransfer.evaluation.abstained import Abstained
from forensictransfer.evaluation.applicability import NotApplied
from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.evaluation.metrics import DrawSummary
from forensictransfer.results.formats.document import Document, Part


def _stored(estimate: Estimate) -> dict[str, float | None]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


# On disk without n, which stands in the file once for all its metrics.
StoredEstimate = Annotated[Estimate, PlainSerializer(_stored)]


class MetadataBaseline(Part):
    """How well format, size and metadata alone tell the reals of a domain from its fakes, as fractions.

    balanced_accuracy, low, high: with its 95 % interval, None where groups are too few to tell; n: images and groups
    behind it; strongest: what separates the classes most, in words, None where nothing surely does.
    """

    balanced_accuracy: Number | None
    low: Number | None
    high: Number | None
    n: Counts
    strongest: str | None = None

    @property
    def estimate(self) -> Estimate:
        """The accuracy with its interval."""
        return Estimate(self.balanced_accuracy, self.low, self.high, self.n.groups)


class DrawMetrics(Part):
    """One draw of shots: its threshold, and each metric under its own name (None where it is undefined)."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Number | None]

    draw: Integer
    threshold: Number

    @property
    def metrics(self) -> Mapping[str, float | None]:
        """The metrics by name."""
        return self.__pydantic_extra__

    @classmethod
    def of(cls, summary: DrawSummary) -> DrawMetrics:
        """Describe a draw as a part of metrics.json."""
        return cls(draw=summary.draw, threshold=summary.threshold, **dict(summary.metrics))


class ScoringSettings(Part):
    """How images were scored: distance of tiles, tiles of an image and tiles at once, resamples of the bootstrap."""

    stride: Integer
    max_tiles: Integer
    batch: Integer
    resamples: Integer


class Dropped(Part):
    """Test images that were left out because the run has seen their group, or their pixels in another group."""

    group: Integer
    pixels: Integer

    @property
    def images(self) -> int:
        """All that were left out."""
        return self.group + self.pixels


def with_groups(metrics: dict[str, Estimate], info: ValidationInfo) -> dict[str, Estimate]:
    """Give the estimates of a document the groups that its field `n`, which stands before them, counts."""
    n: Any = info.data.get("n")
    return {name: replace(one, n=n.groups if n else None) for name, one in metrics.items()}


class LocalisationMetrics(Part):
    """How well heat maps find what was changed (`evaluation.localisation`): means over images and draws by name.

    n: fakes with a mask, real images, and the groups of both; flat: fakes whose map has one value all over, which says
    nothing of where; skipped: (fake, reason) of masks that cannot be used.
    """

    n: Counts
    flat: Integer = 0
    skipped: tuple[tuple[str, str], ...] = ()
    metrics: dict[str, StoredEstimate]

    _with_n = field_validator("metrics", mode="after")(with_groups)


class AbstentionMetrics(Part):
    """What is decided where a share of errors is allowed and the rest is left open (`evaluation.abstained`).

    error: that share; reals, fakes: the calibration images behind it, of a draw the fewest, one of a group.
    """

    error: Number
    reals: Integer
    fakes: Integer
    metrics: dict[str, StoredEstimate]

    @classmethod
    def of(cls, found: Abstained) -> AbstentionMetrics:
        """Describe what was measured as a part of metrics.json."""
        return cls(error=found.error, reals=found.reals, fakes=found.fakes, metrics=dict(found.metrics))


class Metrics(Document):
    """metrics.json. A run is named by its source, the domain that it was adapted to and how; `target` is the test's.

    origin, fingerprint: of the domain of the test; dropped_shared, skipped: images left out, (name, reason) where they
    could not be read; left_out: these by class; not_applied: those of the rest that the detector does not apply to,
    None where there are none; warnings: what makes the numbers doubtful, a line each;
    metadata_baseline: None in results of versions that did not measure it; localisation: None where it was not asked
    for; abstention: what is decided at some shares of errors, the smallest first, empty where nothing is left to
    calibrate on, and in results of versions that did not measure it.
    """

    WHAT: ClassVar[str] = "the metrics of an evaluation"

    source: str
    target: str
    run_target: str | None
    detector: str
    strategy: str | None
    shots: Integer | None
    seed: Integer | None
    threshold_rule: str | None
    stop_rule: str | None
    draws: Integer
    split: str
    settings: ScoringSettings
    origin: str | None = None
    fingerprint: str | None = None
    dropped_shared: Dropped
    skipped: tuple[tuple[str, str], ...]
    left_out: LeftOut | None = None
    not_applied: NotApplied | None = None
    warnings: tuple[str, ...] = ()
    metadata_baseline: MetadataBaseline | None = Field(None, alias="metadata_only")
    n: Counts
    metrics: dict[str, StoredEstimate]
    per_draw: tuple[DrawMetrics, ...]
    localisation: LocalisationMetrics | None = None
    abstention: tuple[AbstentionMetrics, ...] = ()

    _with_n = field_validator("metrics", mode="after")(with_groups)
