"""The layers of statistics, each against a plain twin in numpy that is written from its docstring."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import keras
import numpy as np
import pytest
import scipy.fft
from hypothesis import given, settings
from hypothesis import strategies as st

from forensictransfer.detectors.discriminant import discriminant
from forensictransfer.detectors.layers import BlockDCT, ResidualSpectrum, ResidualWords
from forensictransfer.detectors.layers.cooccurrence import merged_runs
from forensictransfer.detectors.layers.statistics.planes import whole_planes
from forensictransfer.detectors.networks.rich_model import VOCABULARIES, RichModel

WORDS = dict(zip(itertools.product(range(-2, 3), repeat=4), merged_runs(2).argmax(axis=1), strict=True))


def pictures(n: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    """Smooth pictures with a little noise and some flat corners: all words occur."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0, 255, height)[:, None, None] * 0.4 + np.linspace(0, 255, width)[None, :, None] * [
        0.6,
        0.3,
        0.1,
    ]
    found = np.clip(ramp + rng.normal(0, 3, (n, height, width, 3)), 0, 255).astype(np.uint8)
    found[:, : height // 4, : width // 4] = 200
    return found


def planes_of(image: np.ndarray) -> dict[str, np.ndarray]:
    red, green, blue = (image[..., i].astype(np.int64) for i in range(3))
    most, least = image.max(axis=-1).astype(np.int64), image.min(axis=-1).astype(np.int64)
    return {
        "Y": (299 * red + 587 * green + 114 * blue + 500) // 1000,
        "Cb": (500 * blue - 169 * red - 331 * green + 128500) // 1000,
        "Cr": (500 * red - 419 * green - 81 * blue + 128500) // 1000,
        "S": (510 * (most - least) + most) // np.maximum(2 * most, 1),
        "R-G": red - green,
        "G-B": green - blue,
    }


def words_of(image: np.ndarray, plane: str, order: int, low: int, high: int) -> np.ndarray:
    """Both directions: along the derivative, then across it."""
    sums, totals = np.zeros((2, 169)), np.zeros(2)
    whole = planes_of(image)[plane]
    for x in (whole, whole.T):
        r = np.diff(x, axis=0) if order == 1 else x[:-3] - 3 * x[1:-2] + 3 * x[2:-1] - x[3:]
        k = np.sign(r) * ((abs(r) >= low).astype(int) + (abs(r) >= high))
        for kind, levels in enumerate((k, k.T)):
            runs = [levels[i : i + 4, j] for i in range(0, len(levels) - 3, 2) for j in range(0, levels.shape[1], 2)]
            totals[kind] += len(runs)
            for word, count in Counter(WORDS[tuple(int(v) for v in run)] for run in runs).items():
                sums[kind, word] += count
    found: np.ndarray = np.sqrt(sums / totals[:, None]).ravel()
    return found


@settings(max_examples=30)
@given(colours=st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=20))
def test_planes_are_rounded_alike_everywhere(colours: list[tuple[int, int, int]]) -> None:
    image = np.array(colours, np.uint8)[None, None]
    found = whole_planes(image)
    for name, expected in planes_of(image).items():
        np.testing.assert_array_equal(found[name], expected, err_msg=name)


def test_words_are_those_of_their_definition() -> None:
    images = pictures(2, 20, 27)
    for found, image in zip(ResidualWords(VOCABULARIES)(images).numpy(), images, strict=True):
        for one, vocabulary in zip(found.reshape(len(VOCABULARIES), 338), VOCABULARIES, strict=True):
            np.testing.assert_allclose(one, words_of(image, *vocabulary), atol=1e-6, err_msg=str(vocabulary))
            np.testing.assert_allclose((one**2).sum(), 2.0, atol=1e-5)


@pytest.mark.parametrize("wrong", [("Q", 1, 1, 2), ("Y", 2, 1, 2), ("Y", 1, 2, 2), ("Y", 1, 0, 2)], ids=str)
def test_unknown_vocabularies_are_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="expected a plane of"):
        ResidualWords([wrong])


def luma_and_chroma_of(colours: np.ndarray) -> np.ndarray:
    """(h, w, 3) -> (3, h, w)"""
    luma = colours @ [0.299, 0.587, 0.114]
    return np.stack([luma, 0.564 * (colours[..., 2] - luma), 0.713 * (colours[..., 0] - luma)])


