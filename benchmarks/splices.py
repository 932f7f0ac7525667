"""Measure a detector of splices on photographs with and without a patch of another history; see README.md here."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.metrics import roc_auc_score

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # each process has a core of its own
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.mosaics import DEMOSAICS, image_file, photographed, saved, shrunk
from benchmarks.wheel_photographs import wheel_photographs
from forensictransfer.detectors.registry import detectors, load_target

LARGEST, PATCH = 400, 112  # sides of images and of what is spliced in, at most, pixels
QUALITIES = (None, 95, 90, 80)


class Outcome(NamedTuple):
    """Of one image: whether it is spliced, its score (nan: does not apply), if a region is called, AUC of the map."""

    spliced: bool
    score: float
    found: bool
    auc: float


def taken(path: Path, rng: np.random.Generator) -> np.ndarray:
    """Take a photograph anew: shrunk, noise of 1 to 5 grey levels, one of the mosaics, JPEG of 95, 85 or none."""
    scene = shrunk(path, rng, LARGEST)
    noisy = np.clip(scene + rng.normal(0, rng.uniform(1, 5), scene.shape), 0, 255).round().astype(np.uint8)
    return saved(photographed(noisy, str(rng.choice(list(DEMOSAICS))), (0, 0)), (None, 95, 85)[int(rng.integers(3))])


def made(seed: int, spliced: bool, quality: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Make an image, uint8 (h, w, 3), and its mask, bool (h, w)."""
    rng, paths = np.random.default_rng(seed), wheel_photographs()
    image = taken(paths[seed % len(paths)], rng).copy()
    mask = np.zeros(image.shape[:2], bool)
    if spliced:
        other = taken(paths[(seed + 4) % len(paths)], rng)
        side = min(PATCH, *(one - 40 for one in image.shape[:2]), *(one - 4 for one in other.shape[:2]))
        top, left = (int(rng.integers(0, one - side)) for one in image.shape[:2])
        down, right = (int(rng.integers(0, one - side + 1)) for one in other.shape[:2])
        image[top : top + side, left : left + side] = other[down : down + side, right : right + side]
        mask[top : top + side, left : left + side] = True
    return saved(image, quality), mask


def _outcome(job: tuple[int, bool, int | None], name: str) -> Outcome:
    pixels, mask = made(*job)
    (said,) = load_target(detectors()[name].target)().examine([image_file(pixels)])
    auc = float("nan")
    if said.applies and said.heat_map is not None and job[1]:
        auc = float(roc_auc_score(mask.ravel(), said.heat_map.ravel()))
    return Outcome(job[1], float(said.score), said.mask is not None and bool(said.mask.any()), auc)


def with_interval(values: Sequence[np.ndarray], measure: str, seed: int = 0) -> str:
    """Give the AUC of two samples, or the mean of one, with 95 % of its bootstrap over images."""

    def of(samples: Sequence[np.ndarray]) -> float:
        if measure == "mean":
            return float(samples[0].mean())
        real, fake = samples
        return float((fake[:, None] > real).mean() + (fake[:, None] == real).mean() / 2)

    if any(not len(one) for one in values):
        return "-"
    rng = np.random.default_rng(seed)
    drawn = [of([rng.choice(one, len(one)) for one in values]) for _ in range(1000)]
    return f"{of(values):.3f} [{np.quantile(drawn, 0.025):.3f}, {np.quantile(drawn, 0.975):.3f}]"


def main(words: Sequence[str] | None = None) -> int:
    """Print a row for each quality of the last compression; 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--detector", required=True)
    parser.add_argument("--images", type=int, default=110, help="of each kind at each quality (default: 110)")
    parser.add_argument("--qualities", nargs="+", type=int, help="of JPEG (default: none, and 95 to 80)")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1000)
    options = parser.parse_args(words)
    start, seeds = time.perf_counter(), range(options.seed, options.seed + options.images)
    print("| last JPEG | applies, sound | applies, spliced | AUC of scores | AUC of maps | called, sound | spliced |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    outcome = partial(_outcome, name=options.detector)
    for quality in options.qualities or QUALITIES:
        jobs = [(seed, spliced, quality) for spliced in (False, True) for seed in seeds]
        if options.workers > 1:
            with ProcessPoolExecutor(options.workers) as pool:
                found = list(pool.map(outcome, jobs, chunksize=8))
        else:
            found = [outcome(job) for job in jobs]
        kinds = [
            [one for one in found if one.spliced == spliced and one.score == one.score] for spliced in (False, True)
        ]
        scores = with_interval([np.array([one.score for one in kind]) for kind in kinds], "auc")
        maps = with_interval([np.array([one.auc for one in kinds[1]])], "mean")
        called = " | ".join(f"{sum(one.found for one in kind)}" for kind in kinds)
        applies = " | ".join(f"{len(kind)} of {options.images}" for kind in kinds)
        print(f"| {quality or 'none'} | {applies} | {scores} | {maps} | {called} |", flush=True)
    print(f"{time.perf_counter() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
