"""From a detector's name to its class, loaded when it is asked for."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any, TypeVar

import keras

from forensictransfer.core.errors import ErrorCode, UserError, first_line, nearest, some
from forensictransfer.detectors.base import Detector
from forensictransfer.detectors.registry import detectors, load_target
from forensictransfer.detectors.trainable import TrainableDetector
from forensictransfer.detectors.with_model import ModelDetector

Made = TypeVar("Made", bound=ModelDetector)


def detector_class(name: str) -> type[Detector]:
    """Load the class registered as `name`.

    Raises UserError for an unknown name, and for one whose class is not there.
    """
    known = detectors()
    if name not in known:
        raise UserError(
            f"unknown detector '{name}': expected {some(known)}{nearest(name, known)}", code=ErrorCode.NAME_UNKNOWN
        )
    entry = known[name]
    try:
        found = load_target(entry.target)
    except UserError as error:
        raise UserError(f"detector '{name}': {error}", code=error.code) from error
    if not (isinstance(found, type) and issubclass(found, Detector)):
        raise UserError(
            f"detector '{name}': expected {entry.target} to be a class derived from Detector",
            code=ErrorCode.DETECTOR_INVALID,
        )
    if getattr(found, "name", "") != name:
        raise UserError(
            f"detector '{name}': {entry.target} calls itself '{getattr(found, 'name', '')}'",
            code=ErrorCode.DETECTOR_INVALID,
        )
    if entry.trains != found.trains:
        raise UserError(
            f"detector '{name}': is registered with trains='{entry.trains}', {entry.target} has '{found.trains}'",
            code=ErrorCode.DETECTOR_INVALID,
        )
    return found


def trainable_class(name: str) -> type[TrainableDetector]:
    """Load a class as `detector_class` does, for a detector that is a Keras model. Raises UserError for another one."""
    found = detector_class(name)
    if not issubclass(found, TrainableDetector):
        raise UserError(
            f"detector '{name}': expected a detector that is trained, this one learns nothing",
            code=ErrorCode.DETECTOR_UNSUITABLE,
        )
    return found


def load_detector(name: str, path: Path) -> TrainableDetector:
    """Load the detector whose model was saved at `path`. Raises UserError if the file is no model of this kind."""
    return _with_model(trainable_class(name), name, path)


def load_any_detector(name: str, path: Path) -> ModelDetector:
    """Load a detector as `load_detector` does, also one that learns from photographs and looks at whole images."""
    kind = detector_class(name)
    return _with_model(kind, name, path) if issubclass(kind, ModelDetector) else load_detector(name, path)


def _with_model(kind: type[Made], name: str, path: Path) -> Made:
    try:
        return kind(keras.models.load_model(path, compile=False))
    except _DAMAGED as error:
        raise _unloadable(name, path, error) from error


def load_weights(detector: ModelDetector, path: Path) -> None:
    """Give `detector` the weights of the model saved at `path`. Raises UserError if the file is no such model."""
    try:
        detector.model.load_weights(path)
    except _DAMAGED as error:
        raise _unloadable(detector.name, path, error) from error


def model_config_digest(path: Path) -> str:
    """Compute the SHA-256 of what a saved model is built of, its weights aside; "" for a file that is none.

    Models alike in it differ in their weights alone, so that one can be given those of another.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return ""
    return hashlib.sha256(json.dumps(_without_identities(config), sort_keys=True).encode()).hexdigest()


def _without_identities(config: Any) -> Any:
    """Leave out of a saved configuration what only says which object of a process an object was."""
    if isinstance(config, dict):
        return {key: _without_identities(value) for key, value in config.items() if key != "shared_object_id"}
    return [_without_identities(value) for value in config] if isinstance(config, list) else config


_DAMAGED = (ValueError, OSError, KeyError, TypeError)


def _unloadable(name: str, path: Path, error: Exception) -> UserError:
    return UserError(
        f"{path}: expected a saved '{name}' model, got one that cannot be loaded ({first_line(error)})",
        code=ErrorCode.WEIGHTS_UNSUITABLE,
    )
