"""Photographs that went through a Bayer mosaic here, so that its trace is known."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from forensictransfer.datasets.camera_splices.camera import Pattern, bilinear, malvar
from forensictransfer.datasets.forged_photos.regions import to_bytes
from PIL import Image
from scipy import ndimage

from forensictransfer.data.image_file import ImageFile
from forensictransfer.detectors.signals.cfa.interpolation import mosaic

PATCH = 96  # side of what is spliced in, pixels


def _opencv(suffix: str) -> Callable[[np.ndarray, Pattern], np.ndarray]:
    def fill(kept: np.ndarray, pattern: Pattern) -> np.ndarray:
        import cv2  # of the extra `video`

        down, right = pattern
        padded = np.pad(kept.round().astype(np.uint8), ((4 + down, 4), (4 + right, 4)), mode="reflect")
        found = cv2.cvtColor(padded, getattr(cv2, f"COLOR_BayerRGGB2RGB{suffix}"))
        return found[4 + down :, 4 + right :][: kept.shape[0], : kept.shape[1]]

    return fill


DEMOSAICS: dict[str, Callable[[np.ndarray, Pattern], np.ndarray]] = {
    "bilinear": bilinear,
    "Malvar": malvar,
    "VNG": _opencv("_VNG"),
    "edge-aware": _opencv("_EA"),
}


def shrunk(path: Path, rng: np.random.Generator, largest: int) -> np.ndarray:
    """Shrink a photograph by a factor that no trace survives, and cut a window of at most `largest` pixels."""
    image = Image.fromarray(ImageFile(path).pixels)
    times = rng.uniform(0.45, 0.8)
    image = image.resize([max(160, round(side * times)) for side in image.size], Image.Resampling.LANCZOS)
    sides = [min(side, largest) for side in image.size]
    left, top = (int(rng.integers(0, whole - side + 1)) for whole, side in zip(image.size, sides, strict=True))
    return np.asarray(image.crop((left, top, left + sides[0], top + sides[1])))


def photographed(scene: np.ndarray, how: str, pattern: Pattern, *, developed: bool = False) -> np.ndarray:
    """Record a scene, uint8 (h, w, 3), through a mosaic and fill up its colours.

    developed: with what a camera does besides: linear light before, balance, colour matrix, gamma and sharpening after.
    """
    if not developed:
        return DEMOSAICS[how](mosaic(scene, pattern).astype(float), pattern)
    light = 255 * (scene / 255.0) ** 2.2 * np.array([0.55, 1.0, 0.7])
    filled = DEMOSAICS[how](mosaic(light.round(), pattern), pattern) / np.array([0.55, 1.0, 0.7])
    mixed = np.clip(filled @ np.array([[1.5, -0.2, 0.0], [-0.4, 1.4, -0.4], [-0.1, -0.2, 1.4]]), 0, 255)
    shown = 255 * (mixed / 255) ** (1 / 2.2)
    return to_bytes(shown + 0.5 * (shown - ndimage.gaussian_filter(shown, (1, 1, 0))))


def saved(pixels: np.ndarray, quality: int | None, colours: str = "4:2:0") -> np.ndarray:
    """Save as JPEG and read again; None: as it is."""
    if quality is None:
        return pixels
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality, subsampling=colours)
    with Image.open(stream) as image:
        return np.asarray(image.convert("RGB"))


def image_file(pixels: np.ndarray) -> ImageFile:
    """Make an image file, PNG, of pixels uint8 (h, w, 3)."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return ImageFile(stream.getvalue(), name="made.png")
