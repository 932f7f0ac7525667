"""Text of others - names of files and domains - made fit for one line of a terminal, a log or a message."""

from __future__ import annotations

import re

# Control characters (a terminal obeys them), line and paragraph separators, signs that turn the direction of what
# follows, and lone surrogates, which stand for bytes of a file name that are no UTF-8 and cannot be printed.
_HIDDEN = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff"
_IN_A_LINE = re.compile(f"[{_HIDDEN}]")
_IN_LINES = re.compile(f"(?!\n)[{_HIDDEN}]")


def visible(text: str) -> str:
    r"""Write what cannot be seen as an escape of Python's (`\n`, `\x1b`), so that the text stays on its line."""
    return _IN_A_LINE.sub(_escape, text)


def visible_lines(text: str) -> str:
    """Do the same to each line of a text of several."""
    return _IN_LINES.sub(_escape, text)


def visible_json(text: str) -> str:
    """Do the same to a JSON text, by escapes of JSON: it reads back to what it was."""
    return _IN_LINES.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def _escape(found: re.Match[str]) -> str:
    return found.group().encode("unicode_escape").decode("ascii")
