"""A training whose loss is no longer a number says at which step that began, and by which image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import keras
import numpy as np
import pytest

from forensictransfer.detectors.trainable import TrainableDetector
from forensictransfer.experiments.divergence import Divergence, Step, find_divergence


class Contrast(TrainableDetector):
    """Divides by the contrast of a crop, which a flat one has none of."""

    name: ClassVar[str] = "contrast"

    @classmethod
    def build(cls, crop: int) -> Contrast:
        image = keras.Input((crop, crop, 3), dtype="uint8", name="image")
        pixels = keras.layers.Rescaling(1 / 255)(image)
        centred = pixels - keras.ops.mean(pixels, axis=(1, 2, 3), keepdims=True)
        contrast = keras.ops.sqrt(keras.ops.mean(keras.ops.square(centred), axis=(1, 2, 3), keepdims=True))
        features = keras.layers.Flatten(name="features")(centred / contrast)
        return cls(keras.Model(image, keras.layers.Dense(1, name="logit")(features)))

    def compile(self, learning_rate: float) -> None:
        self.trainer.compile(keras.optimizers.SGD(learning_rate), keras.losses.BinaryCrossentropy(from_logits=True))

    def fit_batch(self, images: np.ndarray, labels: np.ndarray) -> tuple[Any, Any]:
        return images, labels.astype(np.float32)[:, None]


def steps(flat: int | None) -> Iterator[Step]:
    rng = np.random.default_rng(0)
    for step in range(4):
        crops = rng.integers(0, 256, (4, 8, 8, 3), np.uint8)
        if step == 2 and flat is not None:
            crops[flat] = 0
        yield crops, np.array([0, 1, 0, 1], np.int32), [f"{step}_{i}.png" for i in range(4)]


def found(learning_rate: float, flat: int | None) -> Divergence:
    keras.utils.set_random_seed(0)
    detector = Contrast.build(8)
    detector.compile(learning_rate)
    return find_divergence(detector, 4, steps(flat))


def test_the_image_is_named() -> None:
    assert found(0.01, flat=1) == Divergence(5, 3, ("2_0.png", "2_1.png", "2_2.png", "2_3.png"), ("2_1.png",))


def test_steps_that_are_too_large_are_no_image_s_fault() -> None:
    divergence = found(1e38, flat=None)
    assert divergence.epoch == 5
    assert divergence.culprits in ((), divergence.images)
    assert "large" in str(divergence)


def test_an_epoch_of_numbers() -> None:
    assert found(0.01, flat=None) == Divergence(5, 0, (), ())


@pytest.mark.parametrize(
    ("divergence", "said"),
    [
        (Divergence(2, 7, ("a", "b"), ("b",)), "epoch 2, step 7 on; by themselves these images have none: b"),
        (Divergence(2, 7, ("a", "b"), ("a", "b")), "epoch 2, step 7 on, for all images of its batch"),
        (Divergence(2, 7, tuple("abcde"), ()), r"no image of its batch \(a, b, c and 2 more\) has none by itself"),
        (Divergence(2, 0, (), ()), "the loss of epoch 2 is not a number"),
    ],
)
def test_what_it_says(divergence: Divergence, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        raise ValueError(str(divergence))
