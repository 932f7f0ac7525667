"""Generators with a known fingerprint: pictures with one pattern added, beside pictures without."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tests.traces import picture

COUNTS = {"train": (24, 40), "validation": (40, 12), "test": (8, 8)}  # reals and fakes


def generated(generator: int | None, seed: int, side: int = 64, strength: float = 6.0) -> np.ndarray:
    """Make a picture of a generator, uint8 (side, side, 3), with its pattern of period 32; None: a photograph."""
    pixels = picture(side, side, seed=seed).astype(float) + np.random.default_rng([5, seed]).normal(
        size=(side, side, 3)
    )
    if generator is not None:
        pattern = np.random.default_rng([9, generator]).normal(scale=strength, size=(32, 32, 1))
        pixels += np.tile(pattern, (side // 32 + 1, side // 32 + 1, 1))[:side, :side]
    return np.clip(pixels, 0, 255).round().astype(np.uint8)


def save(folder: Path, generator: int | None, seeds: range, side: int = 64) -> Path:
    """Save pictures of a generator as PNG; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        Image.fromarray(generated(generator, seed, side)).save(folder / f"{seed}.png", compress_level=1)
    return folder


def domain(folder: Path, generator: int | None, begin: int) -> Path:
    """Save a domain with split folders; the fakes of no generator are photographs. begin: the first seed."""
    for split, counts in COUNTS.items():
        for name, made_by, count in zip(("real", "fake"), (None, generator), counts, strict=True):
            save(folder / split / name, made_by, range(begin, begin + count))
            begin += count
    return folder
