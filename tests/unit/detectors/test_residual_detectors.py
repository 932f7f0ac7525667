"""Constrained convolutions and co-occurrences of residuals: by hand, and what training must not undo."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from forensictransfer.detectors.layers import (
    ConstrainedConv2D,
    HighPassColours,
    Luma,
    PredictionErrorConstraint,
    ResidualCooccurrence,
    RunDetectors,
    ScaledPixels,
    SoftLevels,
)
from forensictransfer.detectors.layers.cooccurrence import merged_runs
from forensictransfer.detectors.networks.constrained_conv import ConstrainedConv
from forensictransfer.detectors.networks.cooccurrence import Cooccurrence
from forensictransfer.detectors.networks.residual_cnn import ResidualCNN
from forensictransfer.experiments.strategies.gradient import gradient_steps
from forensictransfer.testing import made_up


def noise(n: int, side: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, side, side, 3), np.uint8)


# Pixels


def test_luma_and_scaled_pixels_by_hand() -> None:
    image = np.array([[[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [10, 20, 30]]]], np.uint8)
    # 76.245, 149.685, 29.07, and 2.99 + 11.74 + 3.42 = 18.15
    assert Luma()(image).numpy()[..., 0].tolist() == [[[76.0, 150.0], [29.0, 18.0]]]
    np.testing.assert_allclose(ScaledPixels(2.0, -1.0, channels=(1,))(image)[..., 0], [[[-1, 509], [-1, 39]]])
    np.testing.assert_allclose(ScaledPixels()(image)[0, 0, 0], [1, 0, 0], atol=1e-6)


def test_high_pass_colours_by_hand() -> None:
    image = np.zeros((1, 5, 5, 3), np.uint8)
    image[0, 2, 2, 0] = 16
    found = HighPassColours()(image).numpy()[0, :, :, 0]
    # (x - b * x) / 16 with b = [1 2 1]^T [1 2 1] / 16 around one pixel of 16.
    np.testing.assert_allclose(found * 16, [[-1, -2, -1], [-2, 12, -2], [-1, -2, -1]])
    assert not HighPassColours()(np.full((1, 8, 8, 3), 77, np.uint8)).numpy().any()


# Constrained convolutions


def obeys(kernel: np.ndarray) -> bool:
    middle = kernel[kernel.shape[0] // 2, kernel.shape[1] // 2]
    return bool(np.allclose(middle, -1) and np.allclose(kernel.sum(axis=(0, 1)) - middle, 1, atol=1e-5))


def test_the_constraint_by_hand() -> None:
    kernel = np.arange(1.0, 10.0, dtype=np.float32).reshape(3, 3, 1, 1)
    found = PredictionErrorConstraint()(kernel).numpy()[:, :, 0, 0]
    np.testing.assert_allclose(found, [[1 / 40, 2 / 40, 3 / 40], [4 / 40, -1, 6 / 40], [7 / 40, 8 / 40, 9 / 40]])
    # A sum of nought cannot be divided by: every neighbour gets an eighth.
    flat = PredictionErrorConstraint()(np.zeros((3, 3, 1, 1), np.float32)).numpy()[:, :, 0, 0]
    np.testing.assert_allclose(flat, [[0.125] * 3, [0.125, -1, 0.125], [0.125] * 3])


@given(st.lists(st.floats(-1, 1, width=32), min_size=50, max_size=50))
def test_any_kernel_is_put_into_form(values: list[float]) -> None:
    found = PredictionErrorConstraint()(np.array(values, np.float32).reshape(5, 5, 1, 2)).numpy()
    assert np.isfinite(found).all() and np.allclose(found[2, 2], -1)
    rest = found.sum(axis=(0, 1)) - found[2, 2]
    # The larger the weights against their sum, the more digits the sum has lost.
    np.testing.assert_allclose(rest, 1, atol=1e-5 * max(1.0, float(np.abs(found).max())) * 25)


def test_a_flat_area_has_no_prediction_error() -> None:
    layer = ConstrainedConv2D(3, 5)
    assert np.abs(layer(np.full((1, 9, 9, 1), 0.7, np.float32))).max() < 1e-5
    assert layer(np.zeros((1, 9, 9, 1), np.float32)).shape == (1, 5, 5, 3)


def test_the_constraint_holds_from_the_start_and_after_every_step() -> None:
    detector = ConstrainedConv.create(64)
    layer = detector.model.get_layer("prediction_error")
    kernels = [layer.get_weights()[0]]
    assert obeys(kernels[0]) and layer.bias is None
    detector.compile(0.1)
    for step in range(3):
        detector.trainer.train_on_batch(*detector.fit_batch(*made_up(64, 8, seed=step)))
        kernels.append(layer.get_weights()[0])
        assert obeys(kernels[-1])
    steps = gradient_steps(detector, 0, 0.0)
    steps.reset(1e-2, 0.0, seed=0)
    for step in range(3):
        steps.step(*made_up(64, 8, seed=step))
        kernels.append(layer.get_weights()[0])
        assert obeys(kernels[-1]), "fine-tuning too"
    assert all(not np.allclose(one, other) for one, other in itertools.pairwise(kernels))


def test_the_authors_optimiser() -> None:
    optimizer = ConstrainedConv.create(64).optimizer(1e-3)
    assert type(optimizer).__name__ == "SGD" and optimizer.momentum == 0.95


# Co-occurrences


def test_runs_that_count_as_one() -> None:
    merge = merged_runs(2)
    assert merge.shape == (625, 169) and (merge.sum(axis=1) == 1).all()
    number = {run: i for i, run in enumerate(itertools.product(range(-2, 3), repeat=4))}
    same = [number[run] for run in ((0, 1, 2, -1), (-1, 2, 1, 0), (0, -1, -2, 1), (1, -2, -1, 0))]
    assert len({int(merge[i].argmax()) for i in same}) == 1
    assert merge[number[0, 0, 0, 0]].argmax() != merge[number[0, 0, 0, 1]].argmax()


def slow_cooccurrence(image: np.ndarray, step: float) -> np.ndarray:
    """The descriptor of one step, from its definition, with loops."""
    luma = np.floor((image.astype(np.int64) @ np.array([299, 587, 114]) + 500) / 1000).astype(np.int64)
    runs = list(itertools.product(range(-2, 3), repeat=4))
    place = dict(zip(runs, merged_runs(2).argmax(axis=1), strict=True))
    sums = {"along": np.zeros(169), "across": np.zeros(169)}
    for plane in (luma, luma.T):
        r = plane[:-3] - 3 * plane[1:-2] + 3 * plane[2:-1] - plane[3:]
        k = np.clip(np.round(r / step), -2, 2).astype(int)
        for name, levels in (("along", k), ("across", k.T)):
            found = Counter(
                place[tuple(int(v) for v in levels[i : i + 4, j])]
                for i in range(levels.shape[0] - 3)
                for j in range(levels.shape[1])
            )
            for index, count in found.items():
                sums[name][index] += count / ((levels.shape[0] - 3) * levels.shape[1])
    return np.sqrt(np.concatenate([sums["along"], sums["across"]]) / 2)


@pytest.mark.parametrize("step", [1.0, 4.0])
def test_the_descriptor_is_that_of_its_definition(step: float) -> None:
    images = (noise(2, 20) // 16).astype(np.uint8)
    found = ResidualCooccurrence(steps=(step,))(images).numpy()
    for one, image in zip(found, images, strict=True):
        np.testing.assert_allclose(one, slow_cooccurrence(image, step), atol=1e-6)
        np.testing.assert_allclose((one**2).sum(), 2.0, atol=1e-5)


def test_a_flat_image_has_one_run() -> None:
    found = ResidualCooccurrence()(np.full((1, 16, 16, 3), 90, np.uint8)).numpy()[0]
    assert sorted(found)[-4:] == [1.0] * 4 and (found != 0).sum() == 4
    with pytest.raises(ValueError, match="at least 7"):
        ResidualCooccurrence()(tf.keras.Input((6, 9, 3), dtype="uint8"))


def test_the_classifier_is_the_shrunk_discriminant() -> None:
    detector = Cooccurrence.create(64)
    crops, labels = made_up(64, 12)
    features = detector.analyse(crops).features
    detector.fit_features(features, labels)
    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", priors=[0.5, 0.5])
    expected = model.fit(features.astype(float), labels).decision_function(features.astype(float))
    np.testing.assert_allclose(detector.analyse(crops).scores, expected, rtol=1e-3, atol=1e-3)
    assert detector.model.count_params() == 2 * 2 * 169 + 1


def test_unequal_classes_do_not_move_the_score() -> None:
    detector = Cooccurrence.create(64)
    crops, labels = made_up(64, 24)
    features = detector.analyse(crops).features
    few = np.concatenate([np.flatnonzero(labels == 0), np.flatnonzero(labels == 1)[:3]])
    detector.fit_features(features[few], labels[few])
    scores = detector.analyse(crops[few]).scores
    middle = [scores[labels[few] == label].mean() for label in (0, 1)]
    np.testing.assert_allclose(sum(middle), 0, atol=1e-3 * abs(middle[0]))


# The descriptor as a network


def test_sharp_levels_are_the_quantiser() -> None:
    layer = SoftLevels(levels=(-4.0, 0.0, 4.0), sharpness=50.0)
    found = layer(np.array([[[[-9.0], [-2.1], [-1.9], [0.0], [1.9], [2.1], [30.0]]]], np.float32)).numpy()[0, 0, :, 0]
    assert found.argmax(axis=-1).tolist() == [0, 0, 1, 1, 1, 2, 2]
    np.testing.assert_allclose(found.max(axis=-1), 1, atol=1e-3)


def test_run_detectors_count_runs() -> None:
    levels = np.random.default_rng(2).integers(0, 3, (1, 9, 8))
    shares = np.eye(3, dtype=np.float32)[levels][:, :, :, None]
    found = RunDetectors()(shares).numpy()[0]
    runs = list(itertools.product(range(3), repeat=4))
    down = Counter(tuple(levels[0, i : i + 4, j].tolist()) for i in range(6) for j in range(8))
    along = Counter(tuple(levels[0, i, j : j + 4].tolist()) for i in range(9) for j in range(5))
    np.testing.assert_allclose(found[:81] * 48, [down[run] for run in runs], atol=1e-4)
    np.testing.assert_allclose(found[81:] * 45, [along[run] for run in runs], atol=1e-4)


def test_before_training_its_residuals_are_third_differences() -> None:
    detector = ResidualCNN.create(32)
    image = noise(1, 32)
    cut = tf.keras.Model(detector.model.input, detector.model.get_layer("residual").output)
    x = Luma()(image).numpy()[0, :, :, 0]
    found = cut(image).numpy()[0]
    np.testing.assert_allclose(found[..., 0], (x[:-3] - 3 * x[1:-2] + 3 * x[2:-1] - x[3:])[:, :-3], atol=1e-2)
    expected = (x[:, :-3] - 3 * x[:, 1:-2] + 3 * x[:, 2:-1] - x[:, 3:])[:-3]
    np.testing.assert_allclose(found[..., 1], expected, atol=1e-2)
