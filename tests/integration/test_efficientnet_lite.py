"""benchmarks/efficientnet_lite.py: files of tensors are read without PyTorch, and names and axes are translated."""

from __future__ import annotations

import collections
import importlib.util
import io
import os
import pickle
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from forensictransfer.core.errors import UserError

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "efficientnet_lite.py"
pytestmark = pytest.mark.skipif(not SCRIPT.is_file(), reason="needs the checkout")
MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "path", [*sys.path])
    spec = importlib.util.spec_from_file_location("efficientnet_lite_script", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def stand_in(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """As much of PyTorch as its files name."""
    torch, utils = ModuleType("torch"), ModuleType("torch._utils")

    def rebuild(*arguments: Any) -> None:
        raise AssertionError("reading makes nothing but arrays")

    rebuild.__module__, rebuild.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = rebuild  # type: ignore[attr-defined]
    torch.FloatStorage = type("FloatStorage", (), {"__module__": "torch"})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)
    return torch


class Storage:
    """Values that a tensor is a view of."""

    def __init__(self, key: str, values: np.ndarray) -> None:
        self.key, self.values = key, values


class View:
    """A tensor."""

    def __init__(self, storage: Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
        self.arguments = (storage, offset, shape, strides, False, collections.OrderedDict())

    def __reduce__(self) -> tuple[Any, ...]:
        return sys.modules["torch._utils"]._rebuild_tensor_v2, self.arguments


def written(torch: ModuleType, tensors: dict[str, View], storages: list[Storage]) -> bytes:
    """What PyTorch wrote into a file until 2020."""
    stream = io.BytesIO()
    for header in (MAGIC, PROTOCOL, {"little_endian": True}):
        pickle.dump(header, stream, protocol=2)

    class Pickler(pickle.Pickler):
        def persistent_id(self, asked: Any) -> Any:
            if isinstance(asked, Storage):
                return ("storage", torch.FloatStorage, asked.key, "cpu", len(asked.values), None)  # type: ignore[attr-defined]
            return None

    Pickler(stream, protocol=2).dump(collections.OrderedDict(tensors))
    pickle.dump([storage.key for storage in storages], stream, protocol=2)
    for storage in storages:
        stream.write(np.array([len(storage.values)], "<i8").tobytes() + storage.values.astype("<f4").tobytes())
    return stream.getvalue()


def test_tensors_are_read_as_pytorch_wrote_them(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Views that begin later, and transposed ones."""
    one, other = Storage("1", np.arange(8.0)), Storage("2", np.arange(3.0) / 2)
    tensors = {"turned": View(one, 2, (3, 2), (1, 3)), "plain": View(other, 0, (3,), (1,))}
    path = tmp_path / "weights.pth"
    path.write_bytes(written(stand_in(monkeypatch), tensors, [one, other]))
    found = script.read_weights(path)
    np.testing.assert_array_equal(found["turned"], [[2, 5], [3, 6], [4, 7]])
    np.testing.assert_array_equal(found["plain"], [0, 0.5, 1])


class Harmful:
    """What a file must not have done."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("harm",)


def test_a_file_that_asks_for_anything_else_is_refused(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    harm = b"".join(pickle.dumps(part, protocol=2) for part in (MAGIC, PROTOCOL, {}, {"a": Harmful()}))
    first = pickle.dumps(Harmful(), protocol=2)
    for content in (harm, first, b"", b"PK\x03\x04"):
        path = tmp_path / "weights.pth"
        path.write_bytes(content)
        with pytest.raises(UserError, match="weights.pth", check=lambda error: error.code == "weights-unsuitable"):
            script.read_weights(path)
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        ("stem_conv", "_conv_stem"),
        ("top_bn", "_bn1"),
        ("block1a_dwconv", "_blocks.0._depthwise_conv"),
        ("block3b_project_bn", "_blocks.4._bn2"),
        ("block7a_expand_conv", "_blocks.15._expand_conv"),
    ],
)
def test_layers_are_found_by_their_names(script: ModuleType, layer: str, name: str) -> None:
    assert script.theirs(layer) == name


def test_axes_are_in_the_order_of_keras(script: ModuleType) -> None:
    rng = np.random.default_rng(0)
    full, deep = rng.normal(size=(5, 3, 2, 2)), rng.normal(size=(4, 1, 3, 3))
    weights = {"_conv_stem.weight": full, "_blocks.0._depthwise_conv.weight": deep}
    (kernel,) = script.weights_of("stem_conv", weights)
    assert kernel.shape == (2, 2, 3, 5) and kernel[0, 1, 2, 3] == full[3, 2, 0, 1]
    (kernel,) = script.weights_of("block1a_dwconv", weights)
    assert kernel.shape == (3, 3, 4, 1) and kernel[0, 1, 2, 0] == deep[2, 0, 0, 1]
