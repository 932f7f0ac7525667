"""What "transfers" means on a sweep's page: a bar that a pair of domains has to clear, and from how many shots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.report.analysis.series import Point

USABLE = 0.75
TRANSFERS, BEHIND, WEAK, CHANCE, WORSE, UNKNOWN = "transfers", "behind", "weak", "chance", "worse", "unknown"
MEANING = (
    "“Transfers” means here: a balanced accuracy of at least 75 %, and the whole 95 % interval above 50 %; with shots, "
    "where it was measured, also more than the shots alone reach: the 95 % interval of the paired difference from "
    "“shots only” lies above 0. What does not beat its shots carries a †. “Better "
    "than chance” means that the interval lies above 50 %, but the accuracy below 75 %; “worse than chance” that the "
    "whole interval lies below 50 %, so that reals are called fake and fakes real. The intervals are not "
    "corrected for the number of cells: of cells that are at chance, about one in 40 lies above it by luck."
)


def standing(measured: Estimate | None, gain: Estimate | None = None) -> str:
    """Tell `transfers`, `weak` (better than chance, below 75 %), `chance`, `worse`; `unknown` without an interval.

    gain: over what the shots alone reach, None without shots or where that is not known. What would transfer but is not
    shown to gain anything is `behind`.
    """
    if measured is None or measured.value is None or measured.low is None:
        return UNKNOWN
    if measured.high is not None and measured.high < 0.5:
        return WORSE
    if measured.low <= 0.5:
        return CHANCE
    if measured.value < USABLE - 1e-9:
        return WEAK
    return TRANSFERS if gain is None or gains(gain) else BEHIND


def gains(gain: Estimate) -> bool:
    """Tell whether a gain over the shots alone is shown: the whole interval lies above 0."""
    return gain.low is not None and gain.low > 0


def transfers_from(series: Sequence[Point], gain_at: Mapping[int, Estimate] | None = None) -> Point | None:
    """Find the smallest number of shots at which a pair transfers, and does so at all larger ones; None: never.

    gain_at: gains over the shots alone by number of shots, where they are known.
    """
    found = None
    for point in reversed(series):
        if standing(point.measured, (gain_at or {}).get(point.shots)) != TRANSFERS:
            break
        found = point
    return found
