"""What "transfers" means on a sweep's page: a bar that a pair of domains has to clear, and from how many shots."""

from __future__ import annotations

from collections.abc import Sequence

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.report.analysis.series import Point

USABLE = 0.75
TRANSFERS, WEAK, CHANCE, WORSE, UNKNOWN = "transfers", "weak", "chance", "worse", "unknown"
MEANING = (
    "“Transfers” means here: a balanced accuracy of at least 75 %, and the whole 95 % interval above 50 %. “Better "
    "than chance” means that the interval lies above 50 %, but the accuracy below 75 %; “worse than chance” that the "
    "whole interval lies below 50 %, so that reals are called fake and fakes real. The intervals are not "
    "corrected for the number of cells: of cells that are at chance, about one in 40 lies above it by luck."
)


def standing(measured: Estimate | None) -> str:
    """Tell `transfers`, `weak` (better than chance, below 75 %), `chance`, `worse`; `unknown` without an interval."""
    if measured is None or measured.value is None or measured.low is None:
        return UNKNOWN
    if measured.high is not None and measured.high < 0.5:
        return WORSE
    if measured.low <= 0.5:
        return CHANCE
    return TRANSFERS if measured.value >= USABLE - 1e-9 else WEAK


def transfers_from(series: Sequence[Point]) -> Point | None:
    """Find the smallest number of shots at which a pair transfers, and does so at all larger ones; None: never."""
    found = None
    for point in reversed(series):
        if standing(point.measured) != TRANSFERS:
            break
        found = point
    return found
