"""Measure `jpeg_nonaligned`: squares with and without an earlier compression, false alarms; see README.md here."""

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

from benchmarks.histories import called, drawn_shift, joined, map_auc, overlap, saved_on, square
from benchmarks.histories import written as file_of
from benchmarks.intervals import rate
from benchmarks.mosaics import saved, shrunk
from benchmarks.processes import measured
from benchmarks.wheel_photographs import wheel_photographs
from forensictransfer.data.folders.layout import SUFFIXES
from forensictransfer.data.image_file import ImageFile
from forensictransfer.detectors.signals.jpeg_nonaligned.detector import JpegNonaligned
from forensictransfer.detectors.signals.jpeg_nonaligned.fit import fit_earlier

LARGEST, PATCH = 400, 96  # sides of images, at most, and of the square, pixels
FIRST, LAST = (50, 60, 70, 80, 90), (70, 80, 90, 95)  # qualities
KINDS = {"lacks": "The square lacks the first compression", "has": "Only the square has the first compression"}
SOUND = ("saved once", "saved twice on one grid", "resized between")


class Outcome(NamedTuple):
    """Of one image: if an earlier compression is told, at its shift and its quality within 2; region, map."""

    row: tuple[str, int, int]
    told: bool
    right: bool
    called: bool
    auc: float
    overlap: float


def _forged(job: tuple[str, int, int, Path, int]) -> Outcome:
    kind, first, last, path, seed = job
    rng = np.random.default_rng(seed)
    pixels, shift = shrunk(path, rng, LARGEST), drawn_shift(rng)
    mask = square(pixels.shape[:2], PATCH, rng)
    before = saved_on(pixels, first, shift)
    image = file_of(joined(pixels, before, mask) if kind == "lacks" else joined(before, pixels, mask), last)
    (said,) = JpegNonaligned().examine([image])
    fit = fit_earlier(image.coefficients[0])
    right = fit.is_found and fit.shift == shift and abs(fit.quality - first) <= 2
    return Outcome((kind, first, last), fit.is_found, right, called(said), map_auc(said, mask), overlap(said, mask))


class Sound(NamedTuple):
    """Of an image without a forgery: if an earlier compression is told, and a region called."""

    kind: str
    told: bool
    called: bool


def _sound(job: tuple[str, Path, int]) -> Sound:
    kind, path, seed = job
    rng = np.random.default_rng(seed)
    if kind == "folder":
        pixels = ImageFile(path).pixels
    else:
        pixels = shrunk(path, rng, LARGEST)
        if kind == "saved twice on one grid":
            pixels = saved(pixels, int(rng.integers(50, 100)))
        elif kind == "resized between":
            from PIL import Image

            size = [max(40, round(side * rng.uniform(0.5, 0.95))) for side in pixels.shape[1::-1]]
            pixels = np.asarray(
                Image.fromarray(saved(pixels, int(rng.integers(50, 100)))).resize(size, Image.Resampling.BICUBIC)
            )
    (said,) = JpegNonaligned().examine([file_of(pixels, int(rng.integers(50, 100)))])
    return Sound(kind, said.score > 0, called(said))


def _table(kind: str, outcomes: Sequence[Outcome], lasts: Sequence[int]) -> None:
    print(f"\n{KINDS[kind]}: told, of these with shift and quality right; mean AUC of maps where told\n")
    print(f"| q1 \\ q2 | {' | '.join(map(str, lasts))} |\n| ---: |{' --- |' * len(lasts)}")
    for first in FIRST:
        cells = []
        for last in lasts:
            found = [one for one in outcomes if one.row == (kind, first, last)]
            told = [one for one in found if one.told]
            auc = f", {np.mean([one.auc for one in told]):.2f}" if told else ""
            cells.append(f"{len(told)} of {len(found)}, {sum(one.right for one in told)}{auc}" if found else "-")
        print(f"| {first} | {' | '.join(cells)} |", flush=True)
    for last in lasts:
        found = [one for one in outcomes if one.row[0] == kind and one.row[2] == last and one.told]
        if found:
            print(
                f"q2 {last}: a region is called in {sum(one.called for one in found)} of the {len(found)} told; "
                f"overlap with the square, median {np.median([one.overlap for one in found]):.2f}"
            )


def main(words: Sequence[str] | None = None) -> int:
    """Print two tables of squares, and false alarms; 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=7, help="of each pair of qualities and kind (default: 7)")
    parser.add_argument("--sound", type=int, default=110, help="without a forgery, of each history (default: 110)")
    parser.add_argument("--full", action="store_true", help="33 and 660 images")
    parser.add_argument(
        "--folder",
        type=Path,
        nargs="+",
        default=[],
        help="images of your own that are no JPEG, saved once: false alarms too",
    )
    parser.add_argument("--last", nargs="+", type=int, default=LAST, help="qualities of the last compression")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1000)
    options = parser.parse_args(words)
    paths, start = wheel_photographs(), time.perf_counter()
    images, n = (33, 660) if options.full else (options.images, options.sound)
    pairs = [(kind, first, last) for kind in KINDS for last in options.last for first in FIRST if first < last]
    jobs = [(*pair, paths[i % len(paths)], options.seed + i) for pair in pairs for i in range(images)]
    outcomes = measured(_forged, jobs, options.workers)
    for kind in KINDS if outcomes else ():
        _table(kind, outcomes, options.last)
    sound = [(kind, paths[i % len(paths)], options.seed + i) for kind in SOUND for i in range(n)]
    for folder in options.folder:
        files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
        sound += [("folder", path, options.seed + i) for i, path in enumerate(files)]
    said = measured(_sound, sound, options.workers)
    print("\n| sound images | n | earlier compression told, in 1,000 | a region called, in 1,000 |")
    print("| --- | ---: | --- | --- |")
    for kind in dict.fromkeys(one.kind for one in said):
        of_kind = [one for one in said if one.kind == kind]
        hits = [rate(sum(rows), len(of_kind), 1000) for rows in zip(*(one[1:] for one in of_kind), strict=True)]
        print(f"| {kind} | {len(of_kind)} | {hits[0]} | {hits[1]} |")
    print(f"{len(paths)} photographs, seed {options.seed}, {time.perf_counter() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
