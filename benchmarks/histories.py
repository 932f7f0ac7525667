"""Images whose compressions are known: photographs without a trace of their own, saved here, whole or in a square."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image
from sklearn.metrics import roc_auc_score

from benchmarks.mosaics import saved
from forensictransfer.data.image_file import ImageFile
from forensictransfer.detectors.evidence import Evidence

Shift = tuple[int, int]
OWN: Shift = (0, 0)


def saved_on(pixels: np.ndarray, quality: int, shift: Shift) -> np.ndarray:
    """Save as JPEG, 4:2:0, whose blocks begin at `shift`, down and right from 0 to 7, and read again."""
    above, before = ((8 - one) % 8 for one in shift)
    padded = np.pad(pixels, ((above, 0), (before, 0), (0, 0)), mode="reflect")
    return saved(padded, quality)[above:, before:]


def drawn_shift(rng: np.random.Generator) -> Shift:
    """Draw one of the 63 grids that are not the image's own."""
    place = int(rng.integers(1, 64))
    return place // 8, place % 8


def square(size: Sequence[int], side: int, rng: np.random.Generator, step: int = 1) -> np.ndarray:
    """Draw a square in an image of `size`, its corner at a multiple of `step` pixels; a mask, bool (h, w)."""
    mask = np.zeros(size, bool)
    top, left = (step * int(rng.integers(0, (one - side) // step + 1)) for one in size)
    mask[top : top + side, left : left + side] = True
    return mask


def joined(inside: np.ndarray, outside: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Take pixels from one image where a mask says so, and from another where not; uint8 (h, w, 3)."""
    return np.where(mask[..., None], inside, outside)


def written(pixels: np.ndarray, quality: int | None) -> ImageFile:
    """Make an image file: JPEG, 4:2:0, or PNG where the quality is None."""
    stream = io.BytesIO()
    if quality is None:
        Image.fromarray(pixels).save(stream, "PNG")
    else:
        Image.fromarray(pixels).save(stream, "JPEG", quality=quality, subsampling="4:2:0")
    return ImageFile(stream.getvalue(), name="made")


def called(said: Evidence) -> bool:
    """Say whether any pixel is called changed."""
    return said.mask is not None and bool(said.mask.any())


def map_auc(said: Evidence, mask: np.ndarray) -> float:
    """Compute the AUC of a heat map over pixels; nan without a map."""
    if said.heat_map is None or mask.all() or not mask.any():
        return float("nan")
    return float(roc_auc_score(mask.ravel(), said.heat_map.ravel()))


def overlap(said: Evidence, mask: np.ndarray) -> float:
    """Compute the intersection over union of what is called changed and a mask."""
    if said.mask is None:
        return float("nan")
    return float((said.mask & mask).sum() / (said.mask | mask).sum())
