"""The state of a training on disk: what is read back continues as if nothing had happened, a damaged file is named."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from forensictransfer.core.errors import UserError
from forensictransfer.experiments.checkpoint import TrainingState, restore, save

X = np.random.default_rng(0).normal(size=(16, 3)).astype(np.float32)
Y = X.sum(axis=1, keepdims=True)


def model(seed: int = 0) -> keras.Model:
    keras.utils.set_random_seed(seed)
    made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="tanh"), keras.layers.Dense(1)])
    made.compile(optimizer=keras.optimizers.Adam(0.05), loss="mse")
    return made


def epoch(of: keras.Model) -> dict[str, float]:
    loss = of.fit(X, Y, batch_size=8, shuffle=False, verbose=0).history["loss"][0]
    return {"loss": loss, "val_loss": loss}


def two_epochs(path: Path) -> tuple[keras.Model, TrainingState]:
    one, state = model(), TrainingState()
    for _ in range(2):
        state.record(epoch(one), "val_loss", one)
    save(path, state, one)
    return one, state


def test_what_is_read_back_goes_on_undisturbed(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"
    undisturbed, state = two_epochs(path)
    other = model(seed=5)
    again = restore(path, other)
    assert (again.history, again.best_value, again.best_epoch) == (state.history, state.best_value, state.best_epoch)
    for a, b in zip(again.best_weights, state.best_weights, strict=True):
        np.testing.assert_array_equal(a, b)
    # Adam's moments and its count of steps decide the next steps as much as the weights do.
    assert [epoch(other) for _ in range(2)] == [epoch(undisturbed) for _ in range(2)]
    for a, b in zip(other.get_weights(), undisturbed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_no_file_is_a_fresh_start(tmp_path: Path) -> None:
    fresh = model()
    before = fresh.get_weights()
    state = restore(tmp_path / "checkpoint.npz", fresh)
    assert (state.epochs, state.history, state.best_value) == (0, [], None)
    assert not state.exhausted(patience=1)
    for a, b in zip(fresh.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_named(tmp_path: Path, share: float) -> None:
    path = tmp_path / "checkpoint.npz"
    two_epochs(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(
        UserError, match=r"checkpoint\.npz: .*--overwrite", check=lambda error: error.code == "file-damaged"
    ):
        restore(path, model())


def test_a_changed_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"
    one, _ = two_epochs(path)
    content = bytearray(path.read_bytes())
    # In the numbers of a weight: the file has gaps, too, of which nobody keeps account.
    content[content.index(one.get_weights()[0].tobytes())] ^= 255
    path.write_bytes(bytes(content))
    with pytest.raises(UserError, check=lambda error: error.code == "file-damaged"):
        restore(path, model())


def test_a_file_of_another_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"
    two_epochs(path)
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    other.compile(optimizer="adam", loss="mse")
    with pytest.raises(UserError, match=r"checkpoint.npz", check=lambda error: error.code == "file-damaged"):
        restore(path, other)


def test_a_monitor_that_is_not_measured_is_refused() -> None:
    with pytest.raises(UserError, match="'val_loss'", check=lambda error: error.code == "setting-invalid"):
        TrainingState().record({"loss": 1.0}, "val_loss", model())
