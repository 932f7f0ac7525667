"""One face through a video: boxes of neighbouring frames are tied by their overlap, and a cut ends every track.

A track is meant to be one person. What can go wrong goes wrong on the safe side where possible: a face that is lost for
longer than a second, or that a cut interrupts, begins a new track even if it is the same person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forensictransfer.data.video.faces import Face, overlap

GAP = 0.2  # seconds between two frames that are looked at: a head moves by less than its own width in that time
_PATIENCE = 1.0  # seconds for which a face may be out of sight
_SAME = 0.3  # least intersection over union with its last box
_CUT = 0.5  # share of the pixels whose colours must change


@dataclass
class _Track:
    number: int
    face: Face
    seconds: float


class Tracker:
    """Gives the faces of one frame after the other the numbers of their tracks, from 0 in the order of appearing."""

    def __init__(self) -> None:
        self._alive: list[_Track] = []
        self._count = 0
        self._colours: np.ndarray | None = None
        self._step = 0.0
        self._last: float | None = None

    def follow(self, image: np.ndarray, seconds: float, faces: Sequence[Face]) -> list[int]:
        """Find the track of each face.

        Args:
            image: the frame, uint8 (h, w, 3), for telling cuts.
            seconds: its time; later than that of the call before.
            faces: boxes in pixels of `image`.
        """
        # Where the video has no closer frames, patience lasts for two of its steps.
        self._step = max(self._step, seconds - self._last) if self._last is not None else 0.0
        self._last = seconds
        patience = max(_PATIENCE, 2 * self._step)
        self._alive = [track for track in self._alive if seconds - track.seconds <= patience]
        if self._cut(image):
            self._alive = []
        numbers = [-1] * len(faces)
        for track, place in self._pairs(faces):
            track.face, track.seconds = faces[place], seconds
            numbers[place] = track.number
        for place, face in enumerate(faces):
            if numbers[place] < 0:
                numbers[place] = self._count
                self._alive.append(_Track(self._count, face, seconds))
                self._count += 1
        return numbers

    def _pairs(self, faces: Sequence[Face]) -> list[tuple[_Track, int]]:
        """Pair tracks with the places of the faces that continue them: the pairing with the largest sum of overlaps."""
        if not self._alive or not faces:
            return []
        shared = np.array([[overlap(track.face, face) for face in faces] for track in self._alive])
        shared[shared < _SAME] = 0
        # Loaded here, since it takes longer than all the rest of `data faces --help`.
        from scipy.optimize import linear_sum_assignment

        rows, columns = linear_sum_assignment(-shared)
        return [
            (self._alive[row], int(column)) for row, column in zip(rows, columns, strict=True) if shared[row, column]
        ]

    def _cut(self, image: np.ndarray) -> bool:
        """Tell whether another scene begins: half of the frame or more has other colours than the frame before."""
        before, self._colours = self._colours, _colours(image)
        return before is not None and float(np.abs(self._colours - before).sum()) / 2 > _CUT


def _colours(image: np.ndarray) -> np.ndarray:
    """Compute the shares of 6 x 6 x 6 colours among some 10,000 pixels of the frame.

    They are slightly blurred over neighbouring colours.
    """
    step = max(1, int(np.sqrt(image.shape[0] * image.shape[1] / 10_000)))
    few = image[::step, ::step].reshape(-1, 3).astype(np.float32) / 256 * 5
    # A pixel counts for the two nearest shades of each channel, so that a slow fade changes little at a time.
    low = few.astype(np.int64)
    part = few - low
    shares = np.zeros(216)
    for corner in np.ndindex(2, 2, 2):
        weight = np.prod(np.where(np.array(corner), part, 1 - part), axis=1)
        shares += np.bincount((low + corner) @ (36, 6, 1), weight, minlength=216)
    return shares / len(few)
