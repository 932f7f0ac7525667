"""Jobs in several processes, for benchmarks that make and examine many images."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")


def measured(examine: Callable[[Job], Result], jobs: Iterable[Job], workers: int) -> list[Result]:
    """Examine all jobs, in order, in some processes."""
    if workers < 2:
        return [examine(job) for job in jobs]
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(examine, jobs, chunksize=4))
