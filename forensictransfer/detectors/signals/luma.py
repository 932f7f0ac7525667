"""The luma of pixels, as JPEG has it."""

from __future__ import annotations

import numpy as np

WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)  # of red, green and blue


def luma_of(pixels: np.ndarray) -> np.ndarray:
    """Compute luma, float32 (h, w) in [0, 255] and not rounded, from pixels uint8 (h, w, 3)."""
    return pixels.astype(np.float32) @ WEIGHTS
