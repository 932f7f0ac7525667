"""The folder of a sweep: what was asked for, a record for each job that ended, and the locks that keep workers apart.

sweep.yaml   the settings, valid again      sweep.json   domains, their fingerprints, jobs, impossible cells
runs/<job>/  run folders                    jobs/<job>.json   how a job ended: the marker of a job that is done
shots_only/<job>/  what the shots alone reach
logs/        what workers printed           study.db     Optuna's study, unless it is kept elsewhere
"""

from __future__ import annotations

import contextlib
import json
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from forensictransfer.core import files
from forensictransfer.core.environment import environment
from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.files import check_folder, file_sha256, now
from forensictransfer.core.settings import dump, load_checked
from forensictransfer.core.version import __version__
from forensictransfer.core.yaml_text import flat
from forensictransfer.results.formats.document import write_document
from forensictransfer.results.formats.sweep import JobRecord, SweepDomain, SweepInfo
from forensictransfer.results.jobs import (
    DONE,
    FAILED,
    NOT_APPLIED,
    checksum,
    read_info,
    read_record,
    write_with_checksum,
)
from forensictransfer.results.shots_only import FOLDER
from forensictransfer.sweep.grid import SHOTS_ONLY, Grid, Job
from forensictransfer.sweep.settings import SweepSettings

__all__ = ["DONE", "FAILED", "NOT_APPLIED", "SweepFolder", "checksum"]

_OURS = ("jobs", "runs", "logs", "sweep.yaml", "environment.json")
# Another answer to these does not make it another sweep.
_FREE = ("heartbeat",)


