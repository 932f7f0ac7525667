"""Show where one more JPEG compression changes an image most: a picture to look at, and never a verdict.

Error level analysis (Krawetz: A Picture's Worth, 2007). It shows edges, texture and saturated colours of any image as
bright, forged or not, and says nothing where the whole image was saved once more. What can be tested of the same idea
is in the detectors `jpeg_ghosts` and `jpeg_double`, so that no number comes from here.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

NAME = "error_levels"
WHY = "a picture to look at, no verdict: edges and texture are bright in any image"
_QUALITY = 90
_WHITE = 99.5  # percentile of the differences that is shown as 1


def error_levels(pixels: np.ndarray) -> np.ndarray:
    """Compute the largest difference of the three colours to a copy of quality 90, float32 (h, w) in [0, 1].

    pixels: uint8 (h, w, 3). Scaled to the image's own largest differences: brightness of two images cannot be compared.
    """
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=_QUALITY)
    with Image.open(stream) as copy:
        difference = np.abs(pixels.astype(np.int16) - np.asarray(copy.convert("RGB"), np.int16)).max(axis=2)
    white = max(float(np.percentile(difference, _WHITE)), 1.0)
    return np.minimum(difference / np.float32(white), 1).astype(np.float32)
