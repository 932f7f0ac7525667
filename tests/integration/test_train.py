"""Training: the same twice, the same after any interruption, the best weights, and what TensorBoard is shown.

`trained` is a network of two losses; where a training is begun many times it is `plain`, which is traced in a third of
the time.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import forensictransfer as ft
from forensictransfer.experiments.checkpoint import NAME as CHECKPOINT
from forensictransfer.experiments.checkpoint import TrainingState
from forensictransfer.results.runs import RunFolder

ROOT = Path(__file__).resolve().parents[2]
# The command, in a process that kills itself when the N-th file of a name is about to take its place.
KILLED = """
import os, pathlib, signal, sys
from forensictransfer.cli.main import main

name, left = sys.argv[1], int(sys.argv[2])

def replace(old, new, take=os.replace):
    global left
    left -= pathlib.Path(new).name == name
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    take(old, new)

os.replace = replace
sys.exit(main(sys.argv[3:]))
"""


def weights(run: Path) -> list[np.ndarray]:
    import keras

    from forensictransfer.detectors import forensic_transfer  # noqa: F401  registers the layers

    return keras.models.load_model(run / "model.keras", compile=False).get_weights()


def assert_same_run(one: Path, other: Path) -> None:
    """Weights, losses, threshold and predictions, all to the last bit."""
    for a, b in zip(weights(one), weights(other), strict=True):
        np.testing.assert_array_equal(a, b)
    for name in ("history.csv", "decision.json", "evaluations/source/predictions.csv"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    assert RunFolder.open(other).evaluations() == RunFolder.open(one).evaluations()


def flags(settings: dict[str, Any]) -> list[str]:
    return [f"--{name}={value}" for name, value in settings.items()]


@pytest.fixture(scope="module")
def plain(quick: dict[str, Any]) -> dict[str, Any]:
    """Quick settings with the network that is traced in the least time."""
    return {**quick, "detector": "meso4"}


@pytest.fixture(scope="module")
def trained_plain(source: Path, plain: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run trained on `source` with these. Not to be changed."""
    return ft.train(source, tmp_path_factory.mktemp("runs") / "plain", settings=plain)


# The same again


def test_a_seed_decides_everything_and_threads_nothing(
    trained: Path, source: Path, quick: dict[str, Any], tmp_path: Path
) -> None:
    again = ft.train(source, tmp_path / "again", settings={**quick, "data.workers": 1, "data.memory_mb": 0})
    assert_same_run(trained, again)


@pytest.mark.slow
@pytest.mark.usefixtures("forked_processes")
def test_a_killed_training_ends_in_the_same_weights(
    trained: Path, source: Path, quick: dict[str, Any], tmp_path: Path
) -> None:
    out = tmp_path / "killed"
    words = ["train", "--source", str(source), "--out", str(out), *flags(quick)]
    options: dict[str, Any] = {
        "env": {**os.environ, "PYTHONPATH": str(ROOT)},
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
    }
    # From outside, while the second epoch is on its way.
    process = subprocess.Popen([sys.executable, "-m", "forensictransfer", *words], **options)
    deadline = time.monotonic() + 300
    while not (out / "history.csv").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not RunFolder.open(out, finished=False).finished
    # From inside, in the final stage, with the model written but not in place yet.
    killed = subprocess.run([sys.executable, "-c", KILLED, "model.keras", "1", *words, "--resume"], **options)
    assert killed.returncode == -signal.SIGKILL
    assert list(out.glob(".tmp-*model.keras")) and not (out / "model.keras").exists()
    with pytest.raises(ft.UserError, match="--resume", check=lambda error: error.code == "run-unfinished"):
        ft.table(out)
    ft.train(source, out, settings=quick, resume=True)
    assert_same_run(trained, out)
    assert not list(out.rglob(".*"))


class Stopped(BaseException):
    """A power cut, as far as one process can play it."""


