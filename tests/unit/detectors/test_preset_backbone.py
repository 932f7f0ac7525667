"""The detector `backbone`: what it reads of a preset, against the backbone itself, and what it refuses."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from forensictransfer.core.errors import UserError
from forensictransfer.detectors.arithmetic import arithmetic, multiply_adds
from forensictransfer.detectors.layers.backbone_statistics import chosen_stages
from forensictransfer.detectors.loading import load_detector, model_config_digest
from forensictransfer.detectors.networks.preset_backbone import PresetBackbone
from forensictransfer.detectors.registry import check_training
from forensictransfer.detectors.trainable import TrainableDetector
from forensictransfer.experiments.choices import load_settings
from forensictransfer.testing import fresh
from tests.presets import efficientnet, keras_hub, vgg, write_preset

CROPS = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)


def vit() -> Any:
    return keras_hub().models.ViTBackbone(
        image_shape=(32, 32, 3), patch_size=8, num_layers=5, num_heads=2, hidden_dim=12, mlp_dim=16
    )


def clip() -> Any:
    models = keras_hub().models
    size = {"hidden_dim": 12, "num_layers": 7, "num_heads": 2, "intermediate_dim": 16}
    image = models.CLIPVisionEncoder(patch_size=16, image_shape=(32, 32, 3), name="vision", **size)
    text = models.CLIPTextEncoder(vocabulary_size=9, embedding_dim=12, max_sequence_length=4, name="text", **size)
    return models.CLIPBackbone(image, text, 8)


def dino() -> Any:
    return keras_hub().models.DINOV2Backbone(
        *(7, 4, 12, 2, 16), image_shape=(28, 28, 3), position_embedding_shape=(28, 28, 3), num_register_tokens=1
    )


def features_of(detector: TrainableDetector, crops: np.ndarray = CROPS) -> np.ndarray:
    """Without a graph, whose trace takes seconds."""
    return np.asarray(detector.model.get_layer("statistics")(crops))


def statistics_by_hand(planes: list[Any]) -> np.ndarray:
    """Mean and deviation of each channel over all positions, stage after stage."""
    rows = [np.asarray(part, np.float64).reshape(len(part), -1, part.shape[-1]) for part in planes]
    return np.concatenate([part for row in rows for part in (row.mean(axis=1), row.std(axis=1))], axis=1)


def test_features_are_statistics_of_the_levels_of_the_pyramid(tmp_path: Path) -> None:
    """Of all but the last, of scaled colours, crops as they are: the converter's size is not asked for."""
    keras.utils.set_random_seed(1)
    backbone = efficientnet()
    scale, offset = [1 / 255, 1 / 128, 1 / 64], [-0.5, 0.1, 0.2]
    detector = PresetBackbone.create_from(32, write_preset(tmp_path, backbone, scale=scale, offset=offset))
    levels = list(backbone.pyramid_outputs.values())[:-1]
    inner = keras.Model(backbone.input, levels)
    expected = statistics_by_hand(inner(CROPS * np.float32(scale) + np.float32(offset), training=False))
    found = features_of(detector)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
    widths = [planes.shape[-1] for planes in levels]
    assert [block.stop - block.start for block in detector.feature_blocks.values()] == [2 * width for width in widths]
    assert not detector.model.get_layer("statistics").trainable_weights


@pytest.mark.parametrize(("make", "stages"), [(vit, (1, 2, 3, 4)), (clip, (1, 3, 4, 6))])
def test_four_blocks_of_an_encoder_are_read_evenly(make: Any, stages: tuple[int, ...], tmp_path: Path) -> None:
    """Block i by the encoder's own blocks, one after the other; of CLIP it is the encoder of images alone."""
    backbone = make()
    detector = PresetBackbone.create_from(32, write_preset(tmp_path, backbone, scale=1 / 255, offset=None))
    pixels = CROPS.astype(np.float32) / 255
    if make is clip:
        encoder = backbone.vision_encoder
        tokens, blocks = encoder.pre_layer_norm(encoder.embedding(pixels)), encoder.encoder_layers
    else:
        tokens, blocks = backbone.layers[1](pixels), backbone.layers[2].encoder_layers
    given = []
    for block in blocks:
        tokens = block(tokens)
        given.append(tokens)
    expected = statistics_by_hand([given[number - 1] for number in stages])
    np.testing.assert_allclose(features_of(detector), expected, rtol=1e-3, atol=1e-4)


def test_a_crop_that_the_backbone_cannot_take_is_one_line_with_one_that_it_can(tmp_path: Path) -> None:
    folders = {make.__name__: write_preset(tmp_path / make.__name__, make()) for make in (vit, dino)}
    for name, crop, said in (("vit", 64, 32), ("dino", 64, 56)):
        match = f"data.crop: .*{name}.*got {crop}; take --data.crop {said}$"
        with pytest.raises(UserError, match=match, check=lambda error: error.code == "detector-unsuitable") as caught:
            PresetBackbone.create_from(crop, folders[name])
        assert "\n" not in str(caught.value)
    # Keras Hub interpolates the positions of DINOv2.
    crops = np.random.default_rng(1).integers(0, 256, (2, 56, 56, 3), np.uint8)
    assert np.isfinite(features_of(PresetBackbone.create_from(56, folders["dino"]), crops)).all()


