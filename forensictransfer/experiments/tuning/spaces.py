"""Which settings are searched, and how far from those that were asked for. The settings asked for are always inside.

A space is a function of an Optuna trial: it gives the dotted settings of that trial. The same function reads the
settings asked for off a trial that is given them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import optuna

from forensictransfer.core.settings import Settings
from forensictransfer.core.values import SettingValue

UNTUNED = "finetune"  # what `tuned` starts from, and the only strategy with settings to search
GRADIENT_FREE = ("head", "prototype", "threshold")
_SHARES = (0.0, 0.25, 0.5)  # of crops that are compressed once more as JPEG
_RECONSTRUCTION = (0.0, 0.03, 0.1, 0.3)
_MOST_FROZEN = 3
# All names, in the order of the columns of trials.csv.
_AUGMENTATION = ("data.augment.jpeg_probability", "data.augment.flip")
ADAPTATION = (
    "adapt.strategy",
    "adapt.learning_rate",
    "adapt.steps",
    "adapt.frozen",
    "adapt.reconstruction",
    *_AUGMENTATION,
)
SOURCE_TRAINING = ("train.learning_rate", "train.batch", *_AUGMENTATION)


def adaptation(trial: optuna.Trial, asked: Settings, *, stages: int, reconstructs: bool) -> dict[str, SettingValue]:
    """Choose strategy and, for fine-tuning, step size, steps, frozen stages, reconstruction weight and augmentation.

    stages: of the detector, of which at least one is trained. reconstructs: whether its loss has such a part.
    """
    adapt = asked.adapt
    names = (UNTUNED, *GRADIENT_FREE)
    found: dict[str, SettingValue] = {"adapt.strategy": trial.suggest_categorical("adapt.strategy", names)}
    if found["adapt.strategy"] != UNTUNED:
        return found
    found["adapt.learning_rate"] = _factor(trial, "adapt.learning_rate", adapt.learning_rate, 8, 4)
    found["adapt.steps"] = trial.suggest_int("adapt.steps", max(1, adapt.steps // 3), 2 * adapt.steps, log=True)
    most = max(min(_MOST_FROZEN, stages - 1), adapt.frozen)
    if most > 0:
        found["adapt.frozen"] = trial.suggest_int("adapt.frozen", 0, most)
    if reconstructs:
        found["adapt.reconstruction"] = _choice(trial, "adapt.reconstruction", adapt.reconstruction, _RECONSTRUCTION)
    return {**found, **_augmentation(trial, asked)}


def source_training(trial: optuna.Trial, asked: Settings) -> dict[str, SettingValue]:
    """Choose step size, batch and augmentation of a training on the source."""
    train = asked.train
    batches = [max(2, train.batch // 4 * 2), train.batch, 2 * train.batch]
    return {
        "train.learning_rate": _factor(trial, "train.learning_rate", train.learning_rate, 8, 4),
        "train.batch": _choice(trial, "train.batch", train.batch, batches),
        **_augmentation(trial, asked),
    }


def values_of(asked: Settings, names: Iterable[str]) -> dict[str, SettingValue]:
    """Find what `asked` says of the settings in `names`."""
    found = {}
    for name in names:
        value: Any = asked
        for part in name.split("."):
            value = getattr(value, part)
        found[name] = value
    return found


def _augmentation(trial: optuna.Trial, asked: Settings) -> dict[str, SettingValue]:
    augment = asked.data.augment
    return {
        "data.augment.jpeg_probability": _choice(
            trial, "data.augment.jpeg_probability", augment.jpeg_probability, _SHARES
        ),
        "data.augment.flip": trial.suggest_categorical("data.augment.flip", [True, False]),
    }


def _factor(trial: optuna.Trial, name: str, asked: float, down: float, up: float) -> float:
    return trial.suggest_float(name, asked / down, asked * up, log=True)


def _choice(trial: optuna.Trial, name: str, asked: float, others: Sequence[float]) -> float:
    return trial.suggest_categorical(name, sorted({asked, *others}))
