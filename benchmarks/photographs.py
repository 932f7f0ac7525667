"""Made-up photographs: what a JPEG decoder has as much work with as with real ones, from a seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from forensictransfer.data.records import FAKE, REAL, Record

QUALITY = 95
_ROUGHNESS = 0.75  # amplitude of an octave against the next coarser one; real photographs have about 0.5 to 0.8
_TEXTURE = 14.0  # grey levels of the finest texture where it is strongest
_GRAIN = 1.6  # grey levels of noise everywhere, as of a sensor


def photograph(rng: np.random.Generator, size: int) -> np.ndarray:
    """Draw one picture, uint8 (size, size, 3): smooth noise of all octaves, patches of fine texture, and grain."""
    light, tint = _smooth_noise(rng, size, 1)[..., 0], _smooth_noise(rng, size, 3)
    rows, columns = np.mgrid[:size, :size]
    angle, period = rng.uniform(0, np.pi), rng.uniform(3, 8)
    stripes = np.sin(2 * np.pi * (rows * np.sin(angle) + columns * np.cos(angle)) / period)
    texture = (0.5 * stripes + rng.normal(size=(size, size))) * _TEXTURE * np.clip(light + 0.2, 0, 1)
    grey = 120 + 55 * light + texture
    colour = grey[..., None] + 18 * tint + rng.normal(scale=_GRAIN, size=(size, size, 3))
    return np.clip(colour, 0, 255).round().astype(np.uint8)


def write_photographs(folder: Path, count: int, size: int, seed: int) -> list[Record]:
    """Write `count` JPEG files, quality 95 and 4:2:0, by turns labelled real and fake, as records of a train split.

    The two classes are made alike: they are for measuring time, and there is nothing to learn from them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    records = []
    for index in range(count):
        path = folder / f"{index:04d}.jpg"
        pixels = photograph(np.random.default_rng([seed, index]), size)
        Image.fromarray(pixels).save(path, "JPEG", quality=QUALITY, subsampling="4:2:0")
        records.append(Record(path.name, (REAL, FAKE)[index % 2], path.stem, "train", path))
    return records


def _smooth_noise(rng: np.random.Generator, size: int, channels: int) -> np.ndarray:
    """Draw noise of all octaves down to 4 pixels, of about unit variance, float (size, size, channels)."""
    total, power, amplitude, cells = np.zeros((size, size, channels)), 0.0, 1.0, 2
    while cells <= size // 4:
        for channel in range(channels):
            grid = Image.fromarray(rng.normal(size=(cells, cells)).astype(np.float32))
            total[..., channel] += amplitude * np.asarray(grid.resize((size, size), Image.Resampling.BICUBIC))
        power += amplitude**2
        amplitude *= _ROUGHNESS
        cells *= 2
    return total / np.sqrt(power)