def test_block_dct_is_that_of_scipy() -> None:
    image = pictures(1, 28, 41)[0]  # 3 x 5 blocks, and a rest that does not count
    expected = []
    for plane in luma_and_chroma_of(image.astype(float)):
        blocks = [plane[i : i + 8, j : j + 8] for i in range(0, 24, 8) for j in range(0, 40, 8)]
        size = np.abs([scipy.fft.dctn(block, norm="ortho").ravel()[1:] for block in blocks])
        expected += [np.log(size.mean(axis=0) + 0.01), np.log((size < 0.5).mean(axis=0) + 0.01)]
    found = BlockDCT()(image[None]).numpy()[0]
    np.testing.assert_allclose(found, np.concatenate(expected), atol=1e-3)
    assert found.shape == (378,)


@pytest.mark.parametrize(("height", "width"), [(32, 48), (40, 56)], ids=["whole cells", "with zeros added"])
def test_spectrum_is_that_of_numpy(height: int, width: int) -> None:
    image = pictures(1, height, width)[0]
    x = image.astype(float)
    residual = np.zeros_like(x)
    residual[1:-1, 1:-1] = 4 * x[1:-1, 1:-1] - x[:-2, 1:-1] - x[2:, 1:-1] - x[1:-1, :-2] - x[1:-1, 2:]
    residual = residual.clip(-20, 20)
    high, wide = -(-height // 16) * 16, -(-width // 16) * 16
    expected = []
    for plane in luma_and_chroma_of(residual):
        power = np.abs(np.fft.fft2(plane, (high, wide))) ** 2 / (height * width)
        cells = power[:, : wide // 2].reshape(16, high // 16, 8, wide // 16)
        expected += [np.log(cells.mean(axis=(1, 3)) + 0.01).ravel(), np.log(cells.max(axis=(1, 3)) + 0.01).ravel()]
    found = ResidualSpectrum()(image[None]).numpy()[0]
    np.testing.assert_allclose(found, np.concatenate(expected), atol=2e-3)
    assert found.shape == (768,)
    halves = np.reshape(expected, (3, 2, 16, 8))
    mirrored = ResidualSpectrum(mirrored=True)(image[None]).numpy()[0]
    np.testing.assert_allclose(mirrored, (halves[:, :, :8] + halves[:, :, :7:-1]).ravel() / 2, atol=2e-3)
    assert mirrored.shape == (384,)


def test_a_mirrored_spectrum_hardly_tells_left_from_right() -> None:
    """Diagonal stripes that fall or rise: the same frequency, in another quarter of the plane."""
    down, right = np.mgrid[:64, :64]
    falling = np.repeat(np.uint8(128 + 40 * np.cos((down + 2 * right) * 2 * np.pi * 7.5 / 64))[..., None], 3, axis=-1)
    pair = np.stack([falling, falling[:, ::-1]])
    apart, alike = (
        float(np.abs(np.subtract(*ResidualSpectrum(mirrored=mirrored)(pair).numpy())).max())
        for mirrored in (False, True)
    )
    assert apart > 3 and alike < 0.2 * apart
    with pytest.raises(ValueError, match="even number of rows"):
        ResidualSpectrum(rows=3, mirrored=True)


@pytest.mark.parametrize(
    ("layer", "side"), [(ResidualWords(VOCABULARIES), 7), (BlockDCT(), 7), (ResidualSpectrum(), 15)], ids=str
)
def test_crops_that_are_too_small_are_refused(layer: keras.layers.Layer, side: int) -> None:
    with pytest.raises(ValueError, match="at least"):
        layer(keras.Input((side, side, 3), dtype="uint8"))


def test_the_classifier_is_the_discriminant_of_the_features() -> None:
    detector = RichModel.create(32)
    crops, labels = pictures(12, 32, 32), np.arange(12) % 2
    crops[1::2, ::2] //= 2
    features = detector.analyse(crops).features
    assert features.shape == (12, 2790)
    detector.fit_features(features, labels)
    expected = discriminant(features, labels)
    scores = features.astype(float) @ expected.weights + expected.bias
    np.testing.assert_allclose(detector.analyse(crops).scores, scores, rtol=1e-3, atol=1e-3 * np.abs(scores).max())
    assert ((scores > 0) == labels).all()