class SweepFolder:
    """One sweep on disk."""

    def __init__(self, path: Path, identity: str | None = None) -> None:
        self.path = path
        self._identity = identity

    @classmethod
    def open(cls, path: str | Path) -> SweepFolder:
        """Open a sweep that was begun. Raises UserError: missing, no sweep, another format."""
        path = Path(path).expanduser()
        if not (path / "sweep.json").is_file():
            raise UserError(f"{path}: is not the folder of a sweep (it has no sweep.json)", code=ErrorCode.NOT_A_SWEEP)
        return cls(path, read_info(path).id)

    @classmethod
    def begin(
        cls, path: str | Path, sweep: SweepSettings, grid: Grid, domains: Mapping[str, SweepDomain]
    ) -> SweepFolder:
        """Open the folder of this very sweep, made if it is not there. Raises UserError if it is another sweep's."""
        path = Path(path).expanduser()
        check_folder(path)
        path.mkdir(parents=True, exist_ok=True)
        folder = cls(path)
        if not (path / "sweep.json").is_file():  # a sweep that was killed while it began has only some of its files
            strange = sorted(p.name for p in path.iterdir() if not p.name.startswith(".") and p.name not in _OURS)
            if strange:
                raise UserError(
                    f"{path}: holds other files ({strange[0]}) and is no sweep; choose another folder",
                    code=ErrorCode.NOT_A_SWEEP,
                )
        with folder.lock():
            if not (path / "sweep.json").is_file():
                folder._write(sweep, grid, domains)
            folder = cls.open(path)
            folder._check_same(sweep, grid, domains)
        return folder

    @property
    def info(self) -> SweepInfo:
        """sweep.json."""
        return read_info(self.path)

    @property
    def settings(self) -> SweepSettings:
        """sweep.yaml."""
        return load_checked(SweepSettings, self.path / "sweep.yaml")

    def run(self, job: Job) -> Path:
        """Return the folder that holds a job's result: a run, or what the shots alone reach."""
        return self.path / (FOLDER if job.kind == SHOTS_ONLY else "runs") / job.run

    def log(self, name: str) -> Path:
        """Return the path of a file below logs/; the folder is made."""
        (self.path / "logs").mkdir(exist_ok=True)
        return self.path / "logs" / name

    def worker_file(self, worker: str) -> Path:
        """Return the file where a worker says which job it is doing; its folder is made."""
        (self.path / ".workers").mkdir(exist_ok=True)
        return self.path / ".workers" / f"{worker.replace(':', '-')}.json"

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the lock of one process at a time, on all machines that share the folder.

        A killed process releases it.
        """
        with _lock(self.path / ".lock"):
            yield

    @contextlib.contextmanager
    def holding(self, job: str) -> Iterator[bool]:
        """Yield whether this process may do `job` now: False while another living process is at it."""
        (self.path / ".locks").mkdir(exist_ok=True)
        lock = _lock(self.path / ".locks" / job)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def is_free(self, job: str) -> bool:
        """Tell whether no living process of this machine is at `job`."""
        with self.holding(job) as mine:
            return mine

    def ended(self) -> set[str]:
        """List the names of the jobs that have a record."""
        return {name[:-5] for name in _names(self.path / "jobs") if name.endswith(".json") and name[0] != "."}

    def record(self, job: str) -> JobRecord:
        """Read how a job ended. Raises UserError if the record was edited or is damaged."""
        return read_record(self._record_path(job))

    def new_record(
        self,
        job: Job,
        state: Literal["done", "failed", "not applied"],
        *,
        seconds: float,
        worker: str,
        attempt: int,
        error: str | None = None,
        balanced_accuracy: float | None = None,
        cpu_seconds: float | None = None,
        memory_mb: float | None = None,
        results: Sequence[Path] = (),
    ) -> JobRecord:
        """Describe how a job has just ended; results: the files whose hashes the record holds."""
        return JobRecord(
            job=job.name,
            kind=job.kind,
            detector=job.detector,
            source=job.source,
            target=job.target,
            strategy=job.strategy,
            shots=job.shots,
            draws=job.draws,
            seed=job.seed,
            state=state,
            error=error,
            seconds=seconds,
            cpu_seconds=cpu_seconds,
            memory_mb=memory_mb,
            balanced_accuracy=balanced_accuracy,
            worker=worker,
            attempt=attempt,
            run=self.run(job).relative_to(self.path).as_posix(),
            sha256={path.relative_to(self.path).as_posix(): file_sha256(path) for path in results},
            ended=now(),
        )

    def write_record(self, record: JobRecord) -> None:
        """Write how a job ended: the last thing that is done for it.

        Raises UserError if another sweep lies in the folder by now.
        """
        if self._identity is not None and self.info.id != self._identity:
            raise UserError(
                f"{self.path}: holds another sweep than the one that this job was begun for; its result is not "
                "recorded",
                code=ErrorCode.FOLDER_LOST,
            )
        write_with_checksum(self._record_path(record.job), record)

    def _record_path(self, job: str) -> Path:
        return self.path / "jobs" / f"{job}.json"

    def forget_failures(self) -> int:
        """Remove the records of failed jobs, so that they are done again; returns how many there were."""
        failed = [job for job in self.ended() if self.record(job).state == FAILED]
        for job in failed:
            self._record_path(job).unlink(missing_ok=True)
        return len(failed)

    def _write(self, sweep: SweepSettings, grid: Grid, domains: Mapping[str, SweepDomain]) -> None:
        for name in ("jobs", "runs", "logs"):
            (self.path / name).mkdir(exist_ok=True)
        files.write_text(self.path / "sweep.yaml", dump(sweep))
        write_document(self.path / "environment.json", environment())
        info = SweepInfo(
            kind="sweep",
            version=__version__,
            created=now(),
            id=uuid.uuid4().hex,
            detectors=tuple(sweep.detectors),
            sources=grid.sources,
            targets=grid.targets,
            pairs=sweep.pairs,
            combined=grid.combined,
            shots=tuple(sweep.shots),
            draws=sweep.draws,
            strategies=tuple(sweep.strategies),
            seeds=tuple(sweep.seeds),
            domains=dict(domains),
            impossible=grid.impossible,
            jobs=tuple(job.name for job in grid.jobs),
            sha256={name: file_sha256(self.path / name) for name in ("sweep.yaml", "environment.json")},
        )
        write_with_checksum(self.path / "sweep.json", info)

    def _check_same(self, sweep: SweepSettings, grid: Grid, domains: Mapping[str, SweepDomain]) -> None:
        then, now_ = (flat(json.loads(json.dumps(s.model_dump()))) for s in (self.settings, sweep))
        keys = [key for key in {**then, **now_} if key not in _FREE]
        other = [
            f"{key} was {then.get(key)}, now it is {now_.get(key)}" for key in keys if then.get(key) != now_.get(key)
        ]
        if other:
            raise UserError(
                f"{self.path}: holds another sweep ({'; '.join(other)}); choose another folder",
                code=ErrorCode.INPUTS_CHANGED,
            )
        was = self.info.domains
        for name, domain in domains.items():
            if name not in was or was[name].fingerprint != domain.fingerprint:
                raise UserError(
                    f"{domain.origin}: its images are no longer those that the sweep in {self.path} was begun with; "
                    "choose another folder",
                    code=ErrorCode.INPUTS_CHANGED,
                )
        self.check_jobs(grid)

    def check_jobs(self, grid: Grid) -> None:
        """Raise UserError unless `grid` holds the jobs that the sweep was begun with."""
        if self.info.jobs != tuple(job.name for job in grid.jobs):
            raise UserError(
                f"{self.path}: its jobs are no longer those that it was begun with (images or version have changed); "
                "choose another folder",
                code=ErrorCode.INPUTS_CHANGED,
            )


def _lock(path: Path) -> FileLock:
    """Make a lock that the kernel releases with the process that holds it, however it ends.

    A child that is forked meanwhile does not hold it. Its file stays when it is released: a lock on a file that another
    process has just removed would keep nobody out.
    """
    # A file as a mark, on file systems that know no locks, would outlive a killed process.
    return FileLock(path, fallback_to_soft=False)


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []
