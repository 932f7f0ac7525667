"""The attributes that are made here: a window of a photograph is resized, blurred and compressed, by levels.

Source: Huh and others, 2018, who add three such attributes (JPEG quality, blur, resize) to those of EXIF, so that what
happens to an image after the camera counts too. The levels are ours.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image
from scipy import ndimage

MADE = ("JPEG quality (made)", "blur (made)", "resize (made)")
QUALITIES = (None, 95, 85, 72, 58)
BLURS = (0.0, 0.6, 1.0, 1.6)  # deviation of a Gaussian, pixels
SCALES = (1.0, 0.6, 0.8, 1.3, 1.7)
_LEVELS = (len(QUALITIES), len(BLURS), len(SCALES))
_FIELDS = ("quality", "blur", "scale")
GRID = 8
_SPARE = 2 * GRID  # pixels beyond the patch: half of them away from borders, half for the place in the grid of blocks


@dataclass(frozen=True)
class History:
    """Levels, 0 for nothing done: what is scaled, then blurred, then saved as JPEG."""

    quality: int = 0
    blur: int = 0
    scale: int = 0

    @classmethod
    def draw(cls, rng: np.random.Generator) -> History:
        """Draw all three levels."""
        return cls(*(int(rng.integers(levels)) for levels in _LEVELS))

    @property
    def codes(self) -> tuple[int, int, int]:
        """The levels in the order of MADE."""
        return self.quality, self.blur, self.scale

    def with_level(self, attribute: int, level: int) -> History:
        """Change one level."""
        changed: dict[str, Any] = {_FIELDS[attribute]: level}
        return replace(self, **changed)

    def other(self, attribute: int, rng: np.random.Generator) -> History:
        """Draw all levels again, that of one attribute other than here."""
        step = int(rng.integers(1, _LEVELS[attribute]))
        return History.draw(rng).with_level(attribute, (self.codes[attribute] + step) % _LEVELS[attribute])

    def fitting(self, side: int, height: int, width: int) -> History:
        """Leave the scale out where the photograph is too small for a patch of it."""
        return self if self.window(side) <= min(height, width) else replace(self, scale=0)

    def window(self, side: int) -> int:
        """Side of what is cut out of a photograph to make a patch of `side` pixels."""
        return math.ceil((side + _SPARE) / SCALES[self.scale]) if self.scale else side + _SPARE

    def apply(self, window: np.ndarray, side: int, place: tuple[int, int]) -> np.ndarray:
        """Make a patch with GRID spare pixels out of a window, uint8 (side + 8, side + 8, 3).

        place: 0 to 7 down and right, where in the grid of the blocks of JPEG it is cut.
        """
        pixels = window
        if self.scale:
            pixels = np.asarray(Image.fromarray(window).resize((side + _SPARE,) * 2, Image.Resampling.BICUBIC))
        if self.blur:
            deviation = BLURS[self.blur]
            shown = ndimage.gaussian_filter(pixels.astype(np.float32), (deviation, deviation, 0))
            pixels = np.clip(np.round(shown), 0, 255).astype(np.uint8)
        quality = QUALITIES[self.quality]
        if quality is not None:
            pixels = saved(pixels, quality)
        top, left = place
        return pixels[top : top + side + GRID, left : left + side + GRID]


def saved(pixels: np.ndarray, quality: int) -> np.ndarray:
    """Save as JPEG, its colours at half the size, and read again: uint8 (h, w, 3)."""
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(stream, "JPEG", quality=quality)
    with Image.open(stream) as image:
        return np.asarray(image.convert("RGB"))
