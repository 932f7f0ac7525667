"""The optimiser of contract tests is Keras' Adam but for the order of roundings."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from forensictransfer.testing.fused_adam import use_fused_adam


def steps(amsgrad: bool = False) -> np.ndarray:
    """Weights after some steps with gradients from a seed; the rate falls, as a schedule's does."""
    rng = np.random.default_rng(0)
    weights = keras.Variable(np.arange(6, dtype=np.float32).reshape(2, 3))
    optimizer = keras.optimizers.Adam(0.1, beta_1=0.8, epsilon=1e-3, amsgrad=amsgrad)
    optimizer.build([weights])

    @tf.function
    def step(gradient: tf.Tensor) -> None:
        optimizer.apply([gradient])

    for number in range(5):
        optimizer.learning_rate = 0.1 / (1 + number)
        step(tf.constant(rng.normal(size=(2, 3)), tf.float32))
    return np.asarray(weights)


@pytest.mark.parametrize("amsgrad", [False, True])
def test_the_same_steps(monkeypatch: pytest.MonkeyPatch, amsgrad: bool) -> None:
    plain = steps(amsgrad)
    calls: list[int] = []
    kernel = tf.raw_ops.ResourceApplyAdam
    monkeypatch.setattr(tf.raw_ops, "ResourceApplyAdam", lambda **named: calls.append(1) or kernel(**named))
    use_fused_adam(monkeypatch)
    np.testing.assert_allclose(steps(amsgrad), plain, rtol=1e-5)
    assert bool(calls) == (not amsgrad), "what the kernel does not know is left to Keras"
