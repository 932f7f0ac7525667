"""Decoded photographs of several cameras, and patches from the same place of a sensor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from forensictransfer.data.decode import as_stored
from forensictransfer.data.encoded import opened, orientation_of
from forensictransfer.data.images import Images


class CameraPhotographs:
    """Photographs, by camera. Pixels lie as they are stored: the sensor's first row is the first.

    images: the readable ones, decoded. cameras: of each camera, the indices of its photographs into `images`, of one
    size; those with fewer than `fewest` readable ones are left out.
    """

    def __init__(self, images: Images, camera_of: Mapping[str, str], *, fewest: int) -> None:
        self.images = images
        by_name: dict[str, list[int]] = {}
        for index, record in enumerate(images.records):
            by_name.setdefault(camera_of[record.name], []).append(index)
        self.names = tuple(sorted(name for name, indices in by_name.items() if len(indices) >= fewest))
        self.cameras = tuple(np.array(by_name[name]) for name in self.names)
        self._orientations: dict[int, int] = {}

    def size(self, index: int) -> tuple[int, int]:
        """Height and width of a photograph as it is stored."""
        return self._stored(index).shape[:2]

    def patches(self, indices: Sequence[int] | np.ndarray, top: int, left: int, side: int) -> np.ndarray:
        """Cut the same place out of some photographs, uint8 (n, side, side, 3)."""
        return np.stack([self._stored(int(index))[top : top + side, left : left + side] for index in indices])

    def _stored(self, index: int) -> np.ndarray:
        return as_stored(self.images[index], self._orientation(index))

    def _orientation(self, index: int) -> int:
        if index not in self._orientations:
            record = self.images.records[index]
            with opened(record.source, record.name) as image:
                self._orientations[index] = orientation_of(image)
        return self._orientations[index]
