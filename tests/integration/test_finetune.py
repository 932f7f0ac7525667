"""Fine-tuning: what is frozen stays, what has no weight is not run, and one detector object serves many jobs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import load_settings

CROP = 64
QUICK = {"data.crop": CROP, "adapt.steps": 3, "adapt.batch": 8}


def shots(seed: int = 0) -> Any:
    """Three reals and three darker fakes, as much of `Images` as fine-tuning asks for."""

    class Shots(SimpleNamespace):
        def __getitem__(self, index: int) -> np.ndarray:
            return self.pixels[index]

    rng = np.random.default_rng(seed)
    labels = np.array([0, 1] * 3, np.int32)
    return Shots(
        aimed=False,
        labels=labels,
        pixels=[rng.integers(0, 250 - 100 * label, (72, 80, 3)).astype(np.uint8) for label in labels],
    )


def fresh(name: str = "ft-res", seed: int = 0) -> Any:
    import keras

    from forensictransfer.detectors.loading import detector_class

    keras.utils.set_random_seed(seed)
    return detector_class(name).build(CROP)


@pytest.fixture(scope="module")
def made() -> tuple[Any, list[np.ndarray]]:
    """A detector and the weights that it was made with."""
    detector = fresh()
    return detector, detector.model.get_weights()


@pytest.fixture
def detector(made: tuple[Any, list[np.ndarray]]) -> Any:
    """The same object, as it was made: its graphs are traced once, and a job leaves no trace in the next (below)."""
    made[0].model.set_weights(made[1])
    return made[0]


def job(
    detector: Any, start: list[np.ndarray], *, seed: int = 0, draw: int = 0, **adapt: Any
) -> list[dict[str, float]]:
    """Fine-tune `detector` from the weights `start`; returns the history."""
    from forensictransfer.detectors.base import Analysis
    from forensictransfer.experiments.strategies.base import FewShotTask, SourceKnowledge, strategy

    detector.model.set_weights(start)
    settings = load_settings(None, {**QUICK, **{f"adapt.{name}": value for name, value in adapt.items()}})
    images, nothing = shots(seed), np.zeros((6, 2), np.float32)
    knowledge = SourceKnowledge(nothing, nothing, images.labels)
    task = FewShotTask(detector, images, Analysis(nothing, nothing), knowledge, settings, draw)
    return strategy("finetune")(task).history


def by_layer(detector: Any) -> dict[str, list[np.ndarray]]:
    return {layer.name: [np.array(weight) for weight in layer.weights] for layer in detector.model.layers}


def changed(detector: Any, before: dict[str, list[np.ndarray]]) -> set[str]:
    """Names of the layers of which any weight, batch-norm statistics included, is other than before."""
    after = by_layer(detector)
    return {
        name
        for name, weights in before.items()
        if not all(np.array_equal(a, b) for a, b in zip(weights, after[name], strict=True))
    }


# What is trained


@pytest.mark.parametrize("reconstruction", [0.0, 0.1])
@pytest.mark.parametrize("frozen", [0, 2])
def test_frozen_stages_and_what_has_no_weight_stay(detector: Any, frozen: int, reconstruction: float) -> None:
    """Two frozen stages are encoder_1, encoder_2 and the statistics of its norm; without weight the decoder stays."""
    before = by_layer(detector)
    job(detector, detector.model.get_weights(), frozen=frozen, reconstruction=reconstruction)
    trained = {name for name, weights in before.items() if weights}
    if frozen:
        trained -= {"encoder_1", "encoder_2", "encoder_2_norm"}
    if not reconstruction:
        trained = {name for name in trained if name.startswith("encoder")}
    assert changed(detector, before) == trained


def test_without_weight_the_decoder_is_not_in_the_graph(detector: Any) -> None:
    from forensictransfer.experiments.strategies.gradient import gradient_steps

    with_decoder, without = (gradient_steps(detector, 1, weight).part.model.layers for weight in (0.1, 0.0))
    assert any(layer.name.startswith("decoder") for layer in with_decoder)
    assert {layer.name for layer in without} & {layer.name for layer in detector.model.layers} == {
        *(f"encoder_{stage}" for stage in range(2, 6)),
        *(f"encoder_{stage}_norm" for stage in range(2, 6)),
        *(f"encoder_{stage}_relu" for stage in range(2, 5)),
        "latent",
        "channel_energies",
        "energies",
        "image",
        "label",
    }


def test_a_stage_has_to_be_left(detector: Any) -> None:
    with pytest.raises(
        UserError, match="adapt.frozen: 'ft-res' .* 4 .* 5", check=lambda error: error.code == "detector-unsuitable"
    ):
        job(detector, detector.model.get_weights(), frozen=5)


def test_loss_by_hand(detector: Any) -> None:
    """|0.9 - 1| + |0.2 - 0| = 0.3 and |0.1 - 0| + |0.5 - 1| = 0.6, on average 0.45; errors 1 and 3, 2 on average."""
    outputs = {"energies": np.array([[0.2, 0.9], [0.5, 0.1]], np.float32)}
    targets = {"energies": np.array([1, 0], np.int32)}
    assert float(detector.batch_loss(outputs, targets, 0.25)) == pytest.approx(0.45)
    outputs["reconstruction_error"] = np.array([1, 3], np.float32)
    assert float(detector.batch_loss(outputs, targets, 0.25)) == pytest.approx(0.45 + 0.25 * 2)


def test_a_step_is_that_of_training_on_the_source() -> None:
    """With nothing frozen and the paper's 0.1, a step is what Keras' own `fit` does with the compiled losses."""
    from forensictransfer.experiments.strategies.gradient import gradient_steps

    images = np.random.default_rng(1).integers(0, 256, (8, CROP, CROP, 3)).astype(np.uint8)
    labels = np.arange(8) % 2
    one, other = fresh(), fresh()
    steps = gradient_steps(one, 0, 0.1)
    steps.reset(2e-3, 0.1, seed=0)
    losses = [float(steps.step(images, labels)) for _ in range(3)]
    other.compile(2e-3)
    inputs, targets = other.fit_batch(images, labels)
    expected = other.trainer.fit(inputs, targets, batch_size=8, epochs=3, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(losses, expected, rtol=1e-6)
    for a, b in zip(one.model.get_weights(), other.model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


# One object, many jobs


def test_a_job_leaves_no_trace_in_the_next() -> None:
    """The same to the last bit, whatever was done before with the object: other weights, rates, losses and stages."""
    start, elsewhere = fresh(seed=1).model.get_weights(), fresh(seed=2).model.get_weights()
    alone, used = fresh(), fresh(seed=3)
    for frozen, reconstruction in ((0, 0.1), (1, 0.0)):
        mine: dict[str, Any] = {"frozen": frozen, "reconstruction": reconstruction, "learning_rate": 1e-3}
        job(used, elsewhere, seed=7, draw=3, frozen=frozen, reconstruction=5 * reconstruction, learning_rate=0.05)
        history = job(used, start, **mine)
        assert history == job(alone, start, **mine)
        for a, b in zip(alone.model.get_weights(), used.model.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_diverged_job_leaves_no_trace_either(detector: Any) -> None:
    start = detector.model.get_weights()
    history = job(detector, start)
    assert np.isnan(job(detector, [weight * np.nan for weight in start])[-1]["loss"])
    assert job(detector, start) == history


def test_graphs_are_traced_once(detector: Any) -> None:
    from forensictransfer.experiments.strategies.gradient import gradient_steps

    start = detector.model.get_weights()
    for draw, reconstruction in enumerate((0.1, 0.3, 0.01)):
        job(detector, start, draw=draw, reconstruction=reconstruction, learning_rate=1e-3 * (1 + draw))
    steps = gradient_steps(detector, 0, 7.0)
    assert steps is gradient_steps(detector, 0, 0.1)
    assert steps._step.experimental_get_tracing_count() == 1
    assert gradient_steps(fresh(), 0, 0.1) is not steps, "another object has graphs of its own"


def test_the_weight_of_the_reconstruction_counts(detector: Any) -> None:
    """At a weight w the first loss is activation + w error: three weights lie on a line that rises."""
    start = detector.model.get_weights()
    at = [job(detector, start, reconstruction=weight)[0]["loss"] for weight in (0.0, 1.0, 2.0)]
    assert at[1] > at[0]
    assert at[2] - at[1] == pytest.approx(at[1] - at[0], rel=1e-4)


# A detector of another kind


@pytest.fixture(scope="module")
def classifier() -> Any:
    """A plain network with one logit, Keras' own batch norm and dropout, and no decoder."""
    import keras

    from forensictransfer.detectors.base import Analysis, Detector

    class Classifier(Detector):
        name: ClassVar[str] = "toy"

        @classmethod
        def build(cls, crop: int) -> Detector:
            image = keras.Input((crop, crop, 3), dtype="uint8")
            x = keras.layers.Rescaling(1 / 255)(image)
            for stage, filters in enumerate((4, 6), start=1):
                x = keras.layers.Conv2D(filters, 3, strides=4, name=f"conv_{stage}")(x)
                x = keras.layers.BatchNormalization(name=f"norm_{stage}")(x)
                x = keras.layers.ReLU(name=f"stage_{stage}")(x)
            x = keras.layers.Dropout(0.5)(keras.layers.GlobalAveragePooling2D()(x))
            return cls(keras.Model(image, keras.layers.Dense(1, name="logit")(x)))

        @property
        def crop(self) -> int:
            return int(self.model.input.shape[1])

        @property
        def stages(self) -> tuple[str, ...]:
            return ("stage_1", "stage_2", "logit")

        def compile(self, learning_rate: float) -> None:
            loss = keras.losses.BinaryCrossentropy(from_logits=True)
            self.trainer.compile(optimizer=keras.optimizers.Adam(learning_rate), loss=loss)

        def fit_batch(self, images: np.ndarray, labels: np.ndarray) -> tuple[Any, Any]:
            return images, labels.astype(np.float32)[:, None]

        def analyse(self, images: np.ndarray) -> Analysis:
            half = self.model.predict_on_batch(images) / 2
            return Analysis(np.concatenate([-half, half], axis=1), half)

        def refresh_statistics(self, batches: Any) -> None:
            pass

    keras.utils.set_random_seed(0)
    return Classifier.build(CROP)


def test_a_plain_classifier_is_fine_tuned_by_naming_its_stages(classifier: Any) -> None:
    start = classifier.model.get_weights()
    before = by_layer(classifier)
    whole = job(classifier, start)
    assert changed(classifier, before) == {"conv_1", "norm_1", "conv_2", "norm_2", "logit"}
    assert job(classifier, start, reconstruction=0.0) == whole, "there is nothing that the weight could be of"
    job(classifier, start, frozen=1)
    assert changed(classifier, before) == {"conv_2", "norm_2", "logit"}
    job(classifier, start, frozen=2)
    assert changed(classifier, before) == {"logit"}


def test_random_layers_start_again_with_each_job(classifier: Any) -> None:
    start = classifier.model.get_weights()
    first = job(classifier, start)
    job(classifier, start, draw=1)
    assert job(classifier, start) == first
