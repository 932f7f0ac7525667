"""Measure `cfa`: false traces, false alarms and what is found; see README.md beside this file."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.metrics import roc_auc_score

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # each process has a core of its own
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.intervals import share
from benchmarks.mosaics import DEMOSAICS, PATCH, image_file, photographed, saved, shrunk
from benchmarks.processes import measured
from benchmarks.wheel_photographs import wheel_photographs
from forensictransfer.data.image_file import ImageFile
from forensictransfer.detectors.signals.cfa.detector import Cfa
from forensictransfer.detectors.signals.cfa.interpolation import NAMES, PATTERNS

LARGEST = 384  # side of the images, pixels
QUALITIES = (None, 100, 98, 95, 90, 85)
KINDS = ("sound", "no mosaic", "other pattern")


class Outcome(NamedTuple):
    """Of one image: whether the detector applies, the right pattern is named, a region is found; AUC of the map."""

    row: str
    kind: str
    applies: bool
    right: bool
    found: bool
    auc: float


class Job(NamedTuple):
    """An image to make: of which photograph, how demosaiced (None: not at all), at which quality, which kind."""

    how: str | None
    developed: bool
    quality: int | None
    kind: str
    path: Path
    other: Path
    seed: int


def _outcome(job: Job) -> Outcome:
    rng = np.random.default_rng(job.seed)
    scene, foreign = shrunk(job.path, rng, LARGEST), shrunk(job.other, rng, LARGEST)
    number = int(rng.integers(4))
    pixels, mask = scene, np.zeros(scene.shape[:2], bool)
    if job.how is not None:
        pixels = photographed(scene, job.how, PATTERNS[number], developed=job.developed).copy()
    if job.kind != "sound" and job.how is not None:
        if job.kind == "other pattern":
            other = (number + int(rng.integers(1, 4))) % 4
            foreign = photographed(foreign, job.how, PATTERNS[other], developed=job.developed)
        top, left = (2 * int(rng.integers(0, (side - PATCH) // 2 + 1)) for side in pixels.shape[:2])
        pixels[top : top + PATCH, left : left + PATCH] = foreign[16 : 16 + PATCH, 16 : 16 + PATCH]
        mask[top : top + PATCH, left : left + PATCH] = True
    colours = str(rng.choice(["4:2:0", "4:4:4"]))
    (said,) = Cfa().examine([image_file(saved(pixels, job.quality, colours))])
    row = f"{'none' if job.how is None else job.how}{', developed' if job.developed else ''}"
    auc = float("nan")
    if said.applies and mask.any() and said.heat_map is not None:
        auc = float(roc_auc_score(mask.ravel(), said.heat_map.ravel()))
    found = said.applies and said.mask is not None and bool(said.mask.any())
    right = said.applies and f"mosaic {NAMES[number]}" in said.reasons[0]
    return Outcome(f"{row} | {job.quality or 'none'}", job.kind, said.applies, right, found, auc)


def _row(name: str, outcomes: Sequence[Outcome]) -> str:
    applies = [one for one in outcomes if one.applies]
    cells = [name, share(len(applies), len(outcomes)), share(sum(one.right for one in applies), len(applies))]
    for kind in KINDS:
        of_kind = [one for one in applies if one.kind == kind]
        cells.append(share(sum(one.found for one in of_kind), len(of_kind)))
        if kind != "sound":
            cells.append(f"{np.mean([one.auc for one in of_kind]):.3f}" if of_kind else "-")
    return f"| {' | '.join(cells)} |"


def main(words: Sequence[str] | None = None) -> int:
    """Print a row for each algorithm and quality; 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=33, help="of each kind in each row (default: 33)")
    parser.add_argument("--without", type=int, default=200, help="without a mosaic, at each quality (default: 200)")
    parser.add_argument("--how", nargs="+", choices=list(DEMOSAICS), default=list(DEMOSAICS))
    parser.add_argument("--qualities", nargs="+", type=int, help="of JPEG (default: none, and 100 to 85)")
    parser.add_argument("--developed", action="store_true", help="with balance, matrix, gamma and sharpening")
    parser.add_argument("--folder", type=Path, help="images of your own: to how many it applies, and what it finds")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(words)
    paths = wheel_photographs()
    jobs: list[Job] = []
    for quality in options.qualities or QUALITIES:
        for how, kinds, n in [
            (None, KINDS[:1], options.without),
            *((how, KINDS, options.images) for how in options.how),
        ]:
            for kind in kinds:
                for i in range(n):
                    seed = options.seed + 7919 * i + len(jobs)
                    path, other = paths[i % len(paths)], paths[(i + 3) % len(paths)]
                    jobs.append(Job(how, options.developed and how is not None, quality, kind, path, other, seed))
    start = time.perf_counter()
    outcomes = measured(_outcome, jobs, options.workers)
    print(f"{len(paths)} photographs, seed {options.seed}, patches of {PATCH} pixels")
    print("| mosaic | JPEG | applies | right pattern | false alarms | no mosaic | AUC | other pattern | AUC |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for row in dict.fromkeys(one.row for one in outcomes):
        print(_row(row, [one for one in outcomes if one.row == row]))
    print(f"{len(outcomes) / (time.perf_counter() - start):.1f} images/s")
    if options.folder is not None:
        files = sorted(path for path in options.folder.rglob("*") if path.suffix.lower() in {".png", ".jpg", ".jpeg"})
        said = [Cfa().examine([ImageFile(path)])[0] for path in files]
        found = sum(one.mask is not None and bool(one.mask.any()) for one in said)
        print(f"{options.folder}: applies to {share(sum(one.applies for one in said), len(said))}, finds in {found}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
