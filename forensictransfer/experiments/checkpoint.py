"""The whole state of a training between two epochs, in one file: a kill at any moment loses an epoch at most."""

from __future__ import annotations

import json
import math
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from forensictransfer.core.errors import ErrorCode, UserError

NAME = ".checkpoint.npz"  # hidden: a file in passing, which the finished run does not cover


@dataclass
class TrainingState:
    """What a training knows after its last whole epoch: history, the best weights and when they were found.

    seconds: processor time that its epochs have taken, all threads together. divergence: where its loss stopped being a
    number, in words; empty if it did not.
    """

    history: list[dict[str, float]] = field(default_factory=list)
    best_value: float | None = None
    best_epoch: int = -1
    best_weights: list[np.ndarray] = field(default_factory=list)
    seconds: float = 0.0
    divergence: str = ""

    @property
    def epochs(self) -> int:
        """Whole epochs done."""
        return len(self.history)

    def record(self, logs: dict[str, float], monitor: str, model: keras.Model) -> None:
        """Add an epoch; keep the weights if `monitor` is the best so far (accuracies and AUCs rise, losses fall).

        The earlier of two equal epochs is the better one, and any number is better than NaN, which an epoch whose loss
        is not a number counts as. Raises UserError if `monitor` is not in `logs`.
        """
        self.history.append({"epoch": self.epochs, **{name: float(value) for name, value in logs.items()}})
        if monitor not in logs:
            raise UserError(
                f"train.monitor: expected one of {', '.join(sorted(logs))}, got '{monitor}'",
                code=ErrorCode.SETTING_INVALID,
            )
        value = float(logs[monitor]) if math.isfinite(logs.get("loss", 0.0)) else math.nan
        sign = 1.0 if monitor.endswith(("accuracy", "auc")) else -1.0
        best = self.best_value
        if best is None or sign * value > sign * best or (math.isnan(best) and not math.isnan(value)):
            self.best_value, self.best_epoch = value, self.epochs - 1
            self.best_weights = model.get_weights()

    def exhausted(self, patience: int) -> bool:
        """Tell whether `patience` epochs have passed without gain."""
        return self.epochs > 0 and self.epochs - 1 - self.best_epoch >= patience


def save(path: Path, state: TrainingState, model: keras.Model) -> None:
    """Write state, weights, optimiser and seeds to `path` (the caller makes it atomic)."""
    arrays = {f"model_{i}": value for i, value in enumerate(model.get_weights())}
    arrays |= {f"optimizer_{i}": np.asarray(value) for i, value in enumerate(model.optimizer.variables)}
    arrays |= {f"best_{i}": value for i, value in enumerate(state.best_weights)}
    arrays |= {f"seed_{i}": np.asarray(value) for i, value in enumerate(_seeds(model))}
    plain: dict[str, Any] = {"history": state.history, "best_value": state.best_value, "best_epoch": state.best_epoch}
    plain |= {"seconds": state.seconds, "divergence": state.divergence}
    np.savez(path, allow_pickle=False, state=np.array(json.dumps(plain)), **arrays)


def restore(path: Path, model: keras.Model) -> TrainingState:
    """Read a state back into a compiled model; an empty state if there is none. Raises UserError if it is damaged."""
    if not path.is_file():
        return TrainingState()
    try:
        with np.load(path) as stored:
            plain: dict[str, Any] = json.loads(str(stored["state"]))
            model.set_weights(_numbered(stored, "model_"))
            model.optimizer.build(model.trainable_variables)
            for variable, value in zip(model.optimizer.variables, _numbered(stored, "optimizer_"), strict=True):
                variable.assign(value)
            for variable, value in zip(_seeds(model), _numbered(stored, "seed_"), strict=True):
                variable.assign(value)
            return TrainingState(**plain, best_weights=_numbered(stored, "best_"))
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(
            f"{path}: is damaged and cannot be resumed from; train again with --overwrite", code=ErrorCode.FILE_DAMAGED
        ) from error


def _seeds(model: keras.Model) -> list[Any]:
    """Find where the random layers (dropout) of a model stand in their sequences: no weights, but part of its state."""
    generators = (getattr(layer, "seed_generator", None) for layer in model.layers)
    return [generator.state for generator in generators if isinstance(generator, keras.random.SeedGenerator)]


def _numbered(stored: Any, prefix: str) -> list[np.ndarray]:
    count = sum(name.startswith(prefix) for name in stored.files)
    return [stored[f"{prefix}{i}"] for i in range(count)]
