"""From the images of a domain to columns of traces: a stream through several processes, some 1.4 kB kept of each."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed

from forensictransfer.auditing.traces.columns import CATEGORY, FILE, TRACES, file_traces
from forensictransfer.auditing.traces.thumbnails import SIDE, perceptual_hash, thumbnail
from forensictransfer.auditing.traces.tone import tone_traces
from forensictransfer.core.progress import progress_bar
from forensictransfer.data.codecs.containers import Facts
from forensictransfer.data.decode import ImageError, Source, decode
from forensictransfer.data.encoded import read_content
from forensictransfer.data.records import Record

CHUNK = 32  # images that a process takes at once
MOST_WORKERS = 8
ALONE = 400  # fewer images are looked at in this process: starting others would take longer


class Seen(NamedTuple):
    """What is kept of one image: traces, digests of file and pixels (16 bytes), hash, thumbnail, decoded (h, w)."""

    facts: Facts
    file: bytes = b""
    pixels: bytes = b""
    hash: int = 0
    thumb: bytes = bytes(SIDE * SIDE)
    size: tuple[int, int] = (0, 0)


@dataclass
class Scan:
    """What was seen of some images; row i of every array is about `records[i]`.

    columns: by trace, float32 (n,), NaN where it does not apply; of a category the place in `levels[trace]`.
    labels: int8, 0 real, 1 fake. groups: int32, the same number for the same group. hashes: uint64; thumbs: uint8 (n,
    32, 32); files, pixels: digests, (n,) of 16 bytes; sizes: int32 (n, 2), height and width of the decoded pixels.
    These five are empty where headers alone were read.
    skipped: the images that cannot be read, each with the reason.
    """

    records: tuple[Record, ...]
    columns: dict[str, np.ndarray]
    levels: dict[str, list[str]]
    labels: np.ndarray
    groups: np.ndarray
    files: np.ndarray
    pixels: np.ndarray
    hashes: np.ndarray
    thumbs: np.ndarray
    sizes: np.ndarray
    skipped: tuple[tuple[Record, str], ...] = ()

    def __len__(self) -> int:
        return len(self.records)

    @property
    def splits(self) -> np.ndarray:
        """The split of each image, (n,) of str."""
        return np.array([record.split for record in self.records])

    def value(self, trace: str, row: int) -> str | float | None:
        """Return a trace of one image as it was read; None where it does not apply."""
        number = float(self.columns[trace][row])
        if np.isnan(number):
            return None
        return self.levels[trace][int(number)] if trace in self.levels else number


def scan(
    records: Sequence[Record],
    *,
    max_pixels: int,
    workers: int = 1,
    headers_only: bool = False,
    progress: str | None = None,
) -> Scan:
    """Look at every image once; what comes out does not depend on the number of workers.

    Args:
        records: images of a domain, in an order that is kept.
        max_pixels: larger images count as unreadable, as they do in training.
        workers: processes; few images are looked at in this one.
        headers_only: read the traces of the part `file` alone, decode nothing.
        progress: label of a bar on stderr, None for quiet.
    """
    chunks = [records[first : first + CHUNK] for first in range(0, len(records), CHUNK)]
    found = _work(chunks, max_pixels, headers_only, workers if len(records) > ALONE else 1)
    bar = progress_bar(total=len(records), desc=progress, unit="image", disable=progress is None)
    table = _Table(len(records), headers_only)
    for chunk, seen in zip(chunks, found, strict=True):
        for record, one in zip(chunk, seen, strict=True):
            table.add(record, one)
        bar.update(len(chunk))
    bar.close()
    return table.scan()


def default_workers() -> int:
    """Count the processes: as many as there are processors that this one may use, up to MOST_WORKERS."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(available, MOST_WORKERS)


