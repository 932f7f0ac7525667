"""Layers against numbers worked out by hand."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from forensictransfer.detectors.layers import (
    ActivationEnergy,
    HighPassResidual,
    LatentSelection,
    PartitionEnergy,
    PopulationBatchNormalization,
    ReconstructionError,
    RescaledRGB,
    UpsampleConv2D,
    estimate_statistics,
)


def random_images(n: int, side: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, side, side, 3)).astype(np.uint8)


def test_residual_is_the_third_difference_divided_by_4() -> None:
    image = random_images(1, 35)
    got = HighPassResidual()(image).numpy()[0]
    # 35 - 3 = 32 is whole: nothing is cut. Vertical at (5, 7) uses rows 5..8 of column 8, see the centring by one.
    x = image[0].astype(np.float64) / 255
    assert got.shape == (32, 32, 6)
    for row, column in ((0, 0), (5, 7), (31, 31)):
        down = x[row : row + 4, column + 1]
        along = x[row + 1, column : column + 4]
        for found, (a, b, c, d) in ((got[row, column, :3], down), (got[row, column, 3:], along)):
            np.testing.assert_allclose(found, (a - 3 * b + 3 * c - d) / 4, atol=1e-6)


def test_residual_of_hand_made_edges() -> None:
    image = np.zeros((1, 19, 19, 3), np.uint8)
    image[0, :, 1::2] = 255  # columns 0 1 0 1: third difference along the rows is +-(0 - 3 + 0 - 1) = -+4, the largest
    got = HighPassResidual()(image).numpy()[0]
    assert got.shape == (16, 16, 6)
    assert np.all(got[..., :3] == 0)
    np.testing.assert_allclose(got[0, :4, 3], [-1, 1, -1, 1], atol=1e-6)


def test_residual_of_a_parabola_is_zero() -> None:
    column = np.minimum(np.arange(19) ** 2, 225)  # 0, 1, 4 .. 225, then flat
    image = np.tile(column[:, None, None], (1, 19, 3)).astype(np.uint8)[None]
    got = HighPassResidual()(image).numpy()[0]
    assert np.all(got[:13, :, :3] == 0)  # up to the row whose filter still lies on the parabola
    assert np.all(got[13, :, :3] != 0)


@pytest.mark.parametrize(("side", "expected"), [(256, 240), (128, 112), (64, 48), (19, 16)])
def test_residual_sides_are_cut_to_multiples_of_16(side: int, expected: int) -> None:
    assert HighPassResidual()(random_images(1, side)).shape == (1, expected, expected, 6)
    assert HighPassResidual().compute_output_spec(keras.KerasTensor((1, side, side, 3))).shape[1] == expected


def test_residual_refuses_images_that_are_too_small() -> None:
    with pytest.raises(ValueError, match="at least 19 pixels, got 18"):
        HighPassResidual()(random_images(1, 18))


def test_rgb_is_scaled_to_the_range_of_tanh() -> None:
    image = np.zeros((1, 33, 33, 3), np.uint8)
    image[0, 0] = 255
    image[0, 1] = 51
    got = RescaledRGB()(image).numpy()[0]
    assert got.shape == (32, 32, 3)
    np.testing.assert_allclose(got[0], 1.0, atol=1e-6)
    np.testing.assert_allclose(got[1], 51 / 127.5 - 1, atol=1e-6)
    np.testing.assert_allclose(got[2], -1.0, atol=1e-6)


def hand_latent() -> np.ndarray:
    """One latent of 1 x 2 positions and 4 channels."""
    return np.array([[[[1.0, -2.0, 0.5, 0.0], [3.0, 2.0, -1.5, 4.0]]]], np.float32)


def test_energies_by_hand() -> None:
    channel = ActivationEnergy()(hand_latent()).numpy()
    np.testing.assert_allclose(channel, [[2.0, 2.0, 1.0, 2.0]])
    # a_0 = (1 + 2 + 3 + 2) / 4, a_1 = (0.5 + 0 + 1.5 + 4) / 4: means of absolute values, not sums
    np.testing.assert_allclose(PartitionEnergy()(channel).numpy(), [[2.0, 1.5]])


def test_an_odd_number_of_channels_cannot_be_halved() -> None:
    with pytest.raises(ValueError, match="even number of channels, got 3"):
        PartitionEnergy()(np.ones((1, 3), np.float32))


@pytest.mark.parametrize(
    ("label", "energies", "kept"),
    [
        (0, (0.0, 9.0), (0, 1)),  # by the label, not by the larger energy
        (1, (9.0, 0.0), (2, 3)),
        (-1, (0.0, 9.0), (2, 3)),  # unknown: by the larger energy
        (-1, (9.0, 0.0), (0, 1)),
        (-1, (1.0, 1.0), (0, 1)),  # a tie is real: fake needs a_1 > a_0
    ],
)
def test_selection_zeroes_the_other_half(label: int, energies: tuple[float, float], kept: tuple[int, int]) -> None:
    latent = hand_latent()
    before = latent.copy()
    got = LatentSelection()(latent, np.array([label], np.int32), np.array([energies], np.float32)).numpy()
    expected = np.zeros_like(latent)
    expected[..., list(kept)] = latent[..., list(kept)]
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(latent, before)


def test_reconstruction_error_is_a_mean_per_image() -> None:
    a = np.zeros((2, 1, 2, 2), np.float32)
    b = np.array([[[[1, -1], [0, 2]]], [[[0, 0], [0, 0.5]]]], np.float32)
    np.testing.assert_allclose(ReconstructionError()(a, b).numpy(), [1.0, 0.125])


def test_upsampling_convolution_equals_its_two_steps() -> None:
    x = np.random.default_rng(0).normal(size=(2, 5, 7, 3)).astype(np.float32)
    layer = UpsampleConv2D(4)
    got = layer(x).numpy()
    two_steps = keras.Sequential([keras.layers.UpSampling2D(2), keras.layers.Conv2D(4, 3, padding="same")])
    two_steps.build(x.shape)
    layer.bias.assign([1.0, 2.0, 3.0, 4.0])
    two_steps.layers[1].set_weights([layer.kernel.numpy(), layer.bias.numpy()])
    assert got.shape == (2, 10, 14, 4)
    np.testing.assert_allclose(layer(x).numpy(), two_steps(x).numpy(), atol=1e-5)


def test_batch_norm_uses_the_batch_in_training_and_the_statistics_in_inference() -> None:
    layer = PopulationBatchNormalization(epsilon=0.0)
    x = np.array([1.0, 3.0, 5.0, 7.0], np.float32).reshape(4, 1, 1, 1)
    trained = layer(x, training=True).numpy().ravel()
    np.testing.assert_allclose(trained, (x.ravel() - 4) / np.sqrt(5), rtol=1e-5)
    layer.moving_mean.assign([2.0])
    layer.moving_variance.assign([4.0])
    np.testing.assert_allclose(layer(x, training=False).numpy().ravel(), [-0.5, 0.5, 1.5, 2.5], rtol=1e-5)


def test_estimated_statistics_are_the_plain_means_over_batches() -> None:
    inputs = keras.Input((1, 1, 1))
    layer = PopulationBatchNormalization()
    model = keras.Model(inputs, layer(inputs))
    batches = [np.array(values, np.float32).reshape(2, 1, 1, 1) for values in ((0, 2), (4, 4), (1, 7))]
    assert estimate_statistics(model, batches) == 3
    # means 1, 4, 4; variances of the batches 1, 0, 9 (the fused kernel divides by n - 1: 2, 0, 18)
    np.testing.assert_allclose(layer.moving_mean.numpy(), [3.0], rtol=1e-6)
    np.testing.assert_allclose(layer.moving_variance.numpy(), [20 / 3], rtol=1e-6)
    assert float(layer.update_rate) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("layer", "shape", "dtype"),
    [
        (HighPassResidual(), (2, 35, 35, 3), np.uint8),
        (RescaledRGB(), (2, 32, 32, 3), np.uint8),
        (ActivationEnergy(), (2, 4, 4, 6), np.float32),
        (PartitionEnergy(), (2, 6), np.float32),
        (UpsampleConv2D(5), (2, 4, 4, 3), np.float32),
        (PopulationBatchNormalization(epsilon=1e-6, rate=0.3), (2, 4, 4, 3), np.float32),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, keras.layers.Layer) else "",
)
def test_layers_survive_saving(layer: keras.layers.Layer, shape: tuple[int, ...], dtype: type, tmp_path) -> None:
    x = (np.random.default_rng(1).random(shape) * 200).astype(dtype)
    inputs = keras.Input(shape[1:], dtype=np.dtype(dtype).name)
    model = keras.Model(inputs, layer(inputs))
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(again(x), model(x))
    assert again.layers[1].get_config() == model.layers[1].get_config()
