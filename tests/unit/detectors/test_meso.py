"""MesoNet to the letter: layers, parameters, loss, and the authors' files of weights."""

from __future__ import annotations

from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from forensictransfer.core.errors import UserError
from forensictransfer.detectors.networks.meso import Meso4, MesoInception4, squared_error

# Parameters of each layer that has some: kernel + bias, or four for each plane of a batch norm.
MESO4 = {
    "block_1": 3 * 3 * 3 * 8 + 8,
    "block_1_norm": 4 * 8,
    "block_2": 5 * 5 * 8 * 8 + 8,
    "block_2_norm": 4 * 8,
    "block_3": 5 * 5 * 8 * 16 + 16,
    "block_3_norm": 4 * 16,
    "block_4": 5 * 5 * 16 * 16 + 16,
    "block_4_norm": 4 * 16,
    "dense": 8 * 8 * 16 * 16 + 16,
    "logit": 16 + 1,
}
INCEPTION = {
    "block_1_a": 3 * 1 + 1,
    "block_1_b_1": 3 * 4 + 4,
    "block_1_b_2": 9 * 4 * 4 + 4,
    "block_1_c_1": 3 * 4 + 4,
    "block_1_c_2": 9 * 4 * 4 + 4,
    "block_1_d_1": 3 * 2 + 2,
    "block_1_d_2": 9 * 2 * 2 + 2,
    "block_1_norm": 4 * 11,
    "block_2_a": 11 * 2 + 2,
    "block_2_b_1": 11 * 4 + 4,
    "block_2_b_2": 9 * 4 * 4 + 4,
    "block_2_c_1": 11 * 4 + 4,
    "block_2_c_2": 9 * 4 * 4 + 4,
    "block_2_d_1": 11 * 2 + 2,
    "block_2_d_2": 9 * 2 * 2 + 2,
    "block_2_norm": 4 * 12,
    "block_3": 5 * 5 * 12 * 16 + 16,
    **{name: count for name, count in MESO4.items() if name in ("block_3_norm", "block_4", "block_4_norm")},
    **{name: count for name, count in MESO4.items() if name in ("dense", "logit")},
}


@pytest.mark.parametrize(("kind", "layers", "total"), [(Meso4, MESO4, 28_073), (MesoInception4, INCEPTION, 28_725)])
def test_parameters_layer_by_layer(kind: type[Meso4], layers: dict[str, int], total: int) -> None:
    model = kind.create(256).model
    assert {layer.name: layer.count_params() for layer in model.layers if layer.weights} == layers
    assert model.count_params() == sum(layers.values()) == total


def test_planes_shrink_as_in_the_paper() -> None:
    model = Meso4.create(256).model
    sides = [model.get_layer(f"block_{number}_pool").output.shape[1:] for number in (1, 2, 3, 4)]
    assert sides == [(128, 128, 8), (64, 64, 8), (32, 32, 16), (8, 8, 16)]
    dilations = {
        name: MesoInception4.create(64).model.get_layer(f"block_1_{name}_2").dilation_rate for name in ("b", "c", "d")
    }
    assert dilations == {"b": (1, 1), "c": (2, 2), "d": (3, 3)}


def test_the_loss_by_hand() -> None:
    label, logit = np.array([[1.0], [0.0]], np.float32), np.array([[0.0], [np.log(3.0)]], np.float32)
    # sigmoid(0) = 1/2 and sigmoid(log 3) = 3/4.
    np.testing.assert_allclose(squared_error(label, logit), [0.25, 0.5625], atol=1e-6)


def test_the_step_size_falls_to_a_tenth_every_thousand_steps() -> None:
    schedule = Meso4.create(64).optimizer(1e-3)._learning_rate
    found = [float(schedule(step)) for step in (0, 999, 1000, 2500)]
    np.testing.assert_allclose(found, [1e-3, 1e-3, 1e-4, 1e-5], rtol=1e-6)


# The authors' files


def keras2_names(model: keras.Model) -> list[tuple[str, str]]:
    """(name in such a file, name here) of each layer with weights, in the order in which the authors' program makes
    them. Numbers go on from what was made before in the same process, as they do in real files."""
    kinds = {"Conv2D": "conv2d", "PopulationBatchNormalization": "batch_normalization", "Dense": "dense"}
    counts = dict.fromkeys(kinds.values(), 8)
    names = []
    for layer in sorted((layer for layer in model.layers if layer.weights), key=lambda layer: layer.name):
        kind = kinds[type(layer).__name__]
        counts[kind] += 1
        names.append((f"{kind}_{counts[kind]}", layer.name))
    return names


