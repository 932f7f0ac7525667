"""When fine-tuning ends: named rules that see the losses on the shots so far, and nothing else. No TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from forensictransfer.core.errors import ErrorCode, UserError, nearest

StopRule = Callable[[Sequence[float]], bool]

PLATEAU_STEPS = 30
PLATEAU_GAIN = 0.01


def steps(losses: Sequence[float]) -> bool:
    """Never stop before `adapt.steps` are done."""
    return False


def plateau(losses: Sequence[float]) -> bool:
    """Stop when the last 30 steps were on average no better than the 30 before them, by 1 % of these.

    A mean over 30 steps, because every step sees other random crops. Needs 60 steps to say anything.
    """
    if len(losses) < 2 * PLATEAU_STEPS:
        return False
    before = float(np.mean(losses[-2 * PLATEAU_STEPS : -PLATEAU_STEPS]))
    return float(np.mean(losses[-PLATEAU_STEPS:])) > (1 - PLATEAU_GAIN) * before


STOP_RULES: dict[str, StopRule] = {"steps": steps, "plateau": plateau}


def stop_rule(name: str) -> StopRule:
    """Find the named rule. Raises UserError for an unknown name."""
    if name not in STOP_RULES:
        raise UserError(
            f"unknown stop rule '{name}': expected {', '.join(STOP_RULES)}{nearest(name, STOP_RULES)}",
            code=ErrorCode.NAME_UNKNOWN,
        )
    return STOP_RULES[name]
