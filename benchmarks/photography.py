"""Measure `chromatic_aberration` on photographs seen through lenses that are known; see README.md beside this file."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps
from scipy import ndimage
from sklearn.metrics import roc_auc_score

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # each process has a core of its own
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.intervals import share
from benchmarks.mosaics import image_file, saved
from benchmarks.processes import measured
from benchmarks.wheel_photographs import wheel_photographs
from forensictransfer.data.image_file import ImageFile
from forensictransfer.detectors.signals.chromatic_aberration.aberration import find_aberration
from forensictransfer.detectors.signals.chromatic_aberration.detector import ChromaticAberration
from forensictransfer.detectors.signals.chromatic_aberration.model import Radial
from forensictransfer.detectors.signals.chromatic_aberration.regions import APART

SIZES = (480, 960, 1440)  # longer side, pixels: one photograph, 2 x 2, 3 x 3
QUALITIES = (None, 95, 85, 75)
KINDS = ("sound", "spliced", "none")
_PIECE = (480, 320)  # photographs are shrunk and cut to this, and laid side by side
_GROWTHS = (0.3e-3, 2e-3)  # of |alpha - 1|, either sign
_OFF = 0.08  # of the diagonal: deviation of the centre from the middle, either way
_PATCH = (0.25, 0.4)  # side of what is spliced in, of the shorter side
_LEFT_OUT = ("camera.png", "retina.jpg")  # grey, and through no lens whose colours go apart from one centre


class Job(NamedTuple):
    """An image to make: seed, longer side, quality of JPEG and its colours, and which kind."""

    seed: int
    size: int
    quality: int | None
    colours: str
    kind: str


class Lens(NamedTuple):
    """What a lens does to red and blue, about one centre: pixels right of the middle and below it."""

    growths: tuple[float, float]
    centre: tuple[float, float]

    def at(self, x: float, y: float, size: tuple[int, int]) -> np.ndarray:
        """Compute the displacements of red and blue at a pixel, (2, 2)."""
        way = np.array([x - size[1] / 2 - self.centre[0], y - size[0] / 2 - self.centre[1]])
        return np.array(self.growths)[:, None] * way


class Outcome(NamedTuple):
    """Of one image: which, whether the detector applies, what it says, and how wrong its model is.

    score: nan where it does not apply. apart: whether true vectors of the patch and of the image differ by more than 60
    degrees at the patch's middle, mean of both colours. errors: of alpha in thousandths and of the centre in shares of
    the diagonal, of the colour with the larger alpha.
    """

    job: Job
    score: float
    found: bool
    hit: bool
    apart: bool
    auc: float
    errors: tuple[float, float]
    reason: str


def scene(rng: np.random.Generator, size: int) -> np.ndarray:
    """Lay photographs side by side, as many as a picture that is `size` pixels wide takes, float (h, w, 3).

    What the detector's own model makes of the lens that took each is undone first; what it leaves is turned by chance.
    """
    paths = [path for path in wheel_photographs() if path.name not in _LEFT_OUT]
    many = size // _PIECE[0]
    rows = [np.hstack([_piece(rng, paths[int(rng.integers(len(paths)))]) for _ in range(many)]) for _ in range(many)]
    return np.vstack(rows).astype(float)


def _piece(rng: np.random.Generator, path: Path) -> np.ndarray:
    image = Image.fromarray(_undone(path))
    if rng.random() < 0.5:
        image = ImageOps.mirror(image)
    if rng.random() < 0.5:
        image = ImageOps.flip(image)
    return np.asarray(ImageOps.fit(image, _PIECE, Image.Resampling.LANCZOS))


@cache
def _undone(path: Path) -> np.ndarray:
    pixels = ImageFile(path).pixels.copy()
    found = find_aberration(pixels)
    if found is None or found.factor > 1:
        return pixels
    y, x = np.indices(pixels.shape[:2], float)
    for plane, colour in zip((0, 2), found.colours, strict=True):
        right, down = colour.model.at(x, y)
        values = pixels[..., plane].astype(float)
        pixels[..., plane] = _bytes(ndimage.map_coordinates(values, [y + down, x + right], order=3, mode="nearest"))
    return pixels


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.clip(values, 0, 255).round().astype(np.uint8)


def lens(rng: np.random.Generator, size: tuple[int, int]) -> Lens:
    """Draw a lens: alpha of red and of blue, each of either sign, and the centre."""
    red, blue = rng.uniform(*_GROWTHS, size=2) * rng.choice([-1, 1], size=2)
    right, down = rng.normal(0, _OFF * np.hypot(*size), size=2)
    return Lens((float(red), float(blue)), (float(right), float(down)))


def seen(pixels: np.ndarray, through: Lens) -> np.ndarray:
    """Move red and blue of a scene as a lens does, cubic splines, uint8 (h, w, 3)."""
    height, width = pixels.shape[:2]
    y, x = np.indices((height, width), float)
    moved = pixels.copy()
    for plane, growth in zip((0, 2), through.growths, strict=True):
        model = Radial(growth, -growth * through.centre[0], -growth * through.centre[1], (height, width))
        right, down = model.at(x, y)
        moved[..., plane] = ndimage.map_coordinates(pixels[..., plane], [y - down, x - right], order=3, mode="nearest")
    return _bytes(moved)


def made(job: Job) -> tuple[np.ndarray, np.ndarray, Lens, bool]:
    """Make an image: pixels, uint8 (h, w, 3), mask of the patch, the lens, and whether the patch's vectors differ."""
    rng = np.random.default_rng([job.seed, job.size])
    whole = scene(rng, job.size)
    size = whole.shape[0], whole.shape[1]
    through, other = lens(rng, size), lens(rng, size)
    if job.kind == "none":
        through = Lens((0.0, 0.0), (0.0, 0.0))
    pixels, mask, apart = seen(whole, through), np.zeros(size, bool), False
    if job.kind == "spliced":
        foreign = seen(scene(rng, job.size), other)
        side = int(rng.uniform(*_PATCH) * min(size))
        top, left = (int(rng.integers(0, one - side)) for one in size)
        down, right = (int(rng.integers(0, one - side)) for one in foreign.shape[:2])
        pixels[top : top + side, left : left + side] = foreign[down : down + side, right : right + side]
        mask[top : top + side, left : left + side] = True
        half = side / 2
        here = through.at(left + half, top + half, size)
        there = other.at(right + half, down + half, (foreign.shape[0], foreign.shape[1]))
        cosines = (here * there).sum(axis=1) / np.hypot(*here.T) / np.hypot(*there.T)
        apart = bool(np.degrees(np.arccos(np.clip(cosines, -1, 1))).mean() > APART)
    return saved(pixels, job.quality, job.colours), mask, through, apart


