"""What a finished run has learned, for use on images: its detector with the weights and the decision of one draw."""

from __future__ import annotations

from forensictransfer.detectors.base import Detector
from forensictransfer.detectors.joined import JoinedDetector
from forensictransfer.detectors.loading import detector_class, load_any_detector, load_weights
from forensictransfer.detectors.trainable import as_trainable
from forensictransfer.detectors.with_model import ModelDetector
from forensictransfer.evaluation.decision import Decision
from forensictransfer.results.draws import ModelFile, draw_of, model_files, weights_not_kept
from forensictransfer.results.runs import RunFolder


def finished_detector(run: RunFolder, draw: int = 0) -> tuple[Detector, Decision]:
    """Load the detector of a run as one of its draws left it, and that draw's decision.

    Raises UserError if there is no such draw, or the weights were not kept.
    """
    chosen = draw_of(run, draw)
    members = [_loaded(run, one) for one in model_files(run)]
    detector = members[0] if len(members) == 1 else JoinedDetector(members)
    if chosen.weights is not None:
        load_weights(as_trainable(detector), chosen.weights)
    return detector, chosen.decision


def _loaded(run: RunFolder, model: ModelFile) -> Detector:
    kind = detector_class(model.detector)
    if not issubclass(kind, ModelDetector):
        return kind.create(model.crop)
    if not model.path.is_file():
        raise weights_not_kept(run)
    return load_any_detector(model.detector, model.path)
