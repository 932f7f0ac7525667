"""What a run may calibrate on: scores of images with known labels that its scores were not fitted to."""

from __future__ import annotations

from typing import NamedTuple

from forensictransfer.evaluation.abstention import Abstention
from forensictransfer.results.draws import Draw
from forensictransfer.results.formats.run import PHOTOGRAPHS
from forensictransfer.results.runs import RunFolder
from forensictransfer.results.scores import Scored, read_scores

HELD_OUT = "held_out.csv"


class Calibration(NamedTuple):
    """Scores of labelled images that a draw was not fitted to, what these images are, and the draw's threshold."""

    scored: Scored
    images: str
    threshold: float

    def abstention(self, error: float) -> Abstention:
        """Take the limits of what is called real and fake at a share of errors, in (0, 1)."""
        one = self.scored
        return Abstention.fitted(error, one.scores, one.labels, one.groups, self.threshold)


def calibration(run: RunFolder, draw: Draw) -> Calibration | str:
    """Find what a draw of a run can be calibrated on, or say in one line why there is nothing.

    Of a training it is the validation split; of an adaptation the shots, scored by fits without their groups, or as
    they are where nothing but the threshold was fitted to them.
    """
    if run.kind == "train":
        kind = "photographs set aside" if run.info.material == PHOTOGRAPHS else "the validation split"
        return Calibration(read_scores(run.path / "validation.csv")[0], kind, draw.decision.threshold)
    folder = run.path / "draws" / str(draw.number)
    if (folder / HELD_OUT).is_file():
        return Calibration(read_scores(folder / HELD_OUT)[0], "shots held out", draw.decision.threshold)
    if run.info.strategy == "threshold":
        return Calibration(read_scores(folder / "shots.csv")[0], "shots", draw.decision.threshold)
    why = f"'{run.info.strategy}' was fitted to all of the shots"
    if run.info.strategy in ("head", "fused"):
        why = "it is from before shots held out were kept, or adapt.held_out was false"
    return f"no image is left to calibrate on: {why}; adapt again by `head`"
