"""Random crops for training and the changes made to them; see `tiles` for the rules of place and size."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from forensictransfer.config import AugmentSettings
from forensictransfer.data.decode import decode
from forensictransfer.data.tiles import ALIGNMENT, fit_to, last_start


def random_crop(image: np.ndarray, crop: int, rng: np.random.Generator) -> np.ndarray:
    """A crop at a random place, (crop, crop, 3), a view where possible; smaller images are mirrored first."""
    image = fit_to(image, crop)
    top, left = (ALIGNMENT * int(rng.integers(last_start(side, crop) // ALIGNMENT + 1)) for side in image.shape[:2])
    return image[top : top + crop, left : left + crop]


def augment(crop_image: np.ndarray, settings: AugmentSettings, rng: np.random.Generator) -> np.ndarray:
    """A training crop, perhaps mirrored left to right and perhaps compressed once more as JPEG (4:2:0), same shape.

    The random numbers are drawn in any case, so that a setting changes what it names and nothing else.
    """
    mirrored, compressed = rng.random(2)
    low, high = settings.jpeg_quality
    quality = int(rng.integers(low, high + 1))
    if settings.flip and mirrored < 0.5:
        crop_image = crop_image[:, ::-1]
    if compressed < settings.jpeg_probability:
        crop_image = _compressed(crop_image, quality)
    return crop_image


def _compressed(image: np.ndarray, quality: int) -> np.ndarray:
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(stream, "JPEG", quality=quality, subsampling="4:2:0")
    return decode(stream.getvalue(), max_pixels=image.shape[0] * image.shape[1])
