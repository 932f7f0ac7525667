"""The camera and the histories do what they say, the classes are equal, and the traces are there to be found."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import tensorflow_datasets as tfds
from forensictransfer.datasets.camera_splices.camera import Camera
from forensictransfer.datasets.camera_splices.camera_splices_dataset_builder import Builder, CameraSplicesConfig
from forensictransfer.datasets.camera_splices.catalogue import CONFIGS
from forensictransfer.datasets.camera_splices.examples import Picture, pictures
from forensictransfer.datasets.camera_splices.histories import HISTORIES, SIDE, History, opened
from forensictransfer.datasets.forged_photos.photographs import SPLITS

from forensictransfer.data.image_file import ImageFile
from forensictransfer.detectors.signals.jpeg_double.detector import JpegDouble

FEW = (2, 2, 2)


class CameraSplicesTest(tfds.testing.DatasetBuilderTestCase):
    DATASET_CLASS = Builder
    BUILDER_CONFIG_NAMES_TO_TEST: ClassVar = [
        CameraSplicesConfig(name=f"{name}_small", history=name, per_class=FEW) for name in ("raw", "saved_twice")
    ]
    SPLITS: ClassVar = dict(zip(SPLITS, (2 * count for count in FEW), strict=True))
    EXAMPLE_DIR = str(Path(__file__).parent)


@functools.cache
def made(config: str) -> tuple[Picture, ...]:
    return tuple(pictures(config, "test", 5))


def test_the_builder_knows_every_configuration_of_the_catalogue() -> None:
    assert list(Builder.builder_configs) == list(CONFIGS) == list(HISTORIES)


@pytest.mark.parametrize("config", CONFIGS)
def test_classes_share_scenes_and_what_files_say(config: str) -> None:
    files = {label: [ImageFile(one.encoded) for one in made(config) if one.label == label] for label in (0, 1)}
    groups = {label: [one.group for one in made(config) if one.label == label] for label in (0, 1)}
    assert groups[0] == groups[1] and len(set(groups[0])) == 5
    for real, fake in zip(files[0], files[1], strict=True):
        assert real.size == fake.size == (SIDE, SIDE)
        assert real.container.format == fake.container.format == ("PNG" if config == "raw" else "JPEG")
        for one, other in zip(real.container.quantisation, fake.container.quantisation, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("config", CONFIGS)
def test_fakes_have_masks_and_reals_have_none(config: str) -> None:
    for picture in made(config):
        if picture.mask is None:
            assert picture.label == 0
        else:
            share = float((opened(picture.mask)[..., 0] == 255).mean())
            assert picture.label == 1 and 0.05 < share < 0.3


@pytest.mark.parametrize("demosaic", ["bilinear", "malvar"])
def test_a_camera_keeps_what_it_records_and_a_flat_scene(demosaic: str) -> None:
    camera = Camera(1, 0, demosaic, gain=0.0, floor=0.0)
    scene = np.random.default_rng(0).integers(60, 200, (16, 20, 3), dtype=np.uint8)
    taken = camera.take(scene, np.random.default_rng(1))
    assert (taken[1::2, ::2, 0] == scene[1::2, ::2, 0]).all() and (taken[::2, 1::2, 2] == scene[::2, 1::2, 2]).all()
    assert (taken[::2, ::2, 1] == scene[::2, ::2, 1]).all() and (taken[1::2, 1::2, 1] == scene[1::2, 1::2, 1]).all()
    assert (taken != scene).any()
    flat = np.full((16, 20, 3), (90, 120, 40), np.uint8)
    np.testing.assert_array_equal(camera.take(flat, np.random.default_rng(1)), flat)


def test_the_noise_has_the_variance_that_the_camera_says() -> None:
    camera = Camera(0, 0, "bilinear", gain=0.1, floor=2.0)
    noise = camera.take(np.full((200, 200, 3), 100, np.uint8), np.random.default_rng(0))[::2, ::2, 0] - 100.0
    # gain x 100 + floor, and 1/12 of rounding
    assert noise.var() == pytest.approx(12.1, rel=0.06)


def test_a_history_cuts_and_resizes() -> None:
    window = np.arange(264 * 264 * 3, dtype=np.uint32).reshape(264, 264, 3).astype(np.uint8)
    np.testing.assert_array_equal(History(None, None, shift=(3, 5), window=264).before(window), window[3:259, 5:261])
    assert History(80, 90, scale=SIDE / 264, window=264).before(window).shape == (SIDE, SIDE, 3)
    for name, draw in HISTORIES.items():
        for seed in range(20):
            drawn = draw(np.random.default_rng(seed))
            assert (drawn.first is None) == (drawn.last is None) == (name == "raw")
            if name == "saved_twice":
                assert drawn.first is not None and drawn.last is not None and drawn.last - drawn.first >= 6


def test_the_second_compression_is_there_to_be_found() -> None:
    """What is pasted into a host that was compressed twice was compressed once."""
    found = JpegDouble().examine([ImageFile(picture.encoded) for picture in made("saved_twice")])
    labels = np.array([picture.label for picture in made("saved_twice")])
    scores = np.array([evidence.score for evidence in found])
    assert np.mean(scores[labels == 1][:, None] > scores[labels == 0]) > 0.8
