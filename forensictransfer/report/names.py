"""Domain names as they fit into figures and tables."""

from __future__ import annotations

import re
from collections.abc import Iterable


def short_names(names: Iterable[str]) -> dict[str, str]:
    """Names without the data set that they all share (`forged_photos/splice` -> `splice`)."""
    names = list(dict.fromkeys(names))
    sets = {name.rpartition("/")[0] for name in names}
    common = sets.pop() if len(sets) == 1 else ""
    return {name: name.removeprefix(f"{common}/") if common else name for name in names}


def wrapped(name: str, width: int) -> str:
    """A name on as many lines as it needs, broken after `_`, `-`, `/` and spaces."""
    lines = [""]
    for part in re.findall(r"[^_\-/ ]+[_\-/ ]?", name):
        if lines[-1] and len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines) or name


def arrow(source: str, target: str) -> str:
    """A pair in words."""
    return f"{source} → {target}"
