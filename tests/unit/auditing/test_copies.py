"""Copies are found whatever was done to them, and pictures that only resemble each other are not taken for copies."""

from __future__ import annotations

import io
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from forensictransfer.auditing.copies import families as families_module
from forensictransfer.auditing.copies.duplicates import grouped
from forensictransfer.auditing.copies.families import Families, find_families
from forensictransfer.auditing.traces.thumbnails import ALIKE, MIRROR, correlations, perceptual_hash, thumbnail

Picture = Callable[..., Image.Image]
N = 24


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return Image.open(stream).convert("RGB")


def noisy(image: Image.Image) -> Image.Image:
    array = np.asarray(image) + np.random.default_rng(0).normal(0, 8, (image.height, image.width, 3))
    return Image.fromarray(np.clip(array, 0, 255).astype(np.uint8))


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "same": lambda image: image,
    "compressed": lambda image: jpeg(image, 30),
    "half": lambda image: image.resize((image.width // 2, image.height // 2)),
    "stretched": lambda image: image.resize((image.width * 2, image.height)),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.2),
    "flatter": lambda image: ImageEnhance.Contrast(image).enhance(0.6),
    "grey": lambda image: image.convert("L").convert("RGB"),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(1.5)),
    "noisy": noisy,
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "cut": lambda image: image.crop((5, 2, image.width - 1, image.height - 4)),
    "cut, compressed": lambda image: jpeg(image.crop((0, 4, image.width - 5, image.height - 1)), 60),
}


def found(pictures: list[Image.Image], groups: list[int], domains: list[int] | None = None) -> Families:
    arrays = [np.asarray(picture.convert("RGB")) for picture in pictures]
    thumbs = np.stack([thumbnail(array) for array in arrays])
    hashes = np.array([perceptual_hash(thumb) for thumb in thumbs], np.uint64)
    pixels = np.array([sha256(array.tobytes()).hexdigest() for array in arrays])
    where = np.zeros(len(arrays), int) if domains is None else np.array(domains)
    return find_families(hashes, thumbs, pixels, np.array(groups), where, np.zeros(len(arrays), int))


@pytest.fixture(scope="module")
def originals(make_photograph: Picture) -> list[Image.Image]:
    return [make_photograph(seed, (140, 160)) for seed in range(N)]


@pytest.mark.parametrize("change", CHANGES)
def test_changed_copies_are_found_and_nothing_else(originals: list[Image.Image], change: str) -> None:
    copies = [CHANGES[change](image) for image in originals]
    families = found(originals + copies, list(range(2 * N)))
    pairs = {tuple(sorted(pair)) for pair in families.pairs.tolist()}
    assert pairs <= {(i, i + N) for i in range(N)}
    assert len(pairs) >= N - 1
    assert (families.family[:N] == families.family[N:]).sum() == len(pairs)
    assert set(families.similarity == 1) == {change == "same"}
    assert families.mirrored.all() == (change == "mirrored")


def test_copies_of_one_group_are_expected(originals: list[Image.Image]) -> None:
    copies = [jpeg(image, 50) for image in originals]
    assert not len(found(originals + copies, list(range(N)) * 2).pairs)
    # In two domains the same group names are what is asked for.
    both = found(originals + copies, list(range(N)) * 2, [0] * N + [1] * N)
    assert len(both.pairs) >= N - 1


def test_the_same_pixels_are_a_family_however_many_there_are(originals: list[Image.Image]) -> None:
    families = found([originals[0]] * 30 + originals[1:3], list(range(32)))
    assert len(set(families.family[:30])) == 1
    assert len(families.pairs) == 29


def test_blank_pages_are_no_copies_of_each_other() -> None:
    pages = [
        Image.fromarray(np.full((90, 90, 3), 250, np.uint8) - np.eye(90, dtype=np.uint8)[:, :, None] * i)
        for i in (1, 2, 3)
    ]
    assert not len(found(pages, [0, 1, 2]).pairs)


