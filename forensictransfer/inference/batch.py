"""Judge any number of files by a run: in bounded memory, written as they come, and continued where they were broken."""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.ownership import owning
from forensictransfer.core.progress import progress_bar
from forensictransfer.data.encoded import ImageError, read_header
from forensictransfer.data.image_file import ImageFile
from forensictransfer.inference.inputs import named_files, printable, skipped_image
from forensictransfer.inference.journal import Journal
from forensictransfer.inference.judge import Judge
from forensictransfer.inference.verdict_files import Outcome, verdict_files
from forensictransfer.results.formats.skipped import SkippedImage
from forensictransfer.results.formats.verdicts import Verdict
from forensictransfer.results.places import check_output

_log = logging.getLogger(__name__)

_MOST_IMAGES = 128  # judged at once
_MOST_PIXELS = 32_000_000  # of those: 100 MB, and as much again for what they have to survive
_MOST_BYTES = 64 * 2**20  # of their files


class Outputs(NamedTuple):
    """Files to write verdicts to, each None if it is not wanted."""

    csv: Path | None = None
    json: Path | None = None
    parquet: Path | None = None

    @property
    def files(self) -> list[Path]:
        """Those that are wanted."""
        return [one for one in self if one is not None]

    @property
    def journal(self) -> Path | None:
        """Where a broken batch is kept: beside the first file."""
        files = self.files
        return files[0].with_name(f"{files[0].name}.progress") if files else None

    def check(self, *, overwrite: bool) -> None:
        """Raise UserError unless all of them can be written. Called before any work."""
        for path in self.files:
            if path.is_dir():
                raise UserError(f"{path}: expected a file to write, got a folder", code=ErrorCode.PATH_WRONG_KIND)
            check_output(path)
            if not path.absolute().parent.is_dir():
                raise UserError(f"{path}: there is no such folder to write to", code=ErrorCode.PATH_MISSING)
            if path.exists() and not overwrite:
                raise UserError(f"{path}: exists already; --overwrite replaces it", code=ErrorCode.PATH_EXISTS)
        if len(set(map(Path.absolute, self.files))) < len(self.files):
            raise UserError("expected a file of its own for each kind of output", code=ErrorCode.ARGUMENTS_CONFLICT)


def judged(judge: Judge, sources: Iterable[ImageFile | SkippedImage], journal: Journal | None) -> Iterator[Outcome]:
    """Judge images one group after another, and yield what is said of each in the order in which they come.

    journal: verdicts given before, which are taken over by the hash of the file, and where new ones are kept.
    """
    waiting: list[Outcome | ImageFile] = []
    size = pixels = 0
    for one in sources:
        looked = one if isinstance(one, SkippedImage) else _looked_at(one)
        if isinstance(looked, SkippedImage):
            waiting.append(looked)
        else:
            waiting.append(looked.image)
            size, pixels = size + len(looked.image.content), pixels + looked.pixels
        if len(waiting) >= _MOST_IMAGES or size >= _MOST_BYTES or pixels >= _MOST_PIXELS:
            yield from _outcomes(judge, waiting, journal)
            waiting, size, pixels = [], 0, 0
    yield from _outcomes(judge, waiting, journal)


class _Looked(NamedTuple):
    image: ImageFile
    pixels: int


def _looked_at(image: ImageFile) -> _Looked | SkippedImage:
    """Read a file and its header, or say why that cannot be."""
    try:
        header = read_header(image.content)
        return _Looked(image, header.width * header.height)
    except ImageError as error:
        return skipped_image(image.name, error)


def _outcomes(judge: Judge, waiting: Sequence[Outcome | ImageFile], journal: Journal | None) -> Iterator[Outcome]:
    known: dict[str, Outcome] = {}
    new: dict[str, ImageFile] = {}
    for one in waiting:
        if isinstance(one, ImageFile):
            before = journal.get(one.sha256) if journal is not None else None
            if before is not None:
                known[one.sha256] = before
            else:
                new.setdefault(one.sha256, one)
    for sha256, outcome in zip(new, judge.judge(list(new.values())), strict=True):
        known[sha256] = outcome
        if journal is not None and isinstance(outcome, Verdict):
            journal.add(outcome)
    if journal is not None:
        journal.flush()
    for one in waiting:
        if isinstance(one, ImageFile):
            yield known[one.sha256].model_copy(update={"name": printable(one.name)})
        else:
            yield one


def judge_files(
    judge: Judge,
    sources: Iterable[str | Path | bytes | ImageFile],
    outputs: Outputs = Outputs(),  # noqa: B008 - a tuple
    *,
    overwrite: bool = False,
    progress: str | None = None,
) -> Iterator[Outcome]:
    """Judge images, and all files that paths name (`named_files`), write what is said of them, and yield it one by one.

    Where something is written, verdicts are also kept in a journal beside it until all is done: the same call goes on
    where a broken one ended. progress: the label of a bar. Raises UserError for outputs that cannot be written, and for
    a journal of other verdicts.
    """
    outputs.check(overwrite=overwrite)
    files = list(_named(sources))
    with contextlib.ExitStack() as stack:
        journal = None
        if outputs.journal is not None:
            stack.enter_context(owning(outputs.journal, "predict"))
            journal = stack.enter_context(Journal(outputs.journal, judge.by, overwrite=overwrite))
            if len(journal):
                _log.info("%s: %s images were judged before", outputs.journal, f"{len(journal):,}")
        write = stack.enter_context(verdict_files(*outputs, by=judge.by))
        images = (one if isinstance(one, SkippedImage) else judge.image(one, i) for i, one in enumerate(files, 1))
        bar = progress_bar(total=len(files), desc=progress, unit="image", disable=progress is None)
        stack.enter_context(bar)
        for outcome in judged(judge, images, journal):
            write(outcome)
            bar.update()
            yield outcome
        stack.pop_all().close()
    if journal is not None:
        journal.remove()


def _named(
    sources: Iterable[str | Path | bytes | ImageFile],
) -> Iterator[Path | bytes | ImageFile | SkippedImage]:
    for one in sources:
        if isinstance(one, (str, Path)):
            yield from named_files([one])
        else:
            yield one


class Tally:
    """How many images were called what, counted as they come."""

    def __init__(self) -> None:
        self.decisions: Counter[str] = Counter()
        self.doubts: Counter[str] = Counter()
        self.skipped = 0

    def add(self, one: Outcome) -> None:
        """Count one more."""
        if isinstance(one, SkippedImage):
            self.skipped += 1
            return
        self.decisions[one.decision] += 1
        self.doubts.update(doubt.code for doubt in one.doubts)

    @property
    def images(self) -> int:
        """All that were judged."""
        return self.decisions.total()
