"""Pictures of the surest mistakes: which images are chosen, which part of them is shown, what lies in the folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from forensictransfer.core.settings import Settings, load_settings
from forensictransfer.data.images import Images
from forensictransfer.data.records import Record
from forensictransfer.detectors.base import Analysis, Detector
from forensictransfer.experiments.pictures import choose, loudest_place, write_pictures

CROP = 32
ALARM, MISS = "most confident false alarm", "most confident miss"
REAL, FAKE = "most confident right real", "most confident right fake"


class Brightness(Detector):
    """Speaks for fake by a tile's mean red and for real by its mean green, and shows crops only."""

    name = "brightness"

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    build = compile = fit_batch = refresh_statistics = None  # type: ignore[assignment]

    @property
    def crop(self) -> int:
        return CROP

    def analyse(self, images: np.ndarray) -> Analysis:
        self.shapes.append(images.shape)
        means = images.mean(axis=(1, 2)).astype(np.float32) / 255
        return Analysis(means[:, [1, 0]], means)


class Inverting(Brightness):
    """Shows what it is fed (larger than a picture may be) and makes, too."""

    def pictures(self, images: np.ndarray) -> dict[str, np.ndarray]:
        crops = images.astype(np.float32) / 255
        wide = np.pad(crops, ((0, 0), (70, 70), (80, 80), (0, 0)))
        return {"crops": crops, "what the encoder is fed": wide, "reconstruction": 1 - crops}


Brightness.__abstractmethods__ = frozenset()  # type: ignore[attr-defined]
Inverting.__abstractmethods__ = frozenset()  # type: ignore[attr-defined]


@pytest.fixture
def settings() -> Settings:
    return load_settings(None, {"data.crop": CROP, "evaluate.stride": 16, "evaluate.batch": 4})


def make_images(folder: Path, labels: list[int], settings: Settings) -> Images:
    """Grey images of 64 x 48 pixels; image i has a red tile at (16, 0) and a green one at (32, 16), of strength i."""
    folder.mkdir()
    records = []
    for i, label in enumerate(labels):
        pixels = np.full((64, 48, 3), 100, np.uint8)
        pixels[16:48, :32, 0] = 150 + i
        pixels[32:, 16:, 1] = 160 + i
        Image.fromarray(pixels).save(folder / f"{i}.png")
        records.append(Record(f"{i}.png", label, str(i), "test", folder / f"{i}.png"))
    return Images(records, data=settings.data)


def listed(folder: Path) -> Any:
    return json.loads((folder / "pictures" / "pictures.json").read_text())


def test_the_surest_of_each_kind_are_chosen() -> None:
    labels = np.array([0, 0, 0, 1, 1, 1, 0, 1])
    probabilities = np.array([0.6, 0.9, 0.7, 0.4, 0.1, 0.3, 0.2, 0.8])
    chosen = choose(labels, probabilities - 0.5, probabilities, 0.0, 2)
    assert chosen == [(1, ALARM), (2, ALARM), (4, MISS), (5, MISS), (6, REAL), (7, FAKE)]


def test_the_threshold_itself_is_called_real() -> None:
    assert choose(np.array([0, 1]), np.array([0.3, 0.3]), np.array([0.5, 0.5]), 0.3, 2) == [(1, MISS), (0, REAL)]


def test_equal_probabilities_go_by_score_and_then_by_place() -> None:
    labels = np.zeros(4, int)
    assert choose(labels, np.array([5.0, 9.0, 9.0, 1.0]), np.ones(4), 0.0, 3) == [(1, ALARM), (2, ALARM), (0, ALARM)]
    labels = np.ones(3, int)
    assert choose(labels, np.array([-5.0, -9.0, -5.0]), np.zeros(3), 0.0, 2) == [(1, MISS), (0, MISS)]


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([-1.0, -2.0, 1.0, 2.0], [(1, REAL), (3, FAKE)]),
        ([-1.0, 2.0, 1.0, 2.0], [(1, ALARM), (0, REAL), (3, FAKE)]),
        ([1.0, 2.0, -1.0, -2.0], [(1, ALARM), (0, ALARM), (3, MISS), (2, MISS)]),
        ([1.0, 2.0, 1.0, 2.0], [(1, ALARM), (0, ALARM), (3, FAKE)]),
    ],
    ids=["no mistakes", "one mistake", "nothing right", "all called fake"],
)
def test_there_are_fewer_where_there_are_not_as_many(scores: list[float], expected: list[tuple[int, str]]) -> None:
    found = np.array(scores)
    assert choose(np.array([0, 0, 1, 1]), found, 1 / (1 + np.exp(-found)), 0.0, 2) == expected
    assert choose(np.array([], int), np.array([]), np.array([]), 0.0, 2) == []


def test_the_tile_shown_speaks_loudest_for_the_verdict(tmp_path: Path, settings: Settings) -> None:
    images = make_images(tmp_path / "images", [0], settings)
    detector = Brightness()
    # Of the tiles at rows 0, 16, 32 and columns 0, 16 the one at (16, 0) is reddest and that at (32, 16) is greenest.
    assert loudest_place(detector, images[0], True, settings.evaluate) == (16, 0)
    assert loudest_place(detector, images[0], False, settings.evaluate) == (32, 16)
    # 3 x 2 tiles in batches of 4, the second filled up: always the same shape.
    assert set(detector.shapes) == {(4, CROP, CROP, 3)}


def test_padding_is_never_shown(settings: Settings) -> None:
    # One tile in a batch of 4: black padding would speak louder for fake than this green tile.
    image = np.zeros((CROP, CROP, 3), np.uint8)
    image[..., 1] = 200
    assert loudest_place(Brightness(), image, True, settings.evaluate) == (0, 0)


