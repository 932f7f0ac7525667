"""Bad input, through the real command in a process: exit code 2, one clear line, nothing written.

What the words on the command line can be wrong in is in test_cli.py.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
START = "forensictransfer: error: "


def command(*words: object, file_limit: int | None = None) -> subprocess.CompletedProcess[str]:
    """`forensictransfer WORDS` in a process whose files may have `file_limit` bytes at most."""

    def limit() -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))

    return subprocess.run(
        [sys.executable, "-m", "forensictransfer", *map(str, words)],
        text=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "FORENSICTRANSFER_DATA": "/nonexistent"},
        preexec_fn=None if file_limit is None else limit,
    )


def refused(*words: object, file_limit: int | None = None) -> str:
    """The one line that says why; all but progress bars and notes on the input must be silent."""
    done = command(*words, file_limit=file_limit)
    assert done.returncode == 2, done.stderr
    lines = [line for part in done.stderr.splitlines() for line in part.split("\r") if line.strip()]
    assert "Traceback" not in done.stderr and "Error:" not in done.stderr
    assert [line.startswith(START) for line in lines] == [False] * (len(lines) - 1) + [True], done.stderr
    assert "wrote" not in done.stdout
    return without_code(lines[-1].removeprefix(START))


def without_code(line: str) -> str:
    """The message of an error without its code, `MESSAGE [code]`; errors of the system have none."""
    return re.sub(r" \[[a-z-]+\]$", "", line)


def everything(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def place(trained: Path, source: Path, target: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs and domains with all sorts of things wrong with them."""
    place = tmp_path_factory.mktemp("bad")
    (place / "source").symlink_to(source)
    (place / "target").symlink_to(target)
    shutil.copytree(trained, place / "run")
    shutil.copytree(target, place / "no-class")
    shutil.rmtree(place / "no-class" / "fake")
    shutil.copytree(target, place / "empty-class")
    for path in (place / "empty-class" / "real").iterdir():
        path.unlink()
    for kind in ("real", "fake"):
        (place / "no-images" / kind).mkdir(parents=True)
        (place / "no-images" / kind / "notes.txt").write_text("none")
        (place / "torn-images" / kind).mkdir(parents=True)
        for path in (target / kind).iterdir():
            (place / "torn-images" / kind / path.name).write_bytes(path.read_bytes()[:200])
    shutil.copytree(trained, place / "other-format")
    information = json.loads((place / "other-format" / "run.json").read_text())
    (place / "other-format" / "run.json").write_text(json.dumps({**information, "format": 2}))
    shutil.copytree(trained, place / "torn-run")
    model = place / "torn-run" / "model.keras"
    model.write_bytes(model.read_bytes()[:1000])
    shutil.copytree(trained, place / "lost-file")
    (place / "lost-file" / "decision.json").unlink()
    shutil.copytree(trained, place / "unfinished")
    (place / "unfinished" / "FINISHED").unlink()
    (place / "a-file").write_text("a file")
    (place / "photos").mkdir()
    (place / "photos" / "holiday.txt").write_text("mine")
    return place


TRAIN = "train --source {source} --out {out} --data.crop 64"
ADAPT = "adapt --run {run} --target {target} --out {out}"
CASES = {
    "missing folder": ("train --source {here}/nowhere --out {out}", "nowhere: there is no such folder"),
    "missing folder, adapt": ("adapt --run {run} --target {here}/nowhere --out {out}", "there is no such folder"),
    "missing folder, evaluate": ("evaluate --run {run} --on {here}/nowhere", "there is no such folder"),
    "no folder but a file": ("train --source {here}/a-file --out {out}", "found another file"),
    "class missing": ("train --source {here}/no-class --out {out}", "fake"),
    "class empty": ("adapt --run {run} --target {here}/empty-class --out {out}", "real"),
    "no images": ("train --source {here}/no-images --out {out}", "no-images"),
    "fewer images than shots": (
        f"{ADAPT} --shots 17",
        "has 16 real images in its train split, 17 shots were asked for",
    ),
    "unknown strategy": (f"{ADAPT} --strategy finetuning", "perhaps you meant 'finetune'"),
    "unknown detector": (f"{TRAIN} --detector ft-ref", "perhaps you meant 'ft-res'"),
    "source as target": ("adapt --run {run} --target {source} --out {out}", "is the source that"),
    "source as target by another path": (
        "adapt --run {run} --target {here}/empty-class/../source/. --out {out}",
        "is the source that",
    ),
    "missing run": ("adapt --run {here}/rum --target {target} --out {out}", "perhaps you meant 'run'"),
    "folder that is no run": ("evaluate --run {source} --on {target}", "is not a run folder"),
    "run of another format": (
        "adapt --run {here}/other-format --target {target} --out {out}",
        "expected a run of format 1, got format 2",
    ),
    "torn run": ("evaluate --run {here}/torn-run --on {target}", "torn-run/model.keras: was changed or damaged"),
    "run with a file lost": ("show {here}/lost-file", "lost-file/decision.json: is missing"),
    "unfinished run": ("adapt --run {here}/unfinished --target {target} --out {out}", "is not finished"),
    "existing run": ("train --source {source} --out {run}", "run: exists already; --overwrite replaces it"),
    "existing run, adapt": ("adapt --run {here}/run --target {target} --out {run}", "choose another folder"),
    "existing folder": ("train --source {source} --out {here}/photos --overwrite", "holds other files and is no run"),
    "existing evaluation": ("evaluate --run {run} --on {source}", "exists already; --overwrite replaces it"),
    "output below a file": ("train --source {source} --out {here}/a-file/run", "a-file is a file"),
    "output is a file": (f"{ADAPT.replace('{out}', '{here}/a-file')}", "a-file is a file"),
}


