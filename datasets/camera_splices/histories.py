"""What a photograph goes through before something is pasted into it, and after."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ..forged_photos.examples import encode

SIDE = 256  # of every finished image
COARSE = (60, 85)  # qualities of a first JPEG
FINER = (6, 12)  # how much higher the second quality is
FINE = (90, 97)  # qualities of a last JPEG where the first does not matter


@dataclass(frozen=True)
class History:
    """The numbers drawn for one image.

    first, last: JPEG qualities, None for no compression; shift: rows and columns cut off after the first; scale: what
    the sides are multiplied by after the first. window: side of what is cut out of the photograph.
    """

    first: int | None
    last: int | None
    shift: tuple[int, int] = (0, 0)
    scale: float = 1.0
    window: int = SIDE

    def before(self, photograph: np.ndarray) -> np.ndarray:
        """Do what comes before something is pasted in: a window becomes an image of SIDE x SIDE."""
        image = photograph if self.first is None else opened(encode(photograph, self.first))
        if self.scale != 1:
            image = np.asarray(Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.LANCZOS))
        top, left = self.shift
        return image[top : top + SIDE, left : left + SIDE]

    def saved(self, image: np.ndarray) -> bytes:
        """Save the finished image: a PNG, or a JPEG of the last quality."""
        if self.last is not None:
            return encode(image, self.last)
        stream = io.BytesIO()
        Image.fromarray(image).save(stream, format="PNG")
        return stream.getvalue()


def _raw(rng: np.random.Generator) -> History:
    return History(None, None)


def _saved_twice(rng: np.random.Generator) -> History:
    first = int(rng.integers(COARSE[0], COARSE[1] + 1))
    return History(first, first + int(rng.integers(FINER[0], FINER[1] + 1)))


def _cropped(rng: np.random.Generator) -> History:
    first, last = int(rng.integers(COARSE[0], COARSE[1] + 1)), int(rng.integers(FINE[0], FINE[1] + 1))
    top, left = (int(side) for side in rng.integers(1, 8, size=2))
    return History(first, last, shift=(top, left), window=SIDE + 8)


def _resized(rng: np.random.Generator) -> History:
    first, last = int(rng.integers(COARSE[0], COARSE[1] + 1)), int(rng.integers(FINE[0], FINE[1] + 1))
    window = int(rng.integers(33, 36)) * 8
    return History(first, last, scale=SIDE / window, window=window)


HISTORIES: dict[str, Callable[[np.random.Generator], History]] = {
    "raw": _raw,
    "saved_twice": _saved_twice,
    "cropped": _cropped,
    "resized": _resized,
}
LARGEST = SIDE + 24  # side of a window that every history can be cut out of


def opened(encoded: bytes) -> np.ndarray:
    """Decode an image, uint8 (h, w, 3)."""
    with Image.open(io.BytesIO(encoded)) as image:
        return np.asarray(image.convert("RGB"))
