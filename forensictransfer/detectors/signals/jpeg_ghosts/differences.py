"""How much copies of an image at many JPEG qualities differ from it, cell by cell, and where that dips."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from scipy import ndimage

QUALITIES = tuple(range(50, 97, 2))
SIDE = 8  # of the cells that differences are averaged over, pixels
_AROUND = 3  # cells along a side that are averaged again: 24 pixels, where Farid has 16 or 17
_APART = 3  # places in QUALITIES between two differences that are compared, 6 units
_NOISE = 0.5  # squared grey levels: differences below this are rounding
LEAST_CELLS = 32  # that can tell anything; fewer have no usual value


def differences(luma: Image.Image) -> np.ndarray:
    """Compute the variance of the difference to copies saved at QUALITIES, float32 (qualities, rows, columns) by cells.

    luma: a grey image. In squared grey levels; cells are blocks of JPEG, each with its neighbours. The mean of a block
    does not count: in an even area it is a multiple of some quality's step by chance.
    """
    plane = np.asarray(luma, np.float32)
    found = []
    for quality in QUALITIES:
        stream = io.BytesIO()
        luma.save(stream, "JPEG", quality=quality)
        with Image.open(stream) as copy:
            found.append(_variances(plane - np.asarray(copy, np.float32)))
    return averaged(np.stack(found))


def averaged(squares: np.ndarray) -> np.ndarray:
    """Average cells, (qualities, rows, columns), with their neighbours."""
    return ndimage.uniform_filter(squares, (0, _AROUND, _AROUND), mode="nearest")


def depths(squares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute how far differences lie below those of a higher quality, in [0, 1], and which cells can tell.

    A copy of higher quality is nearer to the image, unless the image has been saved at the lower one: then the
    coefficients are multiples of its steps already. squares: as `differences` gives them. Returns float32
    (qualities - 3, rows, columns) and bool of that shape.
    """
    lower, higher = squares[:-_APART], squares[_APART:]
    return np.maximum(0, (higher - lower) / (higher + _NOISE)), higher > _NOISE


def beyond_whole(squares: np.ndarray) -> np.ndarray:
    """Compute how far depths exceed what the image as a whole has on this grid; shape as that of `depths`.

    Taken off are the median of the cells that tell at this quality, and the largest median at any: an image that was
    compressed on this grid dips at its quality in all parts, and at neighbouring qualities in some.
    """
    deep, telling = depths(squares)
    usual = np.zeros(len(deep), np.float32)
    for place, (dip, able) in enumerate(zip(deep, telling, strict=True)):
        usual[place] = np.median(dip[able]) if able.sum() >= LEAST_CELLS else np.inf
    finite = np.isfinite(usual)
    whole = usual + (usual[finite].max() if finite.any() else 0)
    found: np.ndarray = np.where(telling, np.maximum(0, deep - whole[:, None, None]), 0)
    return found


def _variances(plane: np.ndarray) -> np.ndarray:
    """Compute the variance of cells of 8 x 8 pixels of a plane (h, w), the last ones filled up with their border."""
    height, width = plane.shape
    padded = np.pad(plane, ((0, -height % SIDE), (0, -width % SIDE)), mode="edge")
    found: np.ndarray = padded.reshape(padded.shape[0] // SIDE, SIDE, -1, SIDE).var(axis=(1, 3))
    return found
