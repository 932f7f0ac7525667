"""What every detector must do, as a class of tests. A detector of one's own, in a test file of one's own:

    from forensictransfer import register_detector
    from forensictransfer.testing import DetectorContract

    register_detector("mine", "my_package.my_module:MyDetector", "what it looks at")


    class TestMine(DetectorContract):
        name = "mine"

and `pytest` runs them all (`pip install pytest`).
"""

from __future__ import annotations

import inspect
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import AdaptSettings, DataSettings, Settings, load_settings
from forensictransfer.data.images import Images
from forensictransfer.data.records import Record
from forensictransfer.detectors.arithmetic import arithmetic
from forensictransfer.detectors.loading import load_detector, trainable_class
from forensictransfer.detectors.registry import detectors
from forensictransfer.detectors.trainable import TrainableDetector
from forensictransfer.evaluation.scoring import analyse_images
from forensictransfer.experiments import checkpoint
from forensictransfer.experiments.strategies import STRATEGIES, strategies_of
from forensictransfer.experiments.strategies.base import FewShotTask, SourceKnowledge, strategy
from forensictransfer.experiments.strategies.gradient import gradient_steps

SHOTS = 3


class DetectorContract:
    """Tests of the detector registered as `name`, with crops of `side` pixels and batches of `batch`.

    The images are made up: reals are noise, fakes the same noise smoothed, a trace that any detector learns in a few
    steps. Override `side` for a detector that wants larger crops.
    """

    name: ClassVar[str] = ""
    side: ClassVar[int] = 64
    batch: ClassVar[int] = 16

    @pytest.fixture(scope="class")
    @classmethod
    def detector(cls) -> TrainableDetector:
        """A fresh detector, which the tests of a class share, some of which train it."""
        return fresh(cls.name, cls.crop())

    @classmethod
    def crop(cls) -> int:
        """The side of the crops: `side`, or the smallest that the detector takes if that is more."""
        return max(cls.side, -(-trainable_class(cls.name).smallest // 8) * 8)

    def test_it_is_registered_under_its_name(self) -> None:
        """The table's row and the class say the same."""
        kind, entry = trainable_class(self.name), detectors()[self.name]
        assert kind.name == self.name and kind.gradient == entry.gradient
        assert kind.__doc__ and entry.about

    def test_it_knows_its_crop_and_refuses_smaller_ones(self, detector: TrainableDetector) -> None:
        """Too small a crop is an error of one line that says how large it must be."""
        kind = trainable_class(self.name)
        assert detector.crop == self.crop()
        assert kind.create(kind.smallest).crop == kind.smallest
        with pytest.raises(UserError, match=str(kind.smallest)) as caught:
            kind.create(kind.smallest - 8)
        assert "\n" not in str(caught.value)

    def test_it_says_energies_and_features_of_every_crop(self, detector: TrainableDetector) -> None:
        """Shapes, types and finite numbers; a flat crop has them too."""
        crops, _ = made_up(self.crop(), 5)
        crops[0] = 255
        found = detector.analyse(crops)
        assert found.energies.shape == (5, 2) and found.energies.dtype == np.float32
        assert found.features.ndim == 2 and len(found.features) == 5 and found.features.dtype == np.float32
        assert np.isfinite(found.energies).all() and np.isfinite(found.features).all()

    def test_it_judges_each_crop_by_itself(self, detector: TrainableDetector) -> None:
        """Neither the batch that a crop comes in nor its place in it changes the verdict."""
        crops, _ = made_up(self.crop(), 6)
        whole = detector.analyse(crops)
        close(detector.analyse(crops[:1]).energies, whole.energies[:1])
        close(detector.analyse(crops[::-1]).energies, whole.energies[::-1])
        close(detector.analyse(crops[2:5]).features, whole.features[2:5])

    def test_it_is_the_same_for_the_same_seed(self) -> None:
        """Keras' seed decides the weights."""
        one, other = (fresh(self.name, self.crop(), seed=5) for _ in range(2))
        assert all(map(np.array_equal, one.model.get_weights(), other.model.get_weights()))

    def test_it_survives_saving(self, detector: TrainableDetector, tmp_path: Path) -> None:
        """A saved and loaded detector gives the same numbers, and the same `once` more."""
        crops, _ = made_up(self.crop(), 3)
        detector.save(str(tmp_path / "model.keras"))
        again = load_detector(self.name, tmp_path / "model.keras")
        assert again.crop == detector.crop
        np.testing.assert_array_equal(again.analyse(crops).energies, detector.analyse(crops).energies)
        again.save(str(tmp_path / "again.keras"))
        third = load_detector(self.name, tmp_path / "again.keras")
        np.testing.assert_array_equal(third.analyse(crops).features, detector.analyse(crops).features)

    def test_a_torn_file_is_one_clear_line(self, detector: TrainableDetector, tmp_path: Path) -> None:
        """Half a file of weights is an error that names the file."""
        path = tmp_path / "model.keras"
        detector.save(str(path))
        path.write_bytes(path.read_bytes()[:1000])
        with pytest.raises(UserError, match="model.keras: expected a saved") as caught:
            load_detector(self.name, path)
        assert "\n" not in str(caught.value)

    def test_its_layers_write_down_all_their_settings(self, detector: TrainableDetector) -> None:
        """Each argument of a layer's, constraint's or initialiser's constructor is in its `get_config`."""
        for part in _own_parts(detector.model):
            config = part.get_config()
            kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
            own = vars(type(part)).get("__init__", lambda self: None)
            arguments = inspect.signature(own).parameters.values()
            missing = [a.name for a in arguments if a.name != "self" and a.kind not in kinds and a.name not in config]
            assert not missing, f"{type(part).__name__}.get_config lacks {missing}"
            again = type(part).from_config(config)
            assert again.get_config() == config

    def test_it_can_be_exported(self, detector: TrainableDetector, tmp_path: Path) -> None:
        """The scorer is a model of crops alone, which a SavedModel holds whole."""
        crops, _ = made_up(self.crop(), 4)
        detector.scorer.export(str(tmp_path / "exported"), verbose=False)
        loaded = tf.saved_model.load(str(tmp_path / "exported"))
        served = loaded.serve(crops)
        found = detector.analyse(crops)
        close(served["energies"].numpy(), found.energies)
        close(served["features"].numpy(), found.features)

    def test_its_arithmetic_is_counted(self, detector: TrainableDetector) -> None:
        """Every layer with a kernel is known to the count of multiply-adds."""
        count = arithmetic(detector)
        assert count.encoder > 0 and not count.uncounted

    @pytest.fixture(scope="class")
    @classmethod
    def learner(cls) -> TrainableDetector:
        """A fresh detector that the tests of training go on with, so that its graph is traced once."""
        detector = fresh(cls.name, cls.crop())
        if detector.gradient:
            detector.compile(1e-3)
            detector.begin_epoch(0)
        return detector

    def test_two_steps_lower_the_loss(self, learner: TrainableDetector) -> None:
        """On one batch, again and again. A detector without gradients tells the classes apart once it is fitted."""
        crops, labels = made_up(self.crop(), self.batch)
        if not learner.gradient:
            learner.fit_features(learner.analyse(crops).features, labels)
            scores = learner.analyse(crops).scores
            assert scores[labels == 1].min() > scores[labels == 0].max()
            return
        before = [keras.ops.convert_to_numpy(weight) for weight in learner.trainer.trainable_weights]
        losses = [step(learner, crops, labels) for _ in range(3)]
        assert np.isfinite(losses).all() and min(losses[1:]) < losses[0]
        after = [keras.ops.convert_to_numpy(weight) for weight in learner.trainer.trainable_weights]
        assert not all(map(np.array_equal, before, after))

    def test_a_stop_loses_nothing(self, learner: TrainableDetector, tmp_path: Path) -> None:
        """A training that is saved and restored between two steps ends in the weights of one that is not."""
        if not learner.gradient:
            pytest.skip("is fitted at once")
        first, second = (made_up(self.crop(), self.batch, seed=seed) for seed in (20, 21))
        step(learner, *first)
        checkpoint.save(tmp_path / "state.npz", checkpoint.TrainingState(), learner.trainer)
        step(learner, *second)
        undisturbed = learner.trainer.get_weights()
        step(learner, *first)
        checkpoint.restore(tmp_path / "state.npz", learner.trainer)
        step(learner, *second)
        for one, other in zip(undisturbed, learner.trainer.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)

    def test_it_learns_a_plain_trace(self, learner: TrainableDetector) -> None:
        """After some steps scores of fakes are above those of reals, on crops not seen and in inference mode."""
        trained(learner, self.batch)
        crops, labels = made_up(self.crop(), 16, seed=99)
        scores = learner.analyse(crops).scores
        right = (scores[labels == 1][:, None] > scores[labels == 0][None]).mean()
        assert right > 0.8, f"the area under the ROC is {right:.2f}"

    def test_its_leading_stages_can_be_frozen(self, detector: TrainableDetector) -> None:
        """Gradient steps leave the frozen stages as they are, weights and statistics, and change what comes after."""
        if not detector.gradient:
            pytest.skip("has no stages to train")
        layers = [layer.name for layer in detector.trainer.layers]
        places = [layers.index(name) for name in detector.stages]
        assert places == sorted(set(places)), "stages are in order"
        crops, labels = made_up(self.crop(), 8)
        for frozen in sorted({0, max(len(places) - 1, 0)}):
            for reconstruction in (0.1, 0.0) if detector.reconstructs else (0.0,):
                before = {layer.name: layer.get_weights() for layer in detector.trainer.layers}
                steps = gradient_steps(detector, frozen, reconstruction)
                steps.reset(1e-2, reconstruction, seed=0)
                assert np.isfinite([float(steps.step(crops, labels)) for _ in range(2)]).all()
                steps.refresh_statistics([(crops, labels)])
                changed = {
                    name
                    for name, weights in before.items()
                    if not all(map(np.array_equal, weights, detector.trainer.get_layer(name).get_weights()))
                }
                kept = _before(detector, detector.stages[frozen - 1]) if frozen else set()
                assert changed and not changed & kept
        with pytest.raises(UserError, match="adapt.frozen"):
            gradient_steps(detector, max(len(places), 1), 0.0)

    @pytest.mark.parametrize("name", sorted(STRATEGIES))
    def test_it_adapts_by_each_strategy_that_it_supports(self, detector: TrainableDetector, name: str) -> None:
        """A strategy gives finite scores of shots; one that is not supported is an error that names those that are."""
        task = few_shots(detector, self.crop())
        weights = detector.model.get_weights()
        if name not in strategies_of(self.name):
            with pytest.raises(UserError, match="choose one of"):
                strategy(name)(task)
            return
        adapted = strategy(name)(task)
        after = analyse_images(detector, task.shots, task.settings.evaluate)
        assert np.isfinite(adapted.decision.scores(after.energies, after.features)).all()
        assert adapted.changed or all(map(np.array_equal, weights, detector.model.get_weights()))
        detector.model.set_weights(weights)

    def test_an_image_a_pixel_too_small_is_scored(self, detector: TrainableDetector) -> None:
        """It is mirrored up to one crop."""
        side = self.crop() - 1
        image = np.random.default_rng(1).integers(0, 256, (side, side, 3), np.uint8)
        found = analyse_images(detector, in_memory([image], [0]), settings(self.crop()).evaluate)
        assert np.isfinite(found.energies).all() and found.energies.shape == (1, 2)


def fresh(name: str, crop: int, seed: int = 0) -> TrainableDetector:
    """The detector `name` for crops of `crop` pixels, with the weights of a seed."""
    keras.utils.set_random_seed(seed)
    return trainable_class(name).create(crop)


def made_up(crop: int, n: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """n crops, uint8 (n, crop, crop, 3), and labels int32 (n,) in turn: noise for reals, smoothed noise for fakes."""
    rng = np.random.default_rng(seed)
    crops = rng.integers(0, 256, (n, crop, crop, 3)).astype(np.float32)
    labels = np.arange(n, dtype=np.int32) % 2
    smooth = (crops + np.roll(crops, 1, axis=1) + np.roll(crops, 1, axis=2)) / 3
    crops[labels == 1] = smooth[labels == 1]
    return crops.astype(np.uint8), labels


def step(detector: TrainableDetector, crops: np.ndarray, labels: np.ndarray) -> float:
    """Take a step of the training on the source; returns the loss before it."""
    inputs, targets = detector.fit_batch(crops, labels)
    detector.trainer.reset_metrics()
    return float(detector.trainer.train_on_batch(inputs, targets, return_dict=True)["loss"])


def trained(detector: TrainableDetector, batch: int, steps: int = 30) -> None:
    """Train a detector for some steps on made-up crops, or fit it at once; statistics are estimated at the end."""
    if not detector.gradient:
        crops, labels = made_up(detector.crop, 2 * batch)
        detector.fit_features(detector.analyse(crops).features, labels)
        return
    if not detector.trainer.compiled:
        detector.compile(1e-3)
    detector.begin_epoch(10)
    for number in range(steps):
        step(detector, *made_up(detector.crop, batch, seed=number))
    detector.refresh_statistics(
        [detector.fit_batch(*made_up(detector.crop, batch, seed=1000 + i))[0] for i in range(4)]
    )


def in_memory(pictures: list[np.ndarray], labels: list[int]) -> Images:
    """Images out of arrays, uint8 (h, w, 3), each a group of its own."""
    records = []
    for i, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        stream = io.BytesIO()
        Image.fromarray(picture).save(stream, "PNG")
        records.append(Record(f"{i}.png", label, f"g{i}", "train", stream.getvalue()))
    return Images(records, data=DataSettings())


def settings(crop: int) -> Settings:
    """Settings for a few quick steps."""
    adapt = AdaptSettings(shots=SHOTS, draws=1, steps=2, batch=2 * SHOTS, trials=2)
    return load_settings(None, {"data.crop": crop, "evaluate.batch": 8, "adapt": adapt.model_dump()})


def few_shots(detector: TrainableDetector, crop: int) -> FewShotTask:
    """One draw of made-up shots, and a source that the detector is said to have learned from."""
    crops, labels = made_up(crop, 2 * SHOTS)
    shots = in_memory(list(crops), labels.tolist())
    chosen = load_settings(None, {"detector": detector.name}, base=settings(crop))
    source, source_labels = made_up(crop, 12, seed=8)
    known = detector.analyse(source)
    knowledge = SourceKnowledge(known.energies, known.features, source_labels)
    return FewShotTask(detector, shots, analyse_images(detector, shots, chosen.evaluate), knowledge, chosen, 0)


def close(one: np.ndarray, other: np.ndarray) -> None:
    """Equal but for the order in which sums are taken: 1e-4 of the largest value."""
    reach = max(float(np.abs(other).max()), 1e-6)
    np.testing.assert_allclose(one / reach, other / reach, atol=1e-4)


def _own_parts(model: keras.Model) -> Iterator[Any]:
    """The layers of the model that Keras does not bring, and the constraints and initialisers of all layers."""
    for layer in model.layers:
        parts = [layer, *(getattr(layer, name, None) for name in ("kernel_constraint", "kernel_initializer"))]
        yield from (part for part in parts if part is not None and not type(part).__module__.startswith("keras."))


def _before(detector: TrainableDetector, name: str) -> set[str]:
    """The layers that the output of a layer is computed from, itself among them."""
    trainer = detector.trainer
    inputs = keras.tree.flatten(trainer.input)
    return {layer.name for layer in keras.Model(inputs, trainer.get_layer(name).output).layers}
