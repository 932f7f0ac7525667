"""Make the package's layers known to Keras as soon as both are imported: `keras.models.load_model` then reads a run.

`import forensictransfer` must not load Keras (some seconds), and a saved model names its layers only by
`forensictransfer>Name`. So a finder waits at the head of `sys.meta_path` until somebody imports Keras, and registers
the layers then. Keras with another backend than TensorFlow is left alone: the layers are written for TensorFlow.
"""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

LAYERS = "forensictransfer.detectors.layers"
_log = logging.getLogger(__name__)


def register_layers_with_keras() -> None:
    """Register the layers now if Keras is imported, else as soon as it is; called when the package is imported."""
    keras = sys.modules.get("keras")
    if keras is not None and hasattr(keras, "saving"):
        _register(keras)
    elif not any(isinstance(finder, _KerasFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _KerasFinder())


def _register(keras: ModuleType) -> None:
    """Import the layers, which registers them. What goes wrong is logged: whoever imports Keras is not to suffer."""
    if keras.backend.backend() != "tensorflow":
        return
    try:
        importlib.import_module(LAYERS)
    except Exception as error:
        _log.warning("the layers of forensictransfer could not be registered with Keras: %s", error)


class _KerasFinder(MetaPathFinder):
    """Find `keras` as the other finders do, with a loader that registers the layers afterwards."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "keras":
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _RegisteringLoader(spec.loader, self)
                return spec
        return None


class _RegisteringLoader(Loader):
    """Load Keras with its own loader, give that one back to the module, then register the layers."""

    def __init__(self, loader: Loader, finder: MetaPathFinder) -> None:
        self.loader = loader
        self.finder = finder

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self.loader
        module.__loader__ = self.loader
        self.loader.exec_module(module)
        if self.finder in sys.meta_path:
            sys.meta_path.remove(self.finder)
        _register(module)
