"""Where the package's messages go: modules log, and a program that prints asks for lines on stderr here."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator
from typing import TextIO

from forensictransfer.core.visible import visible

PACKAGE = __name__.partition(".")[0]


@contextlib.contextmanager
def messages_on_stderr(level: int = logging.INFO) -> Iterator[None]:
    """Print the package's messages of `level` and above as plain lines on stderr while the block runs.

    From logging.DEBUG on each line also says when and from which module. Handlers of the root logger, which libraries
    may have set up, do not print the messages a second time.
    """
    logger = logging.getLogger(PACKAGE)
    handler = _ToStderr()
    handler.setFormatter(
        _InALine("%(asctime)s %(name)s: %(message)s" if level <= logging.DEBUG else "%(message)s", "%H:%M:%S")
    )
    level_before, propagate_before = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level_before)
        logger.propagate = propagate_before


class _InALine(logging.Formatter):
    """A message on one line: what cannot be seen in names of files and domains is written as escapes."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return visible(super().formatMessage(record))


class _ToStderr(logging.StreamHandler[TextIO]):
    """Lines on what sys.stderr is when they come: a progress bar takes its place meanwhile, to print above itself."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr
