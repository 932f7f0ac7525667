"""What the shots alone reach, and whether an adapted run beats it: by the files of both, image by image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.evaluation.metrics import ScoredImages
from forensictransfer.evaluation.paired import PairedTest
from forensictransfer.results.formats.document import read_document, write_document
from forensictransfer.results.formats.metrics import DrawMetrics, Metrics
from forensictransfer.results.formats.run import DomainReference
from forensictransfer.results.formats.shots_only import ShotsOnlyMetrics
from forensictransfer.results.runs import RunFolder
from forensictransfer.results.scores import Scored, read_scores, write_predictions

FOLDER = "shots_only"
METRICS, PREDICTIONS = "metrics.json", "predictions.csv"
NAME = "shots only"
MEANS = f"{NAME}: what a simple classifier reaches that is fitted to the same shots and nothing else"
NO_GAIN = "†"
NO_GAIN_MEANS = (
    f"{NO_GAIN}: not shown to beat {NAME} in this number; the 95 % interval of the difference, paired over the same "
    "shots and test images, is not above 0"
)


@dataclass(frozen=True)
class ShotsOnly:
    """What the shots alone reach on the test of an adapted run.

    metrics: theirs, by name; gain, auc_gain: balanced accuracy and AUC of the run less theirs, paired over draws and
    images, as fractions.
    """

    metrics: Mapping[str, Estimate]
    gain: Estimate
    auc_gain: Estimate

    @property
    def beaten(self) -> bool:
        """Whether the run is shown to do better: the whole interval of its gain in balanced accuracy lies above 0."""
        return self.beaten_in("balanced_accuracy")

    def gain_in(self, metric: str) -> Estimate | None:
        """Return the gain in a metric: balanced accuracy or AUC; None for others."""
        return {"balanced_accuracy": self.gain, "auc": self.auc_gain}.get(metric)

    def beaten_in(self, metric: str) -> bool:
        """Tell whether the run is shown to do better in balanced accuracy or AUC."""
        gain = self.gain_in(metric)
        return gain is not None and gain.low is not None and gain.low > 0


def write_shots_only(folder: Path, metrics: ShotsOnlyMetrics, draws: Sequence[ScoredImages]) -> None:
    """Write metrics.json and predictions.csv to a folder that is there."""
    write_predictions(folder / PREDICTIONS, draws)
    write_document(folder / METRICS, metrics)


def read_shots_only(folder: Path) -> ShotsOnlyMetrics:
    """Read a metrics.json of `shots only`. Raises UserError: missing, or not as it was written."""
    return read_document(folder / METRICS, ShotsOnlyMetrics, "adapt again")


def run_shots_only(run: RunFolder, tested: Metrics) -> ShotsOnly | None:
    """Compare an evaluation of an adapted run with what the shots alone reach on the same test.

    None where that was not measured (in runs of earlier versions, in a sweep, by `adapt.shots_only: false`), for a run
    that was not adapted, and for a test on another domain than the shots are of. Raises UserError for damaged files.
    """
    folder = run.path / FOLDER
    if run.info.target is None or not (folder / METRICS).is_file():
        return None
    alone = read_shots_only(folder)
    if not is_about(alone, run.info.target, tested):
        return None
    scores = read_scores(run.evaluation_path(tested.target) / PREDICTIONS)
    return beside(tested.per_draw, scores, alone, read_scores(folder / PREDICTIONS))


def evaluations_beside(run: RunFolder, evaluations: Iterable[Metrics]) -> dict[str, ShotsOnly]:
    """Find what the shots alone reach on the tests of a run, by the name of the domain: that of the target, if any."""
    found = {one.target: run_shots_only(run, one) for one in evaluations}
    return {target: alone for target, alone in found.items() if alone is not None}


def is_about(alone: ShotsOnlyMetrics, target: DomainReference, tested: Metrics) -> bool:
    """Tell whether an evaluation is on the very images of the domain that a run was adapted to."""
    return tested.target == target.name == alone.target and tested.fingerprint == target.fingerprint


def beside(
    draws: Sequence[DrawMetrics],
    scores: Mapping[int, Scored],
    alone: ShotsOnlyMetrics,
    alone_scores: Mapping[int, Scored],
) -> ShotsOnly:
    """Put what the shots alone reach beside an evaluation: paired over the draws and test images that both have.

    draws: of the evaluation; scores, alone_scores: of the test images by number of the draw.
    """
    found = _gains(
        {draw.draw: draw for draw in draws},
        scores,
        {draw.draw: draw for draw in alone.per_draw},
        alone_scores,
        resamples=alone.resamples,
        seed=alone.seed,
    )
    return ShotsOnly(alone.metrics, *found)


def _gains(
    draws: Mapping[int, DrawMetrics],
    scores: Mapping[int, Scored],
    other_draws: Mapping[int, DrawMetrics],
    other_scores: Mapping[int, Scored],
    *,
    resamples: int,
    seed: int,
) -> tuple[Estimate, Estimate]:
    """Compute the gains in balanced accuracy and AUC."""
    numbers = [number for number in draws if number in other_draws and {number} <= scores.keys() & other_scores.keys()]
    if not numbers:
        return Estimate(None, None, None), Estimate(None, None, None)
    one, other = scores[numbers[0]], other_scores[numbers[0]]
    places = {name: place for place, name in enumerate(other.names)}
    kept = np.array([place for place, name in enumerate(one.names) if name in places], int)
    same = np.array([places[one.names[place]] for place in kept], int)
    groups = [one.groups[place] for place in kept]
    test = PairedTest(one.labels[kept], groups, len(numbers), resamples=resamples, seed=seed)
    first = np.stack([scores[i].scores[kept] for i in numbers])
    second = np.stack([other_scores[i].scores[same] for i in numbers])
    limits, other_limits = (np.array([[of[i].threshold] for i in numbers]) for of in (draws, other_draws))
    return test.balanced_accuracy(first > limits, second > other_limits), test.auc(first, second)
