"""Finished runs that look at single images as detectors without training do: those that never saw a fake."""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Sequence
from itertools import chain, count
from pathlib import Path
from typing import ClassVar

import numpy as np

from forensictransfer.core.backend import import_tensorflow
from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.detectors.base import Detector, Evidence, ImageFile
from forensictransfer.evaluation.decision import Decision
from forensictransfer.results.formats.decision import DecisionFile
from forensictransfer.results.formats.run import PHOTOGRAPHS
from forensictransfer.results.runs import MODEL, RunFolder


class RunDetector(Detector):
    """The detector of a run with the run's decision: its evidence has a probability, and says what the threshold is."""

    name: ClassVar[str] = "run"

    def __init__(self, detector: Detector, decision: Decision) -> None:
        self._detector, self._decision = detector, decision

    def examine(self, images: Sequence[ImageFile]) -> list[Evidence]:
        """Examine images as the run's detector does."""
        return [self._decided(said) for said in self._detector.examine(images)]

    def _decided(self, said: Evidence) -> Evidence:
        if not said.applies:
            return said
        score, threshold = np.array([said.score]), self._decision.threshold
        where = "above" if said.score > threshold else "not above"
        line = f"{where} the run's threshold {threshold:.3g} ({self._decision.rule}, {self._decision.chosen_on})"
        return dataclasses.replace(
            said, probability=float(self._decision.probabilities(score)[0]), reasons=(*said.reasons, line)
        )


def run_detectors(runs: Sequence[str | Path]) -> dict[str, Detector]:
    """Load the detectors of some runs, by name and folder: `noiseprint-phones` of runs/phones.

    Raises UserError for a folder that is no finished run, and for one that was trained on forgeries: what it says of a
    single image holds for such, and `evaluate` tells what it is worth.
    """
    opened = {str(one): RunFolder.open(one) for one in runs}
    for name, run in opened.items():
        if run.kind != "train" or run.info.material != PHOTOGRAPHS:
            raise UserError(
                f"{name}: expected a run of `train --photos`, which knows no forgery; `evaluate` applies others to a "
                "domain",
                code=ErrorCode.RUN_UNSUITABLE,
            )
    if not opened:
        return {}
    import_tensorflow()
    from forensictransfer.detectors.loading import load_any_detector

    found: dict[str, Detector] = {}
    for run in opened.values():
        decision = run.read("decision.json", DecisionFile).decision()
        detector = load_any_detector(run.info.detector, run.path / MODEL)
        found[_free_name(f"{run.info.detector}-{run.path.resolve().name}", found)] = RunDetector(detector, decision)
    return found


def _free_name(name: str, taken: Container[str]) -> str:
    """Give a name that is taken the first number from 2 that makes it another: `name (2)`."""
    numbered = (f"{name} ({number})" for number in count(2))
    return next(one for one in chain([name], numbered) if one not in taken)
