"""Read masks: which pixels of a fake were changed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from forensictransfer.core.errors import ErrorCode
from forensictransfer.data.decode import Source
from forensictransfer.data.encoded import ImageError
from forensictransfer.data.image_file import MOST_PIXELS, ImageFile

_CODE = ErrorCode.MASKS_UNSUITABLE
CHANGED = 128  # grey levels from here on mean that a pixel was changed


class Mask(NamedTuple):
    """Which pixels of an image of `shape` (h, w) were changed, a bit each."""

    bits: np.ndarray
    shape: tuple[int, int]

    @classmethod
    def of(cls, pixels: np.ndarray) -> Mask:
        """Pack bool (h, w)."""
        return cls(np.packbits(pixels), (pixels.shape[0], pixels.shape[1]))

    @property
    def pixels(self) -> np.ndarray:
        """Unpack bool (h, w)."""
        height, width = self.shape
        return np.unpackbits(self.bits, count=height * width).reshape(self.shape).astype(bool)


def read_mask(source: Source, size: tuple[int, int], *, max_pixels: int = MOST_PIXELS) -> np.ndarray:
    """Read the mask of an image of `size` (h, w) pixels: bool (h, w), True where it was changed (128 and brighter).

    Raises ImageError for a file that cannot be read, another size, a JPEG, whose edges are smeared, and a mask that
    marks nothing or everything, which says nothing of where.
    """
    file = ImageFile(source, max_pixels=max_pixels)
    if file.container.is_jpeg:
        raise ImageError(file.name, "expected a mask without losses (PNG, BMP, TIFF, WebP), found a JPEG", code=_CODE)
    mask: np.ndarray = file.pixels.max(axis=2) >= CHANGED
    if mask.shape != size:
        raise ImageError(
            file.name,
            f"expected a mask of {size[1]} x {size[0]} pixels, as its image has, found {mask.shape[1]} x "
            f"{mask.shape[0]}",
            code=_CODE,
        )
    if mask.all() or not mask.any():
        raise ImageError(
            file.name, f"expected a mask that marks a part of its image, found {mask.mean():.0%} marked", code=_CODE
        )
    return mask
