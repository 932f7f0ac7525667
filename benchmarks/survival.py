"""Measure which trace survives what is done to a finished image; see README.md beside this file."""

from __future__ import annotations

import argparse
import csv
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # each process has a core of its own
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import copy_move
from benchmarks.histories import called, drawn_shift, joined, map_auc, saved_on, square, written
from benchmarks.intervals import rate
from benchmarks.mosaics import photographed, saved, shrunk
from benchmarks.processes import measured
from benchmarks.splices import made as taken_twice
from benchmarks.splices import with_interval
from benchmarks.wheel_photographs import wheel_photographs
from forensictransfer.data.image_file import ImageFile
from forensictransfer.detectors.registry import detectors, load_target
from forensictransfer.detectors.signals.cfa.interpolation import PATTERNS

LARGEST, PATCH = 400, 96  # sides of images, at most, and of the square, pixels
CUT = (5, 3)  # rows and columns that a crop takes away above and left
SURVIVES = 0.8  # share of what the AUC exceeds one half by
ABSENT = -np.inf  # the score of an image that the detector does not apply to: nothing is said


class Made(NamedTuple):
    """A finished image with or without the forgery, the quality of its JPEG (None: PNG), and the mask."""

    pixels: np.ndarray
    quality: int | None
    mask: np.ndarray


Maker = Callable[[int, bool], Made | None]


def _scene(seed: int, rng: np.random.Generator, further: int = 0) -> np.ndarray:
    paths = wheel_photographs()
    return shrunk(paths[(seed + further) % len(paths)], rng, LARGEST)


