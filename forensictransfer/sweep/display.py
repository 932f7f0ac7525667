"""The progress of a sweep: a table that renews itself on a terminal, a line for each job elsewhere."""

from __future__ import annotations

import logging
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import TYPE_CHECKING

import psutil

from forensictransfer.core.errors import UserError
from forensictransfer.core.progress import is_lively
from forensictransfer.core.visible import visible
from forensictransfer.results.audits import read_audits, without_pixels
from forensictransfer.results.formats.document import read_document
from forensictransfer.results.formats.sweep import JobRecord, SweepDomain, WorkerStatus
from forensictransfer.results.shots_only import NAME
from forensictransfer.sweep.estimate import remaining, seconds
from forensictransfer.sweep.folder import DONE, FAILED, NOT_APPLIED, SweepFolder
from forensictransfer.sweep.grid import SHOTS_ONLY, TRAIN, ZERO_SHOT, Grid, Job

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

_log = logging.getLogger(__name__)
_EVERY = 30.0  # seconds between two plain lines on how it stands


class Display:
    """Says what happens, between its beginning and its end (`with`): `show` is called again and again."""

    def __init__(self, folder: SweepFolder, grid: Grid, workers: int, threads: int) -> None:
        self.folder, self.grid, self.workers, self.threads = folder, grid, workers, threads
        self.domains = folder.info.domains
        audits = read_audits(folder.path, self.domains)
        self.alone = {name: without_pixels(audit).balanced_accuracy for name, audit in audits.items()}
        self.records: dict[str, JobRecord] = {}
        self._live: Live | None = None
        self._said = 0.0

    def __enter__(self) -> Display:
        before = self.folder.ended()
        already = f", {len(before)} of them done before" if before else ""
        _log.info(
            "%s: %d jobs%s; %d worker%s of %d thread%s",
            *(self.folder.path, len(self.grid.jobs), already, self.workers, "s" * (self.workers != 1)),
            *(self.threads, "s" * (self.threads != 1)),
        )
        for item in self.grid.impossible:
            _log.info("cannot be done: %s", item.reason)
        for line in self.grid.left_out:
            _log.info("%s", line)
        self._read(before)
        if is_lively(sys.stderr) and _log.isEnabledFor(logging.INFO):
            self._live = _begin_live()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, states: Mapping[str, str], last: bool = False) -> None:
        """Renew the table on a terminal; elsewhere log each job that has ended, and now and then a count."""
        new = self._read(states)
        for record in new:
            if record.state == FAILED:
                _log.warning("%s", job_line(record))
            elif self._live is None:
                _log.info("%s", job_line(record, self.alone.get(record.target or record.source)))
        if self._live is not None:
            lines = table_lines(self.grid, self.records, self._running(), self._eta())
            self._live.update(_unwrapped(lines), refresh=True)
        elif last or time.monotonic() - self._said > _EVERY:
            self._said = time.monotonic()
            _log.info("%s", count_line(self.grid, self.records, self._running(), self._eta()))

    def _read(self, names: Iterable[str]) -> list[JobRecord]:
        new = [self.folder.record(name) for name in names if name not in self.records]
        self.records |= {record.job: record for record in new}
        return sorted(new, key=lambda record: str(record.ended))

    def _eta(self) -> float:
        return remaining(self.grid.jobs, self.records.values(), self.domains, self.workers)

    def _running(self) -> dict[str, float]:
        """Read for each running job its seconds so far, of all workers that say so."""
        found = {}
        for path in sorted((self.folder.path / ".workers").glob("*.json")):
            try:
                status = read_document(path, WorkerStatus)
            except (OSError, UserError):  # it has just ended, or is no worker's
                continue
            if status.job not in self.records and _lives(path.stem):
                found[status.job] = max(0.0, time.time() - status.since)
        return found


def _begin_live() -> Live:
    """Begin an area at the foot of the terminal that is written again and again and gone at its end."""
    from rich.console import Console
    from rich.live import Live

    live = Live(console=Console(stderr=True), auto_refresh=False, transient=True, redirect_stdout=False)
    live.start()
    return live


def _unwrapped(lines: list[str]) -> Text:
    from rich.text import Text

    return Text("\n".join(map(visible, lines)), no_wrap=True, overflow="ellipsis")