def test_a_backbone_without_stages_of_its_own_is_read_at_each_size(tmp_path: Path) -> None:
    """The last planes of each of three sizes, without the output."""
    detector = PresetBackbone.create_from(32, write_preset(tmp_path, vgg()))
    assert detector.model.get_layer("statistics").widths == [4, 6, 8]


def test_a_saved_one_needs_no_preset_and_the_digest_tells_backbones_apart(tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    backbone = vgg()
    one = PresetBackbone.create_from(32, write_preset(tmp_path / "one", backbone))
    scaled = PresetBackbone.create_from(32, write_preset(tmp_path / "scaled", backbone, scale=1 / 127.5))
    other = PresetBackbone.create_from(32, write_preset(tmp_path / "other", vgg()))
    digests = [detector.feature_weights()[0].tolist() for detector in (one, scaled, other)]
    assert len({tuple(digest) for digest in digests}) == 3
    path, twin = tmp_path / "model.keras", tmp_path / "twin.keras"
    one.save(str(path))
    (tmp_path / "one/config.json").unlink()
    again = load_detector("backbone", path)
    np.testing.assert_array_equal(features_of(again), features_of(one))
    assert again.feature_weights()[0].tolist() == digests[0]
    scaled.save(str(twin))
    assert model_config_digest(path) != model_config_digest(twin) != "" == model_config_digest(tmp_path / "no.keras")


def test_multiply_adds_are_those_of_the_layers(tmp_path: Path) -> None:
    backbone = vgg()
    folder = write_preset(tmp_path, backbone)
    convolutions = keras.Model(*_applied(backbone, 32))
    expected = sum(multiply_adds(layer)[0] for layer in convolutions.layers) + 2 * (4 + 6 + 8)
    assert (
        arithmetic(PresetBackbone.create_from(32, folder)).encoder
        == expected
        == 32 * 32 * 27 * 4 + (16 * 16 * 36 * 6 + 8 * 8 * 54 * 8 + 36)
    )


def _applied(backbone: keras.Model, crop: int) -> tuple[Any, Any]:
    """The same layers on an input of known size."""
    image = keras.Input((crop, crop, 3))
    planes = image
    for layer in backbone.layers[1:]:
        planes = layer.__class__.from_config(layer.get_config())(planes)
    return image, planes


def test_a_backbone_of_other_inputs_is_refused() -> None:
    image, text = keras.Input((32, 32, 3)), keras.Input((4,))
    with pytest.raises(ValueError, match=r"not an image"):
        chosen_stages(keras.Model([image, text], [image, text]))


def test_folders_that_are_no_preset_are_one_line(tmp_path: Path) -> None:
    whole = write_preset(tmp_path / "whole", vgg())
    for name in ("config.json", "image_converter.json", "model.weights.h5"):
        folder = tmp_path / name.split(".")[0]
        folder.mkdir()
        for path in whole.iterdir():
            if path.name != name:
                (folder / path.name).write_bytes(path.read_bytes())
        _refused(folder, f"{folder}: expected a preset of Keras Hub")
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "image_converter.json").write_text("{}")
    (foreign / "config.json").write_text(json.dumps({"model_type": "clip"}))
    _refused(foreign, "got those of another library")
    (whole / "config.json").write_text("{")
    with pytest.raises(UserError, match="config.json", check=lambda error: error.code == "file-damaged"):
        PresetBackbone.create_from(32, whole)


def _refused(folder: Path, said: str) -> None:
    with pytest.raises(UserError, match=said, check=lambda error: error.code == "weights-unsuitable") as caught:
        PresetBackbone.create_from(32, folder)
    assert "\n" not in str(caught.value)


def test_without_keras_hub_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By a training and by a run that is opened."""
    path = tmp_path / "model.keras"
    PresetBackbone.create_from(32, write_preset(tmp_path, vgg())).save(str(path))
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    for begin in (lambda: PresetBackbone.create_from(32, tmp_path), lambda: load_detector("backbone", path)):
        with pytest.raises(UserError, match=r"forensictransfer\[backbones\]") as caught:
            begin()
        assert caught.value.code == "package-missing"


def test_without_a_preset_there_is_nothing_to_build() -> None:
    for begin in (
        lambda: fresh("backbone", 64),
        lambda: check_training("backbone", load_settings(None, {"detector": "backbone"}).train),
    ):
        with pytest.raises(
            UserError, match="--weights FOLDER", check=lambda error: error.code == "detector-unsuitable"
        ):
            begin()


def test_a_fit_is_in_units_of_the_features(tmp_path: Path) -> None:
    """A feature a hundred times as large is worth no more."""
    detector = PresetBackbone.create_from(32, write_preset(tmp_path, vgg()))
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 2
    features = rng.normal(size=(60, detector.model.output["features"].shape[1]))
    features[labels == 1, :5] += 1.5
    scores = []
    for factor in (1.0, 100.0):
        grown = features * np.where(np.arange(features.shape[1]) % 2, factor, 1.0)
        detector.fit_features(grown.astype(np.float32), labels)
        energies = detector.energies_of(grown.astype(np.float32))
        scores.append(energies[:, 1] - energies[:, 0])
    assert np.corrcoef(scores[0], scores[1])[0, 1] > 0.99
