"""What is noted, or refused with a hint: crops larger than the images, nothing to resume, sweeps among runs."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensictransfer import api
from forensictransfer.api import runs
from forensictransfer.cli.main import main
from forensictransfer.core.settings import DataSettings
from forensictransfer.data.checks.crop_size import crop_note
from forensictransfer.data.domains import open_domain

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "v0_1"


@pytest.fixture(autouse=True)
def _inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative paths of a test lie in a folder of its own."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def photos() -> Path:
    """Twelve reals and twelve fakes of 72 x 40 pixels."""
    rng = np.random.default_rng(0)
    for name in ("real", "fake"):
        Path("photos", name).mkdir(parents=True)
        for i in range(12):
            Image.fromarray(rng.integers(0, 256, (40, 72, 3), np.uint8)).save(f"photos/{name}/{name}{i}.png")
    return Path("photos")


@pytest.fixture
def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training does nothing, so that what is said before it is seen."""
    stub = type("stub", (), {"train_run": staticmethod(lambda *args, **named: None)})
    monkeypatch.setitem(sys.modules, "forensictransfer.experiments.train", stub)
    monkeypatch.setattr("forensictransfer.experiments.train", stub, raising=False)
    monkeypatch.setattr(runs, "import_tensorflow", lambda: None)
    monkeypatch.setattr(api, "results", lambda run: "measured")


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    """What a command says on stderr."""
    assert main(list(words)) == code
    return capsys.readouterr().err


def test_a_crop_larger_than_the_images_is_noted(
    photos: Path, no_training: None, capsys: pytest.CaptureFixture[str]
) -> None:
    train = ["train", "--source", str(photos), "--out", "run"]
    err = said(capsys, *train, "--data.crop", "64")
    assert "photos: crops of 64 pixels are larger than the images (" in err
    assert "the shorter side is 40 to 40 pixels" in err and "--data.crop 40 or less fits" in err
    assert "larger" not in said(capsys, *train, "--data.crop", "40")
    assert said(capsys, *train, "--data.crop", "64", "-q") == ""


def test_images_too_small_for_any_crop_get_no_advice(photos: Path) -> None:
    for path in photos.glob("*/*.png"):
        Image.new("RGB", (20, 30)).save(path)
    note = crop_note(open_domain(photos, data=DataSettings()).split("train"), 32)
    assert note is not None and note.endswith("time goes into padding")
    assert crop_note((), 32) is None


def test_nothing_to_resume_is_noted(photos: Path, no_training: None, capsys: pytest.CaptureFixture[str]) -> None:
    train = ["train", "--source", str(photos), "--out", "run", "--data.crop", "32"]
    assert "run: there is nothing to resume; the training begins" in said(capsys, *train, "--resume")
    assert said(capsys, *train) == ""


def test_table_leaves_out_what_is_no_finished_run(capsys: pytest.CaptureFixture[str]) -> None:
    for name, place in (("runs/cooccurrence", "a"), ("runs/cooccurrence", "b"), ("sweep", "d")):
        shutil.copytree(FIXTURES / name, Path("runs", place))
    Path("runs/b/FINISHED").unlink()
    Path("runs/c").mkdir()
    Path("runs/table.md").write_text("a table")
    folders = [str(path) for path in sorted(Path("runs").iterdir())]
    assert main(["table", *folders]) == 0
    out, err = capsys.readouterr()
    assert "cooccurrence: balanced accuracy" in out and "runs/a" in out
    lines = err.splitlines()
    assert [line.partition(": ")[2].partition(":")[0] for line in lines] == [
        f"runs/{name}" for name in ("b", "c", "d", "table.md")
    ]
    assert all(line.startswith("left out: ") for line in lines)
    assert "forensictransfer report runs/d" in lines[2]
    assert "runs/c: is not a run folder" in said(capsys, "table", "runs/c", "runs/d", code=2)
    assert "there is no such run folder; perhaps you meant" in said(capsys, "table", "runs/a", "runs/aa", code=2)


@pytest.mark.parametrize("command", ["show", "table"])
def test_a_sweep_is_pointed_to_its_report(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("sweep").mkdir()
    Path("sweep/sweep.json").write_text("{}")
    err = said(capsys, command, "sweep", code=2)
    assert "sweep: is a sweep, not a run: `forensictransfer report sweep` writes its page and tables" in err


def test_loose_images_are_counted_and_what_is_missing_is_named(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    err = said(capsys, "data", "show", str(photos / "real"), code=2)
    assert "found 12 images and no folders: sort the images into real/ and fake/" in err
    (photos / "fake").rename(photos / "forged")
    err = said(capsys, "data", "show", str(photos), code=2)
    assert "found the folders forged, real; missing: fake/" in err
    (photos / "forged").rename(photos / "fake")
    assert f"name one of them: {Path.cwd() / 'photos'}" in said(capsys, "data", "show", ".", code=2)
    Path("empty").mkdir()
    assert "found no folders; missing: real/ and fake/" in said(capsys, "data", "show", "empty", code=2)


def test_a_sweep_of_one_domain_is_noted(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("grid.yaml").write_text("domains: [photos]\nshots: [0]\n")
    err = said(capsys, "sweep", "grid.yaml", "--out", "new", "--dry-run")
    assert "photos is the only domain: it is trained and tested, and nothing is carried over" in err


def test_a_sweep_notes_each_source_whose_images_are_smaller_than_its_crop(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(photos, "others")
    grid = "domains: [photos, others]\nshots: [0]\ndetectors: [cooccurrence, constrained_conv]\n"
    sweep = ["sweep", "grid.yaml", "--out", "new", "--dry-run"]
    Path("grid.yaml").write_text(grid + "settings: {data.crop: 64}\nsource_settings: {others: {data.crop: 40}}\n")
    noted = [line for line in said(capsys, *sweep).splitlines() if "larger than the images" in line]
    assert len(noted) == 1, "once for the source, not once for each detector"
    assert noted[0].startswith("photos: crops of 64 pixels are larger than the images (14 of 14 looked at")
    assert noted[0].endswith("time goes into padding; data.crop 40 or less fits")
    Path("grid.yaml").write_text(grid + "settings: {data.crop: 40}\n")
    assert "larger" not in said(capsys, *sweep)
