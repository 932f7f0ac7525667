"""The luma of pixels, as JPEG has it, and whether they have colours besides."""

from __future__ import annotations

import numpy as np

WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)  # of red, green and blue


def luma_of(pixels: np.ndarray) -> np.ndarray:
    """Compute luma, float32 (h, w) in [0, 255] and not rounded, from pixels uint8 (h, w, 3)."""
    return pixels.astype(np.float32) @ WEIGHTS


def is_grey(pixels: np.ndarray) -> bool:
    """Tell whether red, green and blue of pixels (h, w, 3) are the same everywhere."""
    return bool((pixels[..., :2] == pixels[..., 1:]).all())
