"""Read masks: which pixels of a fake were changed."""

from __future__ import annotations

import numpy as np

from forensictransfer.core.errors import ErrorCode
from forensictransfer.data.decode import Source
from forensictransfer.data.encoded import ImageError
from forensictransfer.data.image_file import MOST_PIXELS, ImageFile

_CODE = ErrorCode.MASKS_UNSUITABLE
CHANGED = 128  # grey levels from here on mean that a pixel was changed


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
