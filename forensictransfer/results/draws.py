"""What a finished run scores with: the files of its models, and the decision of each of its draws."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.evaluation.decision import Decision
from forensictransfer.results.formats.decision import DecisionFile
from forensictransfer.results.runs import MODEL, RunFolder, member_file


class ModelFile(NamedTuple):
    """A model of a run: its detector by name, the side of its crops, and its file; detectors of signals have none."""

    detector: str
    crop: int
    path: Path


class Draw(NamedTuple):
    """A draw of a run: its number, its decision, and the file of its weights if they are not the run's own."""

    number: int
    decision: Decision
    weights: Path | None


def model_files(run: RunFolder) -> list[ModelFile]:
    """List the models that the draws of a run start from: one, or one of each run that it fuses."""
    if not run.info.members:
        return [ModelFile(run.info.detector, run.settings.data.crop, run.path / MODEL)]
    return [ModelFile(one.detector, one.crop, run.path / member_file(i)) for i, one in enumerate(run.info.members)]


def decided_draws(run: RunFolder) -> Iterator[Draw]:
    """Yield the draws of a run in order; a training has one, number 0."""
    if run.kind == "train":
        yield Draw(0, run.read("decision.json", DecisionFile).decision(), None)
        return
    for folder in run.draws():
        weights = folder / "model.keras"
        decision = run.read(f"draws/{folder.name}/decision.json", DecisionFile).decision()
        yield Draw(int(folder.name), decision, weights if weights.is_file() else None)


def draw_of(run: RunFolder, number: int) -> Draw:
    """Find a draw of a run by its number. Raises UserError if there is none."""
    draws = {one.number: one for one in decided_draws(run)}
    if number not in draws:
        raise UserError(
            f"{run.path}: expected a draw from 0 to {max(draws)}, got {number}", code=ErrorCode.RUN_UNSUITABLE
        )
    return draws[number]


def weights_not_kept(run: RunFolder) -> UserError:
    """Build the error of a run that tells what was measured but can score nothing."""
    return UserError(
        f"{run.path}: its weights were not kept; adapt again outside a sweep, or with keep_weights",
        code=ErrorCode.RUN_UNSUITABLE,
    )
