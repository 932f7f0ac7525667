"""shots_only/metrics.json: what a classifier reaches that is fitted to the shots alone, beside an adapted run."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import field_validator

from forensictransfer.core.values import Integer
from forensictransfer.data.counts import Counts
from forensictransfer.results.formats.document import Document
from forensictransfer.results.formats.metrics import DrawMetrics, StoredEstimate, with_groups


class ShotsOnlyMetrics(Document):
    """What the same shots of the same draws reach without any source.

    target, origin, fingerprint: the domain of shots and test; descriptor: registered name of the detector whose
    features are used; classifier: what was fitted to them; shots: per class; threshold_rule: as in run.json; resamples:
    of the bootstrap; recompress, protocol: as in run.json; n: images tested.
    """

    WHAT: ClassVar[str] = "the metrics of `shots only`"

    target: str
    origin: str
    fingerprint: str
    descriptor: str
    classifier: str
    shots: Integer
    draws: Integer
    seed: Integer
    threshold_rule: str
    resamples: Integer
    recompress: Integer | None = None
    protocol: Literal["paired"] | None = None
    n: Counts
    metrics: dict[str, StoredEstimate]
    per_draw: tuple[DrawMetrics, ...]

    _with_n = field_validator("metrics", mode="after")(with_groups)
