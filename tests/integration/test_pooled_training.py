"""`train.pooling`: whether what an image's tiles differ by counts, as the validation split or the user tells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import forensictransfer as ft
from forensictransfer.data.domains import open_domain
from forensictransfer.data.images import Images
from forensictransfer.evaluation.scoring import analyse_images
from forensictransfer.experiments.choices import load_settings
from forensictransfer.experiments.session import Session
from forensictransfer.results.formats.decision import DecisionFile
from forensictransfer.results.runs import RunFolder
from tests.commands import run_command

SMALL: dict[str, Any] = {"detector": "cooccurrence", "data.crop": 32, "evaluate.stride": 32, "evaluate.resamples": 20}


def decision(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "decision.json").read_text())
    return found


def scores(path: Path) -> list[float]:
    header, *rows = [line.split(",") for line in path.read_text().splitlines()]
    return [float(row[header.index("score")]) for row in rows]


@pytest.fixture(scope="module")
def spread(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ft.train(source, tmp_path_factory.mktemp("pooled") / "run", settings={**SMALL, "train.pooling": "spread"})


def test_images_are_scored_by_what_their_tiles_differ_by_too(spread: Path, source: Path) -> None:
    assert decision(spread)["spread"] == 2.0 and decision(spread)["weights"] is None
    settings = load_settings(None, SMALL)
    for split, file in (("validation", "validation.csv"), ("test", "evaluations/source/predictions.csv")):
        images = Images(open_domain(source, data=settings.data).split(split), data=settings.data)
        detector = Session().detector(RunFolder.open(spread))
        found = analyse_images(detector, images, settings.evaluate, keep_tiles=True)
        assert found.tiles is not None and found.tiles.counts.min() > 1
        judged = DecisionFile.model_validate(decision(spread)).decision()
        expected = judged.scores(found.energies, found.features, found.tiles)
        assert scores(spread / file) == pytest.approx(expected.tolist(), rel=1e-3, abs=1e-4)
    shown = run_command("show", spread)
    assert "their mean and 2 standard deviations of their scores" in shown.stdout


def test_the_threshold_alone_is_fitted_to_scores_pooled_as_the_run_does(
    spread: Path, target: Path, tmp_path: Path
) -> None:
    few = {"adapt.shots": 3, "adapt.draws": 1, "adapt.shots_only": False}
    kept = ft.adapt(spread, target, tmp_path / "kept", strategy="threshold", settings=few)
    assert decision(kept / "draws/0")["spread"] == 2.0
    done = run_command("evaluate", kept, "--on", target, "--overwrite")
    assert done.returncode == 0, done.stderr


def test_by_default_the_validation_split_chooses(source: Path, tmp_path: Path) -> None:
    """The forgeries of this source are everywhere in an image, so that the mean does."""
    run = ft.train(source, tmp_path / "auto", settings=SMALL)
    mean = ft.train(source, tmp_path / "mean", settings={**SMALL, "train.pooling": "mean"})
    assert decision(run) == decision(mean) and decision(run)["spread"] == 0.0
    done = run_command("train", "--source", source, "--train.pooling", "median", "--out", tmp_path / "x")
    assert done.returncode == 2 and "pooling" in done.stderr and not (tmp_path / "x").exists()
