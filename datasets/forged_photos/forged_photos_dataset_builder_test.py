"""The embedded data set: equal classes, apart by scene, the same bytes twice, and forgeries that do what they say."""

from __future__ import annotations

import collections
import functools
import io
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import tensorflow_datasets as tfds
from forensictransfer.datasets.forged_photos import forgeries, photographs, regions, resynthesis
from forensictransfer.datasets.forged_photos.catalogue import CONFIGS
from forensictransfer.datasets.forged_photos.examples import QUALITIES, Picture, encode, forgers, pictures
from forensictransfer.datasets.forged_photos.exemplar import fill
from forensictransfer.datasets.forged_photos.forged_photos_dataset_builder import Builder, ForgedPhotosConfig
from PIL import Image, JpegImagePlugin
from scipy import ndimage

FEW = (9, 8, 12)
BUILT = (3, 2, 2)  # of a whole build: each photograph that is remade costs a quarter of a second
GREY = {photograph.scene for photograph in photographs.PHOTOGRAPHS if not photograph.colour}


def small(forgery: str) -> ForgedPhotosConfig:
    return ForgedPhotosConfig(name=f"{forgery}_small", forgery=forgery, per_class=BUILT, steps=3)


class ForgedPhotosTest(tfds.testing.DatasetBuilderTestCase):
    DATASET_CLASS = Builder
    BUILDER_CONFIG_NAMES_TO_TEST: ClassVar = [small("splice"), small("resynth_nearest")]
    SPLITS: ClassVar = dict(zip(photographs.SPLITS, (2 * count for count in BUILT), strict=True))
    EXAMPLE_DIR = str(Path(__file__).parent)


@functools.cache
def made(config: str, split: str = "test") -> tuple[Picture, ...]:
    count = dict(zip(photographs.SPLITS, FEW, strict=True))[split]
    return tuple(pictures(config, split, count, forgers(config, steps=3)))


def opened(jpeg: bytes) -> JpegImagePlugin.JpegImageFile:
    image = Image.open(io.BytesIO(jpeg))
    assert isinstance(image, JpegImagePlugin.JpegImageFile)
    return image


def test_the_builder_knows_every_configuration_of_the_catalogue() -> None:
    assert list(Builder.builder_configs) == list(CONFIGS)


@pytest.mark.parametrize("config", CONFIGS)
def test_classes_share_scenes_formats_and_compression(config: str) -> None:
    by_class: dict[int, list[Picture]] = {0: [], 1: []}
    for picture in made(config):
        by_class[picture.label].append(picture)
    facts = []
    for label in (0, 1):
        images = [(picture.group, opened(picture.encoded)) for picture in by_class[label]]
        assert {(image.format, image.mode, image.size) for _, image in images} == {("JPEG", "RGB", (128, 128))}
        assert {JpegImagePlugin.get_sampling(image) for _, image in images} == {2}  # 4:2:0
        facts.append(collections.Counter((group, str(image.quantization)) for group, image in images))
    assert facts[0] == facts[1]
    assert len({picture.name for picture in made(config)}) == len(made(config))


@pytest.mark.parametrize("config", CONFIGS)
def test_grey_photographs_stay_grey(config: str) -> None:
    for picture in made(config):
        pixels = np.asarray(opened(picture.encoded))
        if picture.group in GREY:
            assert (pixels == pixels[..., :1]).all(), picture.name


def test_classes_are_equally_bright() -> None:
    for config in ("splice", "retouch"):
        means: dict[int, list[float]] = {0: [], 1: []}
        for picture in pictures(config, "train", 90, forgers(config)):
            means[picture.label].append(float(np.asarray(opened(picture.encoded).convert("L")).mean()))
        # Two independent draws from windows whose means deviate by about 25 grey levels within a scene.
        assert abs(np.mean(means[0]) - np.mean(means[1])) < 8


def test_qualities_cover_the_range() -> None:
    tables = {
        str(opened(picture.encoded).quantization) for picture in pictures("retouch", "train", 90, forgers("retouch"))
    }
    grey = np.zeros((128, 128, 3), np.uint8)
    possible = {str(opened(encode(grey, quality)).quantization) for quality in range(QUALITIES[0], QUALITIES[1] + 1)}
    assert tables == possible


def test_splits_share_no_scene_and_each_has_colour() -> None:
    scenes = [{photograph.scene for photograph in photographs.of_split(split)} for split in photographs.SPLITS]
    assert sum(map(len, scenes)) == len(set.union(*scenes)) == 19
    for split in photographs.SPLITS:
        assert len({photograph.scene for photograph in photographs.of_split(split) if photograph.colour}) >= 2


@pytest.mark.parametrize("split", photographs.SPLITS)
def test_windows_are_aligned_distinct_and_evenly_shared(split: str) -> None:
    pairs = photographs.draw(split, 50, np.random.default_rng(0))
    drawn = [window for pair in pairs for window in pair]
    assert len(set(drawn)) == len(drawn) == 100
    assert all(window.top % 8 == window.left % 8 == 0 and window.cut().shape == (128, 128, 3) for window in drawn)
    assert all(real.photograph.scene == fake.photograph.scene for real, fake in pairs)
    shares = collections.Counter(real.photograph.scene for real, _ in pairs).values()
    assert max(shares) - min(shares) <= 1


def test_a_real_image_is_its_window() -> None:
    pairs = photographs.draw("test", 6, np.random.default_rng(1))
    for real, _ in pairs:
        pixels = np.asarray(opened(encode(real.cut(), 97))).astype(float)
        assert np.abs(pixels - real.cut()).mean() < 6


