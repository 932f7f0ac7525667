"""Files of weights as Keras 2 wrote them (`save_weights("FILE.h5")`), and how they go into a network of today.

Such a file names its layers (`conv2d_1`, `batch_normalization_1`, ...) by kind and number, in the order in which they
were made, and keeps for each the arrays of its weights: kernel and bias; gamma, beta, moving mean and variance.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import keras
import numpy as np

from forensictransfer.core.errors import ErrorCode, UserError, first_line
from forensictransfer.detectors.layers import PopulationBatchNormalization

KINDS: dict[str, tuple[type[keras.Layer], ...]] = {
    "conv2d": (keras.layers.Conv2D,),
    "batch_normalization": (PopulationBatchNormalization, keras.layers.BatchNormalization),
    "dense": (keras.layers.Dense,),
}


def read_keras2_weights(path: Path) -> dict[str, list[np.ndarray]]:
    """Read the arrays of each layer that has some, by the layer's name.

    Raises UserError if the file is no such file.
    """
    found: dict[str, list[np.ndarray]] = {}
    try:
        with h5py.File(path, "r") as file:
            top = file.get("model_weights", file)
            for name in map(_text, top.attrs["layer_names"]):
                arrays = [np.asarray(top[name][_text(weight)]) for weight in top[name].attrs["weight_names"]]
                if arrays:
                    found[name] = arrays
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path}: expected weights that Keras 2 saved (.h5): {first_line(error)}", code=ErrorCode.WEIGHTS_UNSUITABLE
        ) from error
    if not found:
        raise UserError(
            f"{path}: expected weights that Keras 2 saved (.h5), found layers without weights",
            code=ErrorCode.WEIGHTS_UNSUITABLE,
        )
    return found


def take_keras2_weights(model: keras.Model, stored: Mapping[str, Sequence[np.ndarray]], what: str) -> None:
    """Give the layers of `model` the stored weights: of each kind, in the order in which the stored layers were made.

    The names of the model's layers have to sort in that order: a functional model does not remember it.
    what: begins the message of an error. Raises UserError if there are other layers than expected, or other shapes;
    the model is then as it was.
    """
    numbered: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for name in stored:
        match = re.fullmatch(r"(.+?)(?:_(\d+))?", name)
        assert match is not None
        numbered[match.group(1)].append((int(match.group(2) or 0), name))
    unknown = sorted(set(numbered) - set(KINDS))
    if unknown:
        raise UserError(
            f"{what}: found a layer '{unknown[0]}', expected {', '.join(KINDS)}", code=ErrorCode.WEIGHTS_UNSUITABLE
        )
    pairs = []
    for kind, classes in KINDS.items():
        layers = sorted((layer for layer in model.layers if isinstance(layer, classes)), key=lambda layer: layer.name)
        names = [name for _, name in sorted(numbered[kind])]
        if len(names) != len(layers):
            raise UserError(
                f"{what}: expected {len(layers)} layers called {kind}, found {len(names)}",
                code=ErrorCode.WEIGHTS_UNSUITABLE,
            )
        pairs += list(zip(layers, names, strict=True))
    for layer, name in pairs:
        expected, found = ([tuple(array.shape) for array in arrays] for arrays in (layer.get_weights(), stored[name]))
        if expected != found:
            raise UserError(
                f"{what}: {name} has the shapes {_shapes(found)}, expected {_shapes(expected)}; "
                "weights fit one size of crops (data.crop)",
                code=ErrorCode.WEIGHTS_UNSUITABLE,
            )
    for layer, name in pairs:
        layer.set_weights(list(stored[name]))


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _shapes(shapes: Sequence[tuple[int, ...]]) -> str:
    return ", ".join(" x ".join(map(str, shape)) or "1" for shape in shapes)
