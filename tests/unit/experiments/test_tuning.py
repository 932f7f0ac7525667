"""Searching for settings: which folds, what is tried, what is chosen, and that only the shots are looked at."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.settings import Settings, load_settings
from forensictransfer.evaluation.thresholds import fit_slope, midpoint, probability
from forensictransfer.experiments.checkpoint import TrainingState
from forensictransfer.experiments.tuning import source as search_source
from forensictransfer.experiments.tuning.folds import group_folds
from forensictransfer.experiments.tuning.source import chosen_settings, curve, search_training
from forensictransfer.experiments.tuning.spaces import ADAPTATION, SOURCE_TRAINING
from forensictransfer.experiments.tuning.study import Search
from forensictransfer.results.formats.decision import DecisionFile
from forensictransfer.results.formats.document import Part
from forensictransfer.results.formats.run import DomainReference, RunInfo
from forensictransfer.results.runs import RunFolder
from forensictransfer.results.trials import Trials

NO_INFO = RunInfo.new(
    "train", detector="ft-res", source=DomainReference(name="a", origin="a", group="stem", fingerprint="ab")
)

TRIALS = 6  # four are given, two are suggested

# Folds


def folds(labels: list[int], groups: str) -> list[list[int]] | None:
    found = group_folds(np.array(labels), list(groups))
    return None if found is None else [fold.tolist() for fold in found]


def test_folds_by_hand() -> None:
    assert folds([0, 1, 0, 1, 0, 1], "abcdef") == [[0, 3], [1, 4], [2, 5]], "a real and a fake in each"
    assert folds([0, 1, 0, 1, 0, 1], "aabbcc") == [[0, 1], [2, 3], [4, 5]], "photographs stay together"
    assert folds([0, 1, 0, 1], "abcd") == [[0, 3], [1, 2]], "two folds where there are two shots"
    assert folds([0, 1, 0, 1, 0, 1], "abacde") == [[0, 2, 3], [1, 4, 5]], "reals of two photographs: two folds"


def test_nothing_can_be_held_out_of_one_shot_or_one_group() -> None:
    assert folds([0, 1], "ab") is None
    assert folds([0, 1, 0, 1], "abac") is None


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 6)), max_size=24))
def test_each_image_is_held_out_once_and_no_group_is_divided(images: list[tuple[int, int]]) -> None:
    labels, groups = np.array([label for label, _ in images], int), [str(group) for _, group in images]
    found = group_folds(labels, groups)
    if found is None:
        return
    assert sorted(np.concatenate(found).tolist()) == list(range(len(images)))
    for held_out in found:
        kept = np.setdiff1d(np.arange(len(images)), held_out)
        assert set(labels[kept]) == {0, 1}
        assert not {groups[i] for i in held_out} & {groups[i] for i in kept}


# What a search makes of its trials


def searched(values: list[list[float]], *, direction: str = "minimize") -> Search:
    """A search whose trials reported these values, pruned where Optuna says so."""
    search = Search(seed=(1,), direction=direction, unit="folds", given=0)
    for reported in values:
        trial, state, done = search.begin(), "complete", 0
        trial.suggest_float("x", 0, 1)
        for done, value in enumerate(reported, start=1):
            trial.report(value, done - 1)
            if done < len(reported) and trial.should_prune():
                state = "pruned"
                break
        search.end(trial, state, reported[done - 1], 0.5, done)
    return search


def test_a_trial_worse_than_the_median_ends_after_a_fold() -> None:
    """After the first fold the four complete trials had 1, 2, 3 and 4: their median is 2.5."""
    search = searched([[1, 5], [2, 5], [3, 5], [4, 5], [2.6, 0], [2.4, 1]])
    assert [(row.state, row.done, row.value) for row in search.rows[4:]] == [("pruned", 1, 2.6), ("complete", 2, 1)]
    best = search.best()
    assert best is not None and best.number == 5
    outcome = search.outcome("anything", {})
    assert (outcome.trials, outcome.pruned, outcome.failed) == (6, 1, 0)
    assert (outcome.value, outcome.default_value, outcome.seconds) == (1, 5, 3.0)


def test_the_earliest_of_equally_good_trials_is_the_best() -> None:
    for direction, expected in (("minimize", 1), ("maximize", 0)):
        best = searched([[3.0], [1.0], [1.0], [3.0]], direction=direction).best()
        assert best is not None and best.number == expected


def test_no_number_is_a_failure() -> None:
    search = searched([[math.nan], [math.inf], [2.0]])
    assert [(row.state, row.value) for row in search.rows] == [("failed", None), ("failed", None), ("complete", 2.0)]
    assert searched([[math.nan]]).best() is None


def test_suggestions_follow_from_the_seed_and_the_trials_so_far() -> None:
    def suggested(seed: int) -> list[float]:
        search, found = Search(seed=(seed, 2), direction="minimize", unit="folds", given=1), []
        for _ in range(12):
            trial = search.begin()
            found.append(trial.suggest_float("x", 0, 1))
            search.end(trial, "complete", found[-1] ** 2, 0.0, 1)
        return found

    assert suggested(1) == suggested(1) != suggested(2)


# The strategy `tuned`


@pytest.fixture(scope="module")
def make_task(trained: Path, target: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """A task of k shots per class for the trained run's detector; of the target only its train split is there."""
    from forensictransfer.data.domains import open_domain
    from forensictransfer.data.images import Images
    from forensictransfer.data.splits import draw_shots
    from forensictransfer.detectors.loading import load_detector
    from forensictransfer.evaluation.scoring import analyse_images
    from forensictransfer.experiments.strategies.base import FewShotTask, SourceKnowledge

    settings = RunFolder.open(trained).settings
    folder = Path(shutil.copytree(target, tmp_path_factory.mktemp("search") / "target"))
    domain = open_domain(folder, data=settings.data)
    for split in ("validation", "test"):
        for record in domain.split(split):
            (folder / record.name).unlink()
    detector = load_detector("ft-res", trained / "model.keras")
    start = detector.model.get_weights()
    with np.load(trained / "source_features.npz") as stored:
        knowledge = SourceKnowledge(stored["energies"], stored["features"], stored["labels"])

    def make(k: int = 3, *, draw: int = 0, **adapt: Any) -> FewShotTask:
        detector.model.set_weights(start)
        changed = load_settings(
            None,
            {"adapt.strategy": "tuned", "adapt.trials": TRIALS, "adapt.steps": 3}
            | {f"adapt.{name}": value for name, value in adapt.items()},
            base=settings,
        )
        chosen = draw_shots(domain.records, k, seed=0, draw=draw)
        shots = Images([domain.records[i] for i in chosen], data=settings.data)
        return FewShotTask(detector, shots, analyse_images(detector, shots, changed.evaluate), knowledge, changed, draw)

    return make


