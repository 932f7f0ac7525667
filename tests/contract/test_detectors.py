"""What every registered detector must do; a new one is tested by being registered."""

from __future__ import annotations

import numpy as np
import pytest

from forensictransfer.detectors.names import detectors
from forensictransfer.detectors.registry import detector_class, load_detector
from forensictransfer.errors import UserError

CROP = 64


@pytest.fixture(scope="module", params=sorted(detectors()))
def detector(request: pytest.FixtureRequest):
    return detector_class(request.param).build(CROP)


def crops(n: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (n, CROP, CROP, 3)).astype(np.uint8)


def test_every_name_has_a_class_that_knows_it() -> None:
    for name in detectors():
        assert detector_class(name).name == name


def test_unknown_names_are_refused_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"unknown detector 'ft-rse'.*perhaps you meant 'ft-res'"):
        detector_class("ft-rse")


def test_knows_its_crop(detector) -> None:
    assert detector.crop == CROP


def test_says_energies_and_features_of_every_crop(detector) -> None:
    found = detector.analyse(crops(5))
    assert found.energies.shape == (5, 2) and found.energies.dtype == np.float32
    assert found.features.ndim == 2 and len(found.features) == 5
    assert np.isfinite(found.energies).all() and np.isfinite(found.features).all()


def test_judges_each_crop_by_itself(detector) -> None:
    x = crops(5)
    np.testing.assert_allclose(detector.analyse(x[:1]).scores, detector.analyse(x).scores[:1], atol=1e-5)


def test_survives_saving(detector, tmp_path) -> None:
    path = tmp_path / "model.keras"
    detector.save(str(path))
    again = load_detector(detector.name, path)
    np.testing.assert_allclose(again.analyse(crops(3)).energies, detector.analyse(crops(3)).energies, atol=1e-6)


def test_a_torn_model_is_one_clear_line(detector, tmp_path) -> None:
    path = tmp_path / "model.keras"
    detector.save(str(path))
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(UserError, match="model.keras: expected a saved") as caught:
        load_detector(detector.name, path)
    assert "\n" not in str(caught.value)


def test_trains_and_refreshes(detector) -> None:
    detector.compile(1e-3)
    x, y = detector.fit_batch(crops(8), np.arange(8) % 2)
    before = [np.array(weight) for weight in detector.trainer.trainable_weights]
    logs = detector.trainer.fit(x, y, batch_size=8, epochs=1, verbose=0).history
    assert np.isfinite(logs["loss"]).all()
    assert any(not np.array_equal(a, b) for a, b in zip(before, detector.trainer.trainable_weights, strict=True))
    detector.refresh_statistics([x])


def test_its_leading_stages_can_be_frozen(detector) -> None:
    """Gradient steps leave the frozen stages as they are, weights and statistics, and change what comes after them."""
    from forensictransfer.strategies.gradient import gradient_steps

    layers = [layer.name for layer in detector.trainer.layers]
    places = [layers.index(name) for name in detector.stages]
    assert places == sorted(set(places)), "stages are in order"
    for frozen in (0, max(len(places) - 1, 0)):
        for reconstruction in (0.1, 0.0):
            before = {layer.name: layer.get_weights() for layer in detector.trainer.layers}
            steps = gradient_steps(detector, frozen, reconstruction)
            steps.reset(1e-2, reconstruction, seed=0)
            x, y = crops(8), np.arange(8) % 2
            assert np.isfinite([float(steps.step(x, y)) for _ in range(2)]).all()
            steps.refresh_statistics([(x, y)])
            other = {
                name
                for name, weights in before.items()
                if not all(map(np.array_equal, weights, detector.trainer.get_layer(name).get_weights()))
            }
            end = places[frozen - 1] if frozen else -1
            assert other and all(layers.index(name) > end for name in other)
    with pytest.raises(UserError, match="adapt.frozen"):
        gradient_steps(detector, max(len(places), 1), 0.0)
