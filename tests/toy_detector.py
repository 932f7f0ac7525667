"""A detector of signals that somebody else might write: numpy alone, nothing learned, a map of the image.

Smoothing takes away fine detail, so the fakes of the tests' domains have a smaller Laplacian than their reals.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from forensictransfer.detectors.base import Detector, Evidence, ImageFile

LUMA = np.array([0.299, 0.587, 0.114])
SIDE = 8  # of the blocks that the map is made of


class Laplacian(Detector):
    """Minus the mean absolute Laplacian of luma, with the blocks of little detail as a map."""

    name: ClassVar[str] = "laplacian"
    maps: ClassVar[bool] = True

    def examine(self, images: Sequence[ImageFile]) -> list[Evidence]:
        """Say of each image how little detail it has."""
        return [_evidence(image.pixels) for image in images]


def _evidence(pixels: np.ndarray) -> Evidence:
    luma = np.pad(pixels @ LUMA, 1, mode="edge")
    middle = luma[1:-1, 1:-1]
    around = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    detail = np.abs(around - 4 * middle)
    mean = float(detail.mean())
    height, width = detail.shape
    rows, columns = -(-height // SIDE), -(-width // SIDE)
    blocks = np.pad(detail, ((0, rows * SIDE - height), (0, columns * SIDE - width)), mode="edge")
    block_means = blocks.reshape(rows, SIDE, columns, SIDE).mean(axis=(1, 3))
    spread = np.kron(1 / (1 + block_means / 100), np.ones((SIDE, SIDE)))[:height, :width]
    return Evidence(
        score=-mean,
        heat_map=spread.astype(np.float32),
        reasons=(f"the mean absolute Laplacian is {mean:.1f} grey levels",),
        features=np.array([mean, detail.std()], np.float32),
    )


class JpegOnly(Laplacian):
    """The same, of JPEG files alone."""

    name: ClassVar[str] = "jpeg_only"
    needs: ClassVar[frozenset[str]] = frozenset({"pixels", "jpeg"})

    def examine(self, images: Sequence[ImageFile]) -> list[Evidence]:
        """Say of each JPEG how little detail it has."""
        return [
            _evidence(image.pixels) if image.container.is_jpeg else Evidence.does_not_apply("not a JPEG")
            for image in images
        ]
