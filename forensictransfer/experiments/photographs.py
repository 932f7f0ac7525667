"""The background of an adaptation from folders of photographs: how their features vary, and what data.json says."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from forensictransfer.core.settings import Settings
from forensictransfer.data.photographs import check_enough
from forensictransfer.detectors.base import Detector
from forensictransfer.evaluation.applicability import NotApplied, applied_to
from forensictransfer.experiments.session import Session
from forensictransfer.results.formats.data import BackgroundData

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Photographs:
    """One folder's. deviations: float32 (n, d), features less the mean of their class; digests: of the pixels."""

    deviations: np.ndarray
    digests: tuple[str, ...]
    about: BackgroundData


def read_photographs(
    spec: str, tested: Collection[str], detector: Detector, settings: Settings, session: Session
) -> Photographs:
    """Compute the features of a folder's photographs, less those that are tested on, by a detector as it is now.

    spec: as `open_photographs`; tested: digests of the images of all test splits. Unreadable images are listed. Raises
    UserError if too few are left.
    """
    domain = session.photographs(spec, settings.data)
    every = session.split(domain, "train", settings.data, progress=f"reading {domain.name}")
    kept = [place for place, digest in enumerate(every.digests) if digest not in tested]
    images, shared = every.subset(kept), len(every) - len(kept)
    silences = session.scores.silences(detector, images, settings.evaluate, f"examining {domain.name}")
    if shared:
        _log.info("%s: %d photographs of the background stand in a test split and are left out", spec, shared)
    silent = NotApplied.of(images, silences)
    images = applied_to(images, silences)
    others = f", '{detector.name}' does not apply to {len(silences)}" if silences else ""
    lost = f" ({len(every.skipped)} cannot be read, {shared} stand in a test split{others})"
    check_enough(spec, len(images), lost if every.skipped or shared or silences else "")
    found = session.scores.analyse(detector, images, settings.evaluate, progress=f"describing {domain.name}").features
    deviations = np.empty_like(found)
    for label in np.unique(images.labels):
        rows = images.labels == label
        deviations[rows] = found[rows] - found[rows].mean(axis=0)
    about = BackgroundData(
        name=domain.name,
        origin=domain.origin,
        fingerprint=domain.fingerprint(),
        photographs=len(images),
        skipped=every.skipped,
        tested=shared,
        not_applied=silent,
    )
    return Photographs(deviations, tuple(images.digests), about)
