"""A sweep as its page looks at it: cells by what they are, series of pairs, the strategy that is shown in depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.report.analysis.detectors import DetectorDifference, detector_differences
from forensictransfer.report.analysis.series import Average, Pair, Point, average, series
from forensictransfer.report.analysis.shots_only import alone_of, average_alone, gain_of, with_shots_only
from forensictransfer.report.analysis.significance import Comparison, over_pairs, within_cells
from forensictransfer.report.analysis.threshold_rules import RuleResult, compare_rules
from forensictransfer.report.analysis.transfer import standing, transfers_from
from forensictransfer.report.names import counted, percent, short_names, span
from forensictransfer.results.cells import ZERO_SHOT, Cell
from forensictransfer.results.predictions import ScoreFiles
from forensictransfer.results.sweep import SweepResults

METRIC = "balanced_accuracy"
FINETUNE = "finetune"
_Key = tuple[str, str, str, str, int]


class View:
    """Look-ups into the results of a sweep. Domains go by the names of the files; `name` makes these short.

    whole: everything that was measured. results: of that the pairs of single sources and targets, unless all trainings
    were on several sources: means over pairs are not to mix the two. `leave_one_out` looks at the others.
    """

    def __init__(self, results: SweepResults) -> None:
        if results.part == "all":
            self.whole = with_shots_only(results, ScoreFiles(results))
            results = self.whole.only("pairs" if results.info.pairs else "combined")
        else:
            self.whole = results
        self.results = results
        self.files = ScoreFiles(results)
        self.domains = tuple(dict.fromkeys([*results.info.sources, *results.targets]))
        self._names, self.common = short_names(self.domains)
        self._cells: dict[_Key, list[Cell]] = {}
        self._own: dict[tuple[str, str], list[Cell]] = {}
        self._series: dict[tuple[str, str, str, str], tuple[Point, ...]] = {}
        for cell in sorted(results.cells, key=lambda c: c.seed):
            if cell.aimed and not cell.own:
                key = (cell.detector, cell.strategy, cell.source, cell.on, cell.shots)
                self._cells.setdefault(key, []).append(cell)
            elif cell.own and cell.adapted_to is None:
                self._own.setdefault((cell.detector, cell.source), []).append(cell)

    def name(self, domain: str) -> str:
        """Return a domain's name without the data set that all domains of the sweep share.

        Several sources together are called by what they leave out: `all but A`, or `all`.
        """
        members = self.results.info.members(domain)
        if len(members) == 1:
            return self._names.get(domain, domain)
        left_out = [self._names.get(name, name) for name in self.results.info.sources if name not in members]
        return " but ".join(["all", " and ".join(left_out)]) if left_out else "all"

    @cached_property
    def leave_one_out(self) -> View | None:
        """The trainings on all sources but the target; None if there are none."""
        if not self.whole.info.combined:
            return None
        return self if self.results.part == "combined" else View(self.whole.only("combined"))

    @cached_property
    def rules(self) -> tuple[RuleResult, ...]:
        """The threshold rules compared."""
        return compare_rules(self.results, self.files)

    @cached_property
    def over_pairs(self) -> tuple[Comparison, ...]:
        """Each two strategies over pairs of domains."""
        return over_pairs(self.results)

    @cached_property
    def within_cells(self) -> tuple[Comparison, ...]:
        """Each two strategies within single cells, over draws."""
        return within_cells(self.results)

    @cached_property
    def detector_differences(self) -> tuple[DetectorDifference, ...]:
        """Each detector against the sweep's first."""
        return detector_differences(self.results, self.files)

    @cached_property
    def short_cells(self) -> list[Cell]:
        """All cells under short names, for the tables that single runs have, too."""
        return [
            replace(
                c, source=self.name(c.source), on=self.name(c.on), adapted_to=c.adapted_to and self.name(c.adapted_to)
            )
            for c in self.whole.cells
        ]

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Every source with every target that is another domain; all sources but one with that one."""
        return tuple((s, t) for s in self.results.sources for t in self.results.targets if self.is_pair(s, t))

    def is_pair(self, source: str, target: str) -> bool:
        """Tell whether a source is to be tested on a target that is not its own."""
        members = self.results.info.members(source)
        if len(members) == 1:
            return source != target
        return set(members) == set(self.results.info.sources) - {target}

    @property
    def strategies(self) -> tuple[str, ...]:
        """The strategies that anything was measured with, in the order of the sweep."""
        found = {key[1] for key in self._cells}
        return tuple(name for name in self.results.strategies if name in found)

    @property
    def main(self) -> str | None:
        """The strategy that is shown in depth: fine-tuning, as in the paper, or else the sweep's first. None: none."""
        finetune = self.results.label(FINETUNE)
        return finetune if finetune in self.strategies else next(iter(self.strategies), None)

    def cells(self, detector: str, strategy: str, source: str, target: str, shots: int) -> Sequence[Cell]:
        """Return the tests of one cell of the grid on its target, one for each seed.

        Shots 0 is zero-shot for any strategy.
        """
        return self._cells.get((detector, strategy if shots else ZERO_SHOT, source, target, shots), [])

    def own_cells(self, detector: str, source: str, on: str | None = None) -> Sequence[Cell]:
        """Return the tests of a source on itself before any adaptation, one for each seed.

        Of several sources together these are the tests on each of them, or on the one called `on`.
        """
        return [cell for cell in self._own.get((detector, source), []) if on in (None, cell.on)]

    def series(self, detector: str, strategy: str, source: str, target: str) -> tuple[Point, ...]:
        """Compute the balanced accuracy of a pair by shots, zero-shot first."""
        key = (detector, strategy, source, target)
        if key not in self._series:
            self._series[key] = series(self.results, detector, source, target, strategy, METRIC)
        return self._series[key]

    def at(self, detector: str, strategy: str, source: str, target: str, shots: int) -> Estimate | None:
        """Find the balanced accuracy of one cell of the grid; None if it was not measured."""
        found = (point.measured for point in self.series(detector, strategy, source, target) if point.shots == shots)
        return next(found, None)

    def gains(self, detector: str, strategy: str, source: str, target: str) -> dict[int, Estimate]:
        """Find what a pair gains over the shots alone, by number of shots; empty where that was not measured."""
        found = {
            shots: gain_of(self.cells(detector, strategy, source, target, shots))
            for shots in self.measured_shots(detector, strategy)
        }
        return {shots: gain for shots, gain in found.items() if gain is not None}

    def standing(
        self, detector: str, strategy: str, source: str, target: str, shots: int, measured: Estimate | None
    ) -> str:
        """Tell whether a cell of the grid transfers, `transfer.standing`: with shots it has to beat the shots alone."""
        cells = self.cells(detector, strategy, source, target, shots) if shots else ()
        return standing(measured, gain_of(cells))

    def transfers_from(self, detector: str, strategy: str, source: str, target: str) -> Point | None:
        """Find from how many shots on a pair transfers; None: never."""
        pair = (source, target)
        return transfers_from(self.series(detector, strategy, *pair), self.gains(detector, strategy, *pair))

    def alone(self, detector: str, strategy: str, source: str, target: str) -> tuple[tuple[int, Estimate], ...]:
        """Find what the shots alone reach beside the adaptations of a pair: (shots, balanced accuracy), rising."""
        found = (
            (shots, alone_of(self.cells(detector, strategy, source, target, shots), METRIC))
            for shots in self.measured_shots(detector, strategy)
        )
        return tuple((shots, measured) for shots, measured in found if measured is not None)

    def average_alone(self, detector: str, strategy: str) -> tuple[Average, ...]:
        """Average what the shots alone reach over the pairs that the strategy's mean is of, by shots; empty: unknown.

        Each pair counts by its target, so that the two means are of the same tests.
        """
        found = []
        for row in average(self.results, detector, strategy, METRIC):
            by_pair = {pair: dict(self.alone(detector, strategy, *pair)).get(row.shots) for pair in row.pairs}
            known = {pair: m.value for pair, m in by_pair.items() if m is not None and m.value is not None}
            if row.shots and len(known) == len(row.pairs):
                found.append(average_alone(row.shots, known))
        return tuple(found)

    def mean_alone(self, detector: str) -> tuple[str, tuple[Average, ...]]:
        """Average what the shots alone reach beside a detector, and name the strategy whose pairs the means are of."""
        found = {strategy: self.average_alone(detector, strategy) for strategy in self.strategies}
        strategy = max(found, key=lambda name: len(found[name]), default="")
        return strategy, found.get(strategy, ())

    def own(self, detector: str, source: str, on: str | None = None) -> Estimate | None:
        """Compute the balanced accuracy of a source on its own test: means over seeds, as in `series`.

        Of several sources together it is the mean over their tests, or that on the one called `on`.
        """
        found = [m for cell in self.own_cells(detector, source, on) if (m := cell.metrics.get(METRIC)) is not None]
        known = [m for m in found if m.value is not None]
        if not known:
            return found[0] if found else None
        if any(m.low is None or m.high is None for m in known):
            return Estimate(float(np.mean([m.value for m in known])), None, None)
        value, low, high = (float(np.mean([getattr(m, end) for m in known])) for end in ("value", "low", "high"))
        return Estimate(value, low, high)

    def measured_shots(self, detector: str, strategy: str) -> tuple[int, ...]:
        """List the numbers of shots, 0 left out, that a strategy was measured at for any pair, rising."""
        return tuple(sorted({key[4] for key in self._cells if key[:2] == (detector, strategy)} - {0}))

    def last(self, detector: str, source: str, target: str) -> Sequence[Cell]:
        """Find the tests of a pair under the strategy shown in depth, at its largest number of shots.

        Empty if it was never adapted.
        """
        if self.main is None:
            return []
        found = (self.cells(detector, self.main, source, target, k) for k in reversed(self.results.shots) if k)
        return next((cells for cells in found if cells), [])


def basis(cells: Sequence[Cell]) -> str:
    """Say what a number rests on: `n = 98 test images (49 real, 49 fake), 5 draws`."""
    if not cells:
        return "not measured"
    images = span(c.n_real + c.n_fake for c in cells)
    reals, fakes = span(c.n_real for c in cells), span(c.n_fake for c in cells)
    seeds = f", {counted(len(cells), 'seed')}" if len(cells) > 1 else ""
    draws = counted(max(c.draws for c in cells), "draw") if cells[0].adapted_to is not None else "no shots drawn"
    return f"n = {images} test images ({reals} real, {fakes} fake), {draws}{seeds}"


def brief(cells: Sequence[Cell]) -> str:
    """Say the same in short, for sentences: `n = 98, 5 draws`; zero-shot has no draws."""
    draws = f", {counted(max(c.draws for c in cells), 'draw')}" if cells and cells[0].adapted_to is not None else ""
    return f"n = {span(c.n_real + c.n_fake for c in cells)}{draws}"


def told(measured: Estimate | None, cells: Sequence[Cell]) -> str:
    """Write an accuracy with its interval, images and draws."""
    return f"{percent(measured)} ({brief(cells)})" if cells else percent(measured)
