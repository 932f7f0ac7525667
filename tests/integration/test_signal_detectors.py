"""A detector that learns nothing is a citizen of the same runs and tables: zero-shot, threshold and head from shots."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import forensictransfer as ft
from forensictransfer.core.errors import UserError
from forensictransfer.detectors import registry

ROOT = Path(__file__).resolve().parents[2]
Rows = Callable[[Path], list[dict[str, str]]]


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_ADDED", {})
    monkeypatch.syspath_prepend(str(ROOT / "tests"))
    ft.register_detector("laplacian", "toy_detector:Laplacian", "how little detail there is", trains="none")
    ft.register_detector("jpeg_only", "toy_detector:JpegOnly", "the same, of JPEG alone", trains="none")


def test_from_its_registration_to_the_table(
    source: Path, target: Path, quick: dict[str, Any], rows: Rows, tmp_path: Path
) -> None:
    run = ft.train(source, tmp_path / "run", "laplacian", settings=quick)
    assert not (run / "model.keras").exists() and not (run / "history.csv").exists()
    assert json.loads((run / "run.json").read_text())["stop_rule"] == "nothing to train"
    assert json.loads((run / "decision.json").read_text())["chosen_on"] == "source validation"
    own = json.loads((run / "evaluations/source/metrics.json").read_text())["metrics"]
    assert own["auc"]["value"] == 1.0 and own["balanced_accuracy"]["value"] > 0.7
    ft.evaluate(run, on=target)
    predictions = rows(run / "evaluations/target/predictions.csv")
    from toy_detector import Laplacian

    from forensictransfer.data.image_file import ImageFile

    for row in predictions:
        (evidence,) = Laplacian().examine([ImageFile(target / row["path"], name=row["path"])])
        assert float(row["score"]) == pytest.approx(evidence.score, rel=1e-6)
        assert float(row["energy_fake"]) - float(row["energy_real"]) == pytest.approx(evidence.score, rel=1e-6)
    adapted = [run]
    for strategy in ("threshold", "head"):
        out = ft.adapt(run, target, tmp_path / strategy, shots=3, strategy=strategy, draws=2, settings=quick)
        adapted.append(out)
        assert len(list(out.glob("draws/*/decision.json"))) == 2 and not list(out.rglob("model.keras"))
        again = json.loads((out / "evaluations/target/metrics.json").read_text())["metrics"]
        assert again["balanced_accuracy"]["value"] > 0.9
        ft.evaluate(out, on=source, overwrite=True)
    weights = json.loads((tmp_path / "head/draws/0/decision.json").read_text())["weights"]
    assert len(weights) == 2, "the head works on the features of its evidence"
    assert "laplacian" in ft.table(*adapted) and "laplacian" in ft.show(adapted[-1])


def test_what_it_cannot_be_asked_for(source: Path, target: Path, quick: dict[str, Any], tmp_path: Path) -> None:
    for name, value in (("train.weights", "x.keras"), ("train.trials", 3)):
        with pytest.raises(
            UserError, match=f"{name}: 'laplacian' ", check=lambda error: error.code == "detector-unsuitable"
        ):
            ft.train(source, tmp_path / "no", "laplacian", settings={**quick, name: value})
    run = ft.train(source, tmp_path / "run", "laplacian", settings=quick)
    with pytest.raises(
        UserError, match="'laplacian' .*'finetune'", check=lambda error: error.code == "detector-unsuitable"
    ):
        ft.adapt(run, target, tmp_path / "no", strategy="finetune", shots=3)


def test_an_image_that_it_does_not_apply_to_is_one_line(source: Path, quick: dict[str, Any], tmp_path: Path) -> None:
    """No number stands for evidence that there is not."""
    with pytest.raises(
        UserError, match=r"\.png: 'jpeg_only' .*JPEG", check=lambda error: error.code == "detector-unsuitable"
    ) as caught:
        ft.train(source, tmp_path / "run", "jpeg_only", settings=quick)
    assert "\n" not in str(caught.value) and not (tmp_path / "run").exists()


@pytest.mark.usefixtures("forked_processes")
def test_it_stands_in_sweeps_beside_networks(source: Path, target: Path, quick: dict[str, Any], tmp_path: Path) -> None:
    """Installed with an entry point, as workers of a sweep and other commands find it."""
    info = tmp_path / "toy-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[forensictransfer.detectors]\nlaplacian = toy_detector:Laplacian\n")
    settings = {
        "domains": [str(source), str(target)],
        "detectors": ["cooccurrence", "laplacian"],
        "strategies": ["threshold", "head"],
        "shots": [0, 3],
        "draws": 2,
        "settings": {name: value for name, value in quick.items() if not name.startswith("adapt.")},
    }
    (tmp_path / "sweep.yaml").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "forensictransfer", "sweep", str(tmp_path / "sweep.yaml"), "--workers", "1"]
    command += ["--out", str(tmp_path / "sweep")]
    path = os.pathsep.join(map(str, (tmp_path, ROOT / "tests", ROOT)))
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    page = ft.write_report(tmp_path / "sweep").read_text()
    assert "laplacian" in page
    latents = list((tmp_path / "sweep").rglob("*laplacian*/evaluations/*/latents.npz"))
    assert latents and np.load(latents[0])["features"].shape[1] == 2
