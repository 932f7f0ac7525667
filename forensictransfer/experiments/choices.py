"""The names that settings may hold: detectors, strategies, threshold rules, stop rules. No TensorFlow is imported."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from forensictransfer.core.settings import Choice, Choices, Settings
from forensictransfer.core.settings import load_settings as load_unchecked
from forensictransfer.detectors.registry import detectors
from forensictransfer.evaluation.thresholds import THRESHOLD_RULES
from forensictransfer.experiments.strategies import POOLINGS, STRATEGIES
from forensictransfer.experiments.strategies.stopping import STOP_RULES

CHOICES: Choices = {
    "detector": Choice("detector", detectors),
    "adapt.strategy": Choice("strategy", lambda: STRATEGIES),
    "train.pooling": Choice("pooling", lambda: POOLINGS),
    "adapt.pooling": Choice("pooling", lambda: POOLINGS),
    "train.threshold": Choice("threshold rule", lambda: THRESHOLD_RULES),
    "adapt.stop": Choice("stop rule", lambda: STOP_RULES),
    "adapt.threshold": Choice("threshold rule", lambda: THRESHOLD_RULES),
}


def held_choices() -> Choices:
    """Return the same with the detectors of this moment, for whoever loads settings many times over.

    What is installed is then looked up once, not each time.
    """
    known = detectors()
    return {**CHOICES, "detector": Choice("detector", lambda: known)}


def load_settings(
    config: str | Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    base: Settings | None = None,
    choices: Choices = CHOICES,
) -> Settings:
    """Load settings as `core.settings.load_settings` does, and check the names in them. Raises UserError."""
    return load_unchecked(config, overrides, base, choices)