def _place(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return square(pixels.shape[:2], PATCH, rng)


def _covered(other: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Repeat another image so that it has the size of a mask."""
    times = [-(-side // have) for side, have in zip(mask.shape, other.shape, strict=False)]
    return np.tile(other, (*times, 1))[: mask.shape[0], : mask.shape[1]]


def _double(seed: int, forged: bool) -> Made:
    rng = np.random.default_rng(seed)
    scene = _scene(seed, rng)
    host, mask = saved(scene, int(rng.integers(60, 81))), _place(scene, rng)
    return Made(joined(scene, host, mask) if forged else host, 92, mask)


def _nonaligned(seed: int, forged: bool) -> Made:
    rng = np.random.default_rng(seed)
    scene = _scene(seed, rng)
    host, mask = saved_on(scene, int(rng.integers(60, 81)), drawn_shift(rng)), _place(scene, rng)
    return Made(joined(scene, host, mask) if forged else host, 95, mask)


def _ghosts(seed: int, forged: bool) -> Made:
    rng = np.random.default_rng(seed)
    scene = _scene(seed, rng)
    mask = _place(scene, rng)
    return Made(joined(saved(scene, int(rng.integers(60, 81))), scene, mask) if forged else scene, None, mask)


def _grid(seed: int, forged: bool) -> Made:
    rng = np.random.default_rng(seed)
    scene, quality = _scene(seed, rng), int(rng.integers(70, 91))
    other = _covered(_scene(seed, rng, 4), mask := _place(scene, rng))
    host = saved(scene, quality)
    return Made(joined(saved_on(other, quality, drawn_shift(rng)), host, mask) if forged else host, None, mask)


def _cfa(seed: int, forged: bool) -> Made:
    rng = np.random.default_rng(seed)
    scene = _scene(seed, rng)
    host = photographed(scene, str(rng.choice(["bilinear", "Malvar"])), PATTERNS[int(rng.integers(4))])
    other = _covered(_scene(seed, rng, 4), mask := _place(scene, rng))
    return Made(joined(other, host, mask) if forged else host, None, mask)


def _noise(seed: int, forged: bool) -> Made:
    rng = np.random.default_rng(seed)
    scene = _scene(seed, rng)
    other = _covered(_scene(seed, rng, 4), mask := _place(scene, rng))
    little, much = (rng.normal(0, deviation, scene.shape) for deviation in (2, 6))
    host, donor = (np.clip(one + grain, 0, 255).round() for one, grain in ((scene, little), (other, much)))
    return Made((joined(donor, host, mask) if forged else host).astype(np.uint8), None, mask)


def _splice(seed: int, forged: bool) -> Made:
    pixels, mask = taken_twice(seed, forged, None)
    return Made(pixels, None, mask)


def _copy(seed: int, forged: bool) -> Made | None:
    rng = np.random.default_rng(seed)
    scene = _scene(seed, rng)
    made = copy_move.forged(scene, PATCH, 0, 1, rng)
    return None if made is None else Made(made[0] if forged else scene, None, made[1])


TRACES: dict[str, Maker] = {
    "jpeg_double": _double,
    "jpeg_nonaligned": _nonaligned,
    "jpeg_ghosts": _ghosts,
    "jpeg_grid": _grid,
    "cfa": _cfa,
    "noise_level": _noise,
    "splicebuster": _splice,
    "copy_move": _copy,
}


def _resized(made: Made, factor: float, quality: int | None) -> Made:
    size = [round(side * factor) for side in made.pixels.shape[1::-1]]
    mask = np.asarray(Image.fromarray(made.mask).resize(size, Image.Resampling.NEAREST))
    return Made(np.asarray(Image.fromarray(made.pixels).resize(size, Image.Resampling.BICUBIC)), quality, mask)


def _cropped(made: Made) -> Made:
    top, left = CUT
    return Made(made.pixels[top:, left:], None, made.mask[top:, left:])


def _finished(made: Made) -> Made:
    """Save an image as it was finished, and read it again: what the operation begins with."""
    return made._replace(pixels=written(made.pixels, made.quality).pixels)


OPERATIONS: dict[str, Callable[[Made], Made]] = {
    "nothing": lambda made: made,
    "JPEG 95": lambda made: _finished(made)._replace(quality=95),
    "JPEG 85": lambda made: _finished(made)._replace(quality=85),
    "JPEG 75": lambda made: _finished(made)._replace(quality=75),
    "half size": lambda made: _resized(_finished(made), 0.5, None),
    "crop": lambda made: _cropped(_finished(made)),
    "screenshot": lambda made: _resized(_finished(made), 0.7, None),
    "network": lambda made: _resized(_finished(made), 0.6, 75),
}


class Outcome(NamedTuple):
    """Of one image: its trace and operation, whether it is forged, and what the detector says."""

    trace: str
    operation: str
    forged: bool
    score: float
    called: bool | None  # None: the detector calls nothing
    auc: float


class Row(NamedTuple):
    """A cell of the table, as it stands in the CSV."""

    trace: str
    operation: str
    sound: int
    forged: int
    applies_sound: int
    applies_forged: int
    auc: str
    found: str
    false_alarms: str
    map_auc: str
    verdict: str


def _outcomes(job: tuple[str, int, bool, tuple[str, ...]]) -> list[Outcome]:
    trace, seed, forged, operations = job
    made = TRACES[trace](seed, forged)
    if made is None:
        return []
    detector = load_target(detectors()[trace].target)()
    found = []
    for operation in operations:
        after = OPERATIONS[operation](made)
        image: ImageFile = written(after.pixels, after.quality)
        (said,) = detector.examine([image])
        limited = None if said.applies and said.mask is None else said.applies and called(said)
        score = float(said.score) if said.applies else float(ABSENT)
        auc = map_auc(said, after.mask) if forged and said.applies else float("nan")
        found.append(Outcome(trace, operation, forged, score, limited, auc))
    return found


def row(outcomes: Sequence[Outcome], usual: float | None) -> tuple[Row, float]:
    """Make the row of the outcomes of one trace and operation, and its AUC.

    usual: AUC where nothing was done; None for that itself.
    """
    kinds = [[one for one in outcomes if one.forged == forged] for forged in (False, True)]
    scores = [np.array([one.score for one in kind]) for kind in kinds]
    applies = [int(np.isfinite(one).sum()) for one in scores]
    auc = with_interval(scores, "auc")
    value, low = float(auc.split()[0]), float(auc.split("[")[1].split(",")[0])
    limited = [[one.called for one in kind if one.called is not None] for kind in kinds]
    without = any(one.called is None for one in outcomes)
    false, found = ("-" if without else rate(sum(map(bool, kind)), len(kind)) for kind in limited)
    maps = with_interval([np.array([one.auc for one in kinds[1] if one.auc == one.auc])], "mean")
    kept = 1.0 if usual is None else (value - 0.5) / max(usual - 0.5, 1e-9)
    nothing = "not shown" if usual is None else "gone"
    verdict = nothing if low <= 0.5 else "survives" if kept >= SURVIVES else "weakened"
    made = Row(
        *(outcomes[0].trace, outcomes[0].operation),
        *(len(kinds[0]), len(kinds[1])),
        *(applies[0], applies[1]),
        *(auc, found, false, maps, verdict),
    )
    return made, value


def main(words: Sequence[str] | None = None) -> int:
    """Print a row for each trace and operation, then the verdicts alone; 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--images", type=int, default=44, help="sound ones, and forged ones, of each trace (default: 44)"
    )
    parser.add_argument("--traces", nargs="+", choices=list(TRACES), default=list(TRACES))
    parser.add_argument("--operations", nargs="+", choices=list(OPERATIONS)[1:], default=list(OPERATIONS)[1:])
    parser.add_argument("--csv", type=Path, help="a file for the rows")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=3000)
    options = parser.parse_args(words)
    start, operations = time.perf_counter(), ("nothing", *options.operations)
    rows: list[Row] = []
    print(f"| {' | '.join(name.replace('_', ' ') for name in Row._fields)} |\n|{' --- |' * len(Row._fields)}")
    for trace in options.traces:
        jobs = [
            (trace, options.seed + i, forged, operations) for i in range(options.images) for forged in (False, True)
        ]
        outcomes = [one for found in measured(_outcomes, jobs, options.workers) for one in found]
        usual = None
        for operation in operations:
            made, value = row([one for one in outcomes if one.operation == operation], usual)
            usual = value if usual is None else usual
            rows.append(made)
            print(f"| {' | '.join(map(str, made))} |", flush=True)
    print(f"\n| trace | {' | '.join(operations)} |\n| --- |{' --- |' * len(operations)}")
    for trace in options.traces:
        cells = [f"{one.verdict} ({one.auc.split()[0]})" for one in rows if one.trace == trace]
        print(f"| {trace} | {' | '.join(cells)} |")
    if options.csv is not None:
        with options.csv.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(Row._fields)
            writer.writerows(rows)
    print(f"seed {options.seed}, {time.perf_counter() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
