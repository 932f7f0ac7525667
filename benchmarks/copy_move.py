"""Measure `copy_move`: false alarms on images without a forgery, and what is found; see README.md beside this file."""

from __future__ import annotations

import argparse
import io
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from PIL import Image
from scipy import ndimage
from scipy.stats import binomtest

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # each process has a core of its own
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.jpeg_grid import CHANGES
from benchmarks.wheel_photographs import wheel_photographs
from forensictransfer.data.folders.layout import SUFFIXES
from forensictransfer.data.image_file import ImageFile
from forensictransfer.detectors.signals.copy_move.detector import SMALLEST, CopyMove

Job = TypeVar("Job")
LARGEST = 400  # side of the images, pixels
SIDES = (32, 64, 96)  # of the squares that are copied
Forged = tuple[np.ndarray, np.ndarray]
# What is done to a copy or after it: a turn in degrees, a scale, the quality of JPEG.
FORGERIES: dict[str, tuple[float, float, int | None]] = {
    "nothing": (0, 1, None),
    "JPEG 95": (0, 1, 95),
    "JPEG 90": (0, 1, 90),
    "JPEG 75": (0, 1, 75),
    "turned by 5, JPEG 90": (5, 1, 90),
    "turned by 20, JPEG 90": (20, 1, 90),
    "scaled by 0.8, JPEG 90": (0, 0.8, 90),
    "scaled by 1.25, JPEG 90": (0, 1.25, 90),
}


class Outcome(NamedTuple):
    """Of one image: whether a region is found; of a forged one whether it is the copy, and F1 over pixels."""

    kind: str
    found: bool
    right: bool = False
    f1: float = float("nan")


def shrunk(path: Path, rng: np.random.Generator) -> Image.Image:
    """Shrink a photograph by a factor by chance, and cut a window of at most LARGEST pixels out of it."""
    image = Image.fromarray(ImageFile(path).pixels).convert("RGB")
    times = max(rng.uniform(0.45, 0.8), 200 / min(image.size))
    image = image.resize([max(SMALLEST, round(side * times)) for side in image.size], Image.Resampling.LANCZOS)
    return _window(image, rng)


