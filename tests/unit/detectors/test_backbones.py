"""Backbones of keras.applications: the published network with our batch norm, and ImageNet's files of weights."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from forensictransfer.core.errors import UserError
from forensictransfer.detectors.layers import PopulationBatchNormalization, ScaledPixels
from forensictransfer.detectors.networks.backbone import BackboneDetector
from forensictransfer.detectors.networks.mobilenet import MobileNet
from forensictransfer.detectors.networks.xception import Xception


def randomised(model: keras.Model, seed: int) -> keras.Model:
    """The model with statistics that are not those of a fresh batch norm."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, weight.shape) for weight in layer.get_weights()])
    return model


def original(kind: type[BackboneDetector], side: int) -> keras.Model:
    """The published network, as keras.applications has it, on what the detector feeds it."""
    detector_input = keras.Input((side, side, 3), dtype="uint8")
    return randomised(kind.backbone(kind.scaled(detector_input)), seed=1)


@pytest.mark.parametrize(("kind", "side"), [(MobileNet, 64), (Xception, 72)])
def test_a_file_of_weights_gives_the_published_network(kind: type[BackboneDetector], side: int, tmp_path: Path) -> None:
    keras.utils.set_random_seed(2)
    published = original(kind, side)
    path = tmp_path / "imagenet_notop.h5"
    # The form of the files of keras.applications, which Keras 3 no longer writes under this name by itself.
    keras.src.legacy.saving.legacy_h5_format.save_weights_to_hdf5_group(_h5(path), published)
    detector = kind.create(side)
    detector.load_pretrained(path)
    crops = np.random.default_rng(0).integers(0, 256, (3, side, side, 3), np.uint8)
    expected = published(crops, training=False).numpy().mean(axis=(1, 2))
    np.testing.assert_allclose(detector.analyse(crops).features, expected, rtol=1e-3, atol=1e-4)
    norms = [layer for layer in detector.model.layers if "BatchNorm" in type(layer).__name__]
    assert norms and all(isinstance(layer, PopulationBatchNormalization) for layer in norms)


def _h5(path: Path):  # type: ignore[no-untyped-def]
    import h5py

    return h5py.File(path, "w")


def test_other_files_are_one_line(tmp_path: Path) -> None:
    path = tmp_path / "weights.h5"
    path.write_bytes(b"nothing")
    detector = MobileNet.create(64)
    before = detector.model.get_weights()
    with pytest.raises(
        UserError, match="weights.h5: .*'mobilenet'", check=lambda error: error.code == "weights-unsuitable"
    ) as caught:
        detector.load_pretrained(path)
    assert "\n" not in str(caught.value)
    assert all(map(np.array_equal, before, detector.model.get_weights()))


def test_parameters() -> None:
    """Of the published networks without top, and a dense layer on their planes."""
    assert Xception.create(72).model.count_params() == 20_861_480 + 2048 + 1
    assert MobileNet.create(64).model.count_params() == 939_120 + 576 + 1


def test_stages_have_the_same_names_in_every_model() -> None:
    """Keras numbers unnamed layers on within a process; the stages are found all the same."""
    for _ in range(2):
        detector = Xception.create(72)
        shapes = [detector.model.get_layer(name).output.shape[-1] for name in detector.stages[:3]]
        assert shapes == [728, 728, 2048]
    assert isinstance(detector.model.get_layer("scaled"), ScaledPixels)
