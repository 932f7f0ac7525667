"""What happens to a picture on its way: compression, scaling, cropping, filters, and chains of them, as files.

Each corruption has levels and gives the bytes of a file, the same on every machine: JPEG and WebP as such, everything
else as PNG, which loses nothing more. Pictures are uint8 (h, w, 3), red green blue.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFilter

from forensictransfer.core.errors import ErrorCode, UserError, nearest, some
from forensictransfer.data.recompress import jpeg_bytes

_SHARPENED = ImageFilter.UnsharpMask(radius=1, percent=50, threshold=0)


class Corruption(NamedTuple):
    """One thing that happens to pictures.

    about: what it is; levels: from mild to strong; limits: of any level; apply: what it makes of pixels.
    """

    about: str
    levels: tuple[float, ...]
    limits: tuple[float, float]
    apply: Callable[[np.ndarray, float], bytes]


def corrupted(pixels: np.ndarray, name: str, level: float) -> bytes:
    """Corrupt a picture, uint8 (h, w, 3), at a level; returns the bytes of a file. Raises UserError: unknown name."""
    corruption_levels([name])
    return CORRUPTIONS[name].apply(pixels, level)


def corruption_levels(
    chosen: Mapping[str, Sequence[float]] | Sequence[str] | None = None,
) -> dict[str, tuple[float, ...]]:
    """List corruptions with their levels: some by name, some at levels of one's own, or all. Raises UserError."""
    names = list(CORRUPTIONS) if chosen is None else list(chosen)
    for name in names:
        if name not in CORRUPTIONS:
            raise UserError(
                f"unknown corruption '{name}': expected {some(CORRUPTIONS)}{nearest(name, CORRUPTIONS)}",
                code=ErrorCode.NAME_UNKNOWN,
            )
    if not isinstance(chosen, Mapping):
        return {name: CORRUPTIONS[name].levels for name in names}
    for name, levels in chosen.items():
        low, high = CORRUPTIONS[name].limits
        for level in levels:
            if not low <= level <= high:
                raise UserError(
                    f"corruption '{name}': expected levels from {low:g} to {high:g} ({CORRUPTIONS[name].about}), got "
                    f"{level:g}",
                    code=ErrorCode.COMMAND_LINE,
                )
    return {name: tuple(levels) for name, levels in chosen.items()}


def _png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def _jpeg(pixels: np.ndarray, quality: float) -> bytes:
    return jpeg_bytes(pixels, int(quality))


def _webp(pixels: np.ndarray, quality: float) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "WEBP", quality=int(quality), method=4)
    return stream.getvalue()


def _scaled(pixels: np.ndarray, factor: float) -> Image.Image:
    height, width = pixels.shape[:2]
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)


def _resize(pixels: np.ndarray, factor: float) -> bytes:
    return _png(_scaled(pixels, factor))


def _crop(pixels: np.ndarray, kept: float) -> bytes:
    """Keep the middle; where there is room it starts off the grid of 8 pixels, as a crop by hand does."""
    height, width = pixels.shape[:2]
    sides = [max(1, round(side * kept)) for side in (height, width)]
    top, left = (_off_grid((whole - side) // 2) for whole, side in zip((height, width), sides, strict=True))
    return _png(Image.fromarray(np.ascontiguousarray(pixels[top : top + sides[0], left : left + sides[1]])))


def _off_grid(start: int) -> int:
    return start - 1 if start and start % 8 == 0 else start


def _blur(pixels: np.ndarray, sigma: float) -> bytes:
    return _png(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(sigma)))


def _noise(pixels: np.ndarray, sigma: float) -> bytes:
    """Add Gaussian noise drawn by the picture itself: the same picture always gets the same."""
    seed = int.from_bytes(hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).digest()[:8], "big")
    noisy = pixels + np.random.default_rng(seed).normal(0, sigma, pixels.shape)
    return _png(Image.fromarray(np.clip(np.rint(noisy), 0, 255).astype(np.uint8)))


def _sharpen(pixels: np.ndarray, percent: float) -> bytes:
    return _png(Image.fromarray(pixels).filter(ImageFilter.UnsharpMask(radius=1, percent=int(percent), threshold=0)))


def _gamma(pixels: np.ndarray, exponent: float) -> bytes:
    table = np.rint(255 * (np.arange(256) / 255) ** exponent).astype(np.uint8)
    return _png(Image.fromarray(table[pixels]))


def _screenshot(pixels: np.ndarray, quality: float) -> bytes:
    return jpeg_bytes(np.asarray(_scaled(pixels, 0.7)), int(quality))


def _social(pixels: np.ndarray, quality: float) -> bytes:
    return jpeg_bytes(np.asarray(_scaled(pixels, 0.75).filter(_SHARPENED)), int(quality))


CORRUPTIONS: dict[str, Corruption] = {
    "jpeg": Corruption("JPEG of this quality, chroma halved", (95, 90, 85, 75, 70, 60, 50), (1, 100), _jpeg),
    "webp": Corruption("WebP of this quality", (90, 75, 50), (1, 100), _webp),
    "resize": Corruption("scaled by this factor, bicubic", (2, 1.5, 0.75, 0.5, 0.25), (0.05, 4), _resize),
    "crop": Corruption("the middle, this share of each side", (0.9, 0.75, 0.5), (0.05, 1), _crop),
    "blur": Corruption("Gaussian blur of this sigma, pixels", (0.5, 1, 2), (0, 20), _blur),
    "noise": Corruption("Gaussian noise of this sigma, grey levels", (2, 5, 10), (0, 100), _noise),
    "sharpen": Corruption("unsharp mask of radius 1, this many per cent", (50, 100, 200), (0, 500), _sharpen),
    "gamma": Corruption("gamma of this exponent", (0.9, 1.1, 0.7, 1.4), (0.1, 10), _gamma),
    "screenshot": Corruption("scaled by 0.7, then JPEG of this quality", (95, 85, 75), (1, 100), _screenshot),
    "social": Corruption("scaled by 0.75, sharpened a little, then JPEG of this quality", (85, 70), (1, 100), _social),
}
