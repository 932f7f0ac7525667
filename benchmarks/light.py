"""Measure the directions of `light` on rendered objects under a light that is known; see README.md beside this file."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.intervals import share
from benchmarks.mosaics import saved
from benchmarks.renderings import rendered
from forensictransfer.detectors.signals.lighting.direction import Direction, apart, find_direction, p_value
from forensictransfer.detectors.signals.lighting.outline import find_outline, light_of
from forensictransfer.detectors.signals.luma import luma_of
from forensictransfer.inference.light import UNLIKELY

TURN = 30.0  # degrees between two lights

# What is rendered: options of `rendered`, quality of JPEG, degrees of the outline that are used.
ROWS: dict[str, tuple[Mapping[str, Any], int | None, int]] = {
    "even surface": ({"noise": 2.0}, None, 360),
    "even surface, JPEG of 75": ({"noise": 2.0}, 75, 360),
    "mottled 10 %, JPEG of 85": ({"noise": 2.0, "mottled": 0.1}, 85, 360),
    "mottled 20 %, JPEG of 85": ({"noise": 2.0, "mottled": 0.2}, 85, 360),
    "mottled 10 %, half as large": ({"noise": 2.0, "mottled": 0.1, "side": 128}, 85, 360),
    "mottled 10 %, 60 % ambient": ({"noise": 2.0, "mottled": 0.1, "ambient": 0.6}, 85, 360),
    "mottled 10 %, 240 degrees of the outline": ({"noise": 2.0, "mottled": 0.1}, 85, 240),
    "mottled 10 %, 180 degrees of the outline": ({"noise": 2.0, "mottled": 0.1}, 85, 180),
}


def direction(rng: np.random.Generator, degrees: float, row: str) -> Direction | None:
    """Render an object under a light and find its direction; None where none is given."""
    options, quality, used = ROWS[row]
    pixels, inside = rendered(rng, degrees, **options)
    y, x = np.indices(inside.shape) - inside.shape[0] / 2 + 0.5
    middle = rng.uniform(-180, 180)
    left_out = np.abs(apart(np.degrees(np.arctan2(-y, x)), middle)) > used / 2
    said = find_direction(find_outline(light_of(luma_of(saved(pixels, quality))), inside, left_out))
    return said if isinstance(said, Direction) else None


def measured(row: str, images: int, seed: int) -> str:
    """Give a row: of objects with a direction, the error and how often the interval holds; of pairs, who differ."""
    errors, held, pairs, differ = [], 0, [0, 0], [0, 0]
    for number in range(seed, seed + images):
        rng = np.random.default_rng(number)
        degrees = float(rng.uniform(-180, 180))
        one, same = (direction(rng, degrees, row) for _ in range(2))
        other = direction(rng, degrees + TURN, row)
        if one is None:
            continue
        errors.append(float(apart(one.degrees, degrees)))
        held += abs(errors[-1]) <= 1.96 * one.error
        for kind, second in enumerate((same, other)):
            if second is not None:
                pairs[kind] += 1
                differ[kind] += p_value(one, second) < UNLIKELY
    cells = [
        row,
        f"{len(errors)} of {images}",
        f"{np.median(np.abs(errors)):.1f}",
        f"{np.quantile(np.abs(errors), 0.95):.1f}",
        share(held, len(errors)),
        *(share(hits, of) for hits, of in zip(differ, pairs, strict=True)),
    ]
    return "| " + " | ".join(cells) + " |"


def main(words: Sequence[str] | None = None) -> int:
    """Print a row for each kind of rendering; 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=100, help="in each row (default: 100)")
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS))
    parser.add_argument("--seed", type=int, default=1000)
    options = parser.parse_args(words)
    print(
        "| rendered | a direction for | median error, degrees | 95 % of errors below | the 95 % interval holds ", end=""
    )
    print(f"| one light: p < {UNLIKELY} | {TURN:.0f} degrees apart: p < {UNLIKELY} |\n|" + " --- |" * 7)
    for row in options.rows:
        print(measured(row, options.images, options.seed), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
