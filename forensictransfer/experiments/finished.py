"""What a finished run has learned, for use on images: its detector with the weights and the decision of one draw."""

from __future__ import annotations

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.detectors.base import Detector
from forensictransfer.detectors.loading import load_weights
from forensictransfer.detectors.trainable import as_trainable
from forensictransfer.evaluation.decision import Decision
from forensictransfer.experiments.evaluate import decided_draws
from forensictransfer.experiments.session import Session
from forensictransfer.results.runs import RunFolder


def finished_detector(run: RunFolder, draw: int = 0) -> tuple[Detector, Decision]:
    """Load the detector of a run as one of its draws left it, and that draw's decision.

    Raises UserError if there is no such draw, or the weights were not kept.
    """
    draws = {number: (decision, weights) for number, decision, weights in decided_draws(run)}
    if draw not in draws:
        raise UserError(
            f"{run.path}: expected a draw from 0 to {max(draws)}, got {draw}", code=ErrorCode.RUN_UNSUITABLE
        )
    decision, weights = draws[draw]
    detector = Session().detector(run)
    if weights is not None:
        load_weights(as_trainable(detector), weights)
    return detector, decision
