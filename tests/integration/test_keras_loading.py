"""Keras alone loads the model of a run once `forensictransfer` is imported, in either order."""

from __future__ import annotations

import importlib
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUNS = ROOT / "tests" / "fixtures" / "v0_1" / "runs"
MODELS = [str(RUNS / detector / "model.keras") for detector in ("ft-res", "cooccurrence")]
LOADED = f"""
for path in {MODELS}:
    model = keras.models.load_model(path)
    assert any(type(layer).__module__.startswith("forensictransfer.") for layer in model.layers)
assert not [finder for finder in sys.meta_path if "forensictransfer.detectors" in type(finder).__module__]
assert "forensictransfer" not in type(keras.__spec__.loader).__module__
"""
# Stands for Keras on a backend that is not installed here.
OTHER_KERAS = """
from types import SimpleNamespace
backend, saving = SimpleNamespace(backend=lambda: "jax"), SimpleNamespace()
"""


def run(code: str) -> None:
    """Run `code` in a fresh Python; fail with what it wrote on stderr."""
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "2"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=variables, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "imports",
    [
        "import forensictransfer, keras",
        "import keras, forensictransfer",
        "from forensictransfer.detectors.networks.residual_cnn import ResidualCNN; import keras",
    ],
)
def test_a_saved_model_loads_in_keras_alone(imports: str) -> None:
    """The third imports Keras from within the package, where the layers must not import in a circle."""
    run(f"import sys\n{imports}\n{LOADED}")


def test_looking_for_keras_is_not_importing_it() -> None:
    run(
        "import importlib.util, sys, forensictransfer\n"
        "assert importlib.util.find_spec('keras') is not None\n"
        "assert not {'keras', 'tensorflow', 'forensictransfer.detectors.layers'} & set(sys.modules)\n"
        "assert [finder for finder in sys.meta_path if 'forensictransfer.detectors' in type(finder).__module__]\n"
    )


@pytest.mark.parametrize("imports", ["forensictransfer, keras", "keras, forensictransfer"])
def test_keras_on_another_backend_is_left_alone(imports: str, tmp_path: Path) -> None:
    (tmp_path / "keras.py").write_text(OTHER_KERAS, encoding="utf-8")
    run(
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        f"import {imports}\n"
        "assert keras.backend.backend() == 'jax'\n"
        "assert not {'tensorflow', 'forensictransfer.detectors.layers'} & set(sys.modules)\n"
    )


def test_all_that_a_saved_model_may_hold_is_registered_with_the_layers() -> None:
    """What a network registers beside them is for training alone: a function, which no saved model names."""
    import keras

    from forensictransfer.detectors import networks

    for found in pkgutil.iter_modules(networks.__path__):
        importlib.import_module(f"{networks.__name__}.{found.name}")
    ours = {
        name: kind for name, kind in keras.saving.get_custom_objects().items() if name.startswith("forensictransfer>")
    }
    classes = [kind for kind in ours.values() if isinstance(kind, type)]
    assert len(classes) > 10
    layers = "forensictransfer.detectors.layers"
    assert {kind.__module__.rpartition(".")[0] for kind in classes} == {layers, f"{layers}.statistics"}
    imported = importlib.import_module(layers)  # what loading a model imports
    assert [kind for kind in classes if getattr(imported, kind.__name__, None) is not kind] == []
