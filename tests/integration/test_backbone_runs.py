"""The detector `backbone` through the commands: a run keeps its backbone once, and needs the preset no more."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import forensictransfer as ft
from forensictransfer.core.errors import UserError
from forensictransfer.experiments.session import Session
from forensictransfer.results.runs import RunFolder
from tests.commands import answered
from tests.presets import vgg, write_preset


def test_trained_on_a_preset_adapted_and_evaluated_without_it(
    source: Path, target: Path, quick: dict[str, Any], tmp_path: Path
) -> None:
    folder = write_preset(tmp_path / "preset", vgg())
    run, out = tmp_path / "run", tmp_path / "adapted"
    answered(
        *("train", "--source", source, "--detector", "backbone", "--weights", folder, "--out", run),
        *(word for name, value in quick.items() for word in (f"--{name}", value)),
    )
    weights = json.loads((run / "data.json").read_text())["weights"]
    assert weights["file"] == str(folder) and len(weights["sha256"]) == 64
    other = write_preset(tmp_path / "other", vgg(), scale=1 / 127.5)
    shutil.rmtree(folder)
    answered("adapt", run, "--target", target, "--strategy", "head", "--shots", 3, "--out", out)
    assert (out / "model.keras").samefile(run / "model.keras"), "the backbone is on the disk once"
    before = (out / "evaluations/target/predictions.csv").read_text()
    shutil.rmtree(run)
    answered("evaluate", out, "--on", target, "--overwrite")
    assert (out / "evaluations/target/predictions.csv").read_text() == before
    # Another backbone of the same shapes: a session tells the two apart.
    second = ft.train(source, tmp_path / "second", "backbone", settings={**quick, "train.weights": str(other)})
    session = Session()
    digests = {
        tuple(session.detector(RunFolder.open(path)).feature_weights()[0].tolist())  # type: ignore[attr-defined]
        for path in (out, second, out)
    }
    assert len(digests) == 2


@pytest.mark.parametrize(
    ("weights", "code", "named"),
    [
        (None, "detector-unsuitable", "train.weights: 'backbone' .*--weights FOLDER"),
        (
            "dinov2_small",
            "path-missing",
            "train.weights: expected the folder .*dinov2_small is not there; nothing is d",
        ),
        ("kaggle://keras/vit/keras/vit_base", "path-missing", "train.weights: expected the folder"),
    ],
)
def test_without_a_folder_it_is_one_line(
    source: Path, tmp_path: Path, weights: str | None, code: str, named: str
) -> None:
    settings = {} if weights is None else {"train.weights": weights}
    with pytest.raises(UserError, match=named, check=lambda error: error.code == code) as caught:
        ft.train(source, tmp_path / "run", "backbone", settings=settings)
    assert "\n" not in str(caught.value) and not (tmp_path / "run").exists()
