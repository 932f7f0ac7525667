"""A sweep as its reports see it: what was asked for, how each job ended, what was measured. Files only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from forensictransfer.core.environment import Environment
from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.yaml_text import flat, read_yaml
from forensictransfer.results.cells import Cell, collect, strategy_label
from forensictransfer.results.evaluations import evaluation_path, read_metrics
from forensictransfer.results.formats.document import read_document
from forensictransfer.results.formats.metrics import DrawMetrics
from forensictransfer.results.formats.run import PAIRED
from forensictransfer.results.formats.shots_only import ShotsOnlyMetrics
from forensictransfer.results.formats.sweep import ImpossibleCell, SweepInfo
from forensictransfer.results.jobs import (
    ADAPT,
    FAILED,
    NOT_APPLIED,
    SHOTS_ONLY,
    TRAIN,
    Record,
    check_results,
    read_info,
    read_record,
    remedy,
)
from forensictransfer.results.shots_only import read_shots_only

Part = Literal["all", "pairs", "combined"]


@dataclass(frozen=True)
class SweepResults:
    """A sweep, finished or not. Everything is in the order of the jobs in sweep.json, whatever order they ended in.

    part: "pairs" or "combined" where only the cells of single sources, or of several together, are looked at (`only`).
    info, settings, environment: sweep.json, sweep.yaml, environment.json. records: of the jobs that ended. missing:
    names of the jobs that have no record yet. cells: every test that a job which is done was made for, and the source's
    own test of each adapted run; `run` and `model` are relative to the sweep's folder, so that a report does not depend
    on where that lies. draws: by (cell.run, cell.on), what each draw of shots gave. shots_only: what the shots alone
    reach, by the folder that holds it, relative to the sweep's; empty in sweeps of earlier versions.
    """

    path: Path
    info: SweepInfo
    settings: Mapping[str, Any]
    environment: Environment
    records: tuple[Record, ...]
    missing: tuple[str, ...]
    cells: tuple[Cell, ...]
    draws: Mapping[tuple[str, str], tuple[DrawMetrics, ...]]
    shots_only: Mapping[str, ShotsOnlyMetrics] = field(default_factory=dict)
    part: Part = "all"

    def only(self, part: Part) -> SweepResults:
        """Look at the cells of single sources alone (`pairs`), or of several together (`combined`)."""
        kept = tuple(cell for cell in self.cells if (len(cell.sources) > 1) == (part == "combined"))
        return replace(self, cells=kept, part=part)

    @property
    def detectors(self) -> tuple[str, ...]:
        return self.info.detectors

    @property
    def sources(self) -> tuple[str, ...]:
        """What was trained on, by the names in tables."""
        several = len(self.info.combined)
        every = self.info.learned_from
        singles = every[: len(every) - several]
        return {"all": every, "pairs": singles, "combined": every[len(singles) :]}[self.part]

    @property
    def targets(self) -> tuple[str, ...]:
        """Targets, those that are sources, too, in the sources' order, then the others."""
        both = [name for name in self.info.sources if name in self.info.targets]
        return tuple(dict.fromkeys([*both, *self.info.targets]))

    @property
    def strategies(self) -> tuple[str, ...]:
        """The ways of adapting, as tables name them; zero-shot is none of them."""
        return tuple(map(self.label, self.info.strategies))

    @property
    def protocol(self) -> str | None:
        """How all shots were drawn: PAIRED, or None."""
        return PAIRED if flat(self.settings.get("settings") or {}).get("adapt.pairs") else None

    def label(self, strategy: str) -> str:
        """Name a strategy of the sweep as its cells, records and tables do."""
        return strategy_label(strategy, self.protocol)

    @property
    def shots(self) -> tuple[int, ...]:
        """Labelled images per class that were asked for, rising; 0 always counts, since it is always measured."""
        return tuple(sorted({0, *self.info.shots}))

    @property
    def seeds(self) -> tuple[int, ...]:
        return self.info.seeds

    @property
    def impossible(self) -> tuple[ImpossibleCell, ...]:
        """The targets that have too few images for so many shots."""
        return self.info.impossible

    @property
    def done(self) -> tuple[Record, ...]:
        return tuple(record for record in self.records if record.done)

    @property
    def failed(self) -> tuple[Record, ...]:
        return tuple(record for record in self.records if record.state == FAILED)

    @property
    def not_applied(self) -> tuple[Record, ...]:
        """Jobs whose detector has nothing to say of their images."""
        return tuple(record for record in self.records if record.state == NOT_APPLIED)

    @property
    def finished(self) -> bool:
        """Whether every job has ended, well or not."""
        return not self.missing

    @property
    def counts(self) -> dict[str, int]:
        """How many jobs there are, are done, have failed, do not apply, are missing, and further impossible cells."""
        return {
            "jobs": len(self.info.jobs),
            "done": len(self.done),
            "failed": len(self.failed),
            "not_applied": len(self.not_applied),
            "missing": len(self.missing),
            "impossible": self._impossible_cells(),
        }

    def folder(self, cell: Cell) -> Path:
        """Return the folder of the evaluation behind a cell: predictions.csv, metrics.json, perhaps pictures/."""
        return evaluation_path(self.path / cell.run, cell.on)

    def _impossible_cells(self) -> int:
        """Count the cells that need shots that are not there.

        A target and shots, times sources, strategies and so on.
        """
        tuned_shots = self.settings.get("tuned_shots")
        ways = 0
        for item in self.impossible:
            idle = "tuned" in self.info.strategies and tuned_shots is not None and item.shots not in tuned_shots
            singles = self.info.sources if self.info.pairs else ()
            sources = sum(source != item.target for source in singles) + bool(self.info.combined)
            ways += sources * (len(self.strategies) - idle)
        return ways * len(self.detectors) * len(self.seeds)


