"""What every registered strategy must do; a new one is tested by being registered."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forensictransfer.core.settings import load_settings
from forensictransfer.experiments.strategies import STRATEGIES
from forensictransfer.results.formats.document import document_content

SHOTS = (1, 3)


@pytest.fixture(scope="module")
def make_task(trained: Path, target: Path) -> Callable[..., Any]:
    """A task of k shots of the target for the trained run's detector as it was after training."""
    from forensictransfer.data.domains import open_domain
    from forensictransfer.data.images import Images
    from forensictransfer.data.splits import draw_shots
    from forensictransfer.evaluation.scoring import analyse_images
    from forensictransfer.experiments.session import Session
    from forensictransfer.experiments.strategies.base import FewShotTask, SourceKnowledge
    from forensictransfer.results.runs import RunFolder

    run = RunFolder.open(trained)
    settings = load_settings(None, {"adapt.trials": 5}, base=run.settings)
    detector = Session().detector(run)
    start = detector.model.get_weights()
    domain = open_domain(target, data=run.settings.data)
    with np.load(trained / "source_features.npz") as stored:
        knowledge = SourceKnowledge(stored["energies"], stored["features"], stored["labels"])

    def make(k: int, *, backwards: bool = False) -> FewShotTask:
        detector.model.set_weights(start)
        chosen = draw_shots(domain.records, k, seed=0, draw=0)[:: -1 if backwards else 1]
        shots = Images([domain.records[i] for i in chosen], data=run.settings.data)
        return FewShotTask(detector, shots, analyse_images(detector, shots, settings.evaluate), knowledge, settings, 0)

    return make


def adapted(name: str, task: Any) -> tuple[Any, np.ndarray, list[np.ndarray]]:
    """What the strategy gives back, the scores of the shots by it, and the detector's weights afterwards."""
    from forensictransfer.evaluation.scoring import analyse_images
    from forensictransfer.experiments.strategies.base import strategy

    result = strategy(name)(task)
    after = analyse_images(task.detector, task.shots, task.settings.evaluate)
    return result, result.decision.scores(after.energies, after.features), task.detector.model.get_weights()


def equal(some: list[np.ndarray], others: list[np.ndarray]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(some, others, strict=True))


def test_every_name_has_an_implementation() -> None:
    from forensictransfer.experiments.strategies.base import IMPLEMENTATIONS, strategy

    assert set(IMPLEMENTATIONS) == set(STRATEGIES)
    assert all(callable(strategy(name)) and strategy(name).__doc__ for name in STRATEGIES)


@pytest.mark.parametrize("k", SHOTS)
@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_strategy(make_task: Callable[..., Any], name: str, k: int) -> None:
    task = make_task(k)
    before = task.detector.model.get_weights()
    result, scores, weights = adapted(name, task)
    assert scores.shape == (2 * k,) and np.isfinite(scores).all()
    assert result.changed != equal(weights, before), "says truly whether the weights changed"
    assert all(np.isfinite(value) for row in result.history for value in row.values())
    # The scores rank the very shots that it was given.
    assert scores[task.shots.labels == 1].mean() > scores[task.shots.labels == 0].mean()
    # What a search has tried and chosen can be written as it is.
    if result.trials is not None:
        assert all(set(row.settings) <= set(result.trials.settings) for row in result.trials.rows)
    chosen = {} if result.chosen is None else document_content(result.chosen)
    assert json.loads(json.dumps(chosen)) == chosen
    # From the same start the same again.
    _, scores_again, weights_again = adapted(name, make_task(k))
    np.testing.assert_array_equal(scores_again, scores)
    assert equal(weights_again, weights)
    if not result.changed:
        _, backwards, _ = adapted(name, make_task(k, backwards=True))
        np.testing.assert_allclose(backwards[::-1], scores, rtol=1e-4, atol=1e-5)