@pytest.mark.parametrize("scene", ["frame", "wall", "mark"])
def test_what_stands_in_all_pictures_makes_no_copies(originals: list[Image.Image], scene: str) -> None:
    """The same frame, the same silhouette before a dark wall, the same mark: alike at a glance, other photographs."""
    pictures = []
    for image in originals:
        base = (
            image
            if scene == "mark"
            else Image.new("RGB", image.size, (250, 250, 250) if scene == "frame" else (8, 8, 8))
        )
        mask = Image.new("L", image.size, 0)
        drawing = ImageDraw.Draw(mask)
        if scene == "frame":
            drawing.rectangle((12, 12, image.width - 13, image.height - 13), fill=255)
        elif scene == "wall":
            drawing.ellipse((30, 20, 110, 120), fill=255)
        else:
            image = Image.new("RGB", image.size, (255, 255, 255))
            for left in range(90, 150, 12):
                drawing.rectangle((left, 110, left + 6, 130), fill=255)
        pictures.append(Image.composite(image, base, mask))
    families = found(pictures, list(range(N)))
    assert not len(families.pairs)


def test_too_many_close_hashes_lower_the_limit(originals: list[Image.Image], monkeypatch: pytest.MonkeyPatch) -> None:
    copies = [jpeg(image, 50) for image in originals]
    everything = found(originals + copies, list(range(2 * N)))
    assert everything.bits == families_module.CLOSE
    monkeypatch.setattr(families_module, "MOST_CLOSE", 5)
    few = found(originals + copies, list(range(2 * N)))
    assert few.bits < families_module.CLOSE
    assert {tuple(pair) for pair in few.pairs.tolist()} <= {tuple(pair) for pair in everything.pairs.tolist()}
    monkeypatch.undo()
    monkeypatch.setattr(families_module, "MOST_COMPARED", 0)
    assert found(originals + copies, list(range(2 * N))).bits < families_module.CLOSE


def test_blocks_change_nothing(originals: list[Image.Image], monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = originals + [jpeg(image, 40) for image in originals]
    whole = found(pictures, list(range(2 * N)))
    for name, size in (("_ROWS", 5), ("_COLUMNS", 7), ("_CHUNK", 3)):
        monkeypatch.setattr(families_module, name, size)
    pieces = found(pictures, list(range(2 * N)))
    assert sorted(map(tuple, pieces.pairs.tolist())) == sorted(map(tuple, whole.pairs.tolist()))


thumbs = st.integers(0, 2**32 - 1).map(
    lambda seed: np.asarray(
        Image.fromarray(np.random.default_rng(seed).integers(40, 160, (8, 8), np.uint8)).resize(
            (32, 32), Image.Resampling.BICUBIC
        )
    )
)


@settings(max_examples=60)
@given(thumbs, st.integers(0, 60))
def test_light_changes_no_bit_and_a_mirror_known_ones(thumb: np.ndarray, light: int) -> None:
    plain = perceptual_hash(thumb)
    assert bin(plain ^ perceptual_hash(thumb + np.uint8(light))).count("1") <= 1
    mirrored = perceptual_hash(thumb[:, ::-1])
    assert bin(plain ^ mirrored ^ int(MIRROR)).count("1") <= 1


@settings(max_examples=60)
@given(thumbs, thumbs)
def test_a_picture_is_like_itself_alone(thumb: np.ndarray, other: np.ndarray) -> None:
    both = correlations(np.stack([thumb, thumb]), np.stack([thumb, other]))
    assert both[0] == pytest.approx(1, abs=1e-4)
    assert (thumb == other).all() or both[1] < ALIKE


@pytest.mark.parametrize(
    ("rule", "groups"),
    [
        (r"(\d+)\.[^./]+$", None),
        (r"([^/]+?)[-_ .][^-_ ./]*\.[^./]+$", ["clip", "clip", "a"]),
    ],
)
def test_a_rule_must_say_something_of_every_name(rule: str, groups: Any) -> None:
    assert grouped(["real/clip_01.png", "fake/clip_x.png", "fake/a_b.png"], rule) == groups
