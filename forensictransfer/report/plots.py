"""Which figures a sweep's page shows, and of which cells: numbers in, pictures out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from forensictransfer.report.cells import ZERO_SHOT, Cell, Measured
from forensictransfer.report.figures.canvas import Picture
from forensictransfer.report.figures.curves import curve_panel
from forensictransfer.report.figures.heat import heat_map
from forensictransfer.report.figures.scores import energy_panel, roc_panel
from forensictransfer.report.names import arrow, short_names
from forensictransfer.report.predictions import Scored, ScoreFiles
from forensictransfer.report.series import average, series
from forensictransfer.report.sweep import SweepResults

METRIC = "balanced_accuracy"
_ONE_LINE = 34  # letters of two names in a title


class Plots:
    """The figures of one detector of a sweep."""

    def __init__(self, results: SweepResults, files: ScoreFiles, detector: str) -> None:
        self.results, self.files, self.detector = results, files, detector
        self.short = short_names([*results.sources, *results.targets])
        self.cells = [cell for cell in results.cells if cell.detector == detector]
        self.pairs = [
            (source, target)
            for source in results.sources
            for target in results.targets
            if source != target and any((c.source, c.on) == (source, target) and c.aimed for c in self.cells)
        ]

    @property
    def largest(self) -> int:
        """The largest number of shots that was measured."""
        return max((cell.shots for cell in self.cells), default=0)

    @property
    def changing(self) -> str | None:
        """The strategy whose energies are shown: fine-tuning, which is what changes them; else the first there is."""
        done = {cell.strategy for cell in self.cells if cell.adapted_to is not None}
        ordered = [name for name in ("finetune", *self.results.strategies) if name in done]
        return ordered[0] if ordered else None

    def heat_maps(self, strategy: str) -> Iterator[Picture]:
        """One for each number of shots; at 0 they are the same for all strategies."""
        columns = list(dict.fromkeys([*self.results.sources, *self.results.targets]))
        own = {
            self.short[cell.source]: measured
            for cell in self.cells
            if cell.own and cell.adapted_to is None and (measured := cell.metrics.get(METRIC)) is not None
        }
        for shots in self.results.shots:
            if (shots == 0) != (strategy == ZERO_SHOT):
                continue
            found: dict[tuple[str, str], Measured] = {}
            for source, target in self.pairs:
                points = series(self.results, self.detector, source, target, self._any(strategy), METRIC)
                for point in points:
                    if point.shots == shots:
                        found[self.short[source], self.short[target]] = point.measured
            if found:
                title = "zero-shot" if shots == 0 else f"{strategy}, k = {shots}"
                rows = [self.short[name] for name in self.results.sources]
                yield heat_map(rows, [self.short[name] for name in columns], found, own, title)

    def average_curves(self) -> Picture | None:
        """All strategies, mean over pairs."""
        curves = {
            strategy: [(row.shots, row.measured) for row in rows]
            for strategy in self.results.strategies
            if len(rows := average(self.results, self.detector, strategy, METRIC)) > 1
        }
        if not curves:
            return None
        title = f"mean over {len(self.pairs)} pairs"
        return curve_panel(curves, self.results.strategies, title, size=(6.4, 3.6), legend=True)

    def curves(self) -> Iterator[Picture]:
        """One panel for each pair."""
        for source, target in self.pairs:
            curves = {}
            for strategy in self.results.strategies:
                points = series(self.results, self.detector, source, target, strategy, METRIC)
                if len(points) > 1:
                    curves[strategy] = [(p.shots, p.measured) for p in points]
            if curves:
                yield curve_panel(curves, self.results.strategies, self._title(source, target))

    def energies(self) -> Iterator[Picture]:
        """Before (zero-shot) and after (fine-tuned, the largest number of shots, first draw), for each pair."""
        for source, target in self.pairs:
            before, after = self._cell(source, target, ZERO_SHOT, 0), self._after(source, target)
            if after is not None:
                yield energy_panel(self._first(before), self._first(after), self._title(source, target))

    def rocs(self) -> Iterator[Picture]:
        """ROC and reliability at zero-shot and after each strategy at the largest number of shots, for each pair."""
        for source, target in self.pairs:
            curves: dict[str, list[Scored]] = {}
            for strategy, shots in ((ZERO_SHOT, 0), *((name, self.largest) for name in self.results.strategies)):
                cell = self._cell(source, target, strategy, shots)
                if cell is not None:
                    curves[strategy] = list(self.files.test(cell).values())
            if curves:
                yield roc_panel(curves, self.results.strategies, self._title(source, target))

    def _title(self, source: str, target: str) -> str:
        """A pair, on two lines where one is too long for a panel."""
        source, target = self.short[source], self.short[target]
        return f"{source} →\n{target}" if len(source) + len(target) > _ONE_LINE else arrow(source, target)

    def _any(self, strategy: str) -> str:
        """Zero-shot cells are the first point of any strategy's series."""
        return self.results.strategies[0] if strategy == ZERO_SHOT else strategy

    def _after(self, source: str, target: str) -> Cell | None:
        return self._cell(source, target, self.changing, self.largest) if self.changing else None

    def _cell(self, source: str, target: str, strategy: str, shots: int) -> Cell | None:
        """The cell of the first seed."""
        key = (source, target, strategy, shots)
        found = [c for c in self.cells if c.aimed and (c.source, c.on, c.strategy, c.shots) == key]
        return found[0] if found else None

    def _first(self, cell: Cell | None) -> Scored | None:
        if cell is None:
            return None
        draws: Mapping[int, Scored] = self.files.test(cell)
        return draws[min(draws)]
