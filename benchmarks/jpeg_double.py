"""Measure `jpeg_double`: squares without the first of two compressions, and false alarms; see README.md here."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # each process has a core of its own
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.histories import called, joined, map_auc, square, written
from benchmarks.intervals import rate
from benchmarks.mosaics import saved, shrunk
from benchmarks.processes import measured
from benchmarks.wheel_photographs import wheel_photographs
from forensictransfer.detectors.signals.jpeg_double.detector import JpegDouble
from forensictransfer.detectors.signals.jpeg_double.fit import fit_doubled

LARGEST, PATCH = 400, 96  # sides of images, at most, and of the square, pixels
FIRST, LAST = (50, 60, 70, 80, 90), (60, 70, 80, 90, 95)  # qualities
TWICE_TO = 12  # a sound file's last quality is so much above its first, at most


class Outcome(NamedTuple):
    """Of one image: if two compressions are told, the first quality within 2; if a region is called; its map's AUC."""

    row: tuple[int, int]
    told: bool
    right: bool
    called: bool
    auc: float


def _forged(job: tuple[int, int, Path, int]) -> Outcome:
    first, last, path, seed = job
    rng = np.random.default_rng(seed)
    pixels = shrunk(path, rng, LARGEST)
    mask = square(pixels.shape[:2], PATCH, rng)
    image = written(joined(pixels, saved(pixels, first), mask), last)
    (said,) = JpegDouble().examine([image])
    fit = fit_doubled(image.coefficients[0])
    right = fit.is_found and fit.quality is not None and abs(fit.quality - first) <= 2
    return Outcome((first, last), fit.is_found, right, called(said), map_auc(said, mask))


def _sound(job: tuple[str, Path, int]) -> tuple[str, bool, bool]:
    """Examine an image without a forgery: its kind, if two compressions are told, if a region is called."""
    kind, path, seed = job
    rng = np.random.default_rng(seed)
    pixels = shrunk(path, rng, LARGEST)
    quality = int(rng.integers(50, 91))
    if kind != "saved once":
        pixels = saved(pixels, quality)
        quality += int(rng.integers(1, TWICE_TO + 1))
    if kind == "saved three times":
        pixels = saved(pixels, quality)
        quality = min(100, quality + int(rng.integers(1, TWICE_TO + 1)))
    image = written(pixels, min(quality, 100))
    (said,) = JpegDouble().examine([image])
    return kind, fit_doubled(image.coefficients[0]).is_found, called(said)


SOUND = ("saved once", "saved twice", "saved three times")


def main(words: Sequence[str] | None = None) -> int:
    """Print a table of squares, and what is called in sound files; 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=7, help="of each pair of qualities (default: 7)")
    parser.add_argument("--sound", type=int, default=110, help="without a forgery, of each history (default: 110)")
    parser.add_argument("--last", nargs="+", type=int, default=LAST, help="qualities of the last compression")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1000)
    options = parser.parse_args(words)
    paths, start = wheel_photographs(), time.perf_counter()
    jobs = [
        (first, last, paths[i % len(paths)], options.seed + i)
        for first in FIRST
        for last in options.last
        if first != last
        for i in range(options.images)
    ]
    outcomes = measured(_forged, jobs, options.workers)
    print("squares that lack the first compression: told, quality right, a region called; mean AUC of maps\n")
    print(f"| q1 \\ q2 | {' | '.join(map(str, options.last))} |\n| ---: |{' --- |' * len(options.last)}")
    for first in FIRST:
        cells = []
        for last in options.last:
            found = [one for one in outcomes if one.row == (first, last)]
            told = [one for one in found if one.told]
            auc = f", {np.mean([one.auc for one in told]):.2f}" if told else ""
            counts = f"{sum(one.right for one in told)}, {sum(one.called for one in told)}" if told else ""
            cells.append(f"{len(told)} of {len(found)}{', ' * bool(told)}{counts}{auc}" if found else "-")
        print(f"| {first} | {' | '.join(cells)} |", flush=True)
    said = measured(
        _sound,
        [(kind, paths[i % len(paths)], options.seed + i) for kind in SOUND for i in range(options.sound)],
        options.workers,
    )
    print("\n| sound images | n | two compressions told, in 100 | a region called, in 100 |")
    print("| --- | ---: | --- | --- |")
    for kind in SOUND if said else ():
        of_kind = [one[1:] for one in said if one[0] == kind]
        hits = [rate(sum(rows), len(of_kind)) for rows in zip(*of_kind, strict=True)]
        print(f"| {kind} | {len(of_kind)} | {hits[0]} | {hits[1]} |")
    print(f"{len(paths)} photographs, seed {options.seed}, {time.perf_counter() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
