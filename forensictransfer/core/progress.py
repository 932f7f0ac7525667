"""Progress bars on stderr: lively on a terminal, now and then a line where stderr is a file or a pipe."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm

SECONDS = 30.0  # between two lines of a bar in a log; its last line comes in any case


def progress_bar(items: Any = None, **options: Any) -> Any:
    """A tqdm bar over `items`, or one that is moved by hand (`total`); the options are tqdm's."""
    if not sys.stderr.isatty():
        options |= {"mininterval": SECONDS, "maxinterval": SECONDS, "leave": True}
    return tqdm(items, **options)
