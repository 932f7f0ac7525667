"""What the machine can do at best, measured beside the project's own figures, and how repetitions are timed."""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from forensictransfer.data.decode import decode

MATRIX = 2048


@dataclass(frozen=True)
class Spread:
    """The values of several repetitions of one measurement, in one unit."""

    values: tuple[float, ...] = field(default=())

    def __add__(self, other: Spread) -> Spread:
        return Spread(self.values + other.values)

    @property
    def median(self) -> float:
        """The middle value: one disturbed repetition does not move it far."""
        return statistics.median(self.values)

    def to_json(self) -> dict[str, Any]:
        """Return the spread as plain values."""
        return {
            "median": self.median,
            "min": min(self.values),
            "max": max(self.values),
            "repetitions": len(self.values),
        }


def rates(work: Callable[[], float], *, seconds: float, repetitions: int) -> Spread:
    """Measure the units per second of `work`, which returns how many units it did; its first call does not count.

    A repetition calls `work` until `seconds` have passed, at least once.
    """
    work()
    found = []
    for _ in range(repetitions):
        start, done, elapsed = time.perf_counter(), 0.0, 0.0
        while elapsed < seconds or not done:
            done += work()
            elapsed = time.perf_counter() - start
        found.append(done / elapsed)
    return Spread(tuple(found))


def matrix_product(*, seconds: float, repetitions: int, size: int = MATRIX) -> Spread:
    """Measure GFLOP/s of TensorFlow's float32 product of two size x size matrices.

    These are 2 size^3 operations, with all its threads.
    """
    import tensorflow as tf

    rng = np.random.default_rng(0)
    a, b = (tf.constant(rng.normal(size=(size, size)).astype(np.float32)) for _ in range(2))

    def work() -> float:
        float(tf.matmul(a, b)[0, 0])  # fetching a value waits for an accelerator, too
        return 2 * size**3 / 1e9

    return rates(work, seconds=seconds, repetitions=repetitions)


def jpeg_decoding(files: Sequence[Path], *, threads: int, seconds: float, repetitions: int) -> Spread:
    """Measure images/s of the project's decoder alone, on files that the operating system has in its cache."""

    def read(path: Path) -> int:
        return decode(path, max_pixels=10**9).shape[0]

    with ThreadPoolExecutor(threads) as pool:

        def work() -> float:
            return float(sum(height > 0 for height in (pool.map(read, files) if threads > 1 else map(read, files))))

        return rates(work, seconds=seconds, repetitions=repetitions)


def peak_memory_mib() -> float:
    """Read the most memory that this process has had so far, MiB (getrusage).

    On an accelerator, the accelerator's own memory is not in it.
    """
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