def _window(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    sides = [min(side, LARGEST) for side in image.size]
    left, top = (int(rng.integers(0, whole - side + 1)) for whole, side in zip(image.size, sides, strict=True))
    return image.crop((left, top, left + sides[0], top + sides[1]))


def forged(pixels: np.ndarray, side: int, turn: float, scale: float, rng: np.random.Generator) -> Forged | None:
    """Copy a square of an image, uint8 (h, w, 3), turned and scaled; the pixels and a mask of both ends.

    None where the image has no room for both.
    """
    half, room = side // 2, int(side * 0.75 * max(scale, 1)) + 4
    height, width = pixels.shape[:2]
    size = np.array([height, width])
    if (size <= 2 * room).any():
        return None
    for _ in range(100):
        source, goal = (rng.integers(room, size - room) for _ in range(2))
        if np.abs(goal - source).max() > half + room:
            break
    else:
        return None
    angle = np.radians(turn)
    matrix = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    exact = turn == 0 and scale == 1
    middle = goal + (0 if exact else rng.uniform(-0.5, 0.5, 2))
    places = np.linalg.inv(matrix) @ (np.indices((height, width)).reshape(2, -1) - middle[:, None])
    inside = ((places >= -half) & (places < half)).all(axis=0).reshape(height, width)
    places = places[:, inside.ravel()] + source[:, None]
    found = pixels.copy()
    for colour in range(3):
        plane = pixels[..., colour].astype(np.float32)
        values = ndimage.map_coordinates(plane, places, order=0 if exact else 3, mode="nearest")
        found[..., colour][inside] = np.clip(np.round(values), 0, 255)
    mask = inside.copy()
    mask[source[0] - half : source[0] + half, source[1] - half : source[1] + half] = True
    return found, mask


def _saved(pixels: np.ndarray, quality: int | None) -> ImageFile:
    stream = io.BytesIO()
    if quality is None:
        Image.fromarray(pixels).save(stream, "PNG")
    else:
        Image.fromarray(pixels).save(stream, "JPEG", quality=quality)
    return ImageFile(stream.getvalue())


def _pristine(job: tuple[str, Path, int]) -> Outcome | None:
    kind, path, seed = job
    rng = np.random.default_rng(seed)
    image = ImageFile(path)
    if kind != "folder":
        changed = _window(CHANGES[kind](shrunk(path, rng), rng), rng).convert("RGB")
        image = _saved(np.asarray(changed), None)
    (said,) = CopyMove().examine([image])
    return None if said.mask is None else Outcome(kind, bool(said.mask.any()))


def _forged(job: tuple[str, int, Path, int]) -> Outcome | None:
    kind, side, path, seed = job
    turn, scale, quality = FORGERIES[kind]
    rng = np.random.default_rng(seed)
    made = forged(np.asarray(shrunk(path, rng)), side, turn, scale, rng)
    if made is None:
        return None
    (said,) = CopyMove().examine([_saved(made[0], quality)])
    if said.mask is None:
        return Outcome(f"{kind} | {side}", False, False, 0.0)
    both = int((said.mask & made[1]).sum())
    f1 = 2 * both / max(int(said.mask.sum()) + int(made[1].sum()), 1)
    return Outcome(f"{kind} | {side}", bool(said.mask.any()), both > 0, f1)


def _all(examine: Callable[[Job], Outcome | None], jobs: Sequence[Job], workers: int) -> list[Outcome]:
    if workers > 1:
        with ProcessPoolExecutor(workers) as pool:
            found = list(pool.map(examine, jobs, chunksize=4))
    else:
        found = [examine(job) for job in jobs]
    return [one for one in found if one is not None]


def _interval(hits: int, count: int, times: float = 100) -> str:
    test = binomtest(hits, count).proportion_ci(method="exact")
    return f"{times * hits / count:.1f} [{times * test.low:.1f}, {times * test.high:.1f}]"


def main(words: Sequence[str] | None = None) -> int:
    """Print a row for each kind of image; 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=99, help="of each kind without a forgery (default: 99)")
    parser.add_argument("--forged", type=int, default=33, help="of each kind and size with one (default: 33)")
    parser.add_argument("--folder", type=Path, nargs="+", default=[], help="your own images without a forgery, alone")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(words)
    photographs = wheel_photographs()
    seeds = np.random.SeedSequence(options.seed)
    kinds = [] if options.folder else [kind for kind in CHANGES for _ in range(options.images)]
    pristine = [(kind, photographs[number % len(photographs)], number) for number, kind in enumerate(kinds)]
    for folder in options.folder:
        pristine += [("folder", path, 0) for path in sorted(folder.rglob("*")) if path.suffix.lower() in SUFFIXES]
    rows = [] if options.folder else [(kind, side) for kind in FORGERIES for side in SIDES]
    copies = [
        (*row, photographs[number % len(photographs)], number) for row in rows for number in range(options.forged)
    ]
    shift = int(seeds.generate_state(1)[0]) % 10**6
    start = time.perf_counter()
    sound = _all(_pristine, [(kind, path, number + shift) for kind, path, number in pristine], options.workers)
    changed = _all(_forged, [(*job[:3], job[3] + shift) for job in copies], options.workers)
    if sound:
        print("| images without a forgery | n | false alarms | in 1,000 |\n| --- | ---: | ---: | --- |")
    for kind in [*dict.fromkeys(one.kind for one in sound), "all"] if sound else []:
        of_kind = [one.found for one in sound if kind in (one.kind, "all")]
        print(f"| {kind} | {len(of_kind):,} | {sum(of_kind)} | {_interval(sum(of_kind), len(of_kind), 1000)} |")
    if changed:
        print("\n| copy, then | pixels | n | found, % | F1 where found |\n| --- | ---: | ---: | --- | --- |")
    for kind in dict.fromkeys(one.kind for one in changed):
        outcomes = [one for one in changed if one.kind == kind]
        hits = [one.f1 for one in outcomes if one.right]
        mean = f"{np.mean(hits):.2f}" if hits else "-"
        print(f"| {kind} | {len(outcomes)} | {_interval(len(hits), len(outcomes))} | {mean} |")
    print(f"{(len(sound) + len(changed)) / (time.perf_counter() - start):.1f} images/s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
