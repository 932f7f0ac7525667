"""Test a run on pictures that were compressed, scaled or filtered, against the same pictures as they are."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.names import encode_name
from forensictransfer.core.progress import progress_bar
from forensictransfer.core.settings import Settings
from forensictransfer.data.counts import Counts
from forensictransfer.data.domains import Domain
from forensictransfer.data.image_file import ImageFile
from forensictransfer.data.images import Images
from forensictransfer.data.recompress import recompressed
from forensictransfer.data.records import FAKE, REAL
from forensictransfer.detectors.base import Detector
from forensictransfer.detectors.loading import load_weights
from forensictransfer.detectors.trainable import as_trainable
from forensictransfer.evaluation.corruptions import CORRUPTIONS, corrupted
from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.evaluation.metrics import ScoredImages, summarise_draws
from forensictransfer.evaluation.paired import PairedTest
from forensictransfer.evaluation.score_cache import ScoreCache
from forensictransfer.evaluation.scoring import decided
from forensictransfer.experiments.evaluate import DomainTest
from forensictransfer.experiments.session import Session, weights_restored
from forensictransfer.results.draws import Draw, decided_draws
from forensictransfer.results.formats.robustness import CorruptedTest, Robustness
from forensictransfer.results.runs import ROBUSTNESS, RunFolder

_log = logging.getLogger(__name__)

_AT_ONCE = 64  # images that are corrupted and scored at once
CLEAN = "clean"
Levels = Mapping[str, Sequence[float]]


class _Scores(NamedTuple):
    """Scores of images by each draw, (draws, n), and which images the detector applies to, bool (n,)."""

    values: np.ndarray
    applies: np.ndarray


def robustness_run(
    run: RunFolder, domain: Domain, settings: Settings, levels: Levels | None = None, session: Session | None = None
) -> Robustness:
    """Score the test images of a domain as they are and after each corruption; writes and returns what was measured.

    levels: of each corruption by name (default: all of `CORRUPTIONS`). Test images that share a photograph with what
    the run has seen are left out as in an evaluation. Raises UserError as that does, and for a corruption that is not
    known or leaves no image that the detector applies to of a class.
    """
    asked = {name: one.levels for name, one in CORRUPTIONS.items()} if levels is None else levels
    session = session or Session()
    detector = session.detector(run)
    test = DomainTest(run, domain, detector, settings, session, progress=f"reading {domain.name}")
    draws = list(decided_draws(run))
    jobs = [(name, level) for name, several in asked.items() for level in several]
    clean = _scored(test.images, draws, detector, settings, None)
    tests = [_measured(CLEAN, 0, test.images, draws, clean, clean, settings)]
    for name, level in progress_bar(jobs, desc=f"corrupting {domain.name}", unit="level"):
        found = _scored(test.images, draws, detector, settings, (name, level))
        tests.append(_measured(name, level, test.images, draws, found, clean, settings))
    info = run.info
    measured = Robustness(
        detector=info.detector,
        source=info.source_name,
        target=domain.name,
        run_target=None if info.target is None else info.target.name,
        strategy=info.strategy,
        shots=info.shots,
        draws=len(draws),
        fingerprint=domain.fingerprint(),
        tests=tuple(tests),
    )
    run.write(f"{ROBUSTNESS}/{encode_name(domain.name)}.json", measured)
    return measured


def _scored(
    images: Images, draws: Sequence[Draw], detector: Detector, settings: Settings, how: tuple[str, float] | None
) -> _Scores:
    """Score images by each draw, corrupted where `how` names a corruption and a level."""
    parts = []
    for start in range(0, len(images), _AT_ONCE):
        part = images.subset(range(start, min(start + _AT_ONCE, len(images))))
        parts.append(_scored_part(part if how is None else _corrupted(part, *how, settings), draws, detector, settings))
    return _Scores(np.concatenate([p.values for p in parts], axis=1), np.concatenate([p.applies for p in parts]))


def _scored_part(images: Images, draws: Sequence[Draw], detector: Detector, settings: Settings) -> _Scores:
    cache, options = ScoreCache(), settings.evaluate
    silences = cache.silences(detector, images, options)
    applies = np.array([i not in silences for i in range(len(images))])
    values = np.full((len(draws), len(images)), np.nan)
    kept = images.subset(np.flatnonzero(applies))
    if len(kept):
        for row, draw in zip(values, draws, strict=True):
            row[applies] = _by_draw(draw, detector, kept, settings, cache)
    return _Scores(values, applies)


def _by_draw(draw: Draw, detector: Detector, images: Images, settings: Settings, cache: ScoreCache) -> np.ndarray:
    if draw.weights is None:
        return decided(draw.decision, detector, images, settings.evaluate, cache.analyse).scores
    with weights_restored(detector):
        load_weights(as_trainable(detector), draw.weights)
        return decided(draw.decision, detector, images, settings.evaluate, cache.analyse).scores


def _corrupted(images: Images, name: str, level: float, settings: Settings) -> Images:
    """Corrupt the files of images, and compress them once more where the run has everything so."""
    most, quality = int(settings.data.max_megapixels * 1e6), settings.data.recompress

    def files() -> Iterator[ImageFile]:
        for record in images.records:
            content = corrupted(ImageFile.of_record(record, max_pixels=most).pixels, name, level)
            if quality is not None:
                content = recompressed(content, quality, max_pixels=most)
            yield ImageFile(content, name=record.name, max_pixels=most)

    return Images.of_files(list(files()))


def _measured(
    name: str,
    level: float,
    images: Images,
    draws: Sequence[Draw],
    found: _Scores,
    clean: _Scores,
    settings: Settings,
) -> CorruptedTest:
    """Compare what draws say of corrupted images with what they say of the clean ones, (draws, n) each."""
    both = found.applies & clean.applies
    kept = images.subset(np.flatnonzero(both))
    for label, kind in ((REAL, "real"), (FAKE, "fake")):
        if not (kept.labels == label).any():
            raise UserError(
                f"{name} {level:g}: the detector applies to no {kind} image then; leave it out, or take another run",
                code=ErrorCode.DETECTOR_NOT_APPLICABLE,
            )
    resamples, seed = settings.evaluate.resamples, settings.seed
    after, before = (one.values[:, both] for one in (found, clean))
    thresholds = np.array([[draw.decision.threshold] for draw in draws])
    names = [record.name for record in kept.records]
    summary = summarise_draws(
        [
            ScoredImages(
                names, kept.labels, kept.groups, row, d.decision.probabilities(row), d.decision.threshold, d.number
            )
            for row, d in zip(after, draws, strict=True)
        ],
        resamples=resamples,
        seed=seed,
    )
    called, was = after > thresholds, before > thresholds
    changes: dict[str, Estimate | None] = {"accuracy_change": None, "auc_change": None}
    if name != CLEAN:
        pairs = PairedTest(kept.labels.astype(np.int64), kept.groups, len(draws), resamples=resamples, seed=seed)
        changes = {"accuracy_change": pairs.balanced_accuracy(called, was), "auc_change": pairs.auc(after, before)}
    return CorruptedTest(
        name=name,
        level=level,
        n=Counts(int((kept.labels == REAL).sum()), int((kept.labels == FAKE).sum()), len(set(kept.groups))),
        balanced_accuracy=summary.metrics["balanced_accuracy"],
        auc=summary.metrics["auc"],
        turned_fake=_turned((kept.labels == REAL) & ~was, called),
        turned_real=_turned((kept.labels == FAKE) & was, ~called),
        not_applied=int((~both).sum()),
        **changes,
    )


def _turned(right: np.ndarray, wrong_now: np.ndarray) -> float | None:
    """Compute the share of what was called right that is called wrong now, over draws and images."""
    return float((right & wrong_now).sum() / right.sum()) if right.any() else None
