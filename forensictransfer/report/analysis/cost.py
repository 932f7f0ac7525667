"""What a sweep cost: seconds of its jobs by kind, strategy and shots, and what its searches for settings tried."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from forensictransfer.results.formats.document import read_document
from forensictransfer.results.formats.search import SearchOutcome
from forensictransfer.results.jobs import ADAPT, TRAIN, Record
from forensictransfer.results.sweep import SweepResults


@dataclass(frozen=True)
class Search:
    """Searches for settings: how many there were, trials tried, of these stopped early, and seconds spent on them."""

    searches: int
    trials: int
    pruned: int
    seconds: float


@dataclass(frozen=True)
class Cost:
    """Jobs that are done, of one kind (train, zero-shot, adapt), strategy and number of shots.

    seconds: wall clock of their workers, summed over jobs; one adaptation does all its draws and both of its tests.
    search: what searches among settings took of that (strategy tuned, or a training with trials); None without one.
    """

    kind: str
    strategy: str
    shots: int
    jobs: int
    seconds: float
    search: Search | None

    @property
    def mean(self) -> float:
        """Seconds of one job."""
        return self.seconds / self.jobs


def costs(results: SweepResults) -> tuple[Cost, ...]:
    """Sum up the cost of jobs that are done, in the order of the sweep's jobs.

    Raises UserError for a damaged chosen.json.
    """
    grouped: dict[tuple[str, str, int], list[Record]] = {}
    for record in results.done:
        grouped.setdefault((record.kind, record.strategy, record.shots), []).append(record)
    kinds, strategies = list(dict.fromkeys(key[0] for key in grouped)), list(results.strategies)
    order = sorted(
        grouped, key=lambda k: (kinds.index(k[0]), k[2], strategies.index(k[1]) if k[1] in strategies else 0)
    )
    return tuple(
        Cost(*key, len(grouped[key]), sum(r.seconds for r in grouped[key]), _search(results, grouped[key]))
        for key in order
    )


def total_seconds(results: SweepResults) -> float:
    """Sum the wall-clock seconds of all jobs that ended, over workers.

    Failed jobs count too; it is not the sweep's own duration.
    """
    return sum(record.seconds for record in results.records)


def _search(results: SweepResults, records: list[Record]) -> Search | None:
    found = [entry for record in records for entry in _chosen(results, record)]
    if not found:
        return None
    return Search(
        len(found),
        sum(outcome.trials for outcome in found),
        sum(outcome.pruned for outcome in found),
        sum(outcome.seconds for outcome in found),
    )


def _chosen(results: SweepResults, record: Record) -> Iterator[SearchOutcome]:
    """Read what chosen.json says of each search that the job made."""
    run = results.path / record.run
    if record.kind == TRAIN:
        paths = [run / "chosen.json"]
    elif record.kind == ADAPT:
        paths = sorted(run.glob("draws/*/chosen.json"), key=lambda path: int(path.parent.name))
    else:
        paths = []
    for path in paths:
        if path.is_file():
            yield read_document(path, SearchOutcome, "make the run again")
