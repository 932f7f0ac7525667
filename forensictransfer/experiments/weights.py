"""Where the weights of a training come from and which it ends in: files, presets, the best of its epochs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.files import file_sha256, folder_sha256
from forensictransfer.core.settings import Settings
from forensictransfer.detectors.with_model import ModelDetector
from forensictransfer.experiments import checkpoint
from forensictransfer.results.formats.data import WeightsFile
from forensictransfer.results.runs import RunFolder


def take_best(detector: ModelDetector, state: checkpoint.TrainingState, settings: Settings, run: RunFolder) -> None:
    """Give `detector` the best weights of a training. Raises UserError if it diverged."""
    if state.best_value is None or not np.isfinite(state.best_value):
        raise UserError(
            f"{run.path}: {state.divergence or f'{settings.train.monitor} was not a number in any epoch'}; "
            "train again with a smaller --train.learning_rate and --overwrite",
            code=ErrorCode.TRAINING_DIVERGED,
        )
    detector.trainer.set_weights(state.best_weights)


def weights_path(name: str, *, folder: bool) -> Path:
    """Find the weights to begin with: a file, or for some detectors the folder of a preset. Raises UserError."""
    path = Path(name).expanduser()
    if folder and not path.is_dir():
        raise UserError(
            f"train.weights: expected the folder of a preset on this machine, {path} "
            f"{'is a file' if path.is_file() else 'is not there'}; nothing is downloaded (docs/detectors.md: backbone)",
            code=ErrorCode.PATH_MISSING,
        )
    if not folder and not path.is_file():
        raise UserError(
            f"train.weights: expected a file of weights, {path} {'is a folder' if path.is_dir() else 'is not there'}",
            code=ErrorCode.PATH_MISSING,
        )
    return path


def weights_file(name: str | None) -> WeightsFile | None:
    """Describe, for data.json, the file of weights or the preset's folder that the training began with."""
    if name is None:
        return None
    path = Path(name).expanduser()
    return WeightsFile(file=str(path.resolve()), sha256=folder_sha256(path) if path.is_dir() else file_sha256(path))