def run(task: Any) -> tuple[Any, list[np.ndarray]]:
    from forensictransfer.experiments.strategies.base import strategy

    return strategy(task.settings.adapt.strategy)(task), task.detector.model.get_weights()


def timeless(content: Any) -> Any:
    """Trials, or what was chosen, without the seconds that it took."""
    if isinstance(content, Trials):
        return content.unit, content.settings, [timeless(row) for row in content.rows]
    if isinstance(content, list):
        return [timeless(row) for row in content]
    if isinstance(content, Part):
        return content.model_copy(update={"seconds": 0.0})
    return {name: value for name, value in content.items() if name != "seconds"}


def same(some: list[np.ndarray], others: list[np.ndarray]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(some, others, strict=True))


def rigged(monkeypatch: pytest.MonkeyPatch, loss: Callable[[Settings], float]) -> None:
    """Held-out losses that depend on the settings alone; only the final adaptation is a real one."""
    from forensictransfer.experiments.strategies import tuned

    monkeypatch.setattr(tuned, "held_out_losses", lambda task, start, held: np.full(len(held), loss(task.settings)))


@pytest.mark.slow
def test_the_first_trial_is_what_was_asked_for_then_come_the_other_strategies(make_task: Callable[..., Any]) -> None:
    task = make_task(learning_rate=3e-3, frozen=1, reconstruction=0.2)
    adapted, _ = run(task)
    trials = adapted.trials.rows
    asked = ["finetune", 3e-3, 3, 1, 0.2, 0.0, True]
    assert [trials[0].settings[name] for name in ADAPTATION] == asked
    others = ["head", "prototype", "threshold"]
    assert [row.settings["adapt.strategy"] for row in trials] == ["finetune", *others, *["finetune"] * (TRIALS - 4)]
    assert (adapted.trials.unit, adapted.trials.settings) == ("folds", ADAPTATION)
    assert "adapt.learning_rate" not in trials[1].settings, "a setting that a trial has no use for"
    for settings in (row.settings for row in trials[4:]):
        assert 3e-3 / 8 <= settings["adapt.learning_rate"] <= 3e-3 * 4 and 1 <= settings["adapt.steps"] <= 6
        assert settings["adapt.frozen"] in range(4) and settings["adapt.reconstruction"] in (0, 0.03, 0.1, 0.2, 0.3)
    chosen = adapted.chosen
    assert chosen.trials == TRIALS and chosen.default_value == trials[0].value
    assert chosen.value == min(row.value for row in trials if row.state == "complete")
    assert chosen.objective == "cross-entropy of held-out shots, 3 folds"


