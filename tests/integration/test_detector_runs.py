"""Other detectors through the commands: train, adapt, evaluate, weights from a file, limits of time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import forensictransfer as ft
from forensictransfer.core.errors import UserError
from tests.commands import run_command

Rows = Callable[[Path], list[dict[str, str]]]


def flags(settings: dict[str, Any]) -> list[object]:
    return [word for name, value in settings.items() for word in (f"--{name}", value)]


def test_a_detector_without_gradients_from_the_command_line(
    source: Path, target: Path, quick: dict[str, Any], rows: Rows, tmp_path: Path
) -> None:
    done = run_command(
        *("train", "--source", source, "--detector", "cooccurrence", "--out", tmp_path / "run"), *flags(quick)
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr and "balanced accuracy" in done.stdout
    metrics = json.loads((tmp_path / "run/evaluations/source/metrics.json").read_text())
    assert metrics["metrics"]["auc"]["value"] > 0.9, "smoothed noise is what it sees best"
    assert metrics["stop_rule"] == "fitted at once"
    assert not (tmp_path / "run" / "history.csv").exists()
    adapt = ("adapt", tmp_path / "run", "--target", target, "--shots", 3)
    refused = run_command(*adapt, "--out", tmp_path / "no", "--strategy", "finetune")
    assert refused.returncode == 2 and not (tmp_path / "no").exists()
    (line,) = refused.stderr.splitlines()
    assert "'cooccurrence' is not trained by gradient steps, so 'finetune' cannot adapt it" in line
    assert line.endswith("choose one of threshold, head, prototype, fused [detector-unsuitable]")
    out = tmp_path / "adapted"
    done = run_command(*adapt, "--out", out)
    assert done.returncode == 0, done.stderr
    assert json.loads((out / "run.json").read_text())["strategy"] == "head", "what can adapt it, where none is named"
    assert len(rows(out / "draws/0/shots.csv")) == 6
    shown = run_command("show", out)
    assert "cooccurrence" in shown.stdout and "head" in shown.stdout


def test_weights_of_a_file_are_where_a_training_begins(
    trained: Path, source: Path, quick: dict[str, Any], tmp_path: Path
) -> None:
    """With no epochs the run is the weights of the file, with a threshold of this source."""
    weights = tmp_path / "given.keras"
    weights.write_bytes((trained / "model.keras").read_bytes())
    words = ["train", "--source", source, "--out", tmp_path / "run", "--weights", weights]
    done = run_command(*words, *flags({**quick, "train.epochs": 0}))
    assert done.returncode == 0, done.stderr
    ours, theirs = (path / "evaluations/source/predictions.csv" for path in (tmp_path / "run", trained))
    assert ours.read_text() == theirs.read_text()
    data = json.loads((tmp_path / "run/data.json").read_text())
    assert data["weights"]["file"] == str(weights) and len(data["weights"]["sha256"]) == 64
    assert json.loads((tmp_path / "run/run.json").read_text())["stop_rule"] == "weights as given"


@pytest.mark.parametrize(
    ("settings", "code", "named"),
    [
        ({"train.epochs": 0}, "setting-invalid", "train.epochs: 0 .*--weights FILE"),
        ({"train.weights": "none.h5"}, "path-missing", r"train.weights: .*none\.h5"),
        ({"detector": "cooccurrence", "train.weights": "x"}, "detector-unsuitable", "train.weights: 'cooccurrence'"),
        ({"detector": "cooccurrence", "train.trials": 3}, "detector-unsuitable", "train.trials: 'cooccurrence'"),
        ({"detector": "xception", "data.crop": 64}, "detector-unsuitable", "'xception' .*72 .*64"),
    ],
)
def test_trainings_that_cannot_be_are_one_line(
    source: Path, tmp_path: Path, settings: dict[str, Any], code: str, named: str
) -> None:
    with pytest.raises(UserError, match=named, check=lambda error: error.code == code) as caught:
        ft.train(source, tmp_path / "run", settings=settings)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_no_epoch_begins_after_the_minutes_are_over(
    source: Path, quick: dict[str, Any], rows: Rows, tmp_path: Path
) -> None:
    ft.train(source, tmp_path / "run", "meso4", settings={**quick, "train.epochs": 50, "train.minutes": 1e-6})
    assert len(rows(tmp_path / "run/history.csv")) == 1, "the first epoch is always done"
    info = json.loads((tmp_path / "run/run.json").read_text())
    assert info["stop_rule"].endswith("patience 30, 1e-06 processor minutes")


def test_any_detector_is_trained_on_preprocessed_crops(source: Path, quick: dict[str, Any], tmp_path: Path) -> None:
    """Blur and noise are for training alone: the test is on the images as they are."""
    changes = {"data.augment.blur_probability": 1.0, "data.augment.noise_probability": 0.5}
    runs = {
        name: ft.train(source, tmp_path / name, "meso4", settings={**quick, "train.epochs": 1, **settings})
        for name, settings in (("plain", {}), ("changed", changes))
    }
    losses = {name: (path / "history.csv").read_text() for name, path in runs.items()}
    assert losses["plain"] != losses["changed"]
    # The same weights without a step of training: whatever is asked for crops, a test says the same.
    given = {**quick, "train.epochs": 0, "train.weights": str(runs["plain"] / "model.keras")}
    tests = [
        ft.train(source, tmp_path / f"tested_{name}", "meso4", settings={**given, **settings})
        for name, settings in (("plain", {}), ("changed", changes))
    ]
    scores = [next(path.glob("evaluations/*/predictions.csv")).read_text() for path in tests]
    assert scores[0] == scores[1]


def test_the_list_of_detectors() -> None:
    done = run_command("detectors", "list", "--crop", "64")
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if line}
    assert {"ft-res", "meso4", "xception", "cooccurrence"} <= set(rows)
    assert "677" in rows["cooccurrence"] and "one fit" in rows["cooccurrence"]
    assert "@72" in rows["xception"] and "20,863,529" in rows["xception"]
    refused = run_command("detectors", "list", "--crop", "30")
    assert refused.returncode == 2 and "expected a multiple of 8" in refused.stderr
    assert run_command("detectors").returncode == 2


def test_features_of_a_detector_are_means_over_tiles(source: Path, quick: dict[str, Any], tmp_path: Path) -> None:
    """The scores of a linear detector on an image are those on its mean features."""
    from forensictransfer.core.settings import load_settings
    from forensictransfer.data.domains import open_domain
    from forensictransfer.data.images import Images
    from forensictransfer.evaluation.scoring import analyse_images
    from forensictransfer.testing import fresh, made_up, trained

    settings = load_settings(None, quick)
    detector = fresh("cooccurrence", 64)
    trained(detector, 16)
    assert made_up(64, 2)[0].shape == (2, 64, 64, 3)
    images = Images(open_domain(source, data=settings.data).split("test"), data=settings.data)
    found = analyse_images(detector, images, settings.evaluate)
    kernel, bias = detector.model.get_layer("logit").get_weights()
    np.testing.assert_allclose(found.scores, found.features @ kernel[:, 0] + bias, rtol=1e-3, atol=1e-3)
