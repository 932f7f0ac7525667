"""Domains with a fault of their own, through the commands: groups by wrong names, two labels, one class damaged."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import forensictransfer as ft
from forensictransfer.data.exclusion import LeftOut
from forensictransfer.results.formats.data import AdaptationData, TrainingData
from forensictransfer.results.formats.metrics import Metrics
from forensictransfer.results.formats.run import RunInfo
from forensictransfer.results.runs import RunFolder
from forensictransfer.sweep.manager import dry_run

CHEAP = {
    "detector": "cooccurrence",
    "data.crop": 64,
    "evaluate.resamples": 10,
    "adapt.strategy": "threshold",
    "adapt.shots_only": False,
}


def refused(code: str, call: Callable[[], object]) -> str:
    with pytest.raises(ft.UserError, check=lambda error: error.code == code) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture(scope="module")
def frames(target: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The target's images as the frames of two videos of either class, numbered alike."""
    folder = tmp_path_factory.mktemp("domains") / "frames"
    for kind in ("real", "fake"):
        for number, path in enumerate(sorted((target / kind).iterdir())):
            place = folder / kind / f"clip{number % 2}" / f"{number // 2:03d}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, place)
    return folder


@pytest.fixture(scope="module")
def run(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ft.train(source, tmp_path_factory.mktemp("runs") / "run", settings=CHEAP)


def test_frames_of_videos_are_not_learned_from_by_their_numbers(
    frames: Path, run: Path, source: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    said = refused("groups-ambiguous", lambda: ft.train(frames, tmp_path / "out", settings=CHEAP))
    assert "--group folder" in said
    assert said == refused("groups-ambiguous", lambda: ft.adapt(run, frames, tmp_path / "out", shots=2))
    grid = tmp_path / "sweep.yaml"
    grid.write_text(f"domains: [{source}, {frames}]\ndetectors: [cooccurrence]\nstrategies: [threshold]\n")
    assert said == refused("groups-ambiguous", lambda: dry_run(grid, tmp_path / "out"))
    assert not (tmp_path / "out").exists()
    assert "warning: 13 file names recur in 4 folders" in ft.data.show(frames)
    assert "warning: " not in ft.data.show(frames, group="folder")
    # A rule by name is followed.
    trained = RunFolder.open(ft.train(frames, tmp_path / "trained", settings=CHEAP, group="stem"))
    assert trained.read("run.json", RunInfo).source.group == "stem"
    assert any("'stem' was chosen by name" in note for note in trained.read("data.json", TrainingData).notes)
    # What is only tested on is said, and recorded.
    copy = Path(shutil.copytree(run, tmp_path / "copy"))
    with caplog.at_level(logging.WARNING):
        ft.evaluate(copy, frames)
    assert any(line.startswith("warning: frames: 13 file names recur") for line in caplog.messages)
    found = RunFolder.open(copy).read("evaluations/frames/metrics.json", Metrics)
    assert found.warnings[0].startswith("13 file names recur")
    assert f"warning: frames: {found.warnings[0]}" in ft.show(copy)


def test_a_test_by_other_groups_than_the_training_says_so(
    run: Path, source: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    copy = Path(shutil.copytree(run, tmp_path / "copy"))
    with caplog.at_level(logging.WARNING):
        ft.evaluate(copy, source, overwrite=True)
        assert not [line for line in caplog.messages if "is tested by" in line]
        ft.evaluate(copy, source, group="path", overwrite=True)
    assert any("trained on it by the group rule 'stem', and is tested by 'path'" in line for line in caplog.messages)


def test_one_picture_with_both_labels_stops_training(
    source: Path, run: Path, target: Path, tmp_path: Path, pick_stems: Callable[..., dict[str, list[str]]]
) -> None:
    domain = Path(shutil.copytree(target, tmp_path / "domain"))
    stem = pick_stems("b", {"train": 1})["train"][0]
    (other,) = pick_stems("z", {"test": 1})["test"]
    # Of a fake of the test split, by another name.
    shutil.copy(domain / "real" / f"{stem}.png", domain / "fake" / f"{other}.png")
    said = refused("domain-contradictory", lambda: ft.train(domain, tmp_path / "out", settings=CHEAP))
    assert f"real/{stem}.png = fake/{other}.png" in said
    shots = {"shots": 16, "strategy": "threshold", "draws": 1}
    assert said == refused("domain-contradictory", lambda: ft.adapt(run, domain, tmp_path / "out", **shots))
    assert not (tmp_path / "out").exists()
    assert f"real/{stem}.png = fake/{other}.png" in ft.data.show(domain)


def test_what_one_class_loses_is_counted_and_said(
    target: Path, run: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    domain = Path(shutil.copytree(target, tmp_path / "damaged"))
    lost = sorted((domain / "fake").iterdir())[::3]
    for path in lost:
        path.write_bytes(path.read_bytes()[:300])
    count = len(lost)
    with caplog.at_level(logging.WARNING):
        trained = RunFolder.open(ft.train(domain, tmp_path / "trained", settings=CHEAP))
    line = f"left out {count} of 26 fakes and 0 of 26 reals: one class loses more than the other"
    assert any(f"warning: damaged: {line}" in message for message in caplog.messages)
    data = trained.read("data.json", TrainingData)
    assert any(note.startswith(line) for note in data.notes)
    found = trained.read("evaluations/damaged/metrics.json", Metrics)
    assert found.left_out is not None and found.left_out.fakes == found.left_out.reals == 6
    assert LeftOut.total([*data.left_out.values(), found.left_out]) == LeftOut(0, 26, count, 26)
    assert f"unreadable: 0 real, {found.left_out.fake} fake" in (trained.path / "CARD.md").read_text()
    adapted = RunFolder.open(ft.adapt(run, domain, tmp_path / "out", shots=3, strategy="threshold", draws=2))
    about = adapted.read("data.json", AdaptationData).target
    assert about.left_out is not None and about.left_out.real == 0
    assert len(about.skipped) == about.left_out.fake > 0 and all(name.startswith("fake/") for name, _ in about.skipped)
