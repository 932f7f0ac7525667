"""Score whole images tile by tile in the geometry of training."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.progress import progress_bar
from forensictransfer.core.settings import EvaluateSettings
from forensictransfer.data.batches import Images, tile_batches
from forensictransfer.data.image_file import ImageFile
from forensictransfer.detectors.base import Detector
from forensictransfer.detectors.evidence import Analysis, Evidence, Tiles
from forensictransfer.detectors.joined import JoinedDetector, side_by_side
from forensictransfer.detectors.trainable import TrainableDetector
from forensictransfer.evaluation.decision import Decision

_MOST_WEIGHTS = 6
_MOST_BYTES = 1536 * 2**20  # of one network
_MOST_TILE_BYTES = 256 * 2**20  # held at once where it is only to score images


def analyse_images(
    detector: Detector,
    images: Images,
    options: EvaluateSettings,
    *,
    keep_tiles: bool = False,
    progress: str | None = None,
) -> Analysis:
    """Score whole images: the means of energies and features over tiles of the training crop's size that cover each.

    The threshold shifts with the input's size, so images are scored in the geometry of training, all over. A detector
    without a model examines them as they are. keep_tiles: return the features of the tiles too, if one detector looks
    at such. progress: the label of a bar, None for none. Returns an Analysis of n rows, in the order of `images`.
    Raises UserError for an image that the detector does not apply to.
    """
    if isinstance(detector, JoinedDetector):
        return side_by_side([analyse_images(one, images, options, progress=progress) for one in detector.members])
    if not isinstance(detector, TrainableDetector):
        return _examined(detector, images, options.batch, progress)
    crop, n = detector.crop, len(images)
    tile_options = {"crop": crop, "stride": min(options.stride, crop), "max_tiles": options.max_tiles}
    energies: np.ndarray | None = None
    features: np.ndarray | None = None
    counts = np.zeros(n, np.int64)
    kept: list[np.ndarray] = []
    bar = progress_bar(total=n, desc=progress, unit="image", disable=progress is None, leave=False)
    for batch, owner in tile_batches(images, batch=options.batch, **tile_options):
        missing = options.batch - len(batch)
        # Always the same shape: a shorter last batch would cost a trace of the graph.
        padded = np.concatenate([batch, np.zeros((missing, *batch.shape[1:]), np.uint8)]) if missing else batch
        found = detector.analyse(padded)
        if energies is None or features is None:
            energies = np.zeros((n, 2))
            features = np.zeros((n, found.features.shape[1]))
        np.add.at(energies, owner, found.energies[: len(batch)])
        np.add.at(features, owner, found.features[: len(batch)])
        np.add.at(counts, owner, 1)
        if keep_tiles:
            kept.append(found.features[: len(batch)])
        bar.update(int(owner[-1]) + 1 - bar.done)
    bar.close()
    if energies is None or features is None:
        return Analysis(np.zeros((0, 2), np.float32), np.zeros((0, 0), np.float32))
    energies, features = ((sums / counts[:, None]).astype(np.float32) for sums in (energies, features))
    return Analysis(energies, features, Tiles(np.concatenate(kept), counts) if keep_tiles else None)


def _examined(detector: Detector, images: Images, batch: int, progress: str | None) -> Analysis:
    """Score whole images with a detector that gives evidence of them.

    The energies are (-score / 2, score / 2), so that a_1 - a_0 = score.

    Where it gives no features, the score is the one feature.
    """
    n = len(images)
    found: list[Evidence] = []
    bar = progress_bar(total=n, desc=progress, unit="image", disable=progress is None, leave=False)
    try:
        for start in range(0, n, batch):
            places = range(start, min(start + batch, n))
            files = [images.file(i) for i in places]
            said = detector.examine(files)
            found += [_checked(file, evidence, detector.name) for file, evidence in zip(files, said, strict=True)]
            bar.update(len(files))
    finally:
        bar.close()
    halves = np.array([evidence.score / 2 for evidence in found], np.float32)
    features = [_features(evidence) for evidence in found]
    return Analysis(np.stack([-halves, halves], axis=1), np.stack(features) if features else np.zeros((0, 0), "f4"))


def _checked(file: ImageFile, evidence: Evidence, detector: str) -> Evidence:
    """Return the evidence of an image. Raises UserError if there is none: no number stands for it."""
    if not evidence.applies:
        raise UserError(
            f"{file.name}: '{detector}' does not apply to it: {evidence.reason}; "
            "take images that it applies to, or another detector",
            code=ErrorCode.DETECTOR_UNSUITABLE,
        )
    return evidence


def _features(evidence: Evidence) -> np.ndarray:
    return np.array([evidence.score], np.float32) if evidence.features is None else evidence.features


class Analyse(Protocol):
    """How images are scored: `analyse_images`, or a cache of it."""

    def __call__(
        self,
        detector: Detector,
        images: Images,
        options: EvaluateSettings,
        *,
        keep_tiles: bool = False,
        progress: str | None = None,
    ) -> Analysis:
        """Score whole images."""
        ...


def decided(
    decision: Decision,
    detector: Detector,
    images: Images,
    options: EvaluateSettings,
    analyse: Analyse,
    progress: str | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Score images by a decision, a part of them at a time where it asks for features of tiles.

    Returns scores, float64 (n,), and energies, float32 (n, 2), in the order of `images`.
    """
    parts = [images]
    if decision.spread and decision.weights is not None:
        each = max(1, _MOST_TILE_BYTES // (4 * len(decision.weights) * options.max_tiles))
        parts = [images.subset(range(start, min(start + each, len(images)))) for start in range(0, len(images), each)]
    scores, energies = [], []
    for part in parts:
        found = analyse(detector, part, options, keep_tiles=bool(decision.spread), progress=progress)
        scores.append(decision.scores(found.energies, found.features, found.tiles))
        energies.append(found.energies)
    return np.concatenate(scores), np.concatenate(energies)


class _Kept(NamedTuple):
    """What is kept of an image: energies and features, or features alone, (2 + d,) or (d,); those of its tiles."""

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
        if keep_tiles:
            parts = [one.tiles for one in kept if one.tiles is not None]
            tiles = Tiles(np.concatenate(parts), np.array([len(part) for part in parts]))
        if weights is not None and trainable is not None:
            return Analysis(trainable.energies_of(means), means, tiles)
        return Analysis(means[:, :2], means[:, 2:], tiles)

    def _known(self, detector: Detector, weights: Sequence[np.ndarray], options: EvaluateSettings) -> dict[str, _Kept]:
        """Return what is known of images by these weights in this geometry, by digest."""
        state = hashlib.sha256(detector.name.encode())
        for weight in weights:
            state.update(np.ascontiguousarray(weight).tobytes())
        shapes = None
        if isinstance(detector, TrainableDetector):
            shapes = detector.crop, detector.scorer.output["features"].shape
        state.update(repr((shapes, options.stride, options.max_tiles)).encode())
        known = self._scored.setdefault(state.hexdigest(), {})
        self._scored.move_to_end(state.hexdigest())
        while len(self._scored) > _MOST_WEIGHTS:
            self._scored.popitem(last=False)
        return known


def _rows(found: Analysis, *, energies: bool) -> list[_Kept]:
    """Divide an analysis into what is kept of each image; energies: whether they stand before the features."""
    means = np.concatenate([found.energies, found.features], axis=1) if energies else found.features
    tiles = [None] * len(means) if found.tiles is None else [part.copy() for part in found.tiles]
    return [_Kept(row, part) for row, part in zip(means, tiles, strict=True)]
