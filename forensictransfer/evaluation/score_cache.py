"""What images were scored before, by the same weights: a cache for draws and strategies that ask alike."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from forensictransfer.core.settings import EvaluateSettings
from forensictransfer.data.batches import Images
from forensictransfer.detectors.base import Detector
from forensictransfer.detectors.evidence import Analysis, Tiles
from forensictransfer.detectors.joined import JoinedDetector, side_by_side
from forensictransfer.detectors.trainable import TrainableDetector
from forensictransfer.evaluation.scoring import analyse_images

_MOST_WEIGHTS = 6
_MOST_BYTES = 1536 * 2**20  # of one network


class _Kept(NamedTuple):
    """What is kept of an image: energies and features, or features alone, (2 + d,) or (d,); of its tiles the same."""

    row: np.ndarray
    tiles: np.ndarray | None

    @property
    def nbytes(self) -> int:
        return int(self.row.nbytes + (0 if self.tiles is None else self.tiles.nbytes))


class ScoreCache:
    """Scores of images that somebody will ask for again: the same weights on the same pixels are scored once.

    Draws and strategies that leave a network as it is all ask for the same scores, and detectors that are fitted at
    once have the same features whatever their source. Kept are energies and features, or features alone where the
    energies follow from them, and the features of tiles where these were asked for, by the digest of the pixels, for
    each of the last 6 combinations of weights and geometry.
    """

    def __init__(self) -> None:
        self._scored: OrderedDict[str, dict[str, _Kept]] = OrderedDict()

    def analyse(
        self,
        detector: Detector,
        images: Images,
        options: EvaluateSettings,
        *,
        keep_tiles: bool = False,
        progress: str | None = None,
    ) -> Analysis:
        """Score images as `analyse_images` does, only those that were not scored before."""
        if isinstance(detector, JoinedDetector):
            return side_by_side([self.analyse(one, images, options, progress=progress) for one in detector.members])
        trainable = detector if isinstance(detector, TrainableDetector) else None
        keep_tiles = keep_tiles and trainable is not None
        weights = None if trainable is None else trainable.feature_weights()
        known = self._known(detector, detector.get_weights() if weights is None else weights, options)
        missing = [
            i
            for i, digest in enumerate(images.digests)
            if digest not in known or (keep_tiles and known[digest].tiles is None)
        ]
        if missing:
            found = analyse_images(detector, images.subset(missing), options, keep_tiles=keep_tiles, progress=progress)
            rows = _rows(found, energies=weights is None)
            size = sum(row.nbytes for row in rows)
            if sum(row.nbytes for row in known.values()) + size > _MOST_BYTES:
                known.clear()
                if len(missing) < len(images):
                    return analyse_images(detector, images, options, keep_tiles=keep_tiles, progress=progress)
                if size > _MOST_BYTES:
                    return found
            known.update(zip((images.digests[i] for i in missing), rows, strict=True))
        if not len(images):
            return Analysis(np.zeros((0, 2), np.float32), np.zeros((0, 0), np.float32))
        kept = [known[digest] for digest in images.digests]
        means, tiles = np.stack([one.row for one in kept]), None
        energies_of = None if weights is None or trainable is None else trainable.energies_of
        if keep_tiles:
            parts = [one.tiles for one in kept if one.tiles is not None]
            counts = np.array([len(part) for part in parts])
            tiles = Tiles(*_divided(np.concatenate(parts), energies_of), counts)
        return Analysis(*_divided(means, energies_of), tiles)

    def _known(self, detector: Detector, weights: Sequence[np.ndarray], options: EvaluateSettings) -> dict[str, _Kept]:
        """Return what is known of images by these weights in this geometry, by digest."""
        state = hashlib.sha256(detector.name.encode())
        for weight in weights:
            state.update(np.ascontiguousarray(weight).tobytes())
        if isinstance(detector, TrainableDetector):
            state.update(detector.architecture.encode())
        state.update(repr((options.stride, options.max_tiles)).encode())
        known = self._scored.setdefault(state.hexdigest(), {})
        self._scored.move_to_end(state.hexdigest())
        while len(self._scored) > _MOST_WEIGHTS:
            self._scored.popitem(last=False)
        return known


def _rows(found: Analysis, *, energies: bool) -> list[_Kept]:
    """Divide an analysis into what is kept of each image; energies: whether they stand before the features."""

    def joined(one: Analysis | Tiles) -> np.ndarray:
        return np.concatenate([one.energies, one.features], axis=1) if energies else one.features

    means = joined(found)
    if found.tiles is None:
        return [_Kept(row, None) for row in means]
    tiles = np.split(joined(found.tiles), np.cumsum(found.tiles.counts)[:-1])
    return [_Kept(row, part.copy()) for row, part in zip(means, tiles, strict=True)]


def _divided(rows: np.ndarray, energies_of: Callable[[np.ndarray], np.ndarray] | None) -> tuple[np.ndarray, np.ndarray]:
    """Give energies and features of rows that hold both, or features alone from which the energies follow."""
    return (rows[:, :2], rows[:, 2:]) if energies_of is None else (energies_of(rows), rows)