@pytest.mark.parametrize("case", CASES)
def test_refused_at_once(place: Path, case: str) -> None:
    """All this is found without TensorFlow, so it takes no seconds either."""
    words, said = CASES[case]
    before = everything(place)
    names = {name: place / name for name in ("source", "target", "run", "out")}
    assert said in refused(*(word.format(here=place, **names) for word in words.split()))
    assert everything(place) == before
    assert not (place / "out").exists() and not list(place.glob(".*"))


def test_nothing_but_torn_images(place: Path) -> None:
    said = refused("train", "--source", place / "torn-images", "--out", place / "out", "--data.crop", 64)
    assert "'torn-images': expected real and fake images in its train split, found no real one; 32 could not be" in said
    assert not (place / "out").exists() and not list(place.glob(".*"))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a file system that is no place for files")
def test_read_only_output(place: Path) -> None:
    words = ("adapt", "--run", place / "run", "--target", place / "target", "--strategy", "threshold", "--out")
    assert "cannot be written" in refused(*words, "/proc/out")


def test_a_full_disk_leaves_no_adapted_run(place: Path) -> None:
    """A limit on the size of a file plays the full disk: the model has nearly a megabyte."""
    before = everything(place)
    words = ("adapt", "--run", place / "run", "--target", place / "target", "--out", place / "out")
    said = refused(*words, "--strategy", "threshold", "--draws", 1, "--shots", 1, file_limit=300_000)
    assert said.endswith("/out/model.keras: the file would be larger than the system allows")
    assert everything(place) == before
    assert not (place / "out").exists() and not list(place.glob(".*"))


def test_a_full_disk_leaves_no_training(place: Path, quick: dict[str, Any]) -> None:
    before = everything(place)
    settings = [f"--{name}={value}" for name, value in quick.items()]
    said = refused(*TRAIN.format(source=place / "source", out=place / "out").split()[:5], *settings, file_limit=300_000)
    assert "checkpoint.npz: the file would be larger than the system allows" in said
    assert everything(place) == before
    assert not (place / "out").exists() and not list(place.glob(".*"))


def test_a_full_disk_in_the_final_stage_costs_no_epoch(
    source: Path, quick: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What training has taken hours for stays, and continues with --resume when there is room."""
    import errno

    import forensictransfer as ft
    from forensictransfer.experiments import train as training
    from forensictransfer.experiments.checkpoint import NAME, TrainingState
    from forensictransfer.experiments.checkpoint import save as save_state

    def fit(detector: Any, _train: Any, _validation: Any, settings: Any, run: Any) -> TrainingState:
        detector.compile(settings.train.learning_rate)
        state = TrainingState()
        state.record({"val_loss": 0.5}, "val_loss", detector.trainer)
        with run.writing(NAME) as path:
            save_state(path, state, detector.trainer)
        return state

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "model.keras")

    monkeypatch.setattr(training, "fit", fit)
    monkeypatch.setattr("forensictransfer.detectors.trainable.TrainableDetector.save", full)
    with pytest.raises(OSError, match="No space left"):
        ft.train(source, tmp_path / "run", settings=quick)
    assert (tmp_path / "run" / NAME).is_file() and not (tmp_path / "run" / "model.keras").exists()
    assert "--resume continues" in ft.show(tmp_path / "run")
