"""Measure `jpeg_ghosts`, on the image's own grid and on all 64; see README.md beside this file."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # each process has a core of its own
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.histories import OWN, called, drawn_shift, joined, map_auc, saved_on, square, written
from benchmarks.intervals import rate
from benchmarks.mosaics import saved, shrunk
from benchmarks.processes import measured
from benchmarks.splices import with_interval
from benchmarks.wheel_photographs import wheel_photographs
from forensictransfer.data.image_file import ImageFile
from forensictransfer.detectors.evidence import Evidence
from forensictransfer.detectors.signals.jpeg_ghosts.detector import JpegGhosts

LARGEST, PATCH = 400, 96  # sides of images, at most, and of the square, pixels
FIRST, LAST = (55, 65, 75, 85), (None, 95, 90, 80)  # qualities
GRIDS = ("own", "other")
Made = tuple[ImageFile, np.ndarray]
SEARCHES = {"own grid": JpegGhosts(), "64 grids": JpegGhosts(shifts=True)}


class Said(NamedTuple):
    """What one search says of an image: if anything is called, if the words have the quality and the grid, the map."""

    called: bool
    quality: bool
    auc: float
    score: float
    seconds: float


class Outcome(NamedTuple):
    """Of one image, what each search says."""

    kind: str
    said: dict[str, Said]


def _quality(rng: np.random.Generator) -> int:
    return int(rng.integers(50, 100))


def _resized(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    from PIL import Image

    size = [max(40, round(side * rng.uniform(0.5, 2))) for side in pixels.shape[1::-1]]
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))[:LARGEST, :LARGEST]


Sound = Callable[[np.ndarray, np.random.Generator], ImageFile]
SOUND: dict[str, Sound] = {
    "never compressed": lambda pixels, rng: written(pixels, None),
    "JPEG": lambda pixels, rng: written(pixels, _quality(rng)),
    "JPEG, cropped": lambda pixels, rng: written(saved_on(pixels, _quality(rng), drawn_shift(rng)), None),
    "JPEG, cropped, JPEG": lambda pixels, rng: written(
        saved_on(pixels, _quality(rng), drawn_shift(rng)), _quality(rng)
    ),
    "JPEG, JPEG": lambda pixels, rng: written(saved(pixels, _quality(rng)), _quality(rng)),
    "JPEG, resized, JPEG": lambda pixels, rng: written(_resized(saved(pixels, _quality(rng)), rng), _quality(rng)),
}


def forged(pixels: np.ndarray, first: int, last: int | None, grid: str, rng: np.random.Generator) -> Made:
    """Compress a square at `first`, on the image's grid or one of the 63 others, then all at `last`."""
    shift = OWN if grid == "own" else drawn_shift(rng)
    mask = square(pixels.shape[:2], PATCH, rng)
    return written(joined(saved_on(pixels, first, shift), pixels, mask), last), mask


def _said(image: ImageFile, mask: np.ndarray, first: int | None, search: str) -> Said:
    start = time.perf_counter()
    (said,) = SEARCHES[search].examine([image])
    seconds = time.perf_counter() - start
    right = called(said) and first is not None and abs(_named(said) - first) <= 2
    return Said(called(said), right, map_auc(said, mask), said.score, seconds)


def _named(said: Evidence) -> int:
    """Read the quality that is named of the surest region."""
    return int(said.reasons[-1].split("about ")[-1].split(",")[0])


def _sound(job: tuple[str, Path, int], searches: Sequence[str]) -> Outcome:
    kind, path, seed = job
    rng = np.random.default_rng(seed)
    image = SOUND[kind](shrunk(path, rng, LARGEST), rng)
    return Outcome(kind, {one: _said(image, np.zeros(image.size, bool), None, one) for one in searches})


def _forged(job: tuple[str, int, int | None, Path, int], searches: Sequence[str]) -> Outcome:
    grid, first, last, path, seed = job
    rng = np.random.default_rng(seed)
    image, mask = forged(shrunk(path, rng, LARGEST), first, last, grid, rng)
    return Outcome(f"{grid} | {first} | {last or 'none'}", {one: _said(image, mask, first, one) for one in searches})


def _print_sound(outcomes: Sequence[Outcome], searches: Sequence[str]) -> None:
    print(f"| sound images | n | {' | '.join(f'{one}: in 1,000' for one in searches)} |")
    print(f"| --- | ---: |{' --- |' * len(searches)}")
    for kind in [*dict.fromkeys(one.kind for one in outcomes), "all"]:
        found = [one for one in outcomes if kind in (one.kind, "all")]
        cells = [rate(sum(one.said[search].called for one in found), len(found), 1000) for search in searches]
        print(f"| {kind} | {len(found):,} | {' | '.join(cells)} |", flush=True)


def _print_forged(outcomes: Sequence[Outcome], searches: Sequence[str]) -> None:
    heads = [f"{one}: called, % | quality right | AUC of maps" for one in searches]
    print(
        f"\n| grid | first | last | n | {' | '.join(heads)} |\n| --- | ---: | ---: | ---: |{' --- |' * 3 * len(heads)}"
    )
    for kind in dict.fromkeys(one.kind for one in outcomes):
        found = [one for one in outcomes if one.kind == kind]
        cells = []
        for search in searches:
            said = [one.said[search] for one in found]
            hits = sum(one.called for one in said)
            cells += [rate(hits, len(said)), f"{sum(one.quality for one in said)} of {hits}"]
            cells.append(with_interval([np.array([one.auc for one in said])], "mean"))
        print(f"| {kind} | {len(found)} | {' | '.join(cells)} |")


def main(words: Sequence[str] | None = None) -> int:
    """Print the false alarms of each history, and what is found of squares; 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sound", type=int, default=22, help="images without a forgery, of each history (default: 22)")
    parser.add_argument("--forged", type=int, default=11, help="images of each pair of qualities (default: 11)")
    parser.add_argument("--searches", nargs="+", choices=list(SEARCHES), default=list(SEARCHES))
    parser.add_argument("--full", action="store_true", help="220 and 44 images")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1000, help="what was chosen was chosen on seed 0 (default: 1000)")
    options = parser.parse_args(words)
    paths = wheel_photographs()
    n, k = (220, 44) if options.full else (options.sound, options.forged)
    seeds = np.random.SeedSequence(options.seed).generate_state(max(n, 1) * len(SOUND) + max(k, 1) * 64)
    sound = [(kind, paths[i % len(paths)]) for kind in SOUND for i in range(n)]
    pairs = [(grid, first, last) for grid in GRIDS for first in FIRST for last in LAST if first < (last or 101)]
    squares = [(*pair, paths[i % len(paths)]) for pair in pairs for i in range(k)]
    start = time.perf_counter()
    of_sound = measured(
        partial(_sound, searches=options.searches),
        [(*job, int(seed)) for job, seed in zip(sound, seeds, strict=False)],
        options.workers,
    )
    if of_sound:
        _print_sound(of_sound, options.searches)
    of_forged = measured(
        partial(_forged, searches=options.searches),
        [(*job, int(seed)) for job, seed in zip(squares, seeds[len(sound) :], strict=False)],
        options.workers,
    )
    if of_forged:
        _print_forged(of_forged, options.searches)
    for search in options.searches:
        seconds = [one.said[search].seconds for one in [*of_sound, *of_forged]]
        print(f"{search}: {np.mean(seconds):.2f} s an image of at most {LARGEST} x {LARGEST} pixels")
    print(f"{len(paths)} photographs, seed {options.seed}, {time.perf_counter() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
