"""The detector `jpeg_ghosts`: regions that were once saved at a lower JPEG quality than the rest of the image.

Source: Farid: Exposing Digital Forgeries from JPEG Ghosts, IEEE TIFS 2009. README.md of this folder has what is ours,
where it fails and what was measured.
"""

from __future__ import annotations

import io
from typing import ClassVar

import numpy as np
from PIL import Image
from scipy import ndimage

from forensictransfer.detectors.base import Evidence, ImageFile
from forensictransfer.detectors.signals.cells import large_parts, spread
from forensictransfer.detectors.signals.single import SignalDetector

QUALITIES = tuple(range(50, 97, 2))
SMALLEST = 32  # pixels
_SIDE = 8  # of the cells that differences are averaged over, pixels
_AROUND = 3  # cells along a side that are averaged again: 24 pixels, where Farid has 16 or 17
_APART = 3  # places in QUALITIES between two differences that are compared, 6 units
_NOISE = 0.5  # squared grey levels: differences below this are rounding
_LEAST_CELLS = 32  # that can tell anything; fewer have no usual value
_CALLED = 0.5  # depth of a ghost from which a cell is called changed
FEWEST = 16  # connected cells that are called changed


class JpegGhosts(SignalDetector):
    """Cells whose squared difference to a copy saved at some quality dips there, where that of the others does not.

    Score: mean depth, in [0, 1], of the deepest twentieth of the cells, beyond the median of the image, at the quality
    where it is largest. Features: that, the quality, the median depth there, the area called changed.
    """

    name: ClassVar[str] = "jpeg_ghosts"
    maps: ClassVar[bool] = True
    smallest: ClassVar[int] = SMALLEST

    def judge(self, image: ImageFile) -> Evidence:
        """Say of one image how deep its deepest ghost is."""
        return _evidence(image)


def differences(pixels: np.ndarray) -> np.ndarray:
    """Compute the variance of the difference to copies saved at QUALITIES, float32 (qualities, rows, columns) by cells.

    pixels: uint8 (h, w, 3). Luma alone, in squared grey levels; cells are blocks of JPEG, each with its neighbours. The
    mean of a block does not count: in an even area it is a multiple of some quality's step by chance.
    """
    luma = Image.fromarray(pixels).convert("L")
    plane = np.asarray(luma, np.float32)
    found = []
    for quality in QUALITIES:
        stream = io.BytesIO()
        luma.save(stream, "JPEG", quality=quality)
        with Image.open(stream) as copy:
            found.append(_variances(plane - np.asarray(copy, np.float32)))
    return ndimage.uniform_filter(np.stack(found), (0, _AROUND, _AROUND), mode="nearest")


def depths(squares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute how far differences lie below those of a higher quality, in [0, 1], and which cells can tell.

    A copy of higher quality is nearer to the image, unless the image has been saved at the lower one: then the
    coefficients are multiples of its steps already. squares: as `differences` gives them. Returns float32
    (qualities - 3, rows, columns) and bool of that shape.
    """
    lower, higher = squares[:-_APART], squares[_APART:]
    return np.maximum(0, (higher - lower) / (higher + _NOISE)), higher > _NOISE


def _evidence(image: ImageFile) -> Evidence:
    deep, telling = depths(differences(image.pixels))
    best, where, usual = 0.0, 0, 0.0
    heat = np.zeros(deep.shape[1:], np.float32)
    for place, (dip, able) in enumerate(zip(deep, telling, strict=True)):
        if able.sum() < _LEAST_CELLS:
            continue
        median = float(np.median(dip[able]))
        beyond = np.where(able, np.maximum(0, dip - median), 0).astype(np.float32)
        score = float(np.sort(beyond.ravel())[-max(1, beyond.size // 20) :].mean())
        if score > best:
            best, where, usual, heat = score, place, median, beyond
    heat = np.clip(heat, 0, 1)
    mask = large_parts(heat > _CALLED, FEWEST)
    quality = QUALITIES[where]
    words = f"deepest ghost at quality about {quality}, {best:.2f} beyond the image's usual {usual:.2f}"
    return Evidence(
        best,
        heat_map=spread(heat, image.size, _SIDE),
        mask=spread(mask, image.size, _SIDE),
        reasons=(words,),
        features=np.array([best, quality / 100, usual, mask.mean()], np.float32),
    )


def _variances(plane: np.ndarray) -> np.ndarray:
    """Compute the variance of cells of 8 x 8 pixels of a plane (h, w), the last ones filled up with their border."""
    height, width = plane.shape
    padded = np.pad(plane, ((0, -height % _SIDE), (0, -width % _SIDE)), mode="edge")
    found: np.ndarray = padded.reshape(padded.shape[0] // _SIDE, _SIDE, -1, _SIDE).var(axis=(1, 3))
    return found