def test_what_is_chosen_is_then_done_with_all_shots(make_task: Callable[..., Any]) -> None:
    adapted, weights = run(make_task())
    settings = adapted.chosen.settings
    task = make_task()
    direct, expected = run(
        type(task)(**{**task.__dict__, "settings": load_settings(None, settings, base=task.settings)})
    )
    assert same(weights, expected) and adapted.changed == direct.changed and adapted.history == direct.history
    assert DecisionFile.of(adapted.decision) == DecisionFile.of(direct.decision)


def test_the_objective_by_hand(make_task: Callable[..., Any]) -> None:
    """For `threshold` the scores are there already: threshold and slope of two folds, cross-entropy of the third."""
    task = make_task()
    adapted, _ = run(task)
    scores, labels = task.analysis.scores.astype(float), task.shots.labels
    found = np.zeros(len(labels))
    held_out_folds = group_folds(labels, task.shots.groups)
    assert held_out_folds is not None and len(held_out_folds) == 3
    for held_out in held_out_folds:
        kept = [i for i in range(len(labels)) if i not in held_out]
        threshold = midpoint(scores[kept], labels[kept])
        slope = fit_slope(scores[kept], labels[kept], threshold)
        found[held_out] = probability(scores[held_out], threshold, slope)
    (row,) = (row for row in adapted.trials.rows if row.settings["adapt.strategy"] == "threshold")
    assert row.value == pytest.approx(log_loss(labels, found), rel=1e-9)


def test_the_same_seed_and_draw_choose_the_same(make_task: Callable[..., Any]) -> None:
    (one, weights), (two, again) = run(make_task()), run(make_task())
    assert timeless(one.trials) == timeless(two.trials) and timeless(one.chosen) == timeless(two.chosen)
    assert same(weights, again)
    other, _ = run(make_task(draw=1))
    name = "adapt.learning_rate"
    assert other.trials.rows[4].settings[name] != one.trials.rows[4].settings[name]


