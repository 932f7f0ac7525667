"""One worker of a sweep: a process that takes jobs until none is left. The command starts as many as it is told."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

from forensictransfer.core.backend import import_tensorflow
from forensictransfer.core.log import messages_on_stderr
from forensictransfer.results.formats.document import write_document
from forensictransfer.results.formats.sweep import WorkerStatus
from forensictransfer.sweep.domains import open_domains
from forensictransfer.sweep.folder import SweepFolder
from forensictransfer.sweep.grid import Job, make_grid
from forensictransfer.sweep.queue import Queue, worker_name

ENDED_EARLY = 3


def main(path: str, storage: str | None) -> int:
    """Work on the sweep in the folder `path` until it is done; returns the exit code."""
    # The command that started this worker answers to Ctrl-C, and ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with_parent()
    folder = SweepFolder.open(path)
    sweep = folder.settings
    import_tensorflow()
    sources, targets = open_domains(sweep)
    grid = make_grid(sweep, sources, targets)
    folder.check_jobs(grid)
    from forensictransfer.sweep.jobs import Jobs

    jobs = Jobs(folder, {domain.name: domain for domain in [*sources, *targets]})
    queue = Queue(folder, {job.name: job for job in grid.jobs}, storage, sweep.heartbeat)
    status = folder.worker_file(worker_name())

    def do(job: Job, attempt: int) -> float | None:
        write_document(status, WorkerStatus(job=job.name, since=time.time()))
        return jobs.do(job, attempt)

    try:
        with messages_on_stderr():
            queue.work(do, idle=lambda: status.unlink(missing_ok=True))
    finally:
        status.unlink(missing_ok=True)
    return 0


def _end_with_parent() -> None:
    """End at once when the command that started this worker has gone, however it went: its end of the pipe closes."""

    def watch() -> None:
        while os.read(0, 1024):  # not sys.stdin, whose lock Python would want when it ends
            pass
        os._exit(ENDED_EARLY)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None))
