"""Adam by one operation of TensorFlow for each variable, where Keras writes some thirty.

Tracing Keras' Adam takes more than the network's own forward and backward pass, several times for each detector.
The update is the same but for the order of roundings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import pytest
import tensorflow as tf

# A method of the base of Keras' optimisers on TensorFlow. Where Keras has no such method, its own Adam is used.
_METHOD = "_backend_update_step"


def use_fused_adam(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `keras.optimizers.Adam` update by TensorFlow's own kernel until the patch is undone."""
    plain = getattr(keras.optimizers.Adam, _METHOD, None)
    if plain is None:
        return

    def update(self: keras.optimizers.Adam, grads: Sequence[Any], trainable_variables: Any, learning_rate: Any) -> None:
        own = type(self).update_step is not keras.optimizers.Adam.update_step
        if own or self.amsgrad or any(isinstance(gradient, tf.IndexedSlices) for gradient in grads):
            plain(self, grads, trainable_variables, learning_rate)
            return
        step = tf.cast(self.iterations.value + 1, tf.float32)
        powers = {"beta1_power": tf.pow(self.beta_1, step), "beta2_power": tf.pow(self.beta_2, step)}
        for variable, gradient in zip(trainable_variables, grads, strict=True):
            index = self._get_variable_index(variable)
            tf.raw_ops.ResourceApplyAdam(
                var=variable.value.handle,
                m=self._momentums[index].value.handle,
                v=self._velocities[index].value.handle,
                **powers,
                lr=tf.cast(learning_rate, tf.float32),
                beta1=self.beta_1,
                beta2=self.beta_2,
                epsilon=self.epsilon,
                grad=gradient,
            )

    monkeypatch.setattr(keras.optimizers.Adam, _METHOD, update)
