"""Two commands that write to one folder: the second is refused before its work, and the first is left alone."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import forensictransfer as ft
from forensictransfer.cli.main import main
from forensictransfer.core.ownership import lock_file, owning
from forensictransfer.data.catalogue.builtin import build_builtin
from forensictransfer.results.runs import RunFolder

MADE = Path(__file__).parents[1] / "fixtures" / "v0_1"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The runs, domains and the sweep of version 0.1."""
    shutil.copytree(MADE, tmp_path / "made")
    return tmp_path / "made"


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Give a command that must be refused with one line while another process writes to `folder`."""
    before = content(folder) if folder.exists() else None
    assert main(words) == 2, words
    said = capsys.readouterr()
    assert said.out == "" and said.err.endswith("[folder-in-use]\n") and str(folder) in said.err
    assert said.err.count("\n") == 1, said.err
    assert (content(folder) if folder.exists() else None) == before


@pytest.mark.parametrize("flags", [[], ["--overwrite"], ["--resume"]])
@pytest.mark.parametrize("there", [False, True])
def test_training_into_a_folder_that_is_taken(
    place: Path, capsys: pytest.CaptureFixture[str], flags: list[str], there: bool
) -> None:
    out = next((place / "runs").iterdir()) if there else place / "new"
    # A source that is not there: it would be the next thing to be found out.
    words = ["train", "--source", str(place / "nowhere"), "--out", str(out), *flags]
    with owning(out, "train"):
        refused(words, out, capsys)


def test_other_commands_wait_for_nobody(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = next(path for path in sorted((place / "runs").iterdir()) if RunFolder.open(path).kind == "train")
    domain = str(place / "domains" / "second")
    with owning(run, "train"):
        refused(["evaluate", str(run), "--on", domain, "--overwrite"], run, capsys)
        # Who only reads is not kept out.
        assert main(["show", str(run)]) == 0 and main(["table", str(run)]) == 0
        capsys.readouterr()
    by = ["--strategy", "head"]
    with owning(place / "out", "adapt"):
        refused(["adapt", str(run), "--target", domain, "--out", str(place / "out"), *by], place / "out", capsys)
    with owning(place / "sweep" / "report", "report"):
        refused(["report", str(place / "sweep")], place / "sweep" / "report", capsys)
    with owning(place / "equal", "audit --equalise"):
        words = ["audit", domain, "--equalise", str(place / "equal")]
        refused(words, place / "equal", capsys)
    with (
        owning(place / "data" / "forged_photos" / "splice" / "1.0.0", "data build"),
        pytest.raises(ft.UserError, check=lambda error: error.code == "folder-in-use"),
    ):
        build_builtin("forged_photos/splice", place / "data")
    assert not (place / "data").exists() or not list((place / "data").rglob("*.*"))


def test_one_evaluation_of_a_run_keeps_out_only_the_same_and_trainings(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = RunFolder.open(next(p for p in sorted((place / "runs").iterdir()) if RunFolder.open(p).kind == "train"))
    train = ["train", "--source", str(place / "domains" / "first"), "--out", str(run.path), "--overwrite"]
    evaluation = run.evaluation_path("second")
    with run.owning_evaluations(["second"]):
        words = ["evaluate", str(run.path), "--on", str(place / "domains" / "second"), "--overwrite"]
        assert main(words) == 2 and "[folder-in-use]" in capsys.readouterr().err
        with RunFolder.open(run.path).owning_evaluations(["third"]):
            pass
        assert main(train) == 2
        assert str(evaluation) in (said := capsys.readouterr().err) and "[folder-in-use]" in said
    assert RunFolder.open(run.path).finished and not list(run.path.rglob(".*.lock"))


@pytest.mark.slow
@pytest.mark.usefixtures("forked_processes")
def test_a_killed_training_of_two_processes_is_resumed(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    words = ["train", "--source", str(source), "--out", str(run), "--detector", "meso4", "--data.crop", "64"]
    words += ["--train.epochs", "8", "--train.patience", "8", "--seed", "5", "--train.batch", "4"]
    first = subprocess.Popen(
        [sys.executable, "-m", "forensictransfer", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        end = time.monotonic() + 120
        while not (run / "history.csv").is_file():
            assert first.poll() is None and time.monotonic() < end
            time.sleep(0.05)
        first.send_signal(signal.SIGSTOP)  # so that it ends neither before nor during the next calls
        for flags in (["--train.epochs", "2", "--overwrite"], ["--resume"]):
            before = content(run)
            assert main([*words, *flags]) == 2
            said = capsys.readouterr().err
            assert f"process {first.pid} " in said and said.endswith("[folder-in-use]\n")
            assert content(run) == before
    finally:
        first.kill()
        first.wait()
    assert lock_file(run).is_file() and not (run / "FINISHED").exists()
    assert main([*words, "--resume", "--data.workers", "1"]) == 0
    assert f"process {first.pid} " in (said := capsys.readouterr().err) and "taken over" in said
    opened = RunFolder.open(run)
    assert opened.settings.seed == 5 and len((run / "history.csv").read_text().splitlines()) == 9
    assert not lock_file(run).exists() and os.listdir(tmp_path) == ["run"]


def test_a_training_whose_folder_was_taken_seals_nothing(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    put = RunFolder.write_csv

    def taken(self: RunFolder, name: str, *arguments: object) -> None:
        """At the end of the first epoch somebody moves the run away and begins another."""
        put(self, name, *arguments)  # type: ignore[arg-type]
        run.rename(tmp_path / "moved")
        run.mkdir()
        (run / "run.json").write_text('{"kind": "train", "of": "another"}')

    monkeypatch.setattr(RunFolder, "write_csv", taken)
    words = ["train", "--source", str(source), "--out", str(run), "--detector", "meso4", "--data.crop", "64"]
    assert main([*words, "--train.epochs", "3"]) == 2
    assert capsys.readouterr().err.endswith("[folder-lost]\n")
    assert {path.name for path in run.iterdir()} - {"tensorboard"} == {"run.json"}
    assert not (tmp_path / "moved" / "FINISHED").exists()
