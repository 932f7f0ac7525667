"""The scores behind the numbers of a sweep, each file read once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from forensictransfer.results.cells import Cell
from forensictransfer.results.scores import Scored, read_scores
from forensictransfer.results.shots_only import PREDICTIONS
from forensictransfer.results.sweep import SweepResults


class ScoreFiles:
    """The score files of a sweep, each read at most once. One such object serves a whole report."""

    def __init__(self, results: SweepResults) -> None:
        self.results = results
        self._read: dict[Path, Mapping[int, Scored]] = {}

    def test(self, cell: Cell) -> Mapping[int, Scored]:
        """Read the test images of a cell by draw (zero-shot: 0 alone). Raises UserError: missing or damaged."""
        return self._once(self.results.folder(cell) / "predictions.csv")

    def shots(self, cell: Cell) -> Mapping[int, Scored]:
        """Read the shots of an adapted cell by number of the draw, scored after adaptation to them.

        Empty for zero-shot.
        """
        if cell.adapted_to is None:
            return {}
        folder = self.results.path / cell.run / "draws"
        draws = self.results.draws[cell.run, cell.on]
        return {draw.draw: self._once(folder / str(draw.draw) / "shots.csv")[0] for draw in draws}

    def shots_only(self, folder: str) -> Mapping[int, Scored]:
        """Read the test images of what the shots alone reach by draw; folder: relative to the sweep's."""
        return self._once(self.results.path / folder / PREDICTIONS)

    def validation(self, cell: Cell) -> Scored | None:
        """Read the source's validation split, scored by the network before adaptation.

        None if that was not recorded.
        """
        path = self.results.path / cell.model / "validation.csv"
        return self._once(path)[0] if path.is_file() else None

    def _once(self, path: Path) -> Mapping[int, Scored]:
        if path not in self._read:
            self._read[path] = read_scores(path)
        return self._read[path]
