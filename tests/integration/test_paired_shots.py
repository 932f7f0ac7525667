"""Paired shots through the commands: photographs with their forgeries, in rows that nothing unpaired stands in."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import forensictransfer as ft
from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import DataSettings, EvaluateSettings, load_settings
from forensictransfer.data.domains import open_domain
from forensictransfer.data.images import Images
from forensictransfer.detectors.evidence import Analysis
from forensictransfer.experiments.session import Session
from forensictransfer.experiments.shots_only import shots_only_of
from tests.commands import run_command

Rows = Callable[[Path], list[dict[str, str]]]


@pytest.fixture(scope="module")
def runs(trained: Path, target: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The trained run adapted with paired shots and with others. Not to be changed."""
    place = tmp_path_factory.mktemp("paired")
    words = ("adapt", trained, "--target", target, "--strategy", "head", "--shots", 3, "--draws", 2)
    for name, flags in (("unpaired", ("--adapt.held_out", "false")), ("paired", ("--pairs",))):
        done = run_command(*words, *flags, "--adapt.shots_only", "false", "--out", place / name)
        assert done.returncode == 0, done.stderr
    return {name: place / name for name in ("unpaired", "paired")}


def test_shots_are_photographs_with_their_forgeries(runs: dict[str, Path], target: Path, rows: Rows) -> None:
    groups = {record.name: record.group for record in open_domain(target, data=DataSettings()).records}
    draws = []
    for draw in ("0", "1"):
        shots = rows(runs["paired"] / "draws" / draw / "shots.csv")
        of = [{groups[row["path"]] for row in shots if row["label"] == label} for label in ("0", "1")]
        assert of[0] == of[1] and len(of[0]) == 3
        draws.append(of[0])
    assert draws[0] != draws[1]
    protocols = [json.loads((runs[name] / "run.json").read_text())["protocol"] for name in ("unpaired", "paired")]
    assert protocols == [None, "paired"]
    rules = [json.loads((runs[name] / "run.json").read_text())["threshold_rule"] for name in ("unpaired", "paired")]
    assert rules == ["midpoint (shots)", "midpoint (shots held out)"]
    assert "each photograph with its forgery" in ft.show(runs["paired"])


def test_rows_of_paired_shots_stand_by_themselves(runs: dict[str, Path], tmp_path: Path) -> None:
    text = ft.table(*runs.values(), csv=tmp_path / "table.csv")
    assert "head (paired)" in text
    table = list(csv.DictReader(io.StringIO((tmp_path / "table.csv").read_text())))
    found = {(row["strategy"], row["protocol"]) for row in table}
    assert found == {("head", "unpaired"), ("head (paired)", "paired")}


def test_the_shots_alone_are_the_same_pairs(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Images] = []

    def analyse(detector: object, images: Images, *_: object, **__: object) -> Analysis:
        seen.append(images)
        features = np.random.default_rng(len(images)).normal(size=(len(images), 2))
        return Analysis(features, features)

    monkeypatch.setattr(Session, "describer", lambda *_: (None, analyse, EvaluateSettings()))
    settings = load_settings(None, {"adapt.pairs": True, "adapt.shots": 3, "adapt.draws": 1})
    found, _ = shots_only_of(open_domain(target, data=DataSettings()), settings, Session())
    assert found.protocol == "paired"
    shots = seen[0]
    assert len(shots) == 6
    assert shots.groups[::2] == shots.groups[1::2] and shots.labels.tolist() == [0, 1] * 3


def test_a_target_with_fewer_pairs_is_refused_before_anything_is_done(
    trained: Path, target: Path, tmp_path: Path
) -> None:
    renamed = tmp_path / "renamed"
    shutil.copytree(target, renamed)
    for path in list((renamed / "fake").iterdir()):
        path.rename(path.with_stem(f"other{path.stem}"))
    with pytest.raises(UserError, match="'renamed' has 0 photographs .*2 pairs were asked for; --group"):
        ft.adapt(trained, renamed, tmp_path / "out", settings={"adapt.pairs": True, "adapt.shots": 2})
    assert not (tmp_path / "out").exists()
