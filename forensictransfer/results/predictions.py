"""The scores behind the numbers: predictions.csv, shots.csv and validation.csv as arrays, each file read once."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.results.cells import Cell
from forensictransfer.results.sweep import SweepResults

Floats = NDArray[np.float64]

COLUMNS = ("path", "label", "group", "score", "probability", "energy_real", "energy_fake")
# predictions.csv: the draw before, and what was decided (real, fake: score > threshold) after. Files of version 0.1 end
# before the decision.
PREDICTION_COLUMNS = ("draw", *COLUMNS, "decision", "threshold")


@dataclass(frozen=True, eq=False)
class Scored:
    """n images with what a detector says of them, in the order of the file.

    names: their paths within the domain; labels: int64 (n,), real = 0, fake = 1; groups: the photographs that they come
    from; scores: (n,), high for fakes; probabilities: (n,) of fake, in [0, 1]; energies: (n, 2), a_0 and a_1.
    """

    names: tuple[str, ...]
    labels: NDArray[np.int64]
    groups: tuple[str, ...]
    scores: Floats
    probabilities: Floats
    energies: Floats


class ScoreFiles:
    """The score files of a sweep, each read at most once. One such object serves a whole report."""

    def __init__(self, results: SweepResults) -> None:
        self.results = results
        self._read: dict[Path, Mapping[int, Scored]] = {}

    def test(self, cell: Cell) -> Mapping[int, Scored]:
        """The test images of a cell by number of the draw (zero-shot: 0 alone). Raises UserError: missing or torn."""
        return self._once(self.results.folder(cell) / "predictions.csv")

    def shots(self, cell: Cell) -> Mapping[int, Scored]:
        """The shots of an adapted cell by number of the draw, scored after adaptation to them; empty for zero-shot."""
        if cell.adapted_to is None:
            return {}
        folder = self.results.path / cell.run / "draws"
        draws = self.results.draws[cell.run, cell.on]
        return {draw.draw: self._once(folder / str(draw.draw) / "shots.csv")[0] for draw in draws}

    def validation(self, cell: Cell) -> Scored | None:
        """The source's validation split, scored by the network before adaptation; None if that was not recorded."""
        path = self.results.path / cell.model / "validation.csv"
        return self._once(path)[0] if path.is_file() else None

    def _once(self, path: Path) -> Mapping[int, Scored]:
        if path not in self._read:
            self._read[path] = read_scores(path)
        return self._read[path]


def read_scores(path: Path) -> dict[int, Scored]:
    """A file of scores by number of the draw; a file without the column `draw` is draw 0.

    Raises UserError if it is missing, has other columns, no images, or a value that cannot be.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file, strict=True)
        columns = dict(zip(header, zip(*rows, strict=True), strict=True))
        draws = np.array([int(value) for value in columns.get("draw", ("0",) * len(rows))])
        whole = _scored(columns)
    except FileNotFoundError:
        raise UserError(f"{path}: is missing", code=ErrorCode.PATH_MISSING) from None
    except (ValueError, KeyError, csv.Error):
        raise UserError(
            f"{path}: expected the columns {', '.join(COLUMNS)} with scores of images; torn?",
            code=ErrorCode.FILE_INVALID,
        ) from None
    numbers = dict.fromkeys(draws.tolist())
    return {number: whole if len(numbers) == 1 else _rows(whole, draws == number) for number in numbers}


def _scored(columns: Mapping[str, Sequence[str]]) -> Scored:
    """Columns of text as arrays. Raises ValueError for values that cannot be, KeyError for a missing column."""
    labels = np.array([int(value) for value in columns["label"]], np.int64)
    score, probability, real, fake = (np.array([float(v) for v in columns[name]], np.float64) for name in COLUMNS[3:])
    if not np.isin(labels, (0, 1)).all() or not np.isfinite([score, probability, real, fake]).all():
        raise ValueError("labels or numbers that cannot be")
    # The same names stand in hundreds of files: one copy of each will do.
    names, groups = (tuple(sys.intern(value) for value in columns[name]) for name in ("path", "group"))
    return Scored(names, labels, groups, score, probability, np.stack([real, fake], axis=1))


def _rows(scored: Scored, chosen: NDArray[np.bool_]) -> Scored:
    index = np.flatnonzero(chosen)
    return Scored(
        tuple(scored.names[i] for i in index),
        scored.labels[index],
        tuple(scored.groups[i] for i in index),
        scored.scores[index],
        scored.probabilities[index],
        scored.energies[index],
    )
