"""One more JPEG compression: what a platform does to an upload, and what evidence has to survive."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from forensictransfer.core.errors import ErrorCode
from forensictransfer.data.decode import ImageError, decode
from forensictransfer.data.encoded import Source, source_name

LONGEST = 65500  # pixels along a side: what libjpeg writes


def jpeg_bytes(pixels: np.ndarray, quality: int) -> bytes:
    """Compress pixels, uint8 (h, w, 3), as a JPEG of a quality from 1 to 100, chroma at half the resolution (4:2:0).

    The 8 x 8 blocks start at the upper left corner. Raises ValueError for sides above `LONGEST` pixels.
    """
    if max(pixels.shape[:2]) > LONGEST:
        height, width = pixels.shape[:2]
        raise ValueError(f"{width:,} x {height:,} pixels, a JPEG has at most {LONGEST:,} along a side")
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(stream, "JPEG", quality=quality, subsampling="4:2:0")
    return stream.getvalue()


def recompressed(source: Source, quality: int, *, max_pixels: int, name: str | None = None) -> bytes:
    """Decode an image and compress it once more: the bytes of a JPEG; see `jpeg_bytes`.

    Raises ImageError where it cannot be read (`decode`), or is too long for a JPEG.
    """
    pixels = decode(source, max_pixels=max_pixels, name=name)
    try:
        return jpeg_bytes(pixels, quality)
    except ValueError as error:
        raise ImageError(
            name or source_name(source), f"{error} (data.recompress)", code=ErrorCode.IMAGE_TOO_LARGE
        ) from error