def write_keras2(path: Path, model: keras.Model, arrays: dict[str, list[np.ndarray]], top: str = "") -> None:
    """A file as `save_weights` of Keras 2.1 writes it: groups of layers, names of weights as byte strings."""
    parts = {"conv2d": ("kernel", "bias"), "dense": ("kernel", "bias")}
    norm = ("gamma", "beta", "moving_mean", "moving_variance")
    with h5py.File(path, "w") as file:
        root = file.create_group(top) if top else file
        pairs = keras2_names(model)
        # Layers without weights stand in the list, too; and the list is not sorted by number.
        listed = [b"input_1", *(name.encode() for name, _ in reversed(pairs)), b"max_pooling2d_1"]
        root.attrs["layer_names"] = listed
        root.attrs["keras_version"], root.attrs["backend"] = b"2.1.5", b"tensorflow"
        for empty in (b"input_1", b"max_pooling2d_1"):
            root.create_group(empty.decode()).attrs["weight_names"] = np.array([], "S1")
        for name, ours in pairs:
            group = root.create_group(name)
            names = [f"{name}/{part}:0" for part in parts.get(name.rsplit("_", 1)[0], norm)]
            group.attrs["weight_names"] = [one.encode() for one in names]
            for one, array in zip(names, arrays[ours], strict=True):
                group.create_dataset(one, data=array)


def random_arrays(model: keras.Model, seed: int) -> dict[str, list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    return {
        layer.name: [rng.uniform(0.1, 0.5, weight.shape).astype(np.float32) for weight in layer.get_weights()]
        for layer in model.layers
        if layer.weights
    }


@pytest.mark.parametrize("kind", [Meso4, MesoInception4])
@pytest.mark.parametrize("top", ["", "model_weights"])
def test_the_authors_weights_are_read_and_real_is_not_their_one(kind: type[Meso4], top: str, tmp_path: Path) -> None:
    detector = kind.create(64)
    arrays = random_arrays(detector.model, seed=3)
    write_keras2(tmp_path / "Meso.h5", detector.model, arrays, top)
    # What the authors' network says of an image with these weights: the probability of real.
    for layer in detector.model.layers:
        if layer.weights:
            layer.set_weights(arrays[layer.name])
    crops = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), np.uint8)
    theirs = detector.analyse(crops).scores
    loaded = kind.create(64)
    loaded.load_pretrained(tmp_path / "Meso.h5")
    np.testing.assert_allclose(loaded.analyse(crops).scores, -theirs, rtol=1e-5)
    for name, expected in arrays.items():
        if name != "logit":
            for one, other in zip(loaded.model.get_layer(name).get_weights(), expected, strict=True):
                np.testing.assert_array_equal(one, other)


def test_files_that_do_not_fit_are_one_line_and_change_nothing(tmp_path: Path) -> None:
    small, path = Meso4.create(64), tmp_path / "Meso.h5"
    before = small.model.get_weights()
    large = Meso4.create(256)
    cases = []
    write_keras2(path, large.model, random_arrays(large.model, 1))
    cases.append((path, r"dense_9 has the shapes 1024 x 16, 16, expected 64 x 16, 16; .*data.crop"))
    other = tmp_path / "inception.h5"
    inception = MesoInception4.create(64)
    write_keras2(other, inception.model, random_arrays(inception.model, 1))
    cases.append((other, "expected 4 layers called conv2d, found 16"))
    text = tmp_path / "text.h5"
    text.write_text("no weights")
    cases.append((text, "text.h5: expected weights that Keras 2 saved"))
    empty = tmp_path / "empty.h5"
    h5py.File(empty, "w").close()
    cases.append((empty, "empty.h5: expected weights that Keras 2 saved"))
    for file, said in cases:
        with pytest.raises(UserError, match=said, check=lambda error: error.code == "weights-unsuitable") as caught:
            small.load_pretrained(file)
        assert "\n" not in str(caught.value) and str(file) in str(caught.value)
    assert all(map(np.array_equal, before, small.model.get_weights()))


def test_weights_of_a_run_are_read_too(tmp_path: Path) -> None:
    keras.utils.set_random_seed(4)
    one, other = Meso4.create(64), Meso4.create(64)
    one.save(str(tmp_path / "model.keras"))
    other.load_pretrained(tmp_path / "model.keras")
    assert all(map(np.array_equal, one.model.get_weights(), other.model.get_weights()))
    with pytest.raises(
        UserError, match="model.keras: .*'mesoinception4'", check=lambda error: error.code == "weights-unsuitable"
    ):
        MesoInception4.create(64).load_pretrained(tmp_path / "model.keras")
