"""A detector that learns nothing is a citizen of the same runs and tables: zero-shot, threshold and head from shots."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

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


def test_a_domain_that_it_does_not_apply_to_is_one_line(source: Path, quick: dict[str, Any], tmp_path: Path) -> None:
    """No number stands for evidence that there is not."""
    with pytest.raises(
        UserError, match="'jpeg_only' applies to no .*JPEG", check=lambda error: error.code == "detector-not-applicable"
    ) as caught:
        ft.train(source, tmp_path / "run", "jpeg_only", settings=quick)
    assert "\n" not in str(caught.value) and not (tmp_path / "run").exists()


def test_images_that_it_does_not_apply_to_are_counted_and_left_out(
    source: Path, target: Path, quick: dict[str, Any], rows: Rows, tmp_path: Path
) -> None:
    """All fakes and every other real of both domains are JPEG files here, the other reals stay PNG."""
    mixed = [_with_jpeg(domain, tmp_path / domain.name) for domain in (source, target)]
    run = ft.train(mixed[0], tmp_path / "run", "jpeg_only", settings=quick)
    data = json.loads((run / "data.json").read_text())
    assert data["not_applied"]["train"]["by_class"]["real"] > 0 == data["not_applied"]["train"]["by_class"]["fake"]
    ft.evaluate(run, on=mixed[1])
    metrics = json.loads((run / "evaluations/target/metrics.json").read_text())
    silent = metrics["not_applied"]["by_class"]
    assert silent["reals"] == metrics["n"]["real"] + silent["real"] and silent["real"] > 0 == silent["fake"]
    assert metrics["not_applied"]["reasons"] == [["not a JPEG", silent["real"]]]
    tested = rows(run / "evaluations/target/predictions.csv")
    assert len(tested) == metrics["n"]["real"] + metrics["n"]["fake"]
    assert {Path(row["path"]).suffix for row in tested} == {".jpg"}
    adapted = ft.adapt(run, mixed[1], tmp_path / "head", shots=3, strategy="head", draws=2, settings=quick)
    of_shots = json.loads((adapted / "data.json").read_text())["target"]["not_applied"]
    for draw, lost in of_shots.items():
        kept = rows(adapted / f"draws/{draw}/shots.csv")
        assert len(kept) == 6 - lost["by_class"]["real"] and lost["by_class"]["reals"] == 3
    assert of_shots, "of six reals drawn at least one is a PNG, with these seeds"
    lost = f"{silent['real']} of {silent['reals']} reals and 0 of {silent['fakes']} fakes"
    line = f"target: 'jpeg_only' does not apply to {lost}"
    table = " ".join(ft.table(run, adapted).split())
    assert line in table and line in " ".join(ft.show(run).split())
    ft.table(run, adapted, csv=tmp_path / "table.csv")
    assert {row["not_applied_real"] for row in rows(tmp_path / "table.csv") if row["tested_on"] == "target"} == {
        str(silent["real"])
    }


def test_of_several_sources_one_that_it_does_not_apply_to_is_left_out(
    source: Path, target: Path, quick: dict[str, Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """`source` is PNG alone: nothing is learned from it or tested on it, and the run says so."""
    mixed = _with_jpeg(target, tmp_path / "jpeg")
    run = ft.train([source, mixed], tmp_path / "run", "jpeg_only", settings=quick)
    assert "source: nothing is learned from it" in caplog.text
    parts = json.loads((run / "data.json").read_text())["sources"]
    assert [part["name"] for part in parts] == ["source", "jpeg"]
    assert parts[0]["splits"]["train"]["real"] == 0 < parts[1]["splits"]["train"]["real"]
    lost = parts[0]["not_applied"]["train"]["by_class"]
    assert lost["real"] == lost["reals"] > 0 and lost["fake"] == lost["fakes"] > 0
    assert "nothing is learned from it: the detector applies to no image of a class" in parts[0]["notes"]
    assert [one.name for one in (run / "evaluations").iterdir()] == ["jpeg"]
    alone = ft.train(mixed, tmp_path / "alone", "jpeg_only", settings=quick)
    assert (run / "decision.json").read_bytes() == (alone / "decision.json").read_bytes()
    other = _with_jpeg(source, tmp_path / "other")
    adapted = ft.adapt(run, other, tmp_path / "head", shots=3, strategy="head", draws=2, settings=quick)
    assert "not tested again: test split of 'source'" in caplog.text
    assert {one.name for one in (adapted / "evaluations").iterdir()} == {"jpeg", "other"}


def _with_masks(domain: Path, out: Path) -> Path:
    """Copy a domain, the left half of each fake marked as changed."""
    shutil.copytree(domain, out)
    (out / "mask").mkdir()
    for path in (out / "fake").iterdir():
        with Image.open(path) as image:
            mask = np.zeros((image.height, image.width), np.uint8)
        mask[:, : mask.shape[1] // 2] = 255
        Image.fromarray(mask).save(out / "mask" / f"{path.stem}.png")
    return out


def _with_jpeg(domain: Path, out: Path) -> Path:
    for path in sorted(domain.glob("*/*.png")):
        (out / path.parent.name).mkdir(parents=True, exist_ok=True)
        keep = path.parent.name == "real" and int("".join(filter(str.isdigit, path.stem)) or 0) % 2
        with Image.open(path) as image:
            image.save(out / path.parent.name / (path.name if keep else f"{path.stem}.jpg"))
    return out


@pytest.mark.usefixtures("forked_processes")
def test_it_stands_in_sweeps_beside_networks(source: Path, target: Path, quick: dict[str, Any], tmp_path: Path) -> None:
    """Installed with an entry point, as workers of a sweep and other commands find it."""
    info = tmp_path / "toy-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[forensictransfer.detectors]\nlaplacian = toy_detector:Laplacian\njpeg_only = toy_detector:JpegOnly\n"
    )
    settings = {
        "domains": [str(source), str(_with_masks(target, tmp_path / "masked"))],
        "detectors": ["cooccurrence", "laplacian", "jpeg_only"],
        "strategies": ["threshold", "head"],
        "shots": [0, 3],
        "draws": 2,
        "localise": True,
        # The sweep itself sets those of `adapt` that belong to a job.
        "settings": {
            name: value for name, value in quick.items() if name not in ("adapt.shots", "adapt.draws", "adapt.trials")
        },
    }
    (tmp_path / "sweep.yaml").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "forensictransfer", "sweep", str(tmp_path / "sweep.yaml"), "--workers", "1"]
    command += ["--out", str(tmp_path / "sweep")]
    path = os.pathsep.join(map(str, (tmp_path, ROOT / "tests", ROOT)))
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    page = ft.write_report(tmp_path / "sweep").read_text()
    assert "laplacian" in page
    # Of 2 trainings, 2 zero-shot tests and 4 adaptations none has a result, and nothing has failed.
    assert "0 failed, 8 not applied" in done.stderr
    assert done.stdout.count("not applied (4 jobs): train split of ") == 2
    assert "Not applied (n/a)" in page and "Failed jobs" not in page
    with (tmp_path / "sweep/report/tables/where.csv").open() as file:
        where = list(csv.DictReader(file))
    # Of two detectors with maps: trained on the masked domain itself, on the other one, and adapted in two ways.
    assert [(row["target"], row["strategy"]) for row in where] == 2 * [
        ("masked", strategy) for strategy in ("zero-shot", "zero-shot", "head", "threshold")
    ]
    assert "Where it was changed" in page and all(0 < float(row["AUC over pixels"]) < 1 for row in where)
    latents = list((tmp_path / "sweep").rglob("*laplacian*/evaluations/*/latents.npz"))
    assert latents and np.load(latents[0])["features"].shape[1] == 2
