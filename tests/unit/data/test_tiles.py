"""Crops and tiles: on the grid of eight, all over the image, and augmented as stated."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from forensictransfer.core.settings import AugmentSettings, DataSettings
from forensictransfer.data.batches import Images, augment, fit_to, random_crop, tile_batches, tile_starts, tiles
from forensictransfer.data.records import Record

PLAIN = AugmentSettings(flip=False)


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def png(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def records(count: int = 7, height: int = 48, width: int = 64) -> list[Record]:
    return [
        Record(f"{i}.png", int(i % 3 == 0), f"g{i // 2}", "train", png(noise(height, width, i))) for i in range(count)
    ]


def test_an_image_mirrors_at_its_lower_right_edge_up_to_the_crop() -> None:
    image = np.array([[1, 2, 3]], np.uint8)[:, :, None].repeat(3, axis=2)
    fitted = fit_to(image, 8)
    assert fitted.shape == (8, 8, 3)
    assert fitted[:, :, 0].tolist() == [[1, 2, 3, 3, 2, 1, 1, 2]] * 8
    assert fit_to(noise(4, 20), 8).shape == (8, 20, 3)
    large = noise(9, 9)
    assert fit_to(large, 8) is large


@pytest.mark.parametrize(
    ("length", "stride", "starts"),
    [
        (128, 64, [0]),
        (20, 64, [0]),
        (135, 64, [0]),
        (136, 64, [0, 8]),
        (256, 64, [0, 64, 128]),
        (300, 64, [0, 64, 128, 168]),
        (300, 200, [0, 168]),
    ],
)
def test_tile_starts(length: int, stride: int, starts: list[int]) -> None:
    assert tile_starts(length, 128, stride) == starts


def test_a_stride_off_the_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple of 8"):
        tile_starts(256, 128, 60)


def test_tiles_are_cut_row_by_row() -> None:
    image = noise(48, 57)
    found = tiles(image, crop=32, stride=16, max_tiles=64)
    places = [(top, left) for top in (0, 16) for left in (0, 16, 24)]
    assert found.shape == (6, 32, 32, 3)
    for tile, (top, left) in zip(found, places, strict=True):
        np.testing.assert_array_equal(tile, image[top : top + 32, left : left + 32])


@settings(deadline=None)
@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from([8, 16, 32]), st.integers(1, 70))
def test_too_many_tiles_are_thinned_evenly(height: int, width: int, stride: int, most: int) -> None:
    grid = len(tile_starts(height, 32, stride)) * len(tile_starts(width, 32, stride))
    # Each pixel says where it is, so that each tile says where it was cut.
    image = np.stack(np.broadcast_arrays(np.arange(height)[:, None], np.arange(width), 0), axis=2)
    found = tiles(image, crop=32, stride=stride, max_tiles=most)
    assert len(found) <= most
    assert len(found) == grid if grid <= most else 2 * len(found) >= most
    places = [tuple(tile[0, 0, :2]) for tile in found]
    assert places == sorted(set(places))
    assert all(top % 8 == 0 and left % 8 == 0 for top, left in places)


def test_a_single_tile_is_the_middle_one() -> None:
    image = noise(96, 96)
    np.testing.assert_array_equal(tiles(image, crop=32, stride=32, max_tiles=1)[0], image[32:64, 32:64])


@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 1000))
def test_random_crops_keep_the_grid_of_eight(height: int, width: int, seed: int) -> None:
    image = np.stack(np.broadcast_arrays(np.arange(height)[:, None], np.arange(width), 0), axis=2)
    found = random_crop(image, 32, np.random.default_rng(seed))
    assert found.shape == (32, 32, 3)
    top, left, _ = found[0, 0]
    assert top % 8 == 0
    assert left % 8 == 0
    np.testing.assert_array_equal(found, fit_to(image, 32)[top : top + 32, left : left + 32])


def test_random_crops_reach_every_place() -> None:
    image = np.stack(np.broadcast_arrays(np.arange(55)[:, None], np.arange(48), 0), axis=2)
    rng = np.random.default_rng(0)
    places = {tuple(map(int, random_crop(image, 32, rng)[0, 0, :2])) for _ in range(200)}
    assert places == {(top, left) for top in (0, 8, 16) for left in (0, 8, 16)}


def test_augmentation_mirrors_half_and_compresses_as_pil_does() -> None:
    crop = noise(32, 32)
    flips = [augment(crop, AugmentSettings(), np.random.default_rng(i))[0, 0] for i in range(400)]
    mirrored = sum(bool((pixel == crop[0, 31]).all()) for pixel in flips)
    assert all((pixel == crop[0, 31]).all() or (pixel == crop[0, 0]).all() for pixel in flips)
    assert 150 < mirrored < 250
    always = AugmentSettings(flip=False, jpeg_probability=1.0, jpeg_quality=(70, 70))
    stream = io.BytesIO()
    Image.fromarray(crop).save(stream, "JPEG", quality=70, subsampling=2)
    np.testing.assert_array_equal(augment(crop, always, np.random.default_rng(1)), np.asarray(Image.open(stream)))
    np.testing.assert_array_equal(augment(crop, PLAIN, np.random.default_rng(1)), crop)


@pytest.mark.parametrize("memory_mb", [0, 100])
@pytest.mark.parametrize("batch", [1, 5, 1000])
def test_tile_batches_hold_all_tiles_in_order(batch: int, memory_mb: int) -> None:
    images = Images([*records(3), *records(2, 20, 90)], data=DataSettings(memory_mb=memory_mb))
    found = list(tile_batches(images, crop=32, stride=16, max_tiles=4, batch=batch, workers=2))
    assert all(len(crops) == len(owners) == batch for crops, owners in found[:-1])
    alone = [tiles(image, crop=32, stride=16, max_tiles=4) for image in images]
    np.testing.assert_array_equal(np.concatenate([crops for crops, _ in found]), np.concatenate(alone))
    owners = np.concatenate([owners for _, owners in found]).tolist()
    assert owners == [i for i, cut in enumerate(alone) for _ in cut]
