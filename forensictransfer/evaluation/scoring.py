"""Score whole images tile by tile in the geometry of training."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.progress import progress_bar
from forensictransfer.core.settings import EvaluateSettings
from forensictransfer.data.batches import Images, tile_batches
from forensictransfer.data.image_file import ImageFile
from forensictransfer.detectors.base import Detector
from forensictransfer.detectors.evidence import Analysis, Evidence
from forensictransfer.detectors.joined import JoinedDetector, side_by_side
from forensictransfer.detectors.trainable import TrainableDetector

_MOST_WEIGHTS = 6
_MOST_BYTES = 512 * 2**20  # of one network


def analyse_images(
    detector: Detector, images: Images, options: EvaluateSettings, *, progress: str | None = None
) -> Analysis:
    """Score whole images: the means of energies and features over tiles of the training crop's size that cover each.

    The threshold shifts with the input's size, so images are scored in the geometry of training, all over. A detector
    without a model examines them as they are. progress: the label of a bar, None for none. Returns an Analysis of n
    rows, in the order of `images`. Raises UserError for an image that the detector does not apply to.
    """
    if isinstance(detector, JoinedDetector):
        return side_by_side([analyse_images(one, images, options, progress=progress) for one in detector.members])
    if not isinstance(detector, TrainableDetector):
        return _examined(detector, images, options.batch, progress)
    crop, n = detector.crop, len(images)
    tile_options = {"crop": crop, "stride": min(options.stride, crop), "max_tiles": options.max_tiles}
    energies: np.ndarray | None = None
    features: np.ndarray | None = None
    counts = np.zeros(n)
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
        bar.update(int(owner[-1]) + 1 - bar.done)
    bar.close()
    if energies is None or features is None:
        return Analysis(np.zeros((0, 2), np.float32), np.zeros((0, 0), np.float32))
    return Analysis((energies / counts[:, None]).astype(np.float32), (features / counts[:, None]).astype(np.float32))


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


class ScoreCache:
    """Scores of images that somebody will ask for again: the same weights on the same pixels are scored once.

    Draws and strategies that leave a network as it is all ask for the same scores, and detectors that are fitted at
    once have the same features whatever their source. Kept are energies and features, or features alone where the
    energies follow from them, by the digest of the pixels, for each of the last 6 combinations of weights and geometry.
    """

    def __init__(self) -> None:
        self._scored: OrderedDict[str, dict[str, np.ndarray]] = OrderedDict()

    def analyse(
        self, detector: Detector, images: Images, options: EvaluateSettings, *, progress: str | None = None
    ) -> Analysis:
        """Score images as `analyse_images` does, only those that were not scored before."""
        if isinstance(detector, JoinedDetector):
            return side_by_side([self.analyse(one, images, options, progress=progress) for one in detector.members])
        weights = detector.feature_weights() if isinstance(detector, TrainableDetector) else None
        known = self._known(detector, detector.get_weights() if weights is None else weights, options)
        missing = [i for i, digest in enumerate(images.digests) if digest not in known]
        if missing:
            found = analyse_images(detector, images.subset(missing), options, progress=progress)
            # Two energies stand before the features, where these do not tell them.
            rows = found.features if weights is not None else np.concatenate([found.energies, found.features], axis=1)
            if (len(known) + len(rows)) * rows[0].nbytes > _MOST_BYTES:
                known.clear()
                if len(missing) < len(images):
                    return analyse_images(detector, images, options, progress=progress)
                if rows.nbytes > _MOST_BYTES:
                    return found
            for row, i in enumerate(missing):
                known[images.digests[i]] = rows[row]
        if not len(images):
            return Analysis(np.zeros((0, 2), np.float32), np.zeros((0, 0), np.float32))
        kept = np.stack([known[digest] for digest in images.digests])
        if weights is not None and isinstance(detector, TrainableDetector):
            return Analysis(detector.energies_of(kept), kept)
        return Analysis(kept[:, :2], kept[:, 2:])

    def _known(
        self, detector: Detector, weights: Sequence[np.ndarray], options: EvaluateSettings
    ) -> dict[str, np.ndarray]:
        """Return what is known of images by these weights in this geometry, by digest."""
        state = hashlib.sha256(detector.name.encode())
        for weight in weights:
            state.update(np.ascontiguousarray(weight).tobytes())
        crop = detector.crop if isinstance(detector, TrainableDetector) else None
        state.update(repr((crop, options.stride, options.max_tiles)).encode())
        known = self._scored.setdefault(state.hexdigest(), {})
        self._scored.move_to_end(state.hexdigest())
        while len(self._scored) > _MOST_WEIGHTS:
            self._scored.popitem(last=False)
        return known
