"""What images were scored before, by the same weights: a cache for draws and strategies that ask alike."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from forensictransfer.core.settings import EvaluateSettings
from forensictransfer.data.batches import Images
from forensictransfer.data.decode import Source
from forensictransfer.detectors.base import Detector
from forensictransfer.detectors.evidence import Analysis, Tiles
from forensictransfer.detectors.joined import JoinedDetector, side_by_side
from forensictransfer.detectors.trainable import TrainableDetector
from forensictransfer.evaluation.scoring import Examined, analyse_images, as_analysis, examine_images

_MOST_WEIGHTS = 6
_MOST_BYTES = 1536 * 2**20  # of one network


_Row = TypeVar("_Row")


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
    each of the last 6 combinations of weights and geometry. Of a detector that gives evidence of whole files it is
    that, its maps left out.
    """

    def __init__(self) -> None:
        self._scored: OrderedDict[str, dict[str, _Kept]] = OrderedDict()
        self._said: OrderedDict[str, dict[str, Examined]] = OrderedDict()

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
        if not isinstance(detector, TrainableDetector):
            return as_analysis(self._examined(detector, images, options, progress), images, detector.name)
        weights = detector.feature_weights()
        state = _state(detector, detector.get_weights() if weights is None else weights, options)
        known = _latest(self._scored, state)
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
        energies_of = None if weights is None else detector.energies_of
        if keep_tiles:
            parts = [one.tiles for one in kept if one.tiles is not None]
            counts = np.array([len(part) for part in parts])
            tiles = Tiles(*_divided(np.concatenate(parts), energies_of), counts)
        return Analysis(*_divided(means, energies_of), tiles)

    def silences(
        self, detector: Detector, images: Images, options: EvaluateSettings, progress: str | None = None
    ) -> dict[int, str]:
        """Say which images a detector, or one of several, does not apply to: their indices, each with the reason."""
        if isinstance(detector, JoinedDetector):
            every = [(one.name, self.silences(one, images, options, progress)) for one in detector.members]
            return {i: f"{name}: {reason}" for name, found in reversed(every) for i, reason in found.items()}
        if isinstance(detector, TrainableDetector):
            return {}
        found = self._examined(detector, images, options, progress)
        return {i: one.silence for i, one in enumerate(found) if one.silence is not None}

    def _examined(
        self, detector: Detector, images: Images, options: EvaluateSettings, progress: str | None
    ) -> list[Examined]:
        """Give what a detector says of files, only of those that it has not seen before."""
        known = _latest(self._said, _state(detector, detector.get_weights(), options))
        keys = images.digests
        if set(detector.needs) - {"pixels"}:  # two files of the same pixels may tell different things
            pairs = zip(images.digests, images.records, strict=True)
            keys = [f"{digest} {_file(record.source)}" for digest, record in pairs]
        missing = [i for i, key in enumerate(keys) if key not in known]
        if missing:
            found = examine_images(detector, images.subset(missing), options, progress)
            known.update(zip((keys[i] for i in missing), found, strict=True))
        return [known[key] for key in keys]


def _state(detector: Detector, weights: Sequence[np.ndarray], options: EvaluateSettings) -> str:
    """Write what a detector's scores depend on beside the images: its weights and the geometry, as a digest."""
    state = hashlib.sha256(detector.name.encode())
    for weight in weights:
        state.update(np.ascontiguousarray(weight).tobytes())
    if isinstance(detector, TrainableDetector):
        state.update(detector.architecture.encode())
    state.update(repr((options.stride, options.max_tiles)).encode())
    return state.hexdigest()


def _file(source: Source) -> str:
    return hashlib.sha256(source).hexdigest() if isinstance(source, bytes) else str(source)


def _latest(kept: OrderedDict[str, dict[str, _Row]], state: str) -> dict[str, _Row]:
    """Return what is kept under a state, and forget the states that were not asked for in a long time."""
    known = kept.setdefault(state, {})
    kept.move_to_end(state)
    while len(kept) > _MOST_WEIGHTS:
        kept.popitem(last=False)
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
