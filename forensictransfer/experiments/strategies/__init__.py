"""The adaptation strategies by name, readable without loading TensorFlow: settings and `--help` check names here.

A strategy sees the shots and what the run kept of its source, never the target's test split.
"""

from __future__ import annotations

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.settings import AdaptSettings
from forensictransfer.detectors.registry import detectors

STRATEGIES = {
    "finetune": "train all weights on the shots with the losses of the source (the paper)",
    "threshold": "keep the detector, re-fit its decision threshold alone",
    "head": "a linear classifier on the features; their covariance comes from source and shots, no gradient",
    "prototype": "distance to the shots' mean features under the source's covariance, no gradient",
    "fused": "several such classifiers as one: of blocks of the features, or of several runs (--run), no gradient",
    "tuned": "whichever of these, with which settings, does best on held-out shots (adapt.trials of them are tried)",
}
# Those that change the detector's weights; the others work on what it says anyway.
WITH_GRADIENT = ("finetune", "tuned")
# How the scores of tiles become an image's.
AUTO, MEAN = "auto", "mean"
POOLINGS = {
    MEAN: "the mean of the tiles",
    "spread": "the mean and two standard deviations among the tiles, for forgeries of a small part",
    AUTO: "whichever sets the classes farther apart among images that were left out of the fit",
}
WITH_POOLING = ("head", "fused")
# Those that can score a shot by a fit without its group (`adapt.held_out`).
WITH_HELD_OUT = ("head", "fused")
# Those that ask how features vary with content (`adapt.background`).
WITH_BACKGROUND = ("head", "prototype", "fused")


def holds_out(options: AdaptSettings) -> bool:
    """Tell whether the threshold is fitted on scores of shots by fits without their groups."""
    return options.held_out and options.strategy in WITH_HELD_OUT


def pools(options: AdaptSettings) -> bool:
    """Tell whether what the tiles of an image differ by may count."""
    return options.pooling != MEAN and options.strategy in WITH_POOLING


def strategies_of(detector: str) -> tuple[str, ...]:
    """List the strategies that can adapt a registered detector."""
    gradient = detectors()[detector].gradient
    return tuple(name for name in STRATEGIES if gradient or name not in WITH_GRADIENT)


def check_strategy(detector: str, strategy: str) -> None:
    """Raise UserError if a detector cannot be adapted by a strategy."""
    if strategy not in strategies_of(detector):
        raise cannot_adapt(detector, strategy)


def cannot_adapt(detector: str, strategy: str) -> UserError:
    """Say that a strategy of gradient steps does not suit a detector that is not trained by them."""
    possible = ", ".join(name for name in STRATEGIES if name not in WITH_GRADIENT)
    return UserError(
        f"adapt.strategy: '{detector}' is not trained by gradient steps, so '{strategy}' cannot adapt it; "
        f"choose one of {possible}",
        code=ErrorCode.DETECTOR_UNSUITABLE,
    )
