"""From a detector's name to its class: an explicit table, each entry loaded when it is asked for."""

from __future__ import annotations

import importlib
from pathlib import Path

import keras

from forensictransfer.detectors.base import Detector
from forensictransfer.detectors.names import DETECTORS
from forensictransfer.errors import UserError, nearest

CLASSES = {
    "ft-res": "forensictransfer.detectors.forensic_transfer:ForensicTransferResidual",
    "ft": "forensictransfer.detectors.forensic_transfer:ForensicTransferRGB",
}


def detector_class(name: str) -> type[Detector]:
    """The class registered as `name`. Raises UserError for an unknown name."""
    if name not in CLASSES:
        raise UserError(f"unknown detector '{name}': expected {', '.join(DETECTORS)}{nearest(name, DETECTORS)}")
    module, attribute = CLASSES[name].split(":")
    found: type[Detector] = getattr(importlib.import_module(module), attribute)
    return found


def load_detector(name: str, path: Path) -> Detector:
    """The detector whose model was saved at `path`. Raises UserError if the file is no model of this kind."""
    kind = detector_class(name)
    try:
        return kind(keras.models.load_model(path, compile=False))
    except _TORN as error:
        raise _unloadable(name, path, error) from error


def load_weights(detector: Detector, path: Path) -> None:
    """Give `detector` the weights of the model saved at `path`. Raises UserError if the file is no such model."""
    try:
        detector.model.load_weights(path)
    except _TORN as error:
        raise _unloadable(detector.name, path, error) from error


_TORN = (ValueError, OSError, KeyError, TypeError)


def _unloadable(name: str, path: Path, error: Exception) -> UserError:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return UserError(f"{path}: expected a saved '{name}' model, got one that cannot be loaded ({reason})")
