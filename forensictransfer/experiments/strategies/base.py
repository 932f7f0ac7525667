"""What a strategy is given and what it gives back, and the table of strategies."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from forensictransfer.core.errors import ErrorCode, UserError, nearest
from forensictransfer.core.settings import Settings
from forensictransfer.data.images import Images
from forensictransfer.detectors.base import Detector
from forensictransfer.detectors.discriminant import class_means
from forensictransfer.detectors.evidence import Analysis
from forensictransfer.evaluation.decision import Decision
from forensictransfer.experiments.strategies import STRATEGIES, WITH_GRADIENT, cannot_adapt
from forensictransfer.experiments.strategies.background import Background
from forensictransfer.results.formats.search import SearchOutcome
from forensictransfer.results.trials import Trials


@dataclass(frozen=True)
class SourceKnowledge:
    """What the run kept of its source's train split: energies (n, 2), features (n, d), labels (n,).

    sources: (n,), of several sources the number of the one that a row is of, in the order of run.json; None: one.
    photographs: of each folder that the background is taken from instead of the source, features less the mean of their
    class (m, d); None: none. equal_units: as the detector says of its features (`Detector.equal_units`). spread: of its
    decision, by which images of the source are scored.
    """

    energies: np.ndarray
    features: np.ndarray
    labels: np.ndarray
    sources: np.ndarray | None = None
    photographs: tuple[np.ndarray, ...] | None = None
    equal_units: bool = False
    spread: float = 0.0

    @cached_property
    def background(self) -> Background:
        """How the features vary within the classes of the source, or of the photographs given instead."""
        if self.photographs is not None:
            return Background.of(self.photographs, equal_units=self.equal_units)
        found = []
        for rows in self.by_source():
            features, labels = self.features[rows], self.labels[rows]
            if labels.any():
                found.append(features - class_means(features, labels)[labels])
            else:  # photographs alone
                found.append(features - features.mean(axis=0))
        return Background.of(found, equal_units=self.equal_units)

    def by_source(self) -> list[np.ndarray]:
        """List the rows of each source, as indices."""
        numbers = np.zeros(len(self.labels), int) if self.sources is None else self.sources
        return [np.flatnonzero(numbers == number) for number in np.unique(numbers)]


@dataclass(frozen=True)
class FewShotTask:
    """One draw: k real and k fake images of the target, the detector as trained on the source, the source's features.

    `analysis` is what that detector says of the whole shots, in their order. Where several runs are adapted together,
    `source` is what the first one kept and `others` what each further one did; the features stand in their order.
    """

    detector: Detector
    shots: Images
    analysis: Analysis
    source: SourceKnowledge
    settings: Settings
    draw: int
    others: tuple[SourceKnowledge, ...] = ()


@dataclass(frozen=True)
class Adapted:
    """What came out of a draw: how scores are made, and whether the detector's weights are other than before.

    The threshold of `decision` is not fitted yet. `history` holds a row for each gradient step, `trials` and
    `chosen` what a search among settings tried and took; None if nothing was searched. held_out: (2k,), the scores of
    the shots by fits without their groups, which the threshold and the slope are to be fitted on; None: by `decision`.
    """

    decision: Decision
    changed: bool = False
    history: list[dict[str, float]] = field(default_factory=list)
    trials: Trials | None = None
    chosen: SearchOutcome | None = None
    held_out: np.ndarray | None = None

    def fitted(self, rule: str, analysis: Analysis, labels: np.ndarray) -> Decision:
        """Fit threshold and slope on the scores of shots held out, or where there are none on those of all shots.

        analysis: of the shots by the adapted detector, in the order of labels (2k,).
        """
        seen, seen_by = self.held_out, "shots held out"
        if seen is None:
            seen, seen_by = self.decision.scores(analysis.energies, analysis.features, analysis.tiles), "shots"
        return self.decision.fitted(rule, seen, labels, seen_by)


Strategy = Callable[[FewShotTask], Adapted]

IMPLEMENTATIONS = {
    "finetune": "forensictransfer.experiments.strategies.finetune:finetune",
    "threshold": "forensictransfer.experiments.strategies.linear:threshold",
    "head": "forensictransfer.experiments.strategies.linear:head",
    "prototype": "forensictransfer.experiments.strategies.linear:prototype",
    "fused": "forensictransfer.experiments.strategies.fused:fused",
    "tuned": "forensictransfer.experiments.strategies.tuned:tuned",
}


def strategy(name: str) -> Strategy:
    """Find the strategy registered as `name`, which raises UserError for a detector that it cannot adapt.

    Raises UserError for an unknown name.
    """
    if name not in IMPLEMENTATIONS:
        raise UserError(
            f"unknown strategy '{name}': expected {', '.join(STRATEGIES)}{nearest(name, STRATEGIES)}",
            code=ErrorCode.NAME_UNKNOWN,
        )
    module, attribute = IMPLEMENTATIONS[name].split(":")
    found: Strategy = getattr(importlib.import_module(module), attribute)
    if name not in WITH_GRADIENT:
        return found

    @functools.wraps(found)
    def checked(task: FewShotTask) -> Adapted:
        if not task.detector.gradient:
            raise cannot_adapt(task.detector.name, name)
        return found(task)

    return checked
