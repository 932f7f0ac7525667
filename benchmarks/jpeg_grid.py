"""Count the false alarms of `jpeg_grid` on images without a forgery; see README.md beside this file."""

from __future__ import annotations

import argparse
import io
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy.stats import binomtest

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # each process has a core of its own
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.wheel_photographs import wheel_photographs
from forensictransfer.data.decode import ImageError
from forensictransfer.data.folders.layout import SUFFIXES
from forensictransfer.data.image_file import ImageFile
from forensictransfer.detectors.signals.jpeg_grid.detector import EXPECTED, SMALLEST, find_grids

LARGEST = 512  # side of the images that are looked at, pixels
Change = Callable[[Image.Image, np.random.Generator], Image.Image]


class Outcome(NamedTuple):
    """What was found in an image of one kind: a grid of the whole image, foreign regions, regions without the grid."""

    kind: str
    grid: bool
    foreign: bool
    missing: bool


def _plain(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    return image


def _resized(image: Image.Image, rng: np.random.Generator, factor: float | None = None) -> Image.Image:
    times = rng.uniform(0.5, 2.5) if factor is None else factor
    how = rng.choice([Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS])
    return image.resize([max(SMALLEST, round(side * times)) for side in image.size], Image.Resampling(how))


def _cropped(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    sides = [int(rng.integers(min(64, side), side + 1)) for side in image.size]
    left, top = (int(rng.integers(0, whole - side + 1)) for whole, side in zip(image.size, sides, strict=True))
    return image.crop((left, top, left + sides[0], top + sides[1]))


def _saturated(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    gain, shift = rng.uniform(1.5, 4), rng.uniform(-150, 50)
    return Image.fromarray(np.clip(np.asarray(image) * gain + shift, 0, 255).astype(np.uint8))


def _compressed(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    stream = io.BytesIO()
    quality, colours = int(rng.integers(50, 101)), str(rng.choice(["4:2:0", "4:4:4"]))
    image.save(stream, "JPEG", quality=quality, subsampling=colours)
    return Image.open(stream).convert("RGB")


def _compressed_then_cropped(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    return _cropped(_compressed(image, rng), rng)


def _saturated_then_compressed(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    return _compressed(_saturated(image, rng), rng)


CHANGES: dict[str, Change] = {
    "as it is": _plain,
    "resized by 0.5 to 2.5": _resized,
    "enlarged twice": partial(_resized, factor=2.0),
    "enlarged 1.6 times": partial(_resized, factor=1.6),
    "cropped": _cropped,
    "saturated": _saturated,
    "JPEG of 50 to 100": _compressed,
    "JPEG, then cropped": _compressed_then_cropped,
    "saturated, then JPEG": _saturated_then_compressed,
}


def _pristine(path: Path, rng: np.random.Generator) -> Image.Image:
    """Shrink a photograph by a factor that no grid survives, and cut a window of at most LARGEST pixels out of it."""
    image = Image.fromarray(ImageFile(path).pixels)
    times = rng.uniform(0.45, 0.8)
    image = image.resize([max(SMALLEST, round(side * times)) for side in image.size], Image.Resampling.LANCZOS)
    return _window(image, rng)


def _window(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    sides = [min(side, LARGEST) for side in image.size]
    left, top = (int(rng.integers(0, whole - side + 1)) for whole, side in zip(image.size, sides, strict=True))
    return image.crop((left, top, left + sides[0], top + sides[1]))


def _outcome(job: tuple[str, Path, int, bool]) -> Outcome | None:
    kind, path, seed, as_stored = job
    rng = np.random.default_rng(seed)
    try:
        image = Image.fromarray(ImageFile(path).pixels) if as_stored else _pristine(path, rng)
    except ImageError as error:
        print(f"skipped: {error}", file=sys.stderr)
        return None
    if not as_stored:
        image = _window(CHANGES[kind](image, rng), rng)
    if min(image.size) < SMALLEST:
        return None
    found = find_grids(np.asarray(image.convert("RGB")))
    kinds = {region.kind for region in found.regions}
    return Outcome(kind, found.grid is not None, "foreign" in kinds, "missing" in kinds)


def _row(kind: str, outcomes: Sequence[Outcome]) -> str:
    whole, foreign, missing = (sum(getattr(one, name) for one in outcomes) for name in ("grid", "foreign", "missing"))
    # The grid of a JPEG is there; in any other image it would be a false alarm too.
    may_have_grid = "JPEG" in kind or kind == "folder"
    false = sum(one.foreign or one.missing or (one.grid and not may_have_grid) for one in outcomes)
    test = binomtest(false, len(outcomes)).proportion_ci(method="exact")
    share = f"{1000 * false / len(outcomes):.1f} [{1000 * test.low:.1f}, {1000 * test.high:.1f}]"
    return f"| {kind} | {len(outcomes):,} | {whole:,} | {foreign:,} | {missing:,} | {share} |"


def main(words: Sequence[str] | None = None) -> int:
    """Print a row for each kind of image; 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1000, help="of each kind (default: 1000)")
    parser.add_argument("--folder", type=Path, help="images of your own without a forgery, looked at as they are, too")
    parser.add_argument("--kinds", nargs="+", choices=list(CHANGES), default=list(CHANGES))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(words)
    photographs = wheel_photographs()
    jobs = [
        (kind, photographs[number % len(photographs)], options.seed + 1000 * number + place, False)
        for place, kind in enumerate(options.kinds)
        for number in range(options.images)
    ]
    if options.folder is not None:
        files = sorted(path for path in options.folder.rglob("*") if path.suffix.lower() in SUFFIXES)
        jobs += [("folder", path, 0, True) for path in files[: options.images]]
    start = time.perf_counter()
    if options.workers > 1:
        with ProcessPoolExecutor(options.workers) as pool:
            found = list(pool.map(_outcome, jobs, chunksize=8))
    else:
        found = [_outcome(job) for job in jobs]
    outcomes = [one for one in found if one is not None]
    print(f"{len(photographs)} photographs, seed {options.seed}; expected: {1000 * EXPECTED:g} of 1,000 images")
    print(
        "| images | n | grid | foreign | missing | false alarms in 1,000 |\n| --- | ---: | ---: | ---: | ---: | --- |"
    )
    for kind in dict.fromkeys(job[0] for job in jobs):
        of_kind = [one for one in outcomes if one.kind == kind]
        if of_kind:
            print(_row(kind, of_kind))
    print(f"{len(outcomes) / (time.perf_counter() - start):.1f} images/s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
