"""The command `sweep`: begin or continue a sweep, start workers, watch them, say how it stands and how it ended."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote

import psutil

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.files import check_folder
from forensictransfer.core.settings import load_settings
from forensictransfer.core.visible import visible
from forensictransfer.data.domains import Domain
from forensictransfer.report import tensorboard
from forensictransfer.report.names import counted
from forensictransfer.results.audits import read_audits, without_pixels
from forensictransfer.results.formats.metrics import MetadataBaseline
from forensictransfer.results.formats.sweep import SweepDomain
from forensictransfer.results.metadata_baseline import warning
from forensictransfer.results.numbers import baseline
from forensictransfer.sweep.audits import audit_all
from forensictransfer.sweep.display import Display, dry_run_text
from forensictransfer.sweep.domains import open_domains
from forensictransfer.sweep.folder import DONE, FAILED, NOT_APPLIED, SweepFolder
from forensictransfer.sweep.grid import ADAPT, Grid, describe, make_grid
from forensictransfer.sweep.notes import log_notes
from forensictransfer.sweep.queue import Queue
from forensictransfer.sweep.settings import SweepSettings, load_sweep

_log = logging.getLogger(__name__)
_POLL = 0.5
_MOST_RESTARTS = 5  # of workers that died, in one go of the command
_MEMORY_GB = 3  # what one worker may need
_MOST_WORKERS = 8


@dataclass(frozen=True)
class Outcome:
    """How a sweep stands when the command ends: the folder and the numbers of jobs; `failed` by name -> error.

    not_applied: jobs whose detector has nothing to say of their images, by the reason -> their number. alone: by
    domain, what is reached there without a look at pixels (`MetadataBaseline`).
    """

    path: Path
    total: int
    done: int
    failed: dict[str, str]
    impossible: int
    not_applied: dict[str, int] = field(default_factory=dict)
    alone: dict[str, MetadataBaseline] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """What the command prints at its end."""
        lines = [f"{self.path}: {self.done} of {self.total} jobs done"]
        lines += [f"failed: {name}: {error}" for name, error in self.failed.items()]
        if self.failed:
            lines.append("--retry does the failed ones again")
        lines += [f"not applied ({counted(jobs, 'job')}): {reason}" for reason, jobs in self.not_applied.items()]
        lines += [f"metadata alone, {name}: balanced accuracy {baseline(one)}" for name, one in self.alone.items()]
        lines += [f"warning: {line}" for name, one in self.alone.items() if (line := warning(name, one))]
        lines.append(f"next: forensictransfer report {quote(str(self.path))}")
        return "\n".join(map(visible, lines))

    @property
    def complete(self) -> bool:
        """Whether every job is done that its detector applies to."""
        return self.done + sum(self.not_applied.values()) == self.total


def run_sweep(
    settings: str | Path,
    out: str | Path,
    *,
    workers: int | None = None,
    storage: str | None = None,
    detectors: Sequence[str] | None = None,
    trials: int | None = None,
    train_trials: int | None = None,
    threads: int | None = None,
    retry: bool = False,
) -> Outcome:
    """Do all jobs of a sweep that are not done yet; each is done once, whoever else works on the same folder.

    Args:
        settings: a YAML file (configs/sweep.yaml shows one).
        out: the sweep's folder, made if it is not there; on several machines a folder that they share.
        workers: processes on this machine (default: one for each `threads` processors, as far as memory goes).
        storage: where Optuna's study is kept (default: SQLite in the folder): postgresql://USER@HOST/DATABASE.
        detectors: names of detectors instead of those in the file.
        trials: adds the strategy `tuned`: Optuna trials inside each draw's shots.
        train_trials: Optuna trials over each source's training, on the source's validation split.
        threads: of each worker; results depend on it in their last digits, so that it is part of the sweep.
        retry: do failed jobs again.
    Raises: UserError for a mistake in the settings, another sweep's folder, a storage that cannot be used.
    """
    _check_workers(workers)
    asked = load_sweep(settings, detectors=detectors, trials=trials, train_trials=train_trials, threads=threads)
    grid, domains, opened = _plan(asked)
    log_notes(grid, opened)
    folder = SweepFolder.begin(out, asked, grid, domains)
    queue = Queue(folder, {job.name: job for job in grid.jobs}, storage, asked.heartbeat)
    queue.clear_dead()
    if retry:
        queue.forgive()
    tensorboard.write_hparams_config(folder.path, folder.info)
    data = load_settings(None, asked.settings).data
    audit_all(folder, opened, data, workers or default_workers(1))
    left = len(grid.jobs) - len(queue.states())
    if left:
        _work(folder, grid, queue, storage, min(workers or default_workers(asked.threads), left), asked.threads)
    tensorboard.write_projector(folder.path)
    return _outcome(folder, grid, queue)


def dry_run(
    settings: str | Path,
    out: str | Path,
    *,
    detectors: Sequence[str] | None = None,
    trials: int | None = None,
    train_trials: int | None = None,
    threads: int | None = None,
    workers: int | None = None,
) -> str:
    """Say what `sweep` would do: the jobs, which are done, and about how long the others take. Nothing is written."""
    _check_workers(workers)
    asked = load_sweep(settings, detectors=detectors, trials=trials, train_trials=train_trials, threads=threads)
    grid, domains, opened = _plan(asked)
    log_notes(grid, opened)
    check_folder(Path(out).expanduser())
    folder = None
    if (Path(out).expanduser() / "sweep.json").is_file():
        folder = SweepFolder.begin(out, asked, grid, domains)  # only compared: it is there
    return dry_run_text(grid, domains, folder, workers or default_workers(asked.threads))


def _check_workers(workers: int | None) -> None:
    if workers is not None and workers < 1:
        raise UserError(f"--workers: expected at least 1, got {workers}", code=ErrorCode.COMMAND_LINE)


def default_workers(threads: int) -> int:
    """Count one worker for each `threads` processors that this process may use, as far as the memory goes."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = psutil.virtual_memory().total / 2**30
    return max(1, min(processors // threads, int(memory / _MEMORY_GB), _MOST_WORKERS))


def _plan(asked: SweepSettings) -> tuple[Grid, dict[str, SweepDomain], list[Domain]]:
    """Build the grid, what sweep.json says of the domains, and the domains, each once."""
    sources, targets = open_domains(asked)
    grid = make_grid(asked, sources, targets)
    opened = {domain.name: domain for domain in [*sources, *targets]}
    learned = {name for job in grid.jobs if job.kind != ADAPT for name in job.sources}
    for name in learned | {str(job.target) for job in grid.jobs if job.kind == ADAPT}:
        opened[name].check_learnable()
    return grid, {name: describe(domain) for name, domain in opened.items()}, list(opened.values())


def _work(folder: SweepFolder, grid: Grid, queue: Queue, storage: str | None, workers: int, threads: int) -> None:
    """Run workers until every job has a record. A worker that dies is replaced; its job is taken up again."""
    running = [_start(folder, storage, threads) for _ in range(workers)]
    try:
        with Display(folder, grid, workers, threads) as display:
            _watch(running, folder, queue, display, lambda: _start(folder, storage, threads))
    finally:
        for process in running:
            process.kill()
        for process in running:
            process.wait()


def _watch(
    running: list[subprocess.Popen[bytes]],
    folder: SweepFolder,
    queue: Queue,
    display: Display,
    start: Callable[[], subprocess.Popen[bytes]],
) -> None:
    """Show how it goes until no worker is left, and start one for each that dies."""
    restarts = 0
    while running:
        time.sleep(_POLL)
        display.show(queue.states())
        for process in [process for process in running if process.poll() is not None]:
            running.remove(process)
            if process.returncode == 0:
                continue
            queue.clear_dead(died=True)
            _log.warning("a worker ended with %s; its job is taken up again", _ended(process.returncode))
            restarts += 1
            if restarts > _MOST_RESTARTS:
                raise UserError(
                    f"{folder.path}: {restarts} workers died; the last said: {_last_words(folder, process.pid)}",
                    code=ErrorCode.WORKERS_FAILED,
                )
            running.append(start())
    display.show(queue.states(), last=True)


def _start(folder: SweepFolder, storage: str | None, threads: int) -> subprocess.Popen[bytes]:
    """Start a worker with so many threads; it ends when this process does, because its standard input closes."""
    command = [
        sys.executable,
        "-m",
        "forensictransfer.sweep.worker",
        str(folder.path.resolve()),
        *([storage] if storage else []),
    ]
    names = ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = {**os.environ, **dict.fromkeys(names, str(threads)), "TF_NUM_INTEROP_THREADS": "1"}
    package = str(Path(__file__).resolve().parents[2])
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [package, environment.get("PYTHONPATH")]))
    with folder.log(f"worker-{time.time_ns()}.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT
        )
    Path(log.name).rename(folder.log(_log_name(process.pid)))
    return process


def _log_name(pid: int) -> str:
    return f"worker-{socket.gethostname()}-{pid}.log"


def _ended(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _last_words(folder: SweepFolder, pid: int) -> str:
    lines = folder.log(_log_name(pid)).read_text(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("forensictransfer.core.errors.UserError: ") if lines else "nothing"


def _outcome(folder: SweepFolder, grid: Grid, queue: Queue) -> Outcome:
    states = queue.states()
    failed = {name: str(folder.record(name).error) for name, state in states.items() if state == FAILED}
    silent = Counter(str(folder.record(name).error) for name, state in states.items() if state == NOT_APPLIED)
    audits = read_audits(folder.path, folder.info.domains)
    alone = {name: without_pixels(audit) for name, audit in audits.items()}
    done = sum(state == DONE for state in states.values())
    return Outcome(folder.path, len(grid.jobs), done, failed, len(grid.impossible), dict(silent), alone)
