"""Note, before a sweep begins, what makes it slower or poorer than its owner may think."""

from __future__ import annotations

import logging
from collections.abc import Collection

from forensictransfer.data.checks.crop_size import crop_note
from forensictransfer.data.domains import Domain
from forensictransfer.sweep.grid import TRAIN, Grid

_log = logging.getLogger(__name__)


def log_notes(grid: Grid, domains: Collection[Domain]) -> None:
    """Log that there is one domain only, warnings of domains, and sources whose images are smaller than the crops."""
    for domain in domains:
        for warning in domain.warnings:
            _log.warning("warning: %s: %s", domain.name, warning)
    _note_single_domain(domains)
    _note_large_crops(grid, {domain.name: domain for domain in domains})


def _note_single_domain(domains: Collection[Domain]) -> None:
    if len(domains) == 1:
        _log.info(
            "%s is the only domain: it is trained and tested, and nothing is carried over; name two or more",
            *(domain.name for domain in domains),
        )


def _note_large_crops(grid: Grid, domains: dict[str, Domain]) -> None:
    """Log one line for each source and crop: detectors and seeds of one source usually share the crop."""
    trained = {(name, job.settings.data.crop): None for job in grid.jobs if job.kind == TRAIN for name in job.sources}
    for name, crop in trained:
        if note := crop_note(domains[name].split("train"), crop, setting="data.crop"):
            _log.info("%s: %s", name, note)
