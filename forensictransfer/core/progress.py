"""How far a long piece of work is: a bar on a terminal, a line now and then where stderr is a file or a pipe.

Shown where the package's messages are (`core.log`): a program that is silent, or was asked to be, shows no progress.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sized
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from forensictransfer.core.visible import visible

if TYPE_CHECKING:
    from rich.progress import Progress

SECONDS = 30.0  # between two lines of a log
BRIEF = 5.0  # seconds that work has to take for a line of its own at its end

_log = logging.getLogger(__name__)
# The bars of this process on a terminal: one display for those inside one another.
_SHOWN: ContextVar[Progress | None] = ContextVar("_SHOWN", default=None)


def is_lively(stream: Any) -> bool:
    """Tell whether a stream is a terminal on which lines can be replaced."""
    return bool(stream.isatty()) and os.environ.get("TERM") not in ("dumb", "unknown")


class ProgressBar:
    """Progress over `items`, or progress that is moved by hand (`update`) and closed.

    items: what to go through. desc: what is done. unit: one of it. total: how many there are, where `items` cannot
    say. disable: show nothing. leave: leave the full bar on the terminal.
    """

    def __init__(
        self,
        items: Iterable[Any] = (),
        *,
        desc: str | None = None,
        unit: str = "item",
        total: int | None = None,
        disable: bool = False,
        leave: bool = False,
    ) -> None:
        self.items, self.desc, self.unit, self.leave = items, desc or "working", unit, leave
        self.total = len(items) if total is None and isinstance(items, Sized) else total
        self.done = 0
        self._began = self._said = time.monotonic()
        self._hidden = disable or not _log.isEnabledFor(logging.INFO)
        self._bars: Progress | None = None
        self._outermost = False
        if not self._hidden and is_lively(sys.stderr):
            self._open()

    def __iter__(self) -> Iterator[Any]:
        with contextlib.closing(self):
            for item in self.items:
                yield item
                self.update()

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def update(self, count: int = 1) -> None:
        """Say that `count` more are done."""
        self.done += count
        if self._bars is not None:
            self._bars.update(self._task, completed=self.done)
        elif not self._hidden and self.done != self.total and time.monotonic() - self._said >= SECONDS:
            self._said = time.monotonic()
            _log.info("%s", self._line())

    def note(self, text: str) -> None:
        """Say which item it is at."""
        _log.debug("%s: %s", self.desc, text)
        if self._bars is not None:
            self._bars.update(self._task, description=visible(f"{self.desc} {text}"))

    def close(self) -> None:
        """End the display; a second call does nothing."""
        if self._bars is not None:
            if self._outermost:
                self._bars.stop()
                _SHOWN.set(None)
            else:
                self._bars.remove_task(self._task)
            self._bars = None
        elif not self._hidden and time.monotonic() - self._began >= BRIEF:
            _log.info("%s", self._line())
        self._hidden = True

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
        from rich.progress import TimeRemainingColumn as Left

        bars = _SHOWN.get()
        if bars is None:
            self._outermost = True
            bars = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[unit]}", markup=False),
                TimeElapsedColumn(),
                Left(),
                console=Console(stderr=True),
                transient=not self.leave,
                redirect_stdout=False,
            )
            bars.start()
            _SHOWN.set(bars)
        self._bars = bars
        self._task = bars.add_task(visible(self.desc), total=self.total, unit=f"{self.unit}s")

    def _line(self) -> str:
        seconds = time.monotonic() - self._began
        if not self.total:
            return f"{self.desc}: {self.done} {self.unit}s, {seconds:.0f} s"
        left = f", about {seconds / self.done * (self.total - self.done):.0f} s left" if self.done else ""
        share = f"{self.done} of {self.total} {self.unit}s ({100 * self.done // self.total} %)"
        return f"{self.desc}: {share}, {seconds:.0f} s{left if self.done < self.total else ''}"


def progress_bar(items: Iterable[Any] = (), **options: Any) -> ProgressBar:
    """Begin a `ProgressBar`."""
    return ProgressBar(items, **options)
