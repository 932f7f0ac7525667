"""Cameras with a known fingerprint: scenes are read through it, with noise of their own, and saved as JPEG."""

from __future__ import annotations

import numpy as np

from tests.traces import encoded, picture


class Camera:
    """A camera whose pixel at each place is brighter or darker by a factor of its own.

    pattern: float (h, w), deviation `strength`: 0.5 to 2 % are usual; tests take more, to do with small images.
    """

    def __init__(self, seed: int, height: int = 256, width: int = 320, strength: float = 0.03) -> None:
        self.size = (height, width)
        self.pattern = np.random.default_rng(seed).normal(scale=strength, size=self.size)

    def photograph(self, seed: int, *, flat: bool = False, level: float = 0.0) -> np.ndarray:
        """Take a picture of a scene of its own, uint8 (h, w, 3). level: what is added to its brightness."""
        rng = np.random.default_rng([7, seed])
        scene = np.full((*self.size, 3), 150.0) if flat else picture(*self.size, seed=seed).astype(float)
        read = (scene + level) * (1 + self.pattern[..., None]) + rng.normal(scale=1.5, size=scene.shape)
        return np.clip(read, 0, 255).round().astype(np.uint8)

    def file(self, seed: int, quality: int = 92, **options: object) -> bytes:
        """Take a picture and save it as JPEG."""
        return encoded(self.photograph(seed, **options), quality)
