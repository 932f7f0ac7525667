"""Rank detectors and strategies against each other: by pair of domains, and over all pairs.

The ranking is by the test itself, so it is an oracle: it describes what was measured; nobody could have chosen by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.report.analysis.series import Pair
from forensictransfer.report.analysis.view import View
from forensictransfer.results.cells import ZERO_SHOT

Contestant = tuple[str, str]  # detector and strategy


@dataclass(frozen=True)
class Placed:
    """A detector and strategy with its balanced accuracy on a pair."""

    detector: str
    strategy: str
    measured: Estimate


@dataclass(frozen=True)
class Overall:
    """A detector and strategy at one number of shots, over the pairs that all of that number have.

    value: mean balanced accuracy, a fraction. rank: mean rank, 1 is best, equal values share theirs. first: on how many
    of the pairs nobody is better.
    """

    shots: int
    detector: str
    strategy: str
    value: float
    rank: float
    first: int
    pairs: int


def ranked(view: View, pair: Pair, shots: int) -> list[Placed]:
    """Rank every detector and strategy of a pair at one number of shots, equal ones in the sweep's order."""
    found = [
        Placed(detector, strategy, measured)
        for detector, strategy in _contestants(view, shots)
        if (measured := _at(view, detector, strategy, pair, shots)) is not None and measured.value is not None
    ]
    return sorted(found, key=lambda item: -float(item.measured.value or 0))


def overall(view: View) -> list[Overall]:
    """Rank by number of shots, the best of each first; shots at which there is nothing to rank are left out."""
    rows: list[Overall] = []
    for shots in view.results.shots:
        values = _values(view, shots)
        pairs = set.intersection(*(set(by_pair) for by_pair in values.values())) if values else set()
        if len(values) > 1 and pairs:
            rows += _placed(shots, values, sorted(pairs))
    return rows


def _placed(shots: int, values: Mapping[Contestant, Mapping[Pair, float]], pairs: Sequence[Pair]) -> list[Overall]:
    grid = np.array([[by_pair[pair] for pair in pairs] for by_pair in values.values()])  # (contestants, pairs)
    ranks = stats.rankdata(-np.round(grid, 9), axis=0)
    best = np.isclose(grid, grid.max(axis=0), rtol=0, atol=1e-9)
    rows = [
        Overall(shots, *who, float(grid[i].mean()), float(ranks[i].mean()), int(best[i].sum()), len(pairs))
        for i, who in enumerate(values)
    ]
    return sorted(rows, key=lambda row: -row.value)


def _values(view: View, shots: int) -> dict[Contestant, dict[Pair, float]]:
    found: dict[Contestant, dict[Pair, float]] = {}
    for who in _contestants(view, shots):
        measured = {pair: _at(view, *who, pair, shots) for pair in view.pairs}
        known = {pair: m.value for pair, m in measured.items() if m is not None and m.value is not None}
        if known:
            found[who] = known
    return found


def _contestants(view: View, shots: int) -> list[Contestant]:
    strategies = view.strategies if shots else (ZERO_SHOT,)
    return [(detector, strategy) for detector in view.results.detectors for strategy in strategies]


def _at(view: View, detector: str, strategy: str, pair: Pair, shots: int) -> Estimate | None:
    if shots and shots not in view.measured_shots(detector, strategy):
        return None
    return view.at(detector, strategy if shots else view.main or "", *pair, shots)
