"""Compare the heat maps of a run with the masks of a domain's test split."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from forensictransfer.core import files
from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.progress import progress_bar
from forensictransfer.core.settings import Settings
from forensictransfer.data.counts import Counts
from forensictransfer.data.images import Images
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

Localise = Literal["never", "always", "with masks"]
FLAT = 1e-6  # a map whose values differ by less, in probability, has one value but for rounding


class MapTest:
    """The heat maps of a run's draws against the masks of a domain's test split: its fakes with a mask, and its reals.

    Attributes:
        images: of these. skipped: (fake, reason) of masks that cannot be used.
        mapped: what the map of each image is worth, draw by draw.

    Raises UserError for a detector that gives no heat map, and where no mask can be used.
    """

    def __init__(self, images: Images, domain: str, detector: Detector, settings: Settings) -> None:
        if not detector.maps:
            raise UserError(
                f"'{detector.name}' gives no heat map to be compared with masks; leave --localise out",
                code=ErrorCode.DETECTOR_UNSUITABLE,
            )
        names = [record.name for record in images.records]
        problems = [(name, images.mask_problem(place)) for place, name in enumerate(names)]
        self.skipped = tuple((name, reason) for name, reason in problems if reason is not None)
        kept = [i for i, label in enumerate(images.labels) if label == REAL or images.changed(i) is not None]
        self.images, self.settings = images.subset(kept), settings
        self.mapped: list[MappedImage] = []
        self._waiting: list[tuple[int, Decision]] = []  # draws by the weights of their run, which are mapped together
        if not self.images.labels.any():
            raise _no_masks(images, domain, self.skipped)

    def add(self, draw: int, decision: Decision, detector: Detector, *, changed: bool) -> None:
        """Take a draw, by number: mapped now where the detector has weights of its own for it, else by `finish`."""
        if changed:
            self._map([(draw, decision)], detector)
        else:
            self._waiting.append((draw, decision))

    def finish(self, detector: Detector) -> None:
        """Map by the draws that share the weights of their run, which the detector has now."""
        if self._waiting:
            self._map(self._waiting, detector)
            self._waiting = []

    def _map(self, draws: Sequence[tuple[int, Decision]], detector: Detector) -> None:
        """Map each image by the decisions of some draws, with the detector as it is now."""
        bar = progress_bar(self.images.records, desc="mapping", unit="image", leave=False)
        for place, record in enumerate(bar):
            file, changed = self.images.file(place), self.images.changed(place)
            if isinstance(detector, TrainableDetector):
                maps: list[np.ndarray | None] = [
                    *detector.heat_maps(file, [decision for _, decision in draws], self.settings.evaluate)
                ]
            else:  # it says by itself where the evidence is, whatever the draw has chosen
                maps = [detector.examine([file])[0].heat_map] * len(draws)
            for (draw, _), heat_map in zip(draws, maps, strict=True):
                if heat_map is None:
                    continue
                if changed is None:
                    values = {FALSE_ALARM_AREA: false_alarm_area(heat_map)}
                else:
                    values = against_mask(heat_map, changed)
                flat = bool(np.ptp(heat_map) < FLAT)
                self.mapped.append(MappedImage(draw, record.name, record.group, values, flat=flat))

    def metrics(self) -> LocalisationMetrics:
        """Summarise what maps are worth, for metrics.json."""
        summary = summarise_maps(self.mapped, resamples=self.settings.evaluate.resamples, seed=self.settings.seed)
        groups = len({one.group for one in self.mapped})
        return LocalisationMetrics(
            n=Counts(summary.reals, summary.fakes, groups),
            flat=summary.flat,
            skipped=self.skipped,
            metrics=dict(summary.metrics),
        )

    def write(self, folder: Path) -> None:
        """Write localisation.csv: a row for each image and draw, empty where a measure is not of its class."""
        rows = [
            (one.draw, one.name, one.group, *(one.values.get(name, "") for name in MEASURES)) for one in self.mapped
        ]
        files.write_text(folder / LOCALISATION, files.csv_text(("draw", "path", "group", *MEASURES), rows))


def map_test(images: Images, domain: str, detector: Detector, settings: Settings, localise: Localise) -> MapTest | None:
    """Begin the comparison of heat maps with masks, where it is asked for; None where it is not.

    localise: `with masks` asks where the detector gives maps and a mask can be used. Raises UserError as `MapTest`.
    """
    masked = localise == "with masks" and any(images.changed(i) is not None for i in range(len(images)))
    if localise == "always" or (masked and detector.maps):
        return MapTest(images, domain, detector, settings)
    return None


def _no_masks(images: Images, domain: str, skipped: Sequence[tuple[str, str]]) -> UserError:
    """Say that there is nothing to compare maps with, and what to do."""
    why = f"none of {len(skipped)} masks can be used, {skipped[0][0]}: {skipped[0][1]}" if skipped else "found none"
    if not skipped and any(isinstance(record.source, StoredImage) for record in images.records):
        why += "; if an earlier version built it: forensictransfer data build NAME --overwrite"
    return UserError(
        f"domain '{domain}': expected masks of fakes of its test split (mask/ beside fake/, the same names), {why}",
        code=ErrorCode.MASKS_UNSUITABLE,
    )