def outcome(job: Job) -> Outcome:
    """Make an image and ask the detector."""
    pixels, mask, through, apart = made(job)
    (said,) = ChromaticAberration().examine([image_file(pixels)])
    hit, auc, errors = False, float("nan"), (float("nan"), float("nan"))
    if said.applies:
        assert said.mask is not None and said.heat_map is not None
        hit = bool(said.mask[mask].mean() > 0.25) if mask.any() else False
        if mask.any():
            auc = float(roc_auc_score(mask.ravel(), said.heat_map.ravel()))
        if job.kind == "sound":
            errors = _errors(pixels, through)
    found = said.mask is not None and bool(said.mask.any())
    return Outcome(job, float(said.score), found, hit, apart, auc, errors, said.reason)


def _errors(pixels: np.ndarray, through: Lens) -> tuple[float, float]:
    found = find_aberration(pixels)
    assert found is not None
    larger = int(np.argmax(np.abs(through.growths)))
    model = found.colours[larger].model
    off = np.hypot(*(np.array(model.centre) * found.factor - through.centre)) / np.hypot(*pixels.shape[:2])
    return 1000 * abs(model.growth - through.growths[larger]), float(off)


def _row(size: int, quality: int | None, found: Sequence[Outcome]) -> str:
    kinds = {kind: [one for one in found if one.job.kind == kind] for kind in KINDS}
    able = {kind: [one for one in some if one.score == one.score] for kind, some in kinds.items()}
    apart = [one for one in able["spliced"] if one.apart]
    errors = np.array([one.errors for one in able["sound"]] or [(np.nan, np.nan)])
    cells = [
        f"{size}",
        f"{quality or 'none'}",
        f"{len(able['none'])} of {len(kinds['none'])}",
        f"{len(able['sound']) + len(able['spliced'])} of {len(kinds['sound']) + len(kinds['spliced'])}",
        f"{np.median(errors[:, 0]):.2f}",
        f"{np.median(errors[:, 1]):.0%}" if len(able["sound"]) else "-",
        share(sum(one.found for one in able["sound"]), len(able["sound"])),
        share(sum(one.hit for one in able["spliced"]), len(able["spliced"])),
        share(sum(one.hit for one in apart), len(apart)),
        f"{np.mean([one.auc for one in apart]):.2f}" if apart else "-",
    ]
    return "| " + " | ".join(cells) + " |"


def main(words: Sequence[str] | None = None) -> int:
    """Print a row for each size and quality; 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=40, help="of each kind in each row (default: 40)")
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES, help="longer side, multiples of 480 pixels")
    parser.add_argument("--qualities", nargs="+", type=int, help="of JPEG (default: none, and 95 to 75)")
    parser.add_argument("--colours", choices=("4:2:0", "4:4:4"), default="4:2:0", help="of JPEG")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1000)
    options = parser.parse_args(words)
    start = time.perf_counter()
    print(
        "| side | JPEG | applies without a lens | with one | error of alpha, 0.001 | of the centre "
        "| sound: false alarms | patches found | of those that differ | AUC of their maps |\n|" + " --- |" * 10
    )
    for size in options.sizes:
        for quality in options.qualities or QUALITIES:
            make = partial(Job, size=size, quality=quality, colours=options.colours)
            jobs = [make(options.seed + number, kind=kind) for number in range(options.images) for kind in KINDS]
            print(_row(size, quality, measured(outcome, jobs, options.workers)), flush=True)
    print(f"{time.perf_counter() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
