"""What a user did that cannot work, said in one line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A mistake in the input: what was expected, what came, where, and what to do, in one line.

    The command line prints the message without a traceback and ends with exit code 2.
    """


def some(names: Iterable[str], most: int = 6) -> str:
    """Names for a message: the first ones, and how many more there are."""
    listed = list(names)
    return ", ".join(listed[:most]) + (f" and {len(listed) - most} more" if len(listed) > most else "")


def nearest(name: str, known: Iterable[str]) -> str:
    """The tail of an error message that names the known spelling closest to `name`, or nothing."""
    match = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; perhaps you meant '{match[0]}'" if match else ""
