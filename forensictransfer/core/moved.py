"""Modules and names of version 0.1 in their old places: the new module answers, with a DeprecationWarning.

They go away with version 0.3. Nothing of the package uses them.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

PACKAGE = "forensictransfer"
MOVED = {
    "adaptation": "experiments.adapt",
    "arguments": "cli.parser",
    "board": "report.tensorboard",
    "calibration": "evaluation.thresholds",
    "callbacks": "experiments.callbacks",
    "card": "report.model_card",
    "checkpoint": "experiments.checkpoint",
    "commands": "api",
    "config": "core.settings",
    "data.builtin": "data.catalogue.builtin",
    "data.celeba": "data.catalogue.celeba",
    "data.extracted": "data.catalogue.extracted",
    "data.groups": "data.folders.groups",
    "data.layout": "data.folders.layout",
    "data.manual": "data.catalogue.manual",
    "data.pipeline": "data.batches",
    "decision": "evaluation.decision",
    "demo": "cli.demo",
    "detectors.applications": "detectors.networks.backbone",
    "detectors.constrained_conv": "detectors.networks.constrained_conv",
    "detectors.cooccurrence": "detectors.networks.cooccurrence",
    "detectors.ddt": "detectors.networks.ddt",
    "detectors.forensic_transfer": "detectors.networks.forensic_transfer",
    "detectors.logit": "detectors.networks.logit",
    "detectors.meso": "detectors.networks.meso",
    "detectors.mobilenet": "detectors.networks.mobilenet",
    "detectors.names": "detectors.registry",
    "detectors.pairwise": "detectors.networks.pairwise",
    "detectors.parts": "detectors.stages",
    "detectors.prototypes": "detectors.networks.prototypes",
    "detectors.residual_cnn": "detectors.networks.residual_cnn",
    "detectors.resnet": "detectors.networks.resnet",
    "detectors.xception": "detectors.networks.xception",
    "environment": "core.environment",
    "errors": "core.errors",
    "files": "core.files",
    "layers": "detectors.layers",
    "metrics": "evaluation.metrics",
    "report.predictions": "results.scores",
    "runs": "results.runs",
    "strategies": "experiments.strategies",
    "training": "experiments.train",
    "video": "data.video",
}


def answer_for_moved_modules() -> None:
    """Let `import` find the modules of MOVED; called once, when the package is imported."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())


def moved_names(module: str, new: str, names: Sequence[str]) -> Callable[[str], Any]:
    """Make a `__getattr__` for a module that is still there, but whose `names` are now in the module `new`."""

    def answer(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module '{module}' has no attribute '{name}'")
        warnings.warn(f"{module}.{name} is now in {PACKAGE}.{new}", DeprecationWarning, stacklevel=2)
        return getattr(importlib.import_module(f"{PACKAGE}.{new}"), name)

    return answer


class _Finder(MetaPathFinder):
    """Find old paths, after every other finder has found nothing."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        head, _, name = fullname.partition(".")
        if head != PACKAGE:
            return None
        # Of a package that has moved, its modules have moved along.
        old = next((old for old in MOVED if name == old or name.startswith(f"{old}.")), None)
        if old is None:
            return None
        new = f"{PACKAGE}.{MOVED[old]}{name.removeprefix(old)}"
        return ModuleSpec(fullname, _Alias(new), is_package=True)


class _Alias(Loader):
    """Load a module that hands every question on to the one that has taken its place."""

    def __init__(self, new: str) -> None:
        self.new = new

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        warnings.warn(f"{module.__name__} is now {self.new}", DeprecationWarning, stacklevel=2)
        found = importlib.import_module(self.new)

        def answer(name: str) -> Any:
            return getattr(found, name)

        module.__dict__["__getattr__"] = answer
        module.__doc__ = found.__doc__
        module.__dict__["__all__"] = [name for name in dir(found) if not name.startswith("_")]
