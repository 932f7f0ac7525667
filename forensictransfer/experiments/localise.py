"""Compare the heat maps of a run with the masks of a domain's test split."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from forensictransfer.core import files
from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.progress import progress_bar
from forensictransfer.core.settings import Settings
from forensictransfer.data.counts import Counts
from forensictransfer.data.encoded import ImageError
from forensictransfer.data.images import Images
from forensictransfer.data.masks import read_mask
from forensictransfer.data.records import REAL
from forensictransfer.data.stored import StoredImage
from forensictransfer.detectors.base import Detector
from forensictransfer.detectors.trainable import TrainableDetector
from forensictransfer.evaluation.decision import Decision
from forensictransfer.evaluation.localisation import (
    FALSE_ALARM_AREA,
    MEASURES,
    MappedImage,
    against_mask,
    false_alarm_area,
    summarise_maps,
)
from forensictransfer.results.evaluations import LOCALISATION
from forensictransfer.results.formats.metrics import LocalisationMetrics

FLAT = 1e-6  # a map whose values differ by less, in probability, has one value but for rounding


class MaskedImages(NamedTuple):
    """The images of a test that maps are compared on, with the masks of its fakes.

    masks: in the order of the images, None for a real one; skipped: (fake, reason) of masks that cannot be used.
    """

    images: Images
    masks: tuple[np.ndarray | None, ...]
    skipped: tuple[tuple[str, str], ...]


def masked_images(images: Images, domain: str, detector: Detector) -> MaskedImages:
    """Read the masks of a test's fakes; images are its fakes with a mask that can be used and all its real ones.

    Raises UserError for a detector that gives no heat map, and where no mask is left.
    """
    if not detector.maps:
        raise UserError(
            f"'{detector.name}' gives no heat map to be compared with masks; leave --localise out",
            code=ErrorCode.DETECTOR_UNSUITABLE,
        )
    kept: list[int] = []
    masks: list[np.ndarray | None] = []
    skipped: list[tuple[str, str]] = []
    for place, record in enumerate(images.records):
        if record.label == REAL:
            kept.append(place)
            masks.append(None)
        elif record.mask is not None:
            try:
                masks.append(read_mask(record.mask, images[place].shape[:2]))
                kept.append(place)
            except ImageError as error:
                skipped.append((record.name, error.reason))
    if all(mask is None for mask in masks):
        why = f"none of {len(skipped)} masks can be used, {skipped[0][0]}: {skipped[0][1]}" if skipped else "found none"
        if not skipped and any(isinstance(record.source, StoredImage) for record in images.records):
            why += "; if an earlier version built it: forensictransfer data build NAME --overwrite"
        raise UserError(
            f"domain '{domain}': expected masks of fakes of its test split (mask/ beside fake/, the same names), {why}",
            code=ErrorCode.MASKS_UNSUITABLE,
        )
    return MaskedImages(images.subset(kept), tuple(masks), tuple(skipped))


def measure_maps(
    test: MaskedImages, detector: Detector, draws: Sequence[tuple[int, Decision]], settings: Settings
) -> list[MappedImage]:
    """Map each image by the decision of each draw, with the detector as it is now, and compare with its mask."""
    found = []
    bar = progress_bar(test.masks, desc="mapping", total=len(test.masks), unit="image", leave=False)
    for place, mask in enumerate(bar):
        file, record = test.images.file(place), test.images.records[place]
        if isinstance(detector, TrainableDetector):
            maps: list[np.ndarray | None] = [
                *detector.heat_maps(file, [decision for _, decision in draws], settings.evaluate)
            ]
        else:  # it says by itself where the evidence is, whatever the draw has chosen
            maps = [detector.examine([file])[0].heat_map] * len(draws)
        for (draw, _), heat_map in zip(draws, maps, strict=True):
            if heat_map is None:
                continue
            values = {FALSE_ALARM_AREA: false_alarm_area(heat_map)} if mask is None else against_mask(heat_map, mask)
            found.append(MappedImage(draw, record.name, record.group, values, flat=bool(np.ptp(heat_map) < FLAT)))
    return found


def localisation_of(test: MaskedImages, mapped: Sequence[MappedImage], settings: Settings) -> LocalisationMetrics:
    """Summarise what maps are worth, for metrics.json."""
    summary = summarise_maps(mapped, resamples=settings.evaluate.resamples, seed=settings.seed)
    groups = len({one.group for one in mapped})
    return LocalisationMetrics(
        n=Counts(summary.reals, summary.fakes, groups),
        flat=summary.flat,
        skipped=test.skipped,
        metrics=dict(summary.metrics),
    )


def write_maps(folder: Path, mapped: Sequence[MappedImage]) -> None:
    """Write localisation.csv: a row for each image and draw, empty where a measure does not belong to its class."""
    rows = [(one.draw, one.name, one.group, *(one.values.get(name, "") for name in MEASURES)) for one in mapped]
    files.write_text(folder / LOCALISATION, files.csv_text(("draw", "path", "group", *MEASURES), rows))
