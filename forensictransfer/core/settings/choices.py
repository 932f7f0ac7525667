"""Which names a setting may hold: handed in by whoever knows the detectors, strategies and rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from forensictransfer.core.errors import ErrorCode, nearest, some
from forensictransfer.core.problems import Problem


@dataclass(frozen=True)
class Choice:
    """The values that a setting may have. what: what they are, one word or two; names: them, asked for when needed."""

    what: str
    names: Callable[[], Iterable[str]]


# By dotted name of the setting. Settings know no detectors, strategies or rules: whoever does hands them in.
Choices = Mapping[str, Choice]


def unknown_names(values: Mapping[str, Any], choices: Choices) -> list[Problem]:
    """Find every dotted setting whose value is none of its choices."""
    return [
        Problem(
            name,
            f"unknown {choice.what} '{values[name]}'{nearest(values[name], known)} (known: {some(known)})",
            ErrorCode.NAME_UNKNOWN,
        )
        for name, choice in choices.items()
        if isinstance(values.get(name), str) and values[name] not in (known := choice.names())
    ]
