"""The images of a training on several domains: what they share is never learned from and tested on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import DataSettings
from forensictransfer.data.domains import Domain, open_domain
from forensictransfer.experiments.fit import validation_crops
from forensictransfer.experiments.session import Session
from forensictransfer.experiments.sources import SourceImages, describe, read_sources

DATA = DataSettings(crop=32, workers=1)
SPLITS = ("train", "validation", "test")


def write(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (32, 32, 3), np.uint8)).save(path)


def domain(folder: Path, first: int, counts: tuple[int, int, int] = (4, 2, 2)) -> Path:
    """A domain with splits of its own and so many images of either class in each; seeds count up from `first`."""
    for split, count in zip(SPLITS, counts, strict=True):
        for number in range(2 * count):
            kind, name = ("real", "fake")[number % 2], f"{folder.name}-{split}-{number}.png"
            write(folder / split / kind / name, first + number + 100 * SPLITS.index(split))
    return folder


def read(*folders: Path, data: DataSettings = DATA) -> SourceImages:
    return read_sources([open_domain(folder, data=data) for folder in folders], data, Session())


def test_equal_groups_of_two_domains_fall_into_one_split(tmp_path: Path) -> None:
    """By the hash of the name: a photograph that both have is learned from in both, or tested on in both."""
    for name, first in (("a", 0), ("b", 1000)):
        for number in range(40):
            write(tmp_path / name / ("real", "fake")[number % 2] / f"photo{number}.png", first + number)
    opened: list[Domain] = [open_domain(tmp_path / name, data=DATA) for name in ("a", "b")]
    of_group = [{record.group: record.split for record in one.records} for one in opened]
    assert of_group[0] == of_group[1] and set(of_group[0].values()) == set(SPLITS)


@pytest.mark.parametrize("shared", ["pixels", "group"])
def test_what_another_source_trains_on_is_not_validated_on(tmp_path: Path, shared: str) -> None:
    first, second = domain(tmp_path / "a", 0), domain(tmp_path / "b", 1000)
    if shared == "pixels":  # a-train-0 once more under another name
        write(second / "validation/real/copy.png", 0)
    else:
        write(second / "validation/real/a-train-0.png", 5000)
    sources = read(first, second)
    assert len(sources.parts["b"]["validation"]) == 4 and len(sources.parts["a"]["validation"]) == 4
    (line,) = sources.warnings["b"]
    assert line.startswith("1 images of its validation split are left out") and not sources.warnings["a"]
    alone = read(second)
    assert len(alone.validation) == 5 and not alone.warnings["b"]


def test_a_picture_that_is_real_here_and_fake_there_is_refused(tmp_path: Path) -> None:
    first, second = domain(tmp_path / "a", 0), domain(tmp_path / "b", 1000)
    write(second / "train/fake/copy.png", 200)  # a's first real test image
    with pytest.raises(UserError, check=lambda error: error.code == "domain-contradictory") as caught:
        read(first, second)
    assert "'a + b'" in str(caught.value) and "a/test/real/a-test-0.png = b/train/fake/copy.png" in str(caught.value)


def test_images_are_told_apart_and_described_by_domain(tmp_path: Path) -> None:
    sources = read(domain(tmp_path / "a", 0), domain(tmp_path / "b", 1000, (3, 1, 1)))
    assert sources.train.domains.tolist() == [0] * 8 + [1] * 6
    assert sources.train.records[0].name.startswith("a/train/") and sources.train.records[-1].name.startswith("b/")
    data = describe(sources)
    assert data.name == "a + b" and data.splits["train"].real == 7 and data.splits["validation"].images == 6
    assert [part.name for part in data.sources] == ["a", "b"] and data.sources[1].splits["train"].real == 3
    assert len(data.seen.groups) == len(data.seen.digests) == 20
    alone = describe(read(tmp_path / "a"))
    assert alone.sources == () and alone.origin == str(tmp_path / "a")


def test_memory_is_shared_out(tmp_path: Path) -> None:
    """A mebibyte holds 341 of these images: those of the first domain, and of the second as many as are left."""
    first, second = domain(tmp_path / "a", 0, (120, 1, 1)), domain(tmp_path / "b", 1000, (120, 1, 1))
    train = read(first, second, data=DATA.model_copy(update={"memory_mb": 1})).train
    assert 240 * 32 * 32 * 3 <= train.kept_bytes <= 2**20
    assert (train[479] == read(second).train[239]).all()


def test_each_source_gives_as_many_crops_to_the_validation(tmp_path: Path) -> None:
    sources = read(domain(tmp_path / "a", 0, (1, 6, 1)), domain(tmp_path / "b", 1000, (1, 1, 1)))
    crops, labels = validation_crops(sources.validation, 32)
    assert len(crops) == len(labels) == 24 and labels.sum() == 12
    one = {crop.tobytes() for crop in crops[:12]}
    other = {crop.tobytes() for crop in crops[12:]}
    assert len(one) == 12 and len(other) == 2