def test_any_moment_will_do(
    trained_plain: Path, source: Path, plain: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One training, stopped again and again: within an epoch's end, and before every file of the final stage."""
    out = tmp_path / "stopped"
    moments = [
        ("history.csv", 2),  # the checkpoint of the second epoch stands, the history is that of the first
        ("decision.json", 1),
        ("source_features.npz", 1),
        ("metrics.json", 1),
        ("CARD.md", 1),
        ("FINISHED", 1),
    ]
    take = os.replace
    for name, count in moments:
        left = [count]

        def replace(old: Any, new: Any, name: str = name, left: list[int] = left) -> None:
            left[0] -= Path(new).name == name
            if left[0] == 0:
                raise Stopped
            take(old, new)

        monkeypatch.setattr(os, "replace", replace)
        with pytest.raises(Stopped):
            ft.train(source, out, settings=plain, resume=True)
        monkeypatch.undo()
        assert (out / CHECKPOINT).is_file(), name
    ft.train(source, out, settings=plain, resume=True)
    assert_same_run(trained_plain, out)
    assert not (out / CHECKPOINT).exists()


def test_resume_refuses_other_settings_and_other_images(
    source: Path, quick: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from forensictransfer.experiments import train as training

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "fit", stop)
    mine = Path(shutil.copytree(source, tmp_path / "mine"))
    with pytest.raises(KeyboardInterrupt):
        ft.train(mine, tmp_path / "run", settings=quick)
    with pytest.raises(ft.UserError, match="train.batch .*16.*8", check=lambda error: error.code == "inputs-changed"):
        ft.train(mine, tmp_path / "run", settings={**quick, "train.batch": 8}, resume=True)
    next((mine / "real").iterdir()).unlink()
    with pytest.raises(
        ft.UserError,
        match=r"source .*mine \(\w+\).*mine",
        check=lambda error: error.code == "inputs-changed",
    ):
        ft.train(mine, tmp_path / "run", settings=quick, resume=True)


# A search for settings before


# With this seed the second of two trials is the better one.
SEARCH = {"train.trials": 2, "train.learning_rate": 1e-4, "seed": 5}


@pytest.fixture(scope="module")
def searched(source: Path, tmp_path_factory: pytest.TempPathFactory, plain: dict[str, Any]) -> Path:
    """A run whose training settings were searched in two trials. Not to be changed."""
    return ft.train(source, tmp_path_factory.mktemp("runs") / "searched", settings={**plain, **SEARCH})


def tried(run: Path, rows: Callable[..., Any]) -> Any:
    """trials.csv and chosen.json without the seconds that it took."""
    chosen = json.loads((run / "chosen.json").read_text())
    trials = [{name: value for name, value in row.items() if name != "seconds"} for row in rows(run / "trials.csv")]
    return trials, {name: value for name, value in chosen.items() if name != "seconds"}


def test_a_searched_training_is_the_training_by_what_was_chosen(
    searched: Path, source: Path, plain: dict[str, Any], tmp_path: Path, rows: Callable[..., Any]
) -> None:
    trials, chosen = tried(searched, rows)
    assert chosen["trials"] == len(trials) == 2
    assert min(float(row["value"]) for row in trials) == chosen["value"]
    assert chosen["number"] > 0 and chosen["value"] < chosen["default_value"] == float(trials[0]["value"])
    direct = ft.train(source, tmp_path / "direct", settings={**plain, "seed": SEARCH["seed"], **chosen["settings"]})
    assert_same_run(direct, searched)
    history = rows(searched / "history.csv")
    assert min(float(row["val_loss"]) for row in history) == chosen["value"]
    assert list((searched / "tensorboard").iterdir()) and not (searched / ".search").exists()


def test_the_first_trial_is_the_training_as_asked(
    searched: Path, plain: dict[str, Any], rows: Callable[..., Any]
) -> None:
    first = tried(searched, rows)[0][0]
    assert first["state"] == "complete" and int(first["epochs"]) == plain["train.epochs"]
    assert float(first["train.learning_rate"]) == SEARCH["train.learning_rate"]
    assert int(first["train.batch"]) == plain["train.batch"]
    assert (first["data.augment.jpeg_probability"], first["data.augment.flip"]) == ("0.0", "True")


def test_an_adaptation_takes_over_what_was_asked_and_not_what_was_found_for_the_source(
    searched: Path, target: Path, plain: dict[str, Any], tmp_path: Path
) -> None:
    from forensictransfer.core.settings import load_settings

    asked = load_settings(None, {**plain, **SEARCH})
    assert RunFolder.open(searched).settings == asked
    adapted = RunFolder.open(ft.adapt(searched, target, tmp_path / "adapted", strategy="threshold", draws=1))
    assert adapted.settings.data == asked.data and adapted.settings.train == asked.train


@pytest.mark.slow
@pytest.mark.usefixtures("forked_processes")
def test_a_searched_training_can_be_stopped_at_any_moment(
    searched: Path,
    source: Path,
    plain: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rows: Callable[..., Any],
) -> None:
    """In a trial's second epoch, before a trial is recorded (this time by a kill), before the choice is, after it."""
    out = tmp_path / "stopped"
    take = os.replace
    words = ["train", "--source", str(source), "--out", str(out), *flags({**plain, **SEARCH})]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, "ended.json", "1", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert killed.returncode == -signal.SIGKILL and list((out / ".search").glob(".tmp-*"))
    for name, count in [("history.csv", 2), ("chosen.json", 1), ("decision.json", 1)]:
        left = [count]

        def replace(old: Any, new: Any, name: str = name, left: list[int] = left) -> None:
            left[0] -= Path(new).name == name
            if left[0] == 0:
                raise Stopped
            take(old, new)

        monkeypatch.setattr(os, "replace", replace)
        with pytest.raises(Stopped):
            ft.train(source, out, settings={**plain, **SEARCH}, resume=True)
        monkeypatch.undo()
    ft.train(source, out, settings={**plain, **SEARCH}, resume=True)
    assert_same_run(searched, out)
    assert tried(searched, rows) == tried(out, rows)
    assert not list(out.rglob(".*"))


def test_a_search_that_fails_before_its_first_epoch_leaves_nothing(
    source: Path, quick: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from forensictransfer.experiments import train as training

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(training, "fit", full)
    with pytest.raises(OSError, match="No space"):
        ft.train(source, tmp_path / "run", settings={**quick, "train.trials": 2})
    assert not (tmp_path / "run").exists()


# Best weights and early stopping


class Model:
    """Weights that say which epoch they are of."""

    stop_training = False

    def __init__(self) -> None:
        self.epoch = 0

    def get_weights(self) -> list[np.ndarray]:
        return [np.array(self.epoch)]


def record(values: list[float], monitor: str = "val_loss", patience: int = 2) -> tuple[TrainingState, int]:
    """The state after hand-made epochs, and how many were run before it stopped."""
    from forensictransfer.experiments.callbacks import KeepBest

    state, model, saved = TrainingState(), Model(), []
    keep = KeepBest(state, monitor, patience, lambda state, model: saved.append(state.epochs))
    keep.set_model(model)
    for epoch, value in enumerate(values):
        model.epoch = epoch
        keep.on_epoch_end(epoch, {"loss": 0.5, monitor: value})
        if model.stop_training:
            break
    assert saved == list(range(1, state.epochs + 1)), "every epoch is saved, the last one too"
    return state, state.epochs


@pytest.mark.parametrize(
    ("monitor", "values", "best", "epochs"),
    [
        ("val_loss", [3.0, 2.0, 2.5, 2.1, 1.0], 1, 4),  # 1.0 comes too late
        ("val_loss", [3.0, 2.0, 2.5, 1.0, 1.0], 3, 5),
        ("val_loss", [1.0, 1.0, 1.0, 0.5], 0, 3),  # equal is no gain
        ("val_energies_accuracy", [0.5, 0.7, 0.6, 0.8], 3, 4),  # accuracies rise
        ("val_auc", [0.9, 0.7, 0.6, 0.95], 0, 3),
        ("val_loss", [float("nan"), 2.0, 3.0], 1, 3),  # anything is better than no number
        ("val_loss", [2.0, float("nan"), float("nan"), 1.0], 0, 3),
    ],
)
def test_the_best_weights_are_kept_until_patience_runs_out(
    monitor: str, values: list[float], best: int, epochs: int
) -> None:
    state, done = record(values, monitor)
    assert (state.best_epoch, state.best_value, done) == (best, values[best], epochs)
    assert state.best_weights == [np.array(best)]
    assert [row["epoch"] for row in state.history] == list(range(epochs))


def test_the_run_keeps_the_best_weights_not_the_last(
    source: Path, plain: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from forensictransfer.experiments import train as training

    kept: list[np.ndarray] = []

    def fit(detector: Any, *_: Any) -> TrainingState:
        state = TrainingState()
        state.record({"val_loss": 0.5}, "val_loss", detector.trainer)
        kept.extend(state.best_weights)
        detector.trainer.set_weights([2 * value for value in kept])
        state.record({"val_loss": 0.7}, "val_loss", detector.trainer)
        return state

    monkeypatch.setattr(training, "fit", fit)
    run = ft.train(source, tmp_path / "run", settings=plain)
    for a, b in zip(weights(run), kept, strict=True):
        np.testing.assert_array_equal(a, b)


# What cannot work is said before hours are spent


@pytest.fixture
def no_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    from forensictransfer.experiments import train as training

    monkeypatch.setattr(training, "fit", lambda *_: pytest.fail("trained"))


@pytest.mark.usefixtures("no_epochs")
def test_an_unknown_monitor_is_named_before_the_first_epoch(
    trained_plain: Path, source: Path, plain: dict[str, Any], tmp_path: Path, rows: Callable[..., Any]
) -> None:
    with pytest.raises(
        ft.UserError,
        match="'val_los'.*'val_loss'",
        check=lambda error: error.code == "setting-invalid",
    ) as caught:
        ft.train(source, tmp_path / "run", settings={**plain, "train.monitor": "val_los"})
    offered = str(caught.value).partition("expected one of ")[2].partition(", got ")[0].split(", ")
    assert set(offered) == set(rows(trained_plain / "history.csv")[0]) - {"epoch"}
    assert not (tmp_path / "run").exists()


def test_what_is_offered_as_monitor_is_taken() -> None:
    from forensictransfer.core.settings import TrainSettings
    from forensictransfer.detectors.loading import detector_class
    from forensictransfer.experiments.fit import check_monitor

    train = TrainSettings(monitor="val_energies_accuracy", learning_rate=1e-3)
    check_monitor(detector_class("ft-res").build(64), train)


@pytest.mark.usefixtures("no_epochs")
@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_a_split_without_fakes_is_named_before_the_first_epoch(
    make_domain: Callable[..., Path], pick_stems: Any, quick: dict[str, Any], tmp_path: Path, split: str
) -> None:
    source = make_domain(tmp_path / "source", "a")
    for stem in pick_stems("a", {"train": 16, "validation": 4, "test": 6})[split]:
        (source / "fake" / f"{stem}.png").unlink()
    with pytest.raises(
        ft.UserError,
        match=f"{split} .*fake",
        check=lambda error: error.code == "domain-class-missing",
    ):
        ft.train(source, tmp_path / "run", settings=quick)
    assert not (tmp_path / "run").exists()


def test_a_training_that_diverged_is_no_run(
    source: Path, plain: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from forensictransfer.experiments import train as training

    def fit(detector: Any, *_: Any) -> TrainingState:
        state = TrainingState()
        state.record({"val_loss": float("nan")}, "val_loss", detector.trainer)
        return state

    monkeypatch.setattr(training, "fit", fit)
    with pytest.raises(
        ft.UserError, match="val_loss .*--train.learning_rate", check=lambda error: error.code == "training-diverged"
    ):
        ft.train(source, tmp_path / "run", settings=plain)
    with pytest.raises(ft.UserError, check=lambda error: error.code == "run-unfinished"):
        RunFolder.open(tmp_path / "run")


# What is left in the run


def test_tensorboard_is_shown_losses_accuracy_energies_and_pictures(trained: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(trained / "tensorboard"), size_guidance={"tensors": 0})
    events.Reload()
    plugin = {tag: events.SummaryMetadata(tag).plugin_data.plugin_name for tag in events.Tags()["tensors"]}
    scalars = ("loss", "energies_loss", "reconstruction_error_loss", "energies_accuracy")
    for part in ("train", "validation"):
        assert {plugin.pop(f"{part}/{name}") for name in scalars} == {"scalars"}
    for kind in ("real", "fake"):
        assert {plugin.pop(f"energies of {kind} images/a{half}") for half in (0, 1)} == {"histograms"}
    pictures = {"crops", "what the encoder is fed", "reconstruction"}
    assert plugin == dict.fromkeys(pictures, "images")
    assert [event.step for event in events.Tensors("validation/loss")] == [0, 1, 2]
    width, height, *images = events.Tensors("reconstruction")[-1].tensor_proto.string_val
    assert (width, height) == (b"48", b"48") and len(images) == 4  # the residual of 64 pixels, a multiple of 16
    assert all(image.startswith(b"\x89PNG") for image in images)


def test_validation_scores_are_those_of_the_threshold(trained: Path, rows: Callable[..., Any]) -> None:
    """4 reals and 4 fakes; the probability is the decision's, the score the difference of the energies."""
    decision = json.loads((trained / "decision.json").read_text())
    found = rows(trained / "validation.csv")
    assert list(found[0]) == ["path", "label", "group", "score", "probability", "energy_real", "energy_fake"]
    assert [row["label"] for row in found].count("1") == 4 == len(found) / 2
    for row in found:
        score = float(row["score"])
        assert score == pytest.approx(float(row["energy_fake"]) - float(row["energy_real"]), abs=1e-6)
        odds = np.exp(-decision["slope"] * (score - decision["threshold"]))
        assert float(row["probability"]) == pytest.approx(1 / (1 + odds))


def test_history_has_a_row_for_every_epoch(trained: Path, rows: Callable[..., Any]) -> None:
    history = rows(trained / "history.csv")
    assert [row["epoch"] for row in history] == ["0", "1", "2"]
    losses = [float(row["loss"]) for row in history]
    assert losses[-1] < losses[0]
    for row in history:  # total = activation + 0.1 reconstruction
        total = float(row["val_energies_loss"]) + 0.1 * float(row["val_reconstruction_error_loss"])
        assert float(row["val_loss"]) == pytest.approx(total, rel=1e-5)


def test_inference_agrees_with_training(trained: Path, source: Path, quick: dict[str, Any]) -> None:
    """The batch-norm trap: one verdict by the batch's statistics, another by the stored ones."""
    from forensictransfer.core.settings import load_settings
    from forensictransfer.data.batches import Images
    from forensictransfer.data.domains import open_domain
    from forensictransfer.experiments.fit import validation_crops
    from forensictransfer.experiments.session import Session

    data = load_settings(None, quick).data
    images = Images(open_domain(source, data=data).split("train"), data=data)
    crops, labels = validation_crops(images, 64)
    detector = Session().detector(RunFolder.open(trained))
    inferred = detector.analyse(crops).scores
    inputs, _ = detector.fit_batch(crops, labels)
    in_training = detector.trainer(inputs, training=True)["energies"].numpy()
    in_training = in_training[:, 1] - in_training[:, 0]
    assert np.mean((inferred > 0) == (in_training > 0)) > 0.95
    assert np.abs(inferred - in_training).max() < 0.25 * np.ptp(inferred)
    assert np.mean((inferred > 0) == (labels == 1)) > 0.8, "and they are no constant answer"
