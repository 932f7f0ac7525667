"""Judge images by a finished run: real, fake, or unsure and why.

An image is decoded, cut into tiles and scored as an evaluation does it, so that the scores are those of `evaluate`; it
is looked at by itself, whatever else is judged beside it and however its bytes came. `evaluation.abstention` says where
scores are open. If it is asked for, a call that one more JPEG or half the size turns round is none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from forensictransfer.core.settings import Settings
from forensictransfer.core.version import __version__
from forensictransfer.data.encoded import ImageError
from forensictransfer.data.image_file import ImageFile
from forensictransfer.data.images import Images, in_order
from forensictransfer.data.recompress import LONGEST, recompressed
from forensictransfer.data.records import CLASSES, FAKE
from forensictransfer.data.tiles import covered, tile_places
from forensictransfer.detectors.base import Detector
from forensictransfer.detectors.joined import JoinedDetector
from forensictransfer.detectors.trainable import TrainableDetector
from forensictransfer.evaluation.abstention import ERROR, UNSURE, Abstention
from forensictransfer.evaluation.corruptions import corrupted
from forensictransfer.evaluation.score_cache import ScoreCache
from forensictransfer.evaluation.scoring import analyse_images, decided
from forensictransfer.inference.finished import finished_detector
from forensictransfer.inference.inputs import printable, skipped_image
from forensictransfer.results.calibration import Calibration, calibration
from forensictransfer.results.draws import draw_of
from forensictransfer.results.familiarity import read_familiarity
from forensictransfer.results.formats.skipped import SkippedImage
from forensictransfer.results.formats.verdicts import Doubt, JudgedBy, Verdict
from forensictransfer.results.runs import RunFolder

# What a call has to survive: corruption, level, and what was done in words.
STABLE_UNDER = (("jpeg", 70.0, "saved as JPEG 70"), ("resize", 0.5, "at half the size"))


class _Scored(NamedTuple):
    """Scores (n,) of images, nan where the detector does not apply; why not, by index; which are unlike all known."""

    scores: np.ndarray
    silences: dict[int, str]
    unlike: np.ndarray


class Judge:
    """A finished run that says of images what they are.

    Attributes:
        by: all that its verdicts depend on beside the images.
    """

    def __init__(
        self, run: RunFolder, *, error: float | None = ERROR, draw: int = 0, stable: bool = False, settings: Settings
    ) -> None:
        """Load the detector of a run.

        Args:
            run: finished, with its weights.
            error: the share of errors allowed, in (0, 1); None: the threshold decides, and nothing is unsure but what
                is unstable or cannot be judged.
            draw: of an adapted run, which draw of shots.
            stable: whether a call must survive a JPEG 70 and half the size. Those of a detector that learns nothing
                never have to: the trace that it looks for is what compression removes.
            settings: of the run, with `data` and `evaluate` as wanted.
        Raises:
            UserError: no such draw, or weights that were not kept.
        """
        self._detector, self._decision = finished_detector(run, draw)
        self._data, self._options = settings.data, settings.evaluate
        self._stable = STABLE_UNDER if stable and _is_trained(self._detector) else ()
        found = calibration(run, draw_of(run, draw)) if error is not None else ""
        self._limits = found.abstention(error) if isinstance(found, Calibration) and error is not None else None
        self._uncalibrated = found if isinstance(found, str) else ""
        self._known = read_familiarity(run, draw) if error is not None else None
        self._kind = run.info.source_name if run.info.target is None else run.info.target.name
        self.by = _judged_by(run, draw, self._decision.threshold, error, self._limits, settings).model_copy(
            update={
                "calibrated_on": found.images if isinstance(found, Calibration) else None,
                "knows_its_images": self._known is not None,
                "stable_under": tuple(words for _, _, words in self._stable),
            }
        )

    def image(self, source: str | Path | bytes | ImageFile, number: int = 0) -> ImageFile:
        """Make an image of what was given: a path, the bytes of a file, or an image. number: in the name of bytes."""
        if isinstance(source, ImageFile):
            return source
        name = f"image {number}" if isinstance(source, bytes) else None
        return ImageFile(source, name=name, max_pixels=int(self._data.max_megapixels * 1e6))

    def judge(self, images: Sequence[ImageFile]) -> list[Verdict | SkippedImage]:
        """Judge some images, all in memory at once, in the order given; one that cannot be read is skipped."""
        read = list(in_order(self._read, images, workers=self._data.workers))
        whole = [one for one in read if isinstance(one, ImageFile)]
        verdicts = iter(self._verdicts(whole))
        return [next(verdicts) if isinstance(one, ImageFile) else one for one in read]

    def _read(self, image: ImageFile) -> ImageFile | SkippedImage:
        """Decode an image once, also as the run wants it; what cannot be is skipped."""
        try:
            _ = image.content, image.pixels, self._as_trained(image).pixels
            return image
        except ImageError as error:
            return skipped_image(image.name, error)

    def _verdicts(self, files: Sequence[ImageFile]) -> Iterator[Verdict]:
        if not files:
            return
        found = self._scored([self._as_trained(one) for one in files])
        calls = self._calls(found.scores)
        sure = [i for i, call in enumerate(calls) if call != UNSURE and not found.unlike[i]]
        turned = self._turned(files, found.scores, sure)
        for i, file in enumerate(files):
            doubts = list(self._doubts(i, int(calls[i]), found, turned))
            height, width = file.size
            silent = i in found.silences
            tiles, seen = self._seen(height, width)
            score = found.scores[i : i + 1]
            yield Verdict(
                name=printable(file.name),
                sha256=file.sha256,
                format=file.container.format,
                width=width,
                height=height,
                decision="unsure" if doubts else CLASSES[int(calls[i])],
                score=None if silent else float(score[0]),
                probability=None if silent else float(self._decision.probabilities(score)[0]),
                doubts=tuple(doubts),
                tiles=None if silent else tiles,
                seen=None if silent else seen,
            )

    def _doubts(self, i: int, call: int, found: _Scored, turned: dict[int, str]) -> Iterator[Doubt]:
        if i in found.silences:
            yield Doubt(code="not-applicable", words=f"the detector does not apply: {found.silences[i]}")
            return
        if found.unlike[i]:
            yield Doubt(code="unlike", words=f"unlike the images of {self._kind}, of which alone the run can tell")
        if call == UNSURE:
            yield self._open_because()
        elif i in turned:
            yield Doubt(code="unstable", words=f"not stable: {turned[i]}")

    def _open_because(self) -> Doubt:
        limits = self._limits
        if limits is None:
            return Doubt(code="not-calibrated", words=self._uncalibrated)
        if limits.too_few:
            words = (
                f"{min(limits.reals, limits.fakes)} images of a class are too few to allow {limits.error:.3g} errors: "
                f"it takes {limits.needed}"
            )
            return Doubt(code="few-images", words=words)
        return Doubt(code="between", words=f"could be either where {limits.error:.3g} errors are allowed")

    def _calls(self, scores: np.ndarray) -> np.ndarray:
        if self._limits is not None:
            return np.where(np.isnan(scores), UNSURE, self._limits.calls(scores))
        if self._uncalibrated:
            return np.full(len(scores), UNSURE)
        return np.where(np.isnan(scores), UNSURE, scores > self._decision.threshold)

    def _turned(self, files: Sequence[ImageFile], scores: np.ndarray, chosen: Sequence[int]) -> dict[int, str]:
        """Find the images, of those chosen by index, that would be called the other after a corruption, and which."""
        turned: dict[int, str] = {}
        for name, level, words in self._stable:
            left = [i for i in chosen if i not in turned]
            if not left:
                break
            # A JPEG has so many pixels along a side at most.
            left = [i for i in left if name != "jpeg" or max(files[i].size) <= LONGEST]
            changed = [ImageFile(corrupted(files[i].pixels, name, level), name=files[i].name) for i in left]
            after = self._scored([self._as_trained(one) for one in changed]).scores
            for i, score in zip(left, after, strict=True):
                if (score > self._decision.threshold) != (scores[i] > self._decision.threshold):
                    turned[i] = f"{words} it would be called {CLASSES[FAKE if score > self._decision.threshold else 0]}"
        return turned

    def _as_trained(self, image: ImageFile) -> ImageFile:
        """Compress an image once more where everything that the run learned from was."""
        if self._data.recompress is None:
            return image
        most = int(self._data.max_megapixels * 1e6)
        return ImageFile(recompressed(image.source, self._data.recompress, max_pixels=most), name=image.name)

    def _scored(self, files: Sequence[ImageFile]) -> _Scored:
        images = Images.of_files(files)
        scores, unlike = np.full(len(files), np.nan), np.zeros(len(files), bool)
        if isinstance(self._detector, TrainableDetector):
            found = decided(self._decision, self._detector, images, self._options, analyse_images)
            return _Scored(found.scores, {}, unlike if self._known is None else self._known.unlike(found.features))
        cache = ScoreCache()
        silences = cache.silences(self._detector, images, self._options)
        kept = [i for i in range(len(files)) if i not in silences]
        if kept:
            found = decided(self._decision, self._detector, images.subset(kept), self._options, cache.analyse)
            scores[kept] = found.scores
            if self._known is not None:
                unlike[kept] = self._known.unlike(found.features)
        return _Scored(scores, silences, unlike)

    def _seen(self, height: int, width: int) -> tuple[int | None, float | None]:
        """Count the tiles that an image of a size is scored by, and the share of its pixels in them.

        Of several detectors it is the one that sees least.
        """
        found = []
        for one in getattr(self._detector, "members", (self._detector,)):
            if isinstance(one, TrainableDetector):
                stride, most = min(self._options.stride, one.crop), self._options.max_tiles
                places = tile_places(height, width, crop=one.crop, stride=stride, max_tiles=most)
                found.append((len(places), covered(height, width, places, one.crop)))
        return min(found, key=lambda tiles: tiles[1]) if found else (None, None)


def _is_trained(detector: Detector) -> bool:
    members = detector.members if isinstance(detector, JoinedDetector) else (detector,)
    return all(isinstance(one, TrainableDetector) for one in members)


def _judged_by(
    run: RunFolder, draw: int, threshold: float, error: float | None, limits: Abstention | None, settings: Settings
) -> JudgedBy:
    info = run.info
    return JudgedBy(
        run=str(run.path),
        made=info.created,
        version=__version__,
        detector=info.detector,
        trained_on=info.source_name,
        target=None if info.target is None else info.target.name,
        draw=draw,
        threshold=threshold,
        error=error,
        real_to=_finite(limits.real_to) if limits else None,
        fake_from=_finite(limits.fake_from) if limits else None,
        reals=limits.reals if limits else None,
        fakes=limits.fakes if limits else None,
        stride=settings.evaluate.stride,
        max_tiles=settings.evaluate.max_tiles,
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
