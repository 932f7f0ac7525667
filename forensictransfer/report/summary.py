"""A run as facts: what it is, its settings and what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from forensictransfer.core.settings import Settings
from forensictransfer.results.formats.metrics import Metrics
from forensictransfer.results.formats.run import RunInfo
from forensictransfer.results.runs import RunFolder
from forensictransfer.results.shots_only import ShotsOnly, evaluations_beside


@dataclass(frozen=True)
class RunSummary:
    """A run folder, finished or not.

    run: run.json; evaluations: metrics.json of each domain that it was tested on; shots_only: what the shots alone
    reach, by the domain that they are of.
    """

    path: Path
    finished: bool
    run: RunInfo
    settings: Settings
    evaluations: Sequence[Metrics]
    shots_only: Mapping[str, ShotsOnly]


def run_summary(run: RunFolder) -> RunSummary:
    """Sum up a run."""
    found = run.evaluations()
    return RunSummary(run.path, run.finished, run.info, run.settings, found, evaluations_beside(run, found))