def test_a_strategy_without_gradient_leaves_the_weights(
    make_task: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    rigged(monkeypatch, lambda settings: float(settings.adapt.strategy != "prototype"))
    task = make_task()
    before = task.detector.model.get_weights()
    adapted, after = run(task)
    assert adapted.chosen.settings == {"adapt.strategy": "prototype"} and adapted.chosen.number == 2
    assert same(before, after) and not adapted.changed and adapted.decision.weights is not None


def test_what_does_no_better_leaves_the_settings_as_they_are(
    make_task: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    rigged(monkeypatch, lambda settings: 0.5)
    adapted, _ = run(make_task())
    assert adapted.chosen.number == 0 and adapted.chosen.settings["adapt.learning_rate"] == 2e-3


def test_a_diverged_trial_has_failed_and_the_search_goes_on(
    make_task: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    rigged(monkeypatch, lambda settings: math.nan if settings.adapt.strategy == "head" else 1.0)
    adapted, _ = run(make_task())
    assert [row.state for row in adapted.trials.rows] == ["complete", "failed"] + ["complete"] * (TRIALS - 2)
    rigged(monkeypatch, lambda settings: math.nan)
    adapted, _ = run(make_task())
    assert adapted.chosen.failed == TRIALS and adapted.chosen.value is None
    assert adapted.chosen.settings["adapt.strategy"] == "finetune"
    assert adapted.chosen.reason == "no trial gave a number: the settings stay as they are"


def test_a_really_diverged_trial_is_no_number(make_task: Callable[..., Any]) -> None:
    from forensictransfer.experiments.strategies.tuned import held_out_losses

    task = make_task()
    start = task.detector.model.get_weights()
    settings = load_settings(None, {"adapt.strategy": "finetune"}, base=task.settings)
    task = type(task)(**{**task.__dict__, "settings": settings})
    task.detector.model.set_weights([weight * np.nan for weight in start])
    assert np.isnan(held_out_losses(task, start, np.array([0, 1]))).all()
    assert same(task.detector.model.get_weights(), start), "and the weights are as they were"


def test_bad_trials_end_early_and_are_not_chosen(
    make_task: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first four have 1, 2, 2 and 2, so that 2 is the median; what comes after them has 3."""
    seen: list[str] = []

    def loss(settings: Settings) -> float:
        seen.append(settings.adapt.strategy)
        return 1.0 if len(seen) <= 3 else 2.0 if len(seen) <= 12 else 3.0

    rigged(monkeypatch, loss)
    adapted, _ = run(make_task())
    assert [(row.state, row.done) for row in adapted.trials.rows] == [("complete", 3)] * 4 + [("pruned", 1)] * (
        TRIALS - 4
    )
    assert adapted.chosen.pruned == TRIALS - 4 and adapted.chosen.number == 0
    assert len(seen) == 4 * 3 + TRIALS - 4, "the folds that were not needed were not run"


def test_one_shot_leaves_the_settings_and_says_so(make_task: Callable[..., Any]) -> None:
    adapted, weights = run(make_task(1))
    assert adapted.trials is None and adapted.chosen.trials == 0
    assert adapted.chosen.settings["adapt.strategy"] == "finetune"
    assert "nothing can be held out of one shot" in adapted.chosen.reason
    _, expected = run(make_task(1, strategy="finetune"))
    assert same(weights, expected)


def test_one_trial_is_the_untuned_settings(make_task: Callable[..., Any]) -> None:
    adapted, weights = run(make_task(trials=1))
    assert len(adapted.trials.rows) == 1 and adapted.chosen.value == adapted.chosen.default_value
    _, expected = run(make_task(strategy="finetune"))
    assert same(weights, expected)


# The search over source training, with trainings that are made up


class Stopped(BaseException):
    """A kill at a moment of our choosing."""


class Trainings:
    """Made-up trainings: the loss falls towards a floor that depends on the settings; each epoch is saved."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.left, self.epochs = stop_after, 0

    def __call__(self, settings: Settings, folder: RunFolder, judge: Callable[[TrainingState], bool]) -> TrainingState:
        floor = abs(math.log(settings.train.learning_rate / 2e-3)) + settings.data.augment.jpeg_probability
        stored = folder.path / ".checkpoint.npz"
        state = TrainingState(json.loads(stored.read_text()) if stored.exists() else [])
        while True:
            state.best_value = min((row["val_loss"] for row in state.history), default=None)
            if state.epochs == settings.train.epochs or (state.epochs and judge(state)):
                return state
            state.history.append({"epoch": state.epochs, "val_loss": floor + 1 / (1 + state.epochs)})
            with folder.writing(".checkpoint.npz") as path:
                path.write_text(json.dumps(state.history))
            self.epochs += 1
            if self.epochs == self.left:
                raise Stopped


def source_settings(trials: int = 10) -> Settings:
    return load_settings(None, {"train.trials": trials, "train.epochs": 8})


def new_run(folder: Path) -> RunFolder:
    folder.mkdir(exist_ok=True)
    return RunFolder(folder, NO_INFO)


def outcome(folder: Path, rows: Callable[[Path], Any]) -> Any:
    return timeless(rows(folder / "trials.csv")), timeless(json.loads((folder / "chosen.json").read_text()))


def test_the_best_training_becomes_that_of_the_run(tmp_path: Path, rows: Callable[[Path], Any]) -> None:
    asked, folder = source_settings(), tmp_path / "run"
    used = search_training(asked, new_run(folder), Trainings())
    trials, chosen = outcome(folder, rows)
    assert [float(trials[0][name]) for name in SOURCE_TRAINING[:3]] == [1e-3, 64, 0.0]
    assert trials[0]["data.augment.flip"] == "True"
    complete = [float(row["value"]) for row in trials if row["state"] == "complete"]
    assert chosen["value"] == min(complete) < chosen["default_value"] == float(trials[0]["value"])
    assert chosen["settings"]["train.learning_rate"] == used.train.learning_rate
    assert used.train.epochs == asked.train.epochs and used == chosen_settings(RunFolder(folder, NO_INFO), asked)
    history = json.loads((folder / ".checkpoint.npz").read_text())
    assert len(history) == 8 and history[-1]["val_loss"] == chosen["value"]
    assert not (folder / ".search").exists()


def test_trials_that_fall_behind_end_early(tmp_path: Path, rows: Callable[[Path], Any]) -> None:
    search_training(source_settings(16), new_run(tmp_path / "run"), Trainings())
    trials, _ = outcome(tmp_path / "run", rows)
    pruned = [row for row in trials if row["state"] == "pruned"]
    assert pruned and all(5 < int(row["epochs"]) < 8 for row in pruned), "after the first five epochs"


@pytest.mark.parametrize("direction", ["val_loss", "val_auc"])
def test_the_best_value_so_far_of_losses_and_of_accuracies(direction: str) -> None:
    values = [math.nan, 3.0, 1.0, math.nan, 2.0]
    state = TrainingState([{direction: value} for value in values])
    expected = [math.nan, 3, 1, 1, 1] if direction == "val_loss" else [math.nan, 3, 3, 3, 3]
    np.testing.assert_array_equal(curve(state, direction), expected)


def test_a_kill_after_any_epoch_changes_nothing(tmp_path: Path, rows: Callable[[Path], Any]) -> None:
    asked = source_settings(7)
    whole = Trainings()
    search_training(asked, new_run(tmp_path / "whole"), whole)
    expected = outcome(tmp_path / "whole", rows)
    for moment in [*range(1, whole.epochs, 7), whole.epochs]:
        folder = tmp_path / str(moment)
        with pytest.raises(Stopped):
            search_training(asked, new_run(folder), Trainings(stop_after=moment))
        rest = Trainings()
        search_training(asked, new_run(folder), rest)
        assert outcome(folder, rows) == expected
        assert rest.epochs == whole.epochs - moment, "no epoch is done twice"


def test_a_kill_before_any_file_changes_nothing(
    tmp_path: Path, rows: Callable[[Path], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One search, stopped again and again when the second, third or fourth file is about to take its place."""

    asked, folder = source_settings(6), tmp_path / "stopped"
    search_training(asked, new_run(tmp_path / "whole"), Trainings())
    take, stops, done = os.replace, 0, False
    while not done:
        files = 0

        def replace(old: Any, new: Any, last: int = 2 + stops % 3) -> None:
            nonlocal files
            files += 1
            if files == last:
                raise Stopped
            take(old, new)

        monkeypatch.setattr(os, "replace", replace)
        try:
            search_training(asked, new_run(folder), Trainings())
            done = True
        except Stopped:
            stops += 1
        monkeypatch.undo()
    assert stops > 10
    assert outcome(folder, rows) == outcome(tmp_path / "whole", rows)
    checkpoint = ".checkpoint.npz"
    assert (folder / checkpoint).read_text() == (tmp_path / "whole" / checkpoint).read_text()


def test_trainings_without_a_number_leave_the_settings_as_they_are(tmp_path: Path) -> None:
    def diverged(settings: Settings, folder: RunFolder, judge: Any) -> TrainingState:
        return TrainingState([{"val_loss": math.nan}], best_value=math.nan)

    asked = source_settings(3)
    assert search_training(asked, new_run(tmp_path / "run"), diverged) == asked
    chosen = json.loads((tmp_path / "run" / "chosen.json").read_text())
    assert chosen["failed"] == 3 and chosen["value"] is None and "no trial gave a number" in chosen["reason"]
    assert search_source.chosen_settings(RunFolder(tmp_path / "run", NO_INFO), asked) == asked


def test_a_search_of_an_earlier_version_continues(tmp_path: Path, rows: Callable[[Path], Any]) -> None:
    """Version 0.1 wrote the settings of a trial twice into ended.json, and NaN as null."""
    whole, folder = tmp_path / "whole", tmp_path / "run"
    search_training(source_settings(4), new_run(whole), Trainings())
    with pytest.raises(Stopped):
        search_training(source_settings(4), new_run(folder), Trainings(stop_after=18))
    ended = folder / ".search" / "ended.json"
    content = json.loads(ended.read_text())
    assert len(content) == 2
    names = ["number", "state", "value", "epochs", "seconds", "settings", "curve"]
    assert [list(row) for row in content] == [names] * 2
    ended.write_text(json.dumps([{**row, **row["settings"]} for row in content]))
    search_training(source_settings(4), new_run(folder), Trainings())
    assert outcome(folder, rows) == outcome(whole, rows)


def test_a_search_that_was_edited_is_one_line(tmp_path: Path) -> None:
    asked, run = source_settings(2), new_run(tmp_path / "run")
    search_training(asked, run, Trainings())
    path = tmp_path / "run" / "chosen.json"
    content = json.loads(path.read_text())
    for field, value in (("settings", 3), ("number", "one"), ("settings.train.batch", [1])):
        settings = {**content["settings"], "train.batch": [1]} if "." in field else value
        path.write_text(json.dumps({**content, field.split(".")[0]: settings}))
        with pytest.raises(UserError, match=rf"chosen\.json: field '{field}'") as caught:
            chosen_settings(run, asked)
        assert caught.value.code == ErrorCode.FILE_INVALID