def look(source: Source, max_pixels: int, headers_only: bool) -> Seen | str:
    """Look at one image; where it cannot be read, give the reason."""
    try:
        content = read_content(source)
        facts = file_traces(content)
        if headers_only:
            return Seen(facts)
        pixels = decode(content, max_pixels=max_pixels)
    except ImageError as error:
        return error.reason
    thumb = thumbnail(pixels)
    state = hashlib.blake2b(repr(pixels.shape).encode(), digest_size=16)
    state.update(pixels.data)
    return Seen(
        facts | tone_traces(pixels),
        hashlib.blake2b(content, digest_size=16).digest(),
        state.digest(),
        perceptual_hash(thumb),
        thumb.tobytes(),
        (pixels.shape[0], pixels.shape[1]),
    )


def _look_at_all(sources: Sequence[Source], max_pixels: int, headers_only: bool) -> list[Seen | str]:
    return [look(source, max_pixels, headers_only) for source in sources]


def _work(
    chunks: Iterable[Sequence[Record]], max_pixels: int, headers_only: bool, workers: int
) -> Iterator[list[Seen | str]]:
    tasks = ([record.source for record in chunk] for chunk in chunks)
    if workers == 1:
        yield from (_look_at_all(task, max_pixels, headers_only) for task in tasks)
        return
    # Processes, since much of the work holds Python's lock. joblib starts them without a fork, so that a TensorFlow in
    # this process does not mind, and a generator of results keeps the memory flat.
    pool = Parallel(n_jobs=workers, return_as="generator", pre_dispatch=3 * workers)
    yield from pool(delayed(_look_at_all)(task, max_pixels, headers_only) for task in tasks)


class _Table:
    """Columns that grow row by row within arrays of the final size."""

    def __init__(self, n: int, headers_only: bool) -> None:
        traces = [trace for trace in TRACES if trace.part == FILE or not headers_only]
        self.kinds = {trace.name: trace.kind for trace in traces}
        self.columns = {trace.name: np.full(n, np.nan, np.float32) for trace in traces}
        self.codes: dict[str, dict[str, int]] = {trace.name: {} for trace in traces if trace.kind == CATEGORY}
        kept = 0 if headers_only else n
        self.files, self.pixels = np.zeros(kept, "V16"), np.zeros(kept, "V16")
        self.hashes = np.zeros(kept, np.uint64)
        self.thumbs = np.zeros((kept, SIDE, SIDE), np.uint8)
        self.sizes = np.zeros((kept, 2), np.int32)
        self.records: list[Record] = []
        self.skipped: list[tuple[Record, str]] = []

    def add(self, record: Record, seen: Seen | str) -> None:
        """Add an image: what was seen of it, or why it cannot be read."""
        if isinstance(seen, str):
            self.skipped.append((record, seen))
            return
        row = len(self.records)
        self.records.append(record)
        for name, value in seen.facts.items():
            if self.kinds[name] == CATEGORY:
                self.columns[name][row] = self.codes[name].setdefault(str(value), len(self.codes[name]))
            else:
                self.columns[name][row] = value
        if len(self.files):
            self.files[row], self.pixels[row] = np.void(seen.file), np.void(seen.pixels)
            self.hashes[row] = seen.hash
            self.sizes[row] = seen.size
            self.thumbs[row] = np.frombuffer(seen.thumb, np.uint8).reshape(SIDE, SIDE)

    def scan(self) -> Scan:
        """Return the rows that were added."""
        n = len(self.records)
        names = np.array([record.group for record in self.records], object)
        groups = np.unique(names, return_inverse=True)[1] if n else np.zeros(0, int)
        return Scan(
            records=tuple(self.records),
            columns={name: column[:n] for name, column in self.columns.items()},
            levels={name: list(codes) for name, codes in self.codes.items()},
            labels=np.array([record.label for record in self.records], np.int8),
            groups=groups.astype(np.int32),
            files=self.files[:n],
            pixels=self.pixels[:n],
            hashes=self.hashes[:n],
            thumbs=self.thumbs[:n],
            sizes=self.sizes[:n],
            skipped=tuple(self.skipped),
        )
