"""Score whole images tile by tile in the geometry of training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.progress import progress_bar
from forensictransfer.core.settings import EvaluateSettings
from forensictransfer.data.batches import Images, tile_batches
from forensictransfer.detectors.base import Detector
from forensictransfer.detectors.evidence import Analysis, Evidence, Tiles
from forensictransfer.detectors.joined import JoinedDetector, side_by_side
from forensictransfer.detectors.trainable import TrainableDetector
from forensictransfer.evaluation.decision import Decision

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
        return as_analysis(examine_images(detector, images, options, progress), images, detector.name)
    crop, n = detector.crop, len(images)
    tile_options = {"crop": crop, "stride": min(options.stride, crop), "max_tiles": options.max_tiles}
    energies: np.ndarray | None = None
    features: np.ndarray | None = None
    counts = np.zeros(n, np.int64)
    kept: list[tuple[np.ndarray, np.ndarray]] = []
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
            kept.append((found.energies[: len(batch)], found.features[: len(batch)]))
        bar.update(int(owner[-1]) + 1 - bar.done)
    bar.close()
    if energies is None or features is None:
        return Analysis(np.zeros((0, 2), np.float32), np.zeros((0, 0), np.float32))
    energies, features = ((sums / counts[:, None]).astype(np.float32) for sums in (energies, features))
    if not keep_tiles:
        return Analysis(energies, features)
    of_tiles = [np.concatenate(parts) for parts in zip(*kept, strict=True)]
    return Analysis(energies, features, Tiles(of_tiles[0], of_tiles[1], counts))


def examine_images(
    detector: Detector, images: Images, options: EvaluateSettings, progress: str | None = None
) -> list[Examined]:
    """Examine whole images with a detector that gives evidence of them; the maps are not kept.

    The energies are (-score / 2, score / 2), so that a_1 - a_0 = score. Where there are no features, the score is the
    one feature. progress: the label of a bar, None for none. Returns what is said of each, in the order of `images`.
    """
    n = len(images)
    found: list[Examined] = []
    bar = progress_bar(total=n, desc=progress, unit="image", disable=progress is None, leave=False)
    try:
        for start in range(0, n, options.batch):
            files = [images.file(i) for i in range(start, min(start + options.batch, n))]
            found += [_numbers(evidence) for evidence in detector.examine(files)]
            bar.update(len(files))
    finally:
        bar.close()
    return found


def as_analysis(found: Sequence[Examined], images: Images, detector: str) -> Analysis:
    """Put together what a detector says of images. Raises UserError for an image that it does not apply to."""
    for record, one in zip(images.records, found, strict=True):
        if one.silence is not None:  # no number stands for it
            raise UserError(
                f"{record.name}: '{detector}' does not apply to it: {one.silence}; "
                "take images that it applies to, or another detector",
                code=ErrorCode.DETECTOR_NOT_APPLICABLE,
            )
    if not found:
        return Analysis(np.zeros((0, 2), np.float32), np.zeros((0, 0), np.float32))
    rows = np.stack([one.row for one in found])
    return Analysis(rows[:, :2], rows[:, 2:])


class Examined(NamedTuple):
    """What is kept of the evidence of an image. row: energies and features, float32 (2 + d,), empty where it is silent.

    silence: why the detector does not apply, None where it does.
    """

    row: np.ndarray
    silence: str | None = None


def _numbers(evidence: Evidence) -> Examined:
    if not evidence.applies:
        return Examined(np.zeros(0, np.float32), evidence.reason)
    half = evidence.score / 2
    features = [evidence.score] if evidence.features is None else evidence.features
    return Examined(np.concatenate([[-half, half], features]).astype(np.float32))


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


class TileScores(NamedTuple):
    """Of each image the mean of its tiles' scores and their deviation, float64 (n,).

    Also its energies, float32 (n, 2), and features, float32 (n, d).
    """

    means: np.ndarray
    deviations: np.ndarray
    energies: np.ndarray
    features: np.ndarray


class Decided(NamedTuple):
    """Scores of images by a decision, float64 (n,); their energies, float32 (n, 2), and features, float32 (n, d)."""

    scores: np.ndarray
    energies: np.ndarray
    features: np.ndarray


def score_tiles(
    decision: Decision,
    detector: TrainableDetector,
    images: Images,
    options: EvaluateSettings,
    analyse: Analyse,
    progress: str | None = None,
) -> TileScores:
    """Score the tiles of images by a decision, whatever its spread.

    Features of tiles are many: a part of the images is scored at a time. The order is that of `images`.
    """
    width = int(detector.scorer.output["features"].shape[-1])
    each = max(1, _MOST_TILE_BYTES // (4 * width * options.max_tiles))
    means, deviations, energies, features = [], [], [], []
    for start in range(0, len(images), each):
        part = images.subset(range(start, min(start + each, len(images))))
        found = analyse(detector, part, options, keep_tiles=True, progress=progress)
        if found.tiles is None:
            raise ValueError(f"score_tiles: expected tiles of each image by '{detector.name}'")
        means.append(decision.tile_scores(found.energies, found.features))
        deviations.append(found.tiles.deviations(decision.tile_scores))
        energies.append(found.energies)
        features.append(found.features)
    return TileScores(*map(np.concatenate, (means, deviations, energies, features)))


def decided(
    decision: Decision,
    detector: Detector,
    images: Images,
    options: EvaluateSettings,
    analyse: Analyse,
    progress: str | None = None,
) -> Decided:
    """Score images by a decision; what is returned is in the order of `images`."""
    if decision.spread and isinstance(detector, TrainableDetector):
        tiles = score_tiles(decision, detector, images, options, analyse, progress)
        return Decided(tiles.means + decision.spread * tiles.deviations, tiles.energies, tiles.features)
    found = analyse(detector, images, options, progress=progress)
    return Decided(decision.scores(found.energies, found.features), found.energies, found.features)