def test_an_image_smaller_than_the_crop_is_shown_mirrored(tmp_path: Path, settings: Settings) -> None:
    pixels = np.arange(20 * 30 * 3, dtype=np.uint8).reshape(20, 30, 3)
    Image.fromarray(pixels).save(tmp_path / "small.png")
    images = Images([Record("small.png", 1, "0", "test", tmp_path / "small.png")], data=settings.data)
    told = (np.array([1]), np.array([1.0]), np.array([0.9]), 0.0)
    write_pictures(tmp_path, Brightness(), images, *told, evaluate=settings.evaluate)
    tile = np.asarray(Image.open(tmp_path / "pictures" / "0-crop.png"))
    assert tile.shape == (CROP, CROP, 3)
    assert (tile[:20, :30] == pixels).all()
    (item,) = listed(tmp_path)
    assert (item["place"], item["size"]) == ([0, 0, CROP, CROP], [20, 30])


def test_what_is_written(tmp_path: Path, settings: Settings) -> None:
    labels = np.array([0, 0, 1])
    images = make_images(tmp_path / "images", labels.tolist(), settings)
    scores = np.array([0.7, 0.1, 0.9])
    probabilities = np.array([0.8, 0.3, 0.95])
    write_pictures(tmp_path, Inverting(), images, labels, scores, probabilities, 0.5, evaluate=settings.evaluate)
    found = listed(tmp_path)
    assert [(item["name"], item["why"]) for item in found] == [("0.png", ALARM), ("1.png", REAL), ("2.png", FAKE)]
    assert found[0] == {
        "name": "0.png",
        "label": 0,
        "score": 0.7,
        "probability": 0.8,
        "threshold": 0.5,
        "why": ALARM,
        "files": {
            "photograph": "0-photograph.jpg",
            "crop": "0-crop.png",
            "input": "0-input.png",
            "reconstruction": "0-reconstruction.png",
        },
        "place": [16, 0, CROP, CROP],
        "size": [64, 48],
    }
    assert Image.open(tmp_path / "pictures" / "0-photograph.jpg").size == (48, 64)
    crop = np.asarray(Image.open(tmp_path / "pictures" / "0-crop.png"))
    assert (crop == images[0][16:48, :32]).all()
    assert (np.asarray(Image.open(tmp_path / "pictures" / "0-reconstruction.png")) == 255 - crop).all()
    # 172 x 192 values: the 128 x 128 in the middle, not made smaller.
    fed = np.asarray(Image.open(tmp_path / "pictures" / "0-input.png"))
    assert fed.shape == (128, 128, 3)
    assert (fed[48:80, 48:80] == crop).all()
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == sorted(
        ["pictures.json", *(name for item in found for name in item["files"].values())]
    )


def test_a_detector_that_shows_only_crops(tmp_path: Path, settings: Settings) -> None:
    images = make_images(tmp_path / "images", [0, 1], settings)
    scores = np.array([-1.0, 1.0])
    told = images.labels, scores, np.array([0.1, 0.9]), 0.0
    write_pictures(tmp_path, Brightness(), images, *told, evaluate=settings.evaluate)
    assert [item["files"] for item in listed(tmp_path)] == [
        {"photograph": f"{i}-photograph.jpg", "crop": f"{i}-crop.png"} for i in (0, 1)
    ]


def test_a_large_photograph_is_made_smaller(tmp_path: Path, settings: Settings) -> None:
    Image.fromarray(np.zeros((300, 480, 3), np.uint8)).save(tmp_path / "large.png")
    images = Images([Record("large.png", 0, "0", "test", tmp_path / "large.png")], data=settings.data)
    told = (np.array([0]), np.array([1.0]), np.array([0.9]), 0.0)
    write_pictures(tmp_path, Brightness(), images, *told, evaluate=settings.evaluate)
    assert Image.open(tmp_path / "pictures" / "0-photograph.jpg").size == (240, 150)
    assert listed(tmp_path)[0]["size"] == [300, 480]


def test_the_same_again_gives_the_same_bytes_and_replaces_what_was_there(tmp_path: Path, settings: Settings) -> None:
    images = make_images(tmp_path / "images", [0, 0, 1, 1], settings)
    scores, calm = np.array([1.0, 2.0, -1.0, -2.0]), np.array([-1.0, -1.0, 1.0, 1.0])

    def written(values: np.ndarray) -> dict[str, bytes]:
        told = (images.labels, values, 1 / (1 + np.exp(-values)), 0.0)
        write_pictures(tmp_path, Inverting(), images, *told, evaluate=settings.evaluate)
        return {path.name: path.read_bytes() for path in (tmp_path / "pictures").iterdir()}

    first = written(scores)
    assert len(first) == 1 + 4 * 4
    assert written(scores) == first
    assert len(written(calm)) == 1 + 2 * 4


def test_a_real_detector_shows_what_it_is_fed_and_reconstructs(tmp_path: Path, settings: Settings) -> None:
    from forensictransfer.detectors.loading import detector_class

    images = make_images(tmp_path / "images", [0, 1], settings)
    detector = detector_class("ft-res").build(CROP)
    scores = np.array([-1.0, 1.0])
    told = (images.labels, scores, np.array([0.1, 0.9]), 0.0)
    write_pictures(tmp_path, detector, images, *told, evaluate=settings.evaluate)
    for item in listed(tmp_path):
        sizes = {name: Image.open(tmp_path / "pictures" / file).size for name, file in item["files"].items()}
        # 32 pixels, less 3 of the residual, cut to a multiple of 16.
        assert sizes == {"photograph": (48, 64), "crop": (32, 32), "input": (16, 16), "reconstruction": (16, 16)}
