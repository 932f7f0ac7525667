"""Detectors whose loss is a distance: numbers worked out by hand, and who learns when."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from forensictransfer.detectors.layers import GradientGate, PrototypeEnergies, WassersteinEnergies
from forensictransfer.detectors.networks.ddt import DeepDistributionTransfer, distance_to_class
from forensictransfer.detectors.networks.pairwise import CONTRASTIVE_EPOCHS, Pairwise, contrastive_energy
from forensictransfer.detectors.networks.prototypes import Prototypes, episode_loss
from forensictransfer.experiments.strategies.gradient import gradient_steps
from forensictransfer.testing import made_up


def test_wasserstein_energies_by_hand() -> None:
    mean = np.array([[1.0, 1.0, 0.0, 0.0], [-1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 2.0, 1.0]], np.float32)
    log_variance = np.zeros((3, 4), np.float32)
    log_variance[2, 0] = 2 * np.log(3.0)
    found = WassersteinEnergies()(mean, log_variance).numpy()
    # The first two are the distribution of reals, the second by the absolute value; from the fakes' they are sqrt(4).
    np.testing.assert_allclose(found[:2], [[0, -2], [0, -2]], atol=1e-5)
    # Third: to reals (1 + 1 + 4 + 1) + (3 - 1)^2, to fakes (0 + 0 + 1 + 0) + (3 - 1)^2.
    np.testing.assert_allclose(found[2], [-np.sqrt(11), -np.sqrt(5)], rtol=1e-6)
    np.testing.assert_allclose(distance_to_class(np.array([[0], [1], [1]]), found), [0, 2, np.sqrt(5)], atol=1e-5)


def test_prototypes_of_the_other_half_in_training_and_stored_ones_in_inference() -> None:
    layer = PrototypeEnergies()
    embedding = np.array([[0.0], [4.0], [2.0], [4.0], [1.0], [7.0], [3.0], [9.0]], np.float32)
    label = np.array([0, 1, 0, 1, 0, 1, 0, 1], np.int32)
    # Halves: means 1 and 4, then 2 and 8; each half is held against the means of the other.
    found = layer(embedding, label, training=True).numpy()
    np.testing.assert_allclose(found[0], [-4, -64])
    np.testing.assert_allclose(found[1], [-4, -16])
    np.testing.assert_allclose(found[4], [0, -9])
    np.testing.assert_allclose(found[7], [-64, -25])
    layer.assign(np.array([[1.0], [5.0]]))
    np.testing.assert_allclose(layer(embedding, label).numpy()[:2], [[-1, -25], [-9, -1]])
    np.testing.assert_allclose(layer(embedding, 1 - label).numpy()[:2], [[-1, -25], [-9, -1]], err_msg="labels unseen")
    loss = episode_loss(np.array([[0], [1]]), np.array([[0.0, 0.0], [-np.log(3.0), 0.0]], np.float32))
    np.testing.assert_allclose(loss, [np.log(2), np.log(4 / 3)], rtol=1e-6)


def test_prototypes_are_the_means_over_the_statistics_batches() -> None:
    detector = Prototypes.create(32)
    batches = [detector.fit_batch(*made_up(32, 8, seed=seed))[0] for seed in range(2)]
    detector.refresh_statistics(batches)
    embeddings = np.concatenate([detector.analyse(batch["image"]).features for batch in batches])
    labels = np.concatenate([batch["label"] for batch in batches])
    stored = detector.model.get_layer("energies").get_weights()[0]
    np.testing.assert_allclose(stored, [embeddings[labels == label].mean(axis=0) for label in (0, 1)], rtol=1e-4)
    crops, _ = made_up(32, 3, seed=7)
    found = detector.analyse(crops)
    expected = -((found.features[:, None] - stored[None]) ** 2).sum(axis=-1)
    np.testing.assert_allclose(found.energies, expected, rtol=1e-4)


def test_the_contrastive_energy_by_hand() -> None:
    features = np.array([[0.0, 0.0], [0.3, 0.4], [0.0, 0.1]], np.float32)
    labels = np.array([[0.0], [0.0], [1.0]], np.float32)
    # Pairs: (0, 1) of one class, d = 0.5: 1/2 d^2 = 0.125. (0, 2) of two, d = 0.1: 1/2 0.4^2 = 0.08.
    # (1, 2) of two, d = sqrt(0.18) = 0.4243: 1/2 (0.0757)^2 = 0.00287.
    third = 0.5 * (0.5 - np.sqrt(0.18)) ** 2
    expected = [(0.125 + 0.08) / 2, (0.125 + third) / 2, (0.08 + third) / 2]
    np.testing.assert_allclose(contrastive_energy(labels, features), expected, atol=1e-5)
    apart = np.array([[0.0], [0.6]], np.float32)
    np.testing.assert_allclose(contrastive_energy(np.array([[0.0], [1.0]]), apart), [0, 0], atol=1e-6)


def test_a_shut_gate_keeps_the_gradient_back() -> None:
    import tensorflow as tf

    gate, x = GradientGate(), tf.Variable([2.0])
    for opening in (1.0, 0.0):
        gate(x)
        gate.opening.assign(opening)
        with tf.GradientTape() as tape:
            y = 3.0 * gate(x, training=True)
        assert float(y[0]) == 6.0
        assert float(tape.gradient(y, x)[0]) == 3.0 * opening


def test_features_learn_by_pairs_first_and_by_the_classifier_then() -> None:
    keras.utils.set_random_seed(0)
    detector = Pairwise.create(64)
    detector.compile(1e-3)
    crops, labels = made_up(64, 8)
    inputs, targets = detector.fit_batch(crops, labels)
    detector.begin_epoch(0)
    first = detector.trainer.test_on_batch(inputs, targets, return_dict=True)
    contrast = float(np.mean(contrastive_energy(targets["features"], detector.analyse(crops).features)))
    logit = detector.analyse(crops).scores
    entropy = float(np.mean(np.logaddexp(0, np.where(labels == 1, -logit, logit))))
    assert first["loss"] == pytest.approx(contrast + entropy, rel=1e-3)
    detector.begin_epoch(CONTRASTIVE_EPOCHS)
    assert detector.trainer.test_on_batch(inputs, targets, return_dict=True)["loss"] == pytest.approx(entropy, rel=1e-3)
    assert [float(detector.model.get_layer("gate").opening), float(detector._contrast)] == [1.0, 0.0]


@pytest.mark.slow
def test_a_network_saved_while_the_gate_was_shut_is_fine_tuned_whole(tmp_path: Path) -> None:
    """The best epoch may be one in which the classifier's gradient was kept from the features."""
    keras.utils.set_random_seed(0)
    detector = Pairwise.create(64)
    detector.begin_epoch(0)
    detector.model.save(tmp_path / "model.keras")
    weights = detector.model.get_weights()
    loaded = Pairwise(keras.models.load_model(tmp_path / "model.keras"))
    loaded.model.set_weights(weights)
    steps = gradient_steps(loaded, 0, 0.0)
    steps.reset(1e-3, 0.0, 0)
    before = loaded.model.get_layer("stem").get_weights()[0]
    steps.step(*made_up(64, 8))
    assert not np.array_equal(before, loaded.model.get_layer("stem").get_weights()[0])


def test_planes_of_the_common_fake_feature_network() -> None:
    model = Pairwise.create(64).model
    assert model.get_layer("stem").output.shape[1:] == (16, 16, 48)
    planes = [model.get_layer(f"block_{i}_joined_{n}").output.shape[-1] for i, n in enumerate((2, 3, 4, 2), start=1)]
    assert planes == [96, 120, 156, 126]
    assert [model.get_layer(f"transition_{i}").output.shape[-1] for i in (1, 2, 3)] == [48, 60, 78]
    assert model.get_layer("features").output.shape[-1] == 128


def test_the_encoder_of_ddt_ends_at_the_third_stage() -> None:
    model = DeepDistributionTransfer.create(64).model
    assert model.get_layer("stage_3_block_2_out").output.shape[1:] == (4, 4, 256)
    assert model.get_layer("mean").output.shape[-1] == model.get_layer("log_variance").output.shape[-1] == 16
