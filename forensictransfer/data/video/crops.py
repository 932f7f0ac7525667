"""Which pixels of a frame belong to a face's crop: corners and sides are multiples of 8, and nothing is resampled.

A crop that starts at a multiple of 8 keeps the grid of compression blocks where it was, and with it the traces that a
detector looks for. Frames that a phone turned are cut before they are turned: their grid starts at the coded corner.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from forensictransfer.data.video.faces import Face
from forensictransfer.data.video.settings import GRID, FaceSettings


class Window(NamedTuple):
    """A rectangle of a frame as coded; all four numbers are multiples of 8."""

    top: int
    left: int
    height: int
    width: int

    def cut(self, pixels: np.ndarray) -> np.ndarray:
        """Return the pixels under the window, uint8 (height, width, 3), untouched."""
        return pixels[self.top : self.top + self.height, self.left : self.left + self.width]


def window_of(face: Face, frame: tuple[int, int], settings: FaceSettings) -> Window | None:
    """Place the crop of a face in a frame of (height, width), all in coded pixels.

    None if the frame is too small for it.

    The crop is centred on the face up to 4 pixels, and shifted inwards at the frame's border, where up to 7 pixels
    beyond the last multiple of 8 stay outside of all crops. It holds the box as far as that lies in the rest, and is
    shortened to the frame if it is larger, unless its side is fixed.
    """
    room = [side // GRID * GRID for side in frame]
    height, width = face.bottom - face.top, face.right - face.left
    if settings.side is not None:
        sides = [settings.side, settings.side]
        if min(room) < settings.side:
            return None
    elif settings.shape == "square":
        sides = [min(_enlarged(max(height, width), settings.margin), *room)] * 2
    else:
        sides = [
            min(_enlarged(long, settings.margin), space) for long, space in zip((height, width), room, strict=True)
        ]
    if min(sides) < GRID:
        return None
    centre = ((face.top + face.bottom) / 2, (face.left + face.right) / 2)
    top, left = (
        min(max(0, round((middle - side / 2) / GRID) * GRID), space - side)
        for middle, side, space in zip(centre, sides, room, strict=True)
    )
    return Window(top, left, *sides)


def as_coded(face: Face, turns: int, frame: tuple[int, int]) -> Face:
    """Turn a box in an upright image into a box in the frame as coded.

    The frame is of (height, width), and `turns` quarter turns counterclockwise made it upright.
    """
    left, top, right, bottom = face[:4]
    for turn in range(turns % 4, 0, -1):
        # Before its last quarter turn the image was as wide as the coded frame if an even number of turns came before.
        width = frame[1] if (turn - 1) % 2 == 0 else frame[0]
        left, top, right, bottom = width - bottom, left, width - top, right
    return Face(left, top, right, bottom, face.score)


def _enlarged(length: float, margin: float) -> int:
    """Compute a crop's side: with its margin, at least 8 pixels of play for rounding, up to the next multiple of 8."""
    return math.ceil(max(length * (1 + margin), length + GRID) / GRID) * GRID
