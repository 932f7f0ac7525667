"""ForensicTransfer: its losses and its decision by hand, and what it promises about batches and saving."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from forensictransfer.detectors.networks.forensic_transfer import (
    ForensicTransferResidual,
    ForensicTransferRGB,
    activation_loss,
    energy_accuracy,
)

CROP = 64


def images(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, CROP, CROP, 3)).astype(np.uint8)


def test_activation_loss_by_hand() -> None:
    energies = np.array([[0.9, 0.2], [0.9, 0.2], [0.0, 1.5]], np.float32)
    # real: |a_1 - 0| + |a_0 - 1| = 0.2 + 0.1; fake: |a_1 - 1| + |a_0 - 0| = 0.8 + 0.9; fake: 0.5 + 0
    got = activation_loss(np.array([0, 1, 1], np.int32), energies).numpy()
    np.testing.assert_allclose(got, [0.3, 1.7, 0.5], atol=1e-6)


def test_fake_is_called_when_a1_is_larger() -> None:
    energies = np.array([[0.2, 0.9], [0.9, 0.2], [0.5, 0.5]], np.float32)
    np.testing.assert_array_equal(energy_accuracy(np.array([1, 1, 1]), energies).numpy(), [1, 0, 0])
    np.testing.assert_array_equal(energy_accuracy(np.array([0, 0, 0]), energies).numpy(), [0, 1, 1])


def test_network_is_the_papers() -> None:
    model = ForensicTransferResidual.build(256).model
    shapes = {layer.name: tuple(layer.output.shape[1:]) for layer in model.layers}
    assert shapes["residual"] == (240, 240, 6)
    assert shapes["encoder_1"] == (240, 240, 8)
    assert [shapes[f"encoder_{i}"] for i in (2, 3, 4, 5)] == [(120, 120, 16), (60, 60, 32), (30, 30, 64), (15, 15, 128)]
    assert [shapes[f"decoder_{i}"][2] for i in (1, 2, 3, 4)] == [64, 32, 16, 8]
    assert shapes["reconstruction"] == (240, 240, 6)
    trainable = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    assert 197_000 < trainable < 199_000
    norms = [layer.name for layer in model.layers if layer.name.endswith("_norm")]
    assert norms == [f"encoder_{i}_norm" for i in (2, 3, 4, 5)] + [f"decoder_{i}_norm" for i in (1, 2, 3, 4)]
    assert ForensicTransferRGB.build(256).model.output["reconstruction"].shape[1:] == (256, 256, 3)


def test_total_loss_is_activation_plus_a_tenth_of_the_reconstruction() -> None:
    detector = ForensicTransferResidual.build(CROP)
    detector.compile(1e-3)
    labels = np.array([0, 1, 1, 0])
    x, y = detector.fit_batch(images(4), labels)
    outputs = {name: np.array(value) for name, value in detector.model(x, training=False).items()}
    logs = detector.trainer.evaluate(x, y, verbose=0, return_dict=True)
    activation = np.mean(np.abs(outputs["energies"][:, 1] - labels) + np.abs(outputs["energies"][:, 0] - (1 - labels)))
    residual = keras.Model(detector.model.input, detector.model.get_layer("residual").output)(x).numpy()
    reconstruction = np.mean(np.abs(outputs["reconstruction"] - residual))
    assert logs["energies_loss"] == pytest.approx(activation, rel=1e-4)
    assert logs["reconstruction_error_loss"] == pytest.approx(reconstruction, rel=1e-4)
    assert logs["loss"] == pytest.approx(activation + 0.1 * reconstruction, rel=1e-4)


def test_energies_are_read_from_the_whole_latent() -> None:
    """A copy of the method that masks the latent in place reads energies of which one half is zero."""
    detector = ForensicTransferResidual.build(CROP)
    x = images(3)
    by_label = [
        detector.model({"image": x, "label": np.full(3, label, np.int32)}, training=False)["energies"].numpy()
        for label in (0, 1, -1)
    ]
    np.testing.assert_array_equal(by_label[0], by_label[1])
    np.testing.assert_array_equal(by_label[0], by_label[2])
    assert (by_label[0] > 0).all()
    np.testing.assert_allclose(detector.analyse(x).energies, by_label[0], rtol=1e-5)


def test_features_average_to_the_energies() -> None:
    found = ForensicTransferResidual.build(CROP).analyse(images(3))
    assert found.features.shape == (3, 128)
    np.testing.assert_allclose(found.energies[:, 0], found.features[:, :64].mean(axis=1), rtol=1e-5)
    np.testing.assert_allclose(found.energies[:, 1], found.features[:, 64:].mean(axis=1), rtol=1e-5)
    np.testing.assert_allclose(found.scores, found.energies[:, 1] - found.energies[:, 0])


Trained = tuple[ForensicTransferResidual, np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def trained_once() -> tuple[Trained, list[np.ndarray]]:
    """A detector that has learned to tell noise from smoothed noise, the crops it was trained on, and its weights."""
    keras.utils.set_random_seed(1)
    labels = np.arange(64) % 2
    x = images(64).astype(np.float32)
    smooth = (x + np.roll(x, 1, 1) + np.roll(x, 1, 2) + np.roll(x, (1, 1), (1, 2))) / 4
    x = np.where(labels[:, None, None, None] == 1, smooth, x).astype(np.uint8)
    detector = ForensicTransferResidual.build(CROP)
    detector.compile(1e-3)
    detector.prepare_steps()
    inputs, targets = detector.fit_batch(x, labels)
    detector.trainer.fit(inputs, targets, batch_size=32, epochs=10, verbose=0)
    return (detector, x, labels), detector.get_weights()


@pytest.fixture
def quickly_trained(trained_once: tuple[Trained, list[np.ndarray]]) -> Trained:
    """The detector as it was after its training, its crops and their labels."""
    found, weights = trained_once
    found[0].model.set_weights(weights)
    return found


@pytest.mark.slow
def test_inference_agrees_with_training_once_the_statistics_are_estimated(quickly_trained: Trained) -> None:
    detector, x, labels = quickly_trained
    inputs, _ = detector.fit_batch(x, labels)
    batches = [{name: value[i : i + 32] for name, value in inputs.items()} for i in (0, 32)]
    detector.refresh_statistics(batches)
    for batch in batches:
        in_training = detector.model(batch, training=True)["energies"].numpy()
        # that call moved the statistics: put them back
        detector.refresh_statistics(batches)
        in_inference = detector.model(batch, training=False)["energies"].numpy()
        verdicts = (in_training[:, 1] > in_training[:, 0]) == (in_inference[:, 1] > in_inference[:, 0])
        assert verdicts.mean() >= 0.95
        np.testing.assert_allclose(in_inference, in_training, atol=0.1)


@pytest.mark.slow
def test_an_image_gets_the_same_verdict_in_any_batch(quickly_trained: Trained) -> None:
    detector, x, _ = quickly_trained
    alone = np.concatenate([detector.analyse(x[i : i + 1]).scores for i in range(6)])
    together = detector.analyse(x).scores[:6]
    among_fakes = detector.analyse(np.concatenate([x[:6], x[1::2]])).scores[:6]
    np.testing.assert_allclose(alone, together, atol=1e-5)
    np.testing.assert_allclose(alone, among_fakes, atol=1e-5)


@pytest.mark.parametrize("kind", [ForensicTransferResidual, ForensicTransferRGB])
def test_pictures_are_shown_in_range(kind: type) -> None:
    pictures = kind.build(CROP).pictures(images(2))
    assert set(pictures) == {"crops", "what the encoder is fed", "reconstruction"}
    for picture in pictures.values():
        assert picture.shape[0] == 2 and picture.shape[-1] == 3
        assert picture.min() >= 0 and picture.max() <= 1


def test_a_training_step_is_traced_once() -> None:
    detector = ForensicTransferResidual.create(CROP)
    detector.compile(1e-3)
    traced, step = [], detector.trainer.train_step

    def counted(data: Any) -> Any:
        traced.append(1)
        return step(data)

    detector.trainer.train_step = counted
    detector.prepare_steps()
    before = detector.get_weights()
    detector.prepare_steps()
    assert all(map(np.array_equal, before, detector.get_weights()))
    for _ in range(2):
        detector.trainer.train_on_batch(*detector.fit_batch(images(4), np.array([0, 1, 0, 1], np.int32)))
    assert len(traced) == 1