def open_sweep(path: str | Path) -> SweepResults:
    """Read what a sweep has measured so far.

    Every file that a record holds the hash of is checked, and every run against its own marker. Raises
    UserError (one line, the file named): no sweep, another format, a record or a result that was edited, or no
    job that is done.
    """
    path = Path(path).expanduser()
    if not (path / "sweep.json").is_file():
        raise UserError(f"{path}: is not the folder of a sweep (it has no sweep.json)", code=ErrorCode.NOT_A_SWEEP)
    info = read_info(path)
    found = {job: path / "jobs" / f"{job}.json" for job in info.jobs}
    records = tuple(read_record(file) for file in found.values() if file.is_file())
    ended = {record.job for record in records}
    _check_any_done(path, records)
    for record in records:
        check_results(path, record)
    cells = tuple(_cells(path, info, records))
    results = SweepResults(
        path=path,
        info=info,
        settings=read_yaml(path / "sweep.yaml"),
        environment=read_document(path / "environment.json", Environment),
        records=records,
        missing=tuple(job for job in found if job not in ended),
        cells=cells,
        draws={},
        shots_only={r.run: read_shots_only(path / r.run) for r in records if r.kind == SHOTS_ONLY and r.done},
    )
    return replace(
        results,
        records=tuple(
            one.model_copy(update={"strategy": results.label(one.strategy)}) if one.kind == ADAPT else one
            for one in records
        ),
        draws={(c.run, c.on): read_metrics(results.folder(c) / "metrics.json").per_draw for c in cells},
    )


def _check_any_done(path: Path, records: tuple[Record, ...]) -> None:
    if any(record.done for record in records):
        return
    command = f"forensictransfer sweep {path / 'sweep.yaml'} --out {path}"
    if not records:
        raise UserError(
            f"{path}: no job of this sweep is done yet; continue with `{command}`", code=ErrorCode.SWEEP_WITHOUT_RESULTS
        )
    first = records[0]
    raise UserError(
        f"{path}: no job of this sweep is done, {len(records)} failed (the first: {first.job}: {first.error}); "
        f"put that right, then continue with `{command} --retry`",
        code=ErrorCode.SWEEP_WITHOUT_RESULTS,
    )


def _cells(path: Path, info: SweepInfo, records: tuple[Record, ...]) -> Iterator[Cell]:
    """Yield the cells of the jobs that are done, in their order; what else was evaluated in their runs is left out.

    info: sweep.json, which says of which domains a source is.
    """
    trained = {(r.detector, r.source, r.seed): r.run for r in records if r.kind == TRAIN}
    by_run: dict[str, dict[str, Cell]] = {}
    for record in records:
        if not record.done or record.kind == SHOTS_ONLY:
            continue
        if record.run not in by_run:
            by_run[record.run] = _tests(path / record.run, record.job)
        model = trained.get((record.detector, record.source, record.seed), record.run)
        sources = info.members(record.source)
        tests = sources if record.target is None else (record.target,)
        for on in (*tests, *sources) if record.kind == ADAPT else tests:
            cell = by_run[record.run].get(on)
            if cell is None:
                raise UserError(
                    f"{path / record.run}: has no test on {on} any more; {remedy(record.job)}",
                    code=ErrorCode.RUN_NOT_EVALUATED,
                )
            yield replace(cell, run=record.run, model=model)


def _tests(run: Path, job: str) -> dict[str, Cell]:
    """Read the cells of one run by the domain of the test. Raises UserError if the run is not what it was."""
    try:
        return {cell.on: cell for cell in collect([run])}
    except UserError as error:
        raise UserError(
            f"{error} (in a sweep: restore it, or delete runs/{run.name} and jobs/{job}.json)", code=error.code
        ) from error