def table_lines(grid: Grid, records: Mapping[str, JobRecord], running: Mapping[str, float], eta: float) -> list[str]:
    """Write done, running, failed, time left.

    A row for each source: its jobs, its own test, and the best of its targets.
    """
    jobs: dict[tuple[str, str, int], list[Job]] = {}
    beside = [job for job in grid.jobs if job.kind == SHOTS_ONLY]
    for job in (job for job in grid.jobs if job.kind != SHOTS_ONLY):
        jobs.setdefault((job.label, job.detector, job.seed), []).append(job)
    width = max(len(label) for label in (*(_label(*key) for key in jobs), NAME))
    lines = [
        count_line(grid, records, running, eta),
        f"  {'source':<{width}}  {'done':>9}  {'own test':>8}  best target",
    ]
    for (source, detector, seed), members in jobs.items():
        ended = [records[job.name] for job in members if job.name in records]
        own = next((r.balanced_accuracy for r in ended if r.kind == TRAIN and r.balanced_accuracy is not None), None)
        others = [(r.balanced_accuracy, r) for r in ended if r.kind != TRAIN and r.balanced_accuracy is not None]
        best = max(others, key=itemgetter(0), default=None)
        label = _label(source, detector, seed)
        count = f"{sum(r.done for r in ended)}/{len(members)}"
        text = "-" if own is None else f"{100 * own:.1f} %"
        best_text = f"{100 * best[0]:.1f} % {_cell(best[1])}" if best else "-"
        lines.append(f"  {label:<{width}}  {count:>9}  {text:>8}  {best_text}")
    if beside:
        count = f"{sum(records[job.name].done for job in beside if job.name in records)}/{len(beside)}"
        lines.append(f"  {NAME:<{width}}  {count:>9}  {'-':>8}  -")
    lines += [f"  running {clock(since):>7}  {name}" for name, since in running.items()]
    return lines


def count_line(grid: Grid, records: Mapping[str, JobRecord], running: Mapping[str, float], eta: float) -> str:
    """Write one line: done, running, failed, not applied, time left."""
    states: Counter[str] = Counter(record.state for record in records.values())
    left = f", about {clock(eta)} left" if eta > 0 else ""
    return (
        f"{states[DONE]} of {len(grid.jobs)} jobs done, {len(running)} running, {states[FAILED]} failed"
        f"{f', {states[NOT_APPLIED]} not applied' if states[NOT_APPLIED] else ''}"
        f"{f', {len(grid.impossible)} targets with too few shots' if grid.impossible else ''}{left}"
    )


def job_line(record: JobRecord, alone: float | None = None) -> str:
    """Write one line on a job that has ended.

    alone: the balanced accuracy on its test without a look at pixels, if known.
    """
    if record.state == FAILED:
        return f"FAILED {record.job}: {record.error}"
    if record.state == NOT_APPLIED:
        return f"not applied: {record.job}: {record.error}"
    value = record.balanced_accuracy
    number = "no accuracy" if value is None else f"balanced accuracy {100 * value:5.1f} %"
    number += f" (metadata alone {100 * alone:.1f} %)" if alone is not None else ""
    return f"done   {number}  {clock(record.seconds):>7}  {_whole(record)}"


def dry_run_text(grid: Grid, domains: Mapping[str, SweepDomain], folder: SweepFolder | None, workers: int) -> str:
    """List the jobs with their state and guessed time, and the sum."""
    ended = folder.ended() if folder else set()
    records = {name: folder.record(name) for name in ended} if folder else {}
    lines = []
    for job in grid.jobs:
        state = records[job.name].state if job.name in records else "to do"
        time_text = clock(records[job.name].seconds) if job.name in records else f"~{clock(seconds(job, domains))}"
        lines.append(f"{state:<6} {time_text:>8}  {job.name}")
    lines += [f"cannot be done: {item['reason']}" for item in grid.impossible]
    lines += grid.left_out
    states: Counter[str] = Counter(record.state for record in records.values())
    eta = remaining(grid.jobs, records.values(), domains, workers)
    basis = "scaled by the jobs done so far" if states[DONE] else "a rough guess until the first jobs are done"
    lines.append(
        f"{len(grid.jobs)} jobs: {states[DONE]} done, {states[FAILED]} failed, {len(grid.jobs) - len(records)} to do; "
        f"about {clock(eta)} with {workers} worker{'s' * (workers != 1)} ({basis})"
    )
    return "\n".join(lines)


def clock(value: float) -> str:
    """Write seconds for people: 8 s, 3:05, 2:03:05."""
    total = round(value)
    hours, minutes, rest = total // 3600, total % 3600 // 60, total % 60
    if hours:
        return f"{hours}:{minutes:02d}:{rest:02d}"
    return f"{minutes}:{rest:02d}" if minutes else f"{value:.1f} s" if value < 10 else f"{rest} s"


def _label(source: str, detector: str, seed: int) -> str:
    return visible(" ".join((source, detector, f"seed {seed}")))


def _cell(record: JobRecord) -> str:
    if record.kind == ZERO_SHOT:
        return f"{record.target}, zero-shot"
    return f"{record.target}, {record.strategy}, {record.shots} shots"


def _whole(record: JobRecord) -> str:
    if record.kind == TRAIN:
        return f"{record.source}: trained ({record.detector}, seed {record.seed}), own test"
    if record.kind == SHOTS_ONLY:
        return f"{record.target}: {NAME}, {record.shots} shots"
    return f"{record.source} -> {_cell(record)}"


def _lives(worker: str) -> bool:
    """Tell whether a worker of this machine is alive; one of another machine counts as alive."""
    host, _, pid = worker.rpartition("-")
    return host != socket.gethostname() or (pid.isdecimal() and psutil.pid_exists(int(pid)))
