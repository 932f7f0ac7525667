"""Read and write the scores of images: predictions.csv, shots.csv and validation.csv as arrays."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.files import csv_text, write_text
from forensictransfer.data.records import CLASSES, FAKE, REAL
from forensictransfer.evaluation.metrics import ScoredImages

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

    @classmethod
    def of(cls, images: ScoredImages) -> Scored:
        """Leave out of the images of one draw what the file of a whole evaluation says besides."""
        assert images.energies is not None
        columns = (tuple(images.names), images.labels, tuple(images.groups), images.scores, images.probabilities)
        return cls(*columns, images.energies)


def write_scores(path: Path, scored: Scored) -> None:
    """Write images with their scores: shots.csv of a draw, validation.csv of a training."""
    write_text(path, csv_text(COLUMNS, _score_rows(scored)))


def write_predictions(path: Path, draws: Sequence[ScoredImages]) -> None:
    """Write predictions.csv: the test images of an evaluation with their scores by each draw and what it decides."""
    write_text(path, csv_text(PREDICTION_COLUMNS, _prediction_rows(draws)))


def read_scores(path: Path) -> dict[int, Scored]:
    """Read a file of scores by number of the draw; a file without the column `draw` is draw 0.

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
            f"{path}: expected the columns {', '.join(COLUMNS)} with scores of images; damaged?",
            code=ErrorCode.FILE_INVALID,
        ) from None
    numbers = dict.fromkeys(draws.tolist())
    return {number: whole if len(numbers) == 1 else _rows(whole, draws == number) for number in numbers}


def _scored(columns: Mapping[str, Sequence[str]]) -> Scored:
    """Turn columns of text into arrays. Raises ValueError for values that cannot be, KeyError for a missing column."""
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


def _score_rows(scored: Scored) -> Iterator[tuple[Any, ...]]:
    named = zip(scored.names, scored.labels, scored.groups, strict=True)
    numbers = zip(scored.scores, scored.probabilities, scored.energies, strict=True)
    for (name, label, group), (score, probability, energies) in zip(named, numbers, strict=True):
        # All digits: whoever reads the file gets the very numbers that were computed.
        digits = (repr(float(score)), repr(float(probability)), *(f"{energy:.9g}" for energy in energies))
        yield (name, int(label), group, *digits)


def _prediction_rows(draws: Sequence[ScoredImages]) -> Iterator[tuple[Any, ...]]:
    for one in draws:
        for row, score in zip(_score_rows(Scored.of(one)), one.scores, strict=True):
            yield (one.draw, *row, CLASSES[FAKE if score > one.threshold else REAL], repr(float(one.threshold)))
