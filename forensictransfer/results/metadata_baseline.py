"""What stands beside a result: how far a detector would get that never looks at a pixel, and a warning if that is far.

Read from metrics.json, where `auditing.quick` has put it; evaluations of earlier versions do not have it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

KEY = "metadata_only"
WARNS = 0.60  # balanced accuracy without a pixel above which a result is doubtful


def is_doubtful(found: Mapping[str, Any] | None) -> bool:
    """Whether metadata alone tell the classes apart: by more than WARNS, and surely better than chance."""
    if not found or found.get("balanced_accuracy") is None:
        return False
    return bool(found["balanced_accuracy"] > WARNS and (found["low"] or 0) > 0.5)


def warning(domain: str, found: Mapping[str, Any] | None) -> str | None:
    """One line for a domain whose result is doubtful, else None."""
    if not is_doubtful(found):
        return None
    assert found is not None
    figure = f"{100 * found['balanced_accuracy']:.0f} % [{100 * found['low']:.0f}, {100 * found['high']:.0f}]"
    why = f"; {found['strongest']}" if found.get("strongest") else ""
    return (
        f"{domain}: reals and fakes can be told apart without looking at a pixel ({figure}{why}): its accuracy may "
        "measure that"
    )


def warnings(evaluations: Iterable[Mapping[str, Any]]) -> list[str]:
    """One line for each domain among some metrics.json whose result is doubtful."""
    lines = (warning(str(one["target"]), one.get(KEY)) for one in evaluations)
    return list(dict.fromkeys(f"warning: {line}" for line in lines if line))
