"""What the shots alone reach in a sweep, beside every adaptation with the same shots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.report.analysis.series import Average, Pair, bootstrap_mean
from forensictransfer.results.cells import UNPAIRED, Cell, compression
from forensictransfer.results.formats.shots_only import ShotsOnlyMetrics
from forensictransfer.results.predictions import ScoreFiles
from forensictransfer.results.shots_only import ShotsOnly, beside
from forensictransfer.results.sweep import SweepResults


def with_shots_only(results: SweepResults, files: ScoreFiles) -> SweepResults:
    """Put beside each adapted cell what its shots alone reach, paired over draws and images; sweeps without stay."""
    if not results.shots_only:
        return results
    return replace(results, cells=tuple(_beside(results, files, cell) for cell in results.cells))


def gain_of(cells: Sequence[Cell]) -> Estimate | None:
    """Compute the gain of a cell of the grid over its shots: mean over seeds, as `series.Point` has it; None: unknown.

    cells: one for each seed.
    """
    gains = [cell.shots_only.gain for cell in cells if cell.shots_only is not None]
    return _mean(gains) if len(gains) == len(cells) else None


def alone_of(cells: Sequence[Cell], metric: str) -> Estimate | None:
    """Find what the shots alone reach beside a cell of the grid: mean over seeds; None where that is not known.

    cells: one for each seed.
    """
    found = [cell.shots_only.metrics[metric] for cell in cells if cell.shots_only is not None]
    return _mean(found) if len(found) == len(cells) else None


def _mean(found: Sequence[Estimate]) -> Estimate | None:
    """Average estimates and the ends of their intervals; None where there is none or one has no value."""
    if not found:
        return None
    value, low, high = (
        None if None in ends else float(np.mean([end for end in ends if end is not None]))
        for ends in ([getattr(one, name) for one in found] for name in ("value", "low", "high"))
    )
    return None if value is None else Estimate(value, low, high)


def average_alone(shots: int, by_pair: dict[Pair, float]) -> Average:
    """Average what the shots alone reach over the pairs of a mean of a strategy, each pair by its target."""
    return Average(shots, bootstrap_mean(list(by_pair.values())), tuple(by_pair), tuple(by_pair.values()))


def _beside(results: SweepResults, files: ScoreFiles, cell: Cell) -> Cell:
    if cell.adapted_to is None or cell.own or not cell.aimed:
        return cell
    rule = cell.threshold_rule.replace(" held out", "")  # theirs sees the shots in either case
    wanted = (cell.on, cell.shots, cell.draws, cell.seed, rule, cell.compression, cell.protocol)
    found = [
        folder
        for folder, one in results.shots_only.items()
        if (one.target, one.shots, one.draws, one.seed, one.threshold_rule, *_read(one)) == wanted
    ]
    if len(found) != 1:  # failed or not done yet
        return cell
    alone = results.shots_only[found[0]]
    draws = results.draws[cell.run, cell.on]
    shots_only: ShotsOnly = beside(draws, files.test(cell), alone, files.shots_only(found[0]))
    return replace(cell, shots_only=shots_only)


def _read(alone: ShotsOnlyMetrics) -> tuple[str, str]:
    """Say how images were read and shots drawn, in the words of a cell."""
    return compression(alone.recompress), alone.protocol or UNPAIRED