@pytest.mark.parametrize("config", ["inpaint", "resynth_transposed"])
def test_two_builds_write_the_same_bytes(config: str, tmp_path: Path) -> None:
    files = []
    for name in ("once", "twice"):
        builder = Builder(data_dir=tmp_path / name, config=small(config))
        builder.download_and_prepare()
        files.append({file.name: file.read_bytes() for file in Path(builder.data_dir).glob("*.tfrecord*")})
    assert len(files[0]) == 3 and files[0] == files[1]


@pytest.mark.parametrize(
    ("procedure", "lowest", "highest"),
    [
        (forgeries.splice, 0.04, 0.32),
        (forgeries.copy_move, 0.02, 0.22),
        (forgeries.median_retouch, 0.05, 0.80),
        (forgeries.gaussian_retouch, 0.05, 0.80),
        (forgeries.biharmonic_inpaint, 0.03, 0.12),
        (forgeries.exemplar_inpaint, 0.03, 0.12),
    ],
)
def test_local_forgeries_change_a_region_and_nothing_else(
    procedure: forgeries.Forgery, lowest: float, highest: float
) -> None:
    astronaut = next(photograph for photograph in photographs.PHOTOGRAPHS if photograph.name == "astronaut")
    window = photographs.Window(astronaut, 64, 160)
    forged, region = procedure(window, np.random.default_rng(2))
    assert forged.dtype == np.uint8 and forged.shape == (128, 128, 3)
    changed = (forged != window.cut()).any(-1)
    assert lowest <= changed.mean() <= highest
    # A Gaussian edge of at most 2 pixels, cut off at 4 of them, and no change beyond.
    assert region.dtype == bool and not changed[~ndimage.binary_dilation(region, iterations=16)].any()
    assert changed[region].mean() > 0.6


@pytest.mark.parametrize("config", CONFIGS)
def test_fakes_that_are_forged_locally_have_a_mask(config: str) -> None:
    for picture in made(config):
        assert (picture.mask is not None) == (picture.label == 1 and not config.startswith("resynth")), picture.name
        if picture.mask is not None:
            mask = np.asarray(Image.open(io.BytesIO(picture.mask)))
            assert mask.shape == (128, 128) and set(np.unique(mask)) == {0, 255}


def test_blob_has_the_area_that_was_asked_for() -> None:
    rng = np.random.default_rng(3)
    for _ in range(5):
        assert regions.blob(rng, 64, (0.25, 0.25)).sum() == 1024


def test_an_unturned_region_is_copied_pixel_by_pixel() -> None:
    rng = np.random.default_rng(4)
    source = rng.integers(0, 256, (90, 100, 3), dtype=np.uint8)
    mask = regions.blob(rng, 64, (0.1, 0.1))
    moved, (row, column) = regions.fetch(source, mask, regions.Pose(), rng)
    rows, columns = np.nonzero(mask)
    down, right = round(row) - round(rows.mean()), round(column) - round(columns.mean())
    np.testing.assert_array_equal(moved[mask], source[rows + down, columns + right])


def test_a_turned_region_is_taken_from_inside_the_source() -> None:
    rng = np.random.default_rng(5)
    source = np.full((90, 100, 3), 200, np.uint8)
    for _ in range(20):
        mask = regions.blob(rng, 64, (0.05, 0.2))
        moved, _ = regions.fetch(source, mask, regions.Pose(rng.uniform(-40, 40), rng.uniform(0.75, 1.5)), rng)
        assert (moved[mask] == 200).all()


def test_exemplar_inpainting_continues_stripes() -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, np.arange(64) % 8 < 4] = (250, 120, 30)
    hole = np.zeros((64, 64), bool)
    hole[22:42, 25:40] = True
    np.testing.assert_array_equal(fill(stripes, hole), stripes)
    with pytest.raises(ValueError, match="without a hole"):
        fill(stripes, np.ones((64, 64), bool))


def test_autoencoders_differ_in_the_up_sampling_only() -> None:
    models = [resynthesis.autoencoder(kind, seed=0) for kind in resynthesis.KINDS]
    assert len({model.count_params() for model in models}) == 1
    # Nearest and bilinear begin with the very same weights; a transposed convolution stores its kernel turned round.
    for one, other in zip(models[1].get_weights(), models[2].get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    image = np.zeros((1, 64, 48, 3), np.float32)
    assert all(model(image).shape == image.shape for model in models)
    with pytest.raises(ValueError, match="bicubic"):
        resynthesis.autoencoder("bicubic", seed=0)


@pytest.mark.parametrize("kind", resynthesis.KINDS)
def test_autoencoders_begin_as_plain_shrinking_and_enlarging(kind: str) -> None:
    image = np.full((1, 32, 32, 3), (0.2, 0.5, 0.9), np.float32)
    inner = np.asarray(resynthesis.autoencoder(kind, seed=0)(image))[:, 8:-8, 8:-8]
    np.testing.assert_allclose(inner, image[:, 8:-8, 8:-8], atol=1e-5)


def test_resynthesis_resembles_the_photograph() -> None:
    coffee = photographs.pixels(photographs.of_split("validation")[0])
    remade = resynthesis.train([coffee], "nearest", steps=100)(coffee)
    error = np.mean((remade.astype(float) - coffee) ** 2)
    assert remade.shape == coffee.shape and 10 * np.log10(255**2 / error) > 22


def test_a_photograph_that_is_not_there_is_named() -> None:
    with pytest.raises(FileNotFoundError, match="eagle.png"):
        photographs.pixels(photographs.Photograph("eagle.png", "train", colour=False))
