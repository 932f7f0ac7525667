"""The whole way, as a user goes it: damaged folders in, a cross-domain table out."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forensictransfer.cli.main import main
from forensictransfer.core.settings import load_settings
from forensictransfer.data.counts import Counts
from forensictransfer.results.formats.data import TrainingData
from forensictransfer.results.runs import RunFolder

ROOT = Path(__file__).resolve().parents[2]


def run(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """A command that must succeed, in this process; what it printed."""
    assert main([str(word) for word in words]) == 0
    return capsys.readouterr().out


def test_from_two_folders_to_a_table(
    make_domain: Callable[..., Path],
    add_damage: Any,
    pick_stems: Any,
    quick: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source, target = make_domain(tmp_path / "mine", "m", seed=10), make_domain(tmp_path / "theirs", "n", seed=11)
    damaged = add_damage(source, "o")
    config = tmp_path / "quick.yaml"
    config.write_text("".join(f"{name}: {value}\n" for name, value in quick.items()))

    # The real command, on a folder with files of all kinds that cannot be read: they are skipped and listed.
    src = tmp_path / "runs" / "src"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "forensictransfer", "train", "--source", str(source), "--out", str(src)),
            *("--config", str(config), "--train.epochs", "2", "--seed", "3"),
        ],
        text=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"wrote {src}; next: forensictransfer evaluate {src} --on DOMAIN"
    assert "epoch 2 of 2: " in done.stderr and "poch" not in done.stdout and "reading mine train" in done.stderr
    assert "Traceback" not in done.stderr and "Warning" not in done.stderr
    trained = RunFolder.open(src)
    assert trained.settings == load_settings(config, {"train.epochs": 2, "seed": 3})
    (tested,) = trained.evaluations()
    data = trained.read("data.json", TrainingData)
    skipped = dict([*data.skipped, *tested.skipped])
    assert set(skipped) == set(damaged)
    assert all(reason in skipped[name] for name, reason in damaged.items())
    assert data.splits["train"] == Counts(16, 16, 16)
    assert tested.n == Counts(6, 6, 6)

    # The settings of a run are valid as settings again.
    assert load_settings(src / "settings.yaml") == trained.settings

    said = run(capsys, "evaluate", "--run", src, "--on", target)
    head, row = said.splitlines()[:2]
    assert head.split("  ")[:2] == ["tested on", "balanced accuracy"]
    assert re.match(r"theirs +\d+\.\d % \[\d+\.\d, \d+\.\d\] ", row) and row.endswith("6 real + 6 fake")
    for strategy in ("head", "threshold"):
        said = run(
            capsys, "adapt", "--run", src, "--target", target, "--out", tmp_path / strategy, "--strategy", strategy
        )
        assert f"next: forensictransfer table {src} {tmp_path / strategy}" in said
    adapted = RunFolder.open(tmp_path / "head")
    assert (adapted.info["shots"], adapted.info["draws"], adapted.info["seed"]) == (3, 2, 3)
    assert adapted.info["parent"] == str(src.resolve())

    csv = tmp_path / "table.csv"
    said = run(capsys, "table", src, tmp_path / "head", tmp_path / "threshold", "--csv", csv)
    assert "zero-shot" in said and "head" in said and "theirs" in said
    assert "balanced (source validation)" in said and "midpoint (shots)" in said
    assert csv.read_text().count("\n") > 3

    said = run(capsys, "show", tmp_path / "head")
    assert "ft-res trained on mine, adapted to theirs" in said and "3 real + 3 fake, 2 draws" in said
    assert "finished" in said and "6 unreadable" in said
    card = (tmp_path / "head" / "CARD.md").read_text()
    assert "| Strategy | head |" in card and "| mine |" in card and "| theirs |" in card


def test_everything_in_a_run_can_be_read_by_anyone(trained: Path) -> None:
    """Strict JSON (no NaN), relative names, and a marker that covers every file the result rests on."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    for path in trained.rglob("*.json"):
        json.loads(path.read_text(), parse_constant=refuse)
    marker = json.loads((trained / "FINISHED").read_text())
    assert set(marker["sha256"]) == {
        "data.json",
        "decision.json",
        "environment.json",
        "history.csv",
        "model.keras",
        "run.json",
        "settings.yaml",
        "source_features.npz",
        "validation.csv",
    }
