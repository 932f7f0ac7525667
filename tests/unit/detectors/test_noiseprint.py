"""Noiseprint: the loss by hand, the network and its tiles, batches of one camera and place, and weights from a file."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import DataSettings, Settings, load_settings
from forensictransfer.data.cameras.photographs import CameraPhotographs
from forensictransfer.data.images import Images
from forensictransfer.data.records import REAL, Record
from forensictransfer.detectors.networks.noiseprint.detector import Noiseprint
from forensictransfer.detectors.networks.noiseprint.network import (
    LAMBDA,
    flatness,
    nearest_is_alike,
    noiseprint_loss,
    residual_network,
)
from forensictransfer.testing.toys import as_files
from tests.traces import picture

SMALL = {"detector": "noiseprint", "data.crop": 48, "train.layers": 3, "train.filters": 4, "train.batch": 8}


@pytest.fixture(scope="module")
def small() -> Noiseprint:
    keras.utils.set_random_seed(0)
    return Noiseprint.build(load_settings(None, SMALL))


def test_the_loss_by_hand() -> None:
    """Four patches of 2 x 2 pixels in two groups of two; distances 1 within the first, 4 within the second, or far."""
    plane = np.zeros((4, 2, 2, 1), np.float32)
    plane[1, 0, 0] = 1.0  # d_01 = 1
    plane[2, 0, 0] = 2.0  # d_02 = 4, d_12 = 1
    plane[3, 0, 0], plane[3, 0, 1] = 2.0, 2.0  # d_23 = 4, d_03 = 8, d_13 = 1 + 4 = 5
    group = np.array([[0], [0], [1], [1]])
    e = np.exp
    shares = [
        e(-1) / (e(-1) + e(-4) + e(-8)),
        e(-1) / (e(-1) + e(-1) + e(-5)),
        e(-4) / (e(-4) + e(-1) + e(-4)),
        e(-4) / (e(-8) + e(-5) + e(-4)),
    ]
    # F of a 2 x 2 plane (a, b; 0, 0) is a + b, a - b, a + b, a - b. Powers: 0; 1, 1; 4, 4; 16 and 0.
    power = np.array([0 + 1 + 4 + 16, 0 + 1 + 4 + 0, 0 + 1 + 4 + 16, 0 + 1 + 4 + 0]) / 4
    flat = np.log(power).mean() - np.log(power.mean())
    assert flat < 0 and float(flatness(tf.constant(plane))) == pytest.approx(flat, rel=1e-5)
    found = noiseprint_loss(group, tf.constant(plane)).numpy()
    np.testing.assert_allclose(found, -np.log(shares) - LAMBDA * flat, rtol=1e-5)
    # Nearest to the second are the first and the third alike: a draw goes to the first.
    np.testing.assert_array_equal(nearest_is_alike(group, tf.constant(plane)), [1, 1, 0, 1])


def test_of_several_alike_the_shares_add_up() -> None:
    plane = np.zeros((6, 2, 2, 1), np.float32)
    plane[:, 0, 0, 0] = [0, 0, 0, 1, 1, 1]
    group = np.array([0, 0, 0, 1, 1, 1])
    found = noiseprint_loss(group, tf.constant(plane)) + LAMBDA * flatness(tf.constant(plane))
    np.testing.assert_allclose(found, np.full(6, -np.log(2 / (2 + 3 * np.exp(-1)))), rtol=1e-5)


def test_a_white_noiseprint_is_flat_and_a_pattern_is_not() -> None:
    rng = np.random.default_rng(0)
    impulse = np.zeros((1, 8, 8, 1), np.float32)
    impulse[0, 3, 4] = 1.0  # all frequencies alike
    assert float(flatness(tf.constant(impulse))) == pytest.approx(0, abs=1e-5)
    noise = rng.normal(size=(64, 8, 8, 1)).astype(np.float32)
    striped = noise + 3 * (np.arange(8) % 2 * 2 - 1)[:, None].astype(np.float32)
    assert -0.05 < float(flatness(tf.constant(noise))) < 0 and float(flatness(tf.constant(striped))) < -1


def test_the_network_is_the_papers_unless_asked_otherwise() -> None:
    model = residual_network(17, 64)
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert [layer.filters for layer in convolutions] == [64] * 16 + [1]
    assert sum("norm" in layer.name for layer in model.layers) == 15
    # 9 x 64 + 64; 15 times 9 x 64 x 64 and four numbers of each norm; 9 x 64 + 1
    assert model.count_params() == 640 + 15 * (36_864 + 256) + 577
    pixels = np.random.default_rng(0).integers(0, 256, (4, 48, 48, 3), np.uint8)
    assert 0.002 < float(np.std(model(pixels, training=True))) < 0.2  # about as the residual of noise


def test_tiles_make_the_noiseprint_of_the_whole(small: Noiseprint) -> None:
    pixels = picture(270, 530)
    whole = small.model(pixels[None], training=False)[0, ..., 0]
    np.testing.assert_allclose(small.noiseprint(pixels), whole, atol=1e-6)


def photographs() -> CameraPhotographs:
    """Two cameras: the pixels of a photograph say whose it is (red), which (green), and the row (blue)."""
    files = []
    for camera in range(2):
        for number in range(5):
            pixels = np.zeros((60, 70, 3), np.uint8)
            pixels[..., 0], pixels[..., 1] = 10 * camera, number
            pixels[..., 2] = np.arange(60)[:, None]
            files.append((camera, pixels))
    made = as_files([pixels for _, pixels in files])
    records = [Record(f"{i}.png", REAL, str(i), "train", one.content) for i, one in enumerate(made)]
    cameras = {record.name: f"camera {camera}" for record, (camera, _) in zip(records, files, strict=True)}
    return CameraPhotographs(Images(records, data=DataSettings()), cameras, fewest=4)


def test_a_group_is_of_one_camera_and_one_place() -> None:
    detector, settings = Noiseprint(residual_network(3, 4)), load_settings(None, {**SMALL, "train.batch": 12})
    patches, groups = detector.draw(photographs(), settings, np.random.default_rng(3))
    assert patches.shape == (12, 48, 48, 3) and groups.ravel().tolist() == [0] * 4 + [1] * 4 + [2] * 4
    for number in range(3):
        group = patches[groups.ravel() == number]
        assert len(np.unique(group[:, 0, 0, 0])) == 1 and len(np.unique(group[:, 0, 0, 2])) == 1
        assert len(np.unique(group[:, 0, 0, 1])) == 4  # of four photographs
    again, _ = detector.draw(photographs(), settings, np.random.default_rng(3))
    np.testing.assert_array_equal(patches, again)


def test_a_few_steps_bring_photographs_of_one_camera_together() -> None:
    """Two cameras that differ in the sign of a pattern of eight pixels, which noise hides."""
    keras.utils.set_random_seed(1)
    detector = Noiseprint(residual_network(3, 8))
    detector.compile(1e-2)
    rng = np.random.default_rng(5)
    pattern = np.tile(rng.choice([-6, 6], (8, 8)), (6, 6))
    group = np.repeat([0, 1], 4)[:, None]

    def batch() -> np.ndarray:
        noise = rng.normal(128, 4, (8, 48, 48))
        return np.repeat((noise + np.where(group == 0, 1, -1)[..., None] * pattern)[..., None], 3, -1).astype(np.uint8)

    before = detector.trainer.test_on_batch(batch(), group, return_dict=True)["loss"]
    for _ in range(30):
        detector.trainer.train_on_batch(batch(), group)
    detector.refresh_statistics([batch() for _ in range(4)])
    detector.trainer.reset_metrics()
    after = detector.trainer.test_on_batch(batch(), group, return_dict=True)
    assert after["accuracy"] == 1.0 and after["loss"] < before - 0.5


def test_an_image_without_words_does_not_apply(small: Noiseprint) -> None:
    flat = np.full((96, 160, 3), 120, np.uint8)
    found = small.examine(as_files([flat, np.full((96, 160, 3), 255, np.uint8), picture(63, 200)]))
    assert not any(said.applies for said in found)
    assert "80 blocks" in found[0].reason and "clipped" in found[1].reason and "64 pixels" in found[2].reason


def test_the_map_says_that_its_colours_are_relative(small: Noiseprint) -> None:
    (said,) = small.examine(as_files([picture(160, 200)]))
    assert said.applies and any("relative" in line for line in said.reasons)


def test_weights_of_a_file_bring_their_layers(tmp_path: Path, small: Noiseprint) -> None:
    path = tmp_path / "mine.keras"
    small.save(str(path))
    again = Noiseprint.create_from(Settings(detector="noiseprint"), path)
    for one, other in zip(again.get_weights(), small.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("batch", [4, 10])
def test_a_batch_is_of_two_groups_or_more(batch: int) -> None:
    with pytest.raises(
        UserError, match=r"train\.batch.*multiple of 4 from 8", check=lambda e: e.code == "setting-invalid"
    ):
        Noiseprint.check(load_settings(None, {**SMALL, "train.batch": batch}))
