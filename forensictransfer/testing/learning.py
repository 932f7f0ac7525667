"""What detectors must do that learn: by gradient steps or by one fit, on a source and from shots."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from forensictransfer.core.errors import UserError
from forensictransfer.detectors.trainable import TrainableDetector, as_trainable
from forensictransfer.evaluation.scoring import analyse_images
from forensictransfer.experiments import checkpoint
from forensictransfer.experiments.strategies import STRATEGIES, strategies_of
from forensictransfer.experiments.strategies.base import strategy
from forensictransfer.experiments.strategies.gradient import gradient_steps
from forensictransfer.testing.fixtures import ContractFixtures, Shared
from forensictransfer.testing.toys import BATCH, TRAINED, made_up, ranked, step


class GradientTests(ContractFixtures):
    """Steps lower the loss, a stop loses nothing, stages can be frozen."""

    def test_two_steps_lower_the_loss(self, learner: TrainableDetector) -> None:
        """Check three steps on one and the same batch."""
        crops, labels = made_up(self.crop(), self.batch)
        before = [keras.ops.convert_to_numpy(weight) for weight in learner.trainer.trainable_weights]
        losses = [step(learner, crops, labels) for _ in range(3)]
        assert np.isfinite(losses).all() and min(losses[1:]) < losses[0]
        after = [keras.ops.convert_to_numpy(weight) for weight in learner.trainer.trainable_weights]
        assert not all(map(np.array_equal, before, after))

    def test_a_stop_loses_nothing(self, learner: TrainableDetector, tmp_path: Path) -> None:
        """Check that a training that is saved and restored between two steps ends in the weights of one that is not."""
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

    def test_its_leading_stages_can_be_frozen(self, detector: TrainableDetector) -> None:
        """Check that gradient steps leave frozen stages as they are, weights and statistics.

        What comes after changes.
        """
        layers = [layer.name for layer in detector.trainer.layers]
        places = [layers.index(name) for name in detector.stages]
        assert places == sorted(set(places)), "stages are in order"
        crops, labels = made_up(self.crop(), TRAINED)
        for frozen in sorted({0, max(len(places) - 1, 0)}):
            # With nothing frozen, and nothing to stay, once is enough.
            for reconstruction in (0.1, 0.0)[: 1 if not frozen else 2] if detector.reconstructs else (0.0,):
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


class FitTests(ContractFixtures):
    """A detector without gradients is fitted to features at once."""

    def test_a_fit_tells_the_classes_apart(self, learner: TrainableDetector) -> None:
        """Check that once it is fitted to a batch every fake of it has a higher score than every real."""
        crops, labels = made_up(self.crop(), self.batch)
        learner.fit_features(learner.analyse_tiles(crops, BATCH).features, labels)
        scores = learner.analyse_tiles(crops, BATCH).scores
        assert scores[labels == 1].min() > scores[labels == 0].max()


class AdaptationTests(ContractFixtures):
    """It learns the trace of a source, and each strategy that it supports adapts it."""

    def test_it_learns_a_plain_trace(self, learned: TrainableDetector) -> None:
        """Check that after some steps fakes score above reals, on crops not seen and in inference mode."""
        crops, labels = made_up(self.crop(), 16, seed=99)
        right = ranked(learned, crops, labels)
        assert right > 0.8, f"the area under the ROC is {right:.2f}"

    @pytest.mark.parametrize("name", sorted(STRATEGIES))
    def test_it_adapts_by_each_strategy_that_it_supports(self, shared: Shared, name: str) -> None:
        """Check that a strategy gives finite scores of shots.

        One that is not supported is an error that names those that are.
        """
        task = shared.task()
        detector = as_trainable(task.detector)
        weights = detector.get_weights()
        if name not in strategies_of(self.name):
            with pytest.raises(UserError, match="choose one of"):
                strategy(name)(task)
            return
        adapted = strategy(name)(task)
        after = analyse_images(detector, task.shots, task.settings.evaluate)
        assert np.isfinite(adapted.decision.scores(after.energies, after.features)).all()
        assert adapted.changed or all(map(np.array_equal, weights, detector.get_weights()))


def _before(detector: TrainableDetector, name: str) -> set[str]:
    """Find the layers that the output of a layer is computed from, itself among them."""
    trainer = detector.trainer
    inputs = keras.tree.flatten(trainer.input)
    return {layer.name for layer in keras.Model(inputs, trainer.get_layer(name).output).layers}
