"""Domain names and numbers as they stand in sentences, figures and captions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.results.numbers import accuracy


def short_names(names: Iterable[str]) -> tuple[dict[str, str], str]:
    """Shorten names by the data set that they all share (`forged_photos/splice` -> `splice`).

    Also gives that set, else "".
    """
    names = list(dict.fromkeys(names))
    sets = {name.rpartition("/")[0] for name in names}
    common = sets.pop() if len(sets) == 1 else ""
    return {name: name.removeprefix(f"{common}/") if common else name for name in names}, common


def wrapped(name: str, width: int) -> str:
    """Break a name into as many lines of `width` characters as it needs, after `_`, `-`, `/`, `.`, spaces if it can."""
    parts = re.findall(r"[^_\-/. ]*[_\-/. ]?", name)
    pieces = [part[i : i + width] for part in parts for i in range(0, len(part), width)]
    lines = [""]
    for piece in pieces:
        if lines[-1] and len(lines[-1]) + len(piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return "\n".join(line.strip() for line in lines)


def arrow(source: str, target: str) -> str:
    """Write a pair of domains in words."""
    return f"{source} → {target}"


def percent(measured: Estimate | None) -> str:
    """Write an accuracy with its 95 % interval, `84.4 % [76.3, 91.7]`, or say why there is none."""
    if measured is None:
        return "not measured"
    if measured.value is None:
        return "undefined"
    if measured.low is None or measured.high is None:
        return f"{100 * measured.value:.1f} % [no interval]"
    return accuracy(measured)


def points(measured: Estimate) -> str:
    """Write a difference of accuracies in percentage points with its 95 % interval, `+3.1 [+1.0, +5.2]`."""
    if measured.value is None:
        return "undefined"
    # -0.04 is not a loss that anybody could read off.
    value, low, high = (
        None if x is None else round(100 * x, 1) + 0.0 for x in (measured.value, measured.low, measured.high)
    )
    return (
        f"{value:+.1f} [{low:+.1f}, {high:+.1f}]"
        if low is not None and high is not None
        else f"{value:+.1f} [no interval]"
    )


def span(values: Iterable[int]) -> str:
    """Write one number, or the smallest and the largest: `12`, `12 to 98`."""
    found = sorted(set(values))
    if not found:
        return "0"
    return str(found[0]) if len(found) == 1 else f"{found[0]} to {found[-1]}"


def counted(number: int, noun: str) -> str:
    """Write a number with its noun: `1 draw`, `5 draws`."""
    return f"{number} {noun}" + "s" * (number != 1)


def listed(items: Sequence[str], most: int, rest: str = "more") -> str:
    """List items in a row: `a, b and c`, and where there are too many, `a, b and 7 more`."""
    if len(items) > most:
        return (
            f"{', '.join(items[: most - 1])} and {len(items) - most + 1} {rest}" if most > 1 else f"{len(items)} {rest}"
        )
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


def p_value(p: float | None) -> str:
    """Write a p value to three places, and very small ones as what they are smaller than."""
    if p is None:
        return "n/a"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def duration(seconds: float) -> str:
    """Write seconds in the unit that people would say: `12 s`, `3.5 min`, `2.1 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s" if seconds >= 9.95 else f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
