"""How measured numbers are printed: one way for an accuracy, everywhere."""

from __future__ import annotations

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.results.formats.metrics import MetadataBaseline

MISSING, UNDEFINED, UNTOLD = "-", "n/a", "cannot be told"
BASELINE = "metadata alone"
BASELINE_MEANS = f"{BASELINE}: what a classifier reaches that sees sizes, formats and metadata and no pixel"


def accuracy(measured: Estimate | None, *, unit: bool = True) -> str:
    """Write an accuracy in percent with its 95 % interval, `84.4 % [76.3, 91.7]`.

    Without `unit`, in a table whose head says %: `84.4 [76.3, 91.7]`.
    """
    return with_interval(measured, factor=100, decimals=1, unit=" %" if unit else "")


def fraction(measured: Estimate | None) -> str:
    """Write a number between 0 and 1 with its 95 % interval, `0.912 [0.880, 0.941]`."""
    return with_interval(measured, factor=1, decimals=3)


def baseline(found: MetadataBaseline | None) -> str:
    """Write the accuracy on metadata alone; "cannot be told" where groups are too few, "unknown" in old results."""
    if found is None:
        return "unknown"
    return UNTOLD if found.balanced_accuracy is None else accuracy(found.estimate)


def with_interval(measured: Estimate | None, *, factor: float, decimals: int, unit: str = "") -> str:
    """Write a number with its 95 % interval, rounded here and nowhere before; `-` if it was not measured."""
    if measured is None:
        return MISSING
    if measured.value is None:
        return UNDEFINED
    value, low, high = (
        UNDEFINED if number is None else f"{factor * number:.{decimals}f}"
        for number in (measured.value, measured.low, measured.high)
    )
    return f"{value}{unit} [{low}, {high}]" if UNDEFINED not in (low, high) else f"{value}{unit} [{UNDEFINED}]"
