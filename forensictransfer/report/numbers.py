"""How measured numbers are printed: one way for an accuracy, everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forensictransfer.results.cells import Measured

MISSING, UNDEFINED = "-", "n/a"
BASELINE = "metadata alone"
BASELINE_MEANS = f"{BASELINE}: what a classifier reaches that sees sizes, formats and metadata and no pixel"


def accuracy(measured: Measured | None, *, unit: bool = True) -> str:
    """An accuracy in percent with its 95 % interval, `84.4 % [76.3, 91.7]`.

    Without `unit`, in a table whose head says %: `84.4 [76.3, 91.7]`.
    """
    return with_interval(measured, factor=100, decimals=1, unit=" %" if unit else "")


def fraction(measured: Measured | None) -> str:
    """A number between 0 and 1 with its 95 % interval, `0.912 [0.880, 0.941]`."""
    return with_interval(measured, factor=1, decimals=3)


def baseline(found: Mapping[str, Any] | None) -> str:
    """The accuracy on metadata alone; "cannot be told" where groups are too few, "unknown" in old results."""
    if not found:
        return "unknown"
    if found.get("balanced_accuracy") is None:
        return "cannot be told"
    return accuracy(Measured(found["balanced_accuracy"], found["low"], found["high"]))


def with_interval(measured: Measured | None, *, factor: float, decimals: int, unit: str = "") -> str:
    """A number with its 95 % interval, rounded here and nowhere before; `-` if it was not measured."""
    if measured is None:
        return MISSING
    if measured.value is None:
        return UNDEFINED
    value, low, high = (
        UNDEFINED if number is None else f"{factor * number:.{decimals}f}"
        for number in (measured.value, measured.low, measured.high)
    )
    return f"{value}{unit} [{low}, {high}]" if UNDEFINED not in (low, high) else f"{value}{unit} [{UNDEFINED}]"
