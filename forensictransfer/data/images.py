"""The readable images of some records, decoded once by several threads and kept in memory as far as it goes."""

from __future__ import annotations

import copy
import dataclasses
import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from forensictransfer.core.errors import some
from forensictransfer.core.progress import progress_bar
from forensictransfer.core.settings import DataSettings
from forensictransfer.data.decode import ImageError, Source, decode, digest
from forensictransfer.data.exclusion import LeftOut
from forensictransfer.data.image_file import ImageFile
from forensictransfer.data.masks import Mask, read_mask
from forensictransfer.data.recompress import recompressed
from forensictransfer.data.records import FAKE, REAL, Record

_log = logging.getLogger(__name__)
Item = TypeVar("Item")
Result = TypeVar("Result")


class Images:
    """The images of some records as uint8 (h, w, 3), read-only, in the records' order.

    All are decoded once on entry, which finds those that cannot be read: they are left out and listed in `skipped`.
    The first ones that fit into `data.memory_mb` stay in memory, the others are decoded again at each access. What
    comes out depends neither on the number of threads nor on the memory. With `data.recompress` every image is what a
    JPEG of that quality makes of it.

    Attributes:
        records: the readable records.
        skipped: (record name, one-line reason) of the others. left_out: how many these are, by class.
        labels: int32 (n,), 0 = real, 1 = fake.
        groups, digests: group and pixel digest (`decode.digest`) of each image.
        domains: int32 (n,), which of several domains an image is of (`joined`); 0 otherwise.
        aimed: whether training crops are drawn by masks (`data.masks`).

    Masks are read with their fakes and kept in bits (`changed`).
    """

    def __init__(self, records: Sequence[Record], *, data: DataSettings, progress: str | None = None) -> None:
        """Decode `records` with `data.workers` threads; `progress` is the label of a bar on stderr, None for quiet."""
        check_labels([record.label for record in records])
        self.workers = data.workers
        self._max_pixels = int(data.max_megapixels * 1e6)
        self._quality = data.recompress
        self._kept: list[np.ndarray | None] = []
        self._masks: list[Mask | ImageError | None] = []
        self.aimed = data.masks
        readable: list[Record] = []
        skipped: list[tuple[str, str]] = []
        digests: list[str] = []
        room = data.memory_mb * 2**20
        results = in_order(self._read, records, workers=self.workers)
        bar = progress_bar(results, desc=progress, total=len(records), unit="image", disable=progress is None)
        for record, result in zip(records, bar, strict=True):
            if isinstance(result, ImageError):
                skipped.append((record.name, result.reason))
                continue
            pixels, pixel_digest, mask = result
            self._masks.append(mask)
            room -= pixels.nbytes
            self._kept.append(pixels if room >= 0 else None)
            readable.append(record)
            digests.append(pixel_digest)
        self.left_out = LeftOut.of(records, {name for name, _ in skipped})
        if progress is not None and skipped:
            listed = "; ".join(f"{name}: {reason}" for name, reason in skipped[:3]) + "; ..." * (len(skipped) > 3)
            _log.warning(
                "%s: %d of %d cannot be read and are left out (%s): %s",
                *(progress, len(skipped), len(records), listed, self.left_out),
            )
        unused = [
            f"{one.name}: {mask.reason}"
            for one, mask in zip(readable, self._masks, strict=True)
            if isinstance(mask, ImageError)
        ]
        if progress is not None and unused:
            _log.warning("%s: %d masks cannot be used and are left out: %s", progress, len(unused), some(unused, 3))
        self.records = tuple(readable)
        self.skipped = tuple(skipped)
        self.labels = np.array([record.label for record in readable], np.int32)
        self.groups = [record.group for record in readable]
        self.digests = digests
        self.domains = np.zeros(len(readable), np.int32)

    @classmethod
    def joined(cls, parts: Mapping[str, Images]) -> Images:
        """Put the images of several domains, by name and read with the same settings, one after the other.

        Names of records begin with their domain's, which sets `real/1.png` of two domains apart.
        """
        named = [
            [dataclasses.replace(record, name=f"{name}/{record.name}") for record in part.records]
            for name, part in parts.items()
        ]
        every = list(parts.values())
        whole = copy.copy(every[0])
        whole._kept = [pixels for part in every for pixels in part._kept]
        whole._masks = [mask for part in every for mask in part._masks]
        whole.records = tuple(record for records in named for record in records)
        whole.skipped = tuple((f"{name}/{one}", why) for name, part in parts.items() for one, why in part.skipped)
        whole.left_out = LeftOut.total(part.left_out for part in every)
        whole.labels = np.concatenate([part.labels for part in every])
        whole.groups = [group for part in every for group in part.groups]
        whole.digests = [digest for part in every for digest in part.digests]
        whole.domains = np.repeat(np.arange(len(every), dtype=np.int32), [len(part) for part in every])
        return whole

    @classmethod
    def of_files(cls, files: Sequence[ImageFile]) -> Images:
        """Take images that nobody has labelled, each a group of its own; they are decoded, and stay in memory.

        Their labels mean nothing. Raises ImageError for one that cannot be read: decode them before.
        """
        whole = cls((), data=DataSettings(memory_mb=0))
        whole.records = tuple(Record(one.name, REAL, str(i), "test", one.source) for i, one in enumerate(files))
        whole._kept = [one.pixels for one in files]
        whole._masks = [None] * len(files)
        whole.labels = np.full(len(files), REAL, np.int32)
        whole.groups = [record.group for record in whole.records]
        whole.digests = [digest(one.pixels) for one in files]
        whole.domains = np.zeros(len(files), np.int32)
        return whole

    @property
    def kept_bytes(self) -> int:
        """Memory that the decoded images take."""
        return sum(pixels.nbytes for pixels in self._kept if pixels is not None)

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int) -> np.ndarray:
        """Return the pixels of one image. Raises ImageError if it has to be read again and is no longer readable."""
        pixels = self._kept[index]
        return self._decode(self.records[index]) if pixels is None else pixels

    def file(self, index: int) -> ImageFile:
        """Return one image as an encoded file, the recompressed one where `data.recompress` asks for it."""
        record = self.records[index]
        return ImageFile(self._source(record), name=record.name, max_pixels=self._max_pixels, pixels=self._kept[index])

    def changed(self, index: int) -> np.ndarray | None:
        """Return which pixels of an image were changed, bool (h, w); None where no mask tells."""
        mask = self._masks[index]
        return mask.pixels if isinstance(mask, Mask) else None

    def mask_problem(self, index: int) -> str | None:
        """Say in one line why the mask of an image cannot be used; None where it can, or there is none."""
        mask = self._masks[index]
        return mask.reason if isinstance(mask, ImageError) else None

    def subset(self, indices: Sequence[int] | np.ndarray) -> Images:
        """Select the images at `indices`, in that order, without reading anything again.

        `skipped` and `left_out` stay what they were.
        """
        part = copy.copy(self)
        chosen = [int(index) for index in indices]
        part._kept = [self._kept[index] for index in chosen]
        part._masks = [self._masks[index] for index in chosen]
        part.records = tuple(self.records[index] for index in chosen)
        part.labels = self.labels[np.array(chosen, int)]
        part.groups = [self.groups[index] for index in chosen]
        part.digests = [self.digests[index] for index in chosen]
        part.domains = self.domains[np.array(chosen, int)]
        return part

    def _decode(self, record: Record) -> np.ndarray:
        return decode(self._source(record), max_pixels=self._max_pixels)

    def _source(self, record: Record) -> Source:
        if self._quality is None:
            return record.source
        return recompressed(record.source, self._quality, max_pixels=self._max_pixels)

    def _read(self, record: Record) -> tuple[np.ndarray, str, Mask | ImageError | None] | ImageError:
        try:
            pixels = self._decode(record)
        except ImageError as error:
            return error
        mask: Mask | ImageError | None = None
        if record.mask is not None:
            try:
                mask = Mask.of(read_mask(record.mask, pixels.shape[:2], max_pixels=self._max_pixels))
            except ImageError as error:
                mask = error
        return pixels, digest(pixels), mask


def check_labels(labels: Iterable[int] | np.ndarray) -> None:
    """Refuse labels other than 0 (real) and 1 (fake). Raises ValueError."""
    strange = {int(label) for label in labels} - {REAL, FAKE}
    if strange:
        raise ValueError(f"expected the labels {REAL} (real) and {FAKE} (fake), got {sorted(strange)}")


def in_order(work: Callable[[Item], Result], items: Iterable[Item], *, workers: int) -> Iterator[Result]:
    """Do `work` on all items by threads, a bounded number ahead; the results come in the items' order.

    An exception of `work` comes out where its result would have come. `items` may be endless.
    """
    pending: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="images")
    try:
        for item in items:
            pending.append(pool.submit(work, item))
            if len(pending) > 3 * workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
