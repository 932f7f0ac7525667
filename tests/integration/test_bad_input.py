"""Bad input, through the command: exit code 2, one clear line, nothing written.

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

from tests.commands import run_command

ROOT = Path(__file__).resolve().parents[2]
START = "forensictransfer: error: "
# The command, in a process whose files may have so many bytes at most.
LIMITED = """
import resource, sys
from forensictransfer.cli.main import main

limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
sys.exit(main(sys.argv[2:]))
"""


def limited(*words: object, file_limit: int) -> subprocess.CompletedProcess[str]:
    """`forensictransfer WORDS` in a process whose files may have `file_limit` bytes at most."""
    return subprocess.run(
        [sys.executable, "-c", LIMITED, str(file_limit), *map(str, words)],
        text=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "FORENSICTRANSFER_DATA": "/nonexistent"},
    )


def refused(code: str | None, *words: object, file_limit: int | None = None) -> str:
    """The one line that says why, which ends with `code` (None: an error of the system, which has none).

    All but progress bars and notes on the input must be silent.
    """
    if file_limit is None:
        done = run_command(*words, FORENSICTRANSFER_DATA="/nonexistent")
    else:
        done = limited(*words, file_limit=file_limit)
    assert done.returncode == 2, done.stderr
    lines = [line for part in done.stderr.splitlines() for line in part.split("\r") if line.strip()]
    assert "Traceback" not in done.stderr and "Error:" not in done.stderr
    assert [line.startswith(START) for line in lines] == [False] * (len(lines) - 1) + [True], done.stderr
    assert "wrote" not in done.stdout
    found = re.fullmatch(r"(.*?)(?: \[([a-z-]+)\])?", lines[-1].removeprefix(START))
    assert found is not None and found[2] == code, lines[-1]
    return found[1]


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
        (place / "damaged-images" / kind).mkdir(parents=True)
        for path in (target / kind).iterdir():
            (place / "damaged-images" / kind / path.name).write_bytes(path.read_bytes()[:200])
    shutil.copytree(trained, place / "other-format")
    information = json.loads((place / "other-format" / "run.json").read_text())
    (place / "other-format" / "run.json").write_text(json.dumps({**information, "format": 99}))
    shutil.copytree(trained, place / "damaged-run")
    model = place / "damaged-run" / "model.keras"
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
    "missing folder": ("train --source {here}/nowhere --out {out}", "path-missing", "/nowhere: "),
    "missing folder, adapt": ("adapt --run {run} --target {here}/nowhere --out {out}", "path-missing", "/nowhere: "),
    "missing folder, evaluate": ("evaluate --run {run} --on {here}/nowhere", "path-missing", "/nowhere: "),
    "no folder but a file": ("train --source {here}/a-file --out {out}", "path-missing", "/a-file: "),
    "class missing": ("train --source {here}/no-class --out {out}", "domain-layout", "fake"),
    "class empty": ("adapt --run {run} --target {here}/empty-class --out {out}", "domain-class-missing", "real"),
    "no images": ("train --source {here}/no-images --out {out}", "domain-class-missing", "no-images"),
    "fewer images than shots": (f"{ADAPT} --shots 17", "too-few-images", "has 16 real images"),
    "unknown strategy": (f"{ADAPT} --strategy finetuning", "name-unknown", "'finetune'"),
    "unknown detector": (f"{TRAIN} --detector ft-ref", "name-unknown", "'ft-res'"),
    "source as target": ("adapt --run {run} --target {source} --out {out}", "run-unsuitable", "/source"),
    "source as target by another path": (
        "adapt --run {run} --target {here}/empty-class/../source/. --out {out}",
        "run-unsuitable",
        "/source",
    ),
    "missing run": ("adapt --run {here}/rum --target {target} --out {out}", "path-missing", "'run'"),
    "folder that is no run": ("evaluate --run {source} --on {target}", "not-a-run", "run.json"),
    "run of another format": (
        "adapt --run {here}/other-format --target {target} --out {out}",
        "format-unknown",
        "other-format/run.json: ",
    ),
    "damaged run": (
        "evaluate --run {here}/damaged-run --on {target}",
        "file-damaged",
        "damaged-run/model.keras: ",
    ),
    "run with a file lost": ("show {here}/lost-file", "path-missing", "lost-file/decision.json: "),
    "unfinished run": ("adapt --run {here}/unfinished --target {target} --out {out}", "run-unfinished", "--resume"),
    "existing run": ("train --source {source} --out {run}", "path-exists", "--overwrite"),
    "existing run, adapt": ("adapt --run {here}/run --target {target} --out {run}", "arguments-conflict", "/run: "),
    "existing folder": ("train --source {source} --out {here}/photos --overwrite", "not-a-run", "/photos: "),
    "existing evaluation": ("evaluate --run {run} --on {source}", "path-exists", "--overwrite"),
    "output below a file": ("train --source {source} --out {here}/a-file/run", "path-wrong-kind", "/a-file/run: "),
    "output is a file": (f"{ADAPT.replace('{out}', '{here}/a-file')}", "path-wrong-kind", "/a-file: "),
}


@pytest.mark.parametrize("case", CASES)
def test_refused_at_once(place: Path, case: str) -> None:
    """All this is found without TensorFlow, so it takes no seconds either."""
    words, code, said = CASES[case]
    before = everything(place)
    names = {name: place / name for name in ("source", "target", "run", "out")}
    assert said in refused(code, *(word.format(here=place, **names) for word in words.split()))
    assert everything(place) == before
    assert not (place / "out").exists() and not list(place.glob(".*"))


def test_nothing_but_damaged_images(place: Path) -> None:
    words = ("train", "--source", place / "damaged-images", "--out", place / "out", "--data.crop", 64)
    said = refused("domain-class-missing", *words)
    assert "'damaged-images'" in said and "32 could not be" in said
    assert not (place / "out").exists() and not list(place.glob(".*"))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a file system that is no place for files")
def test_read_only_output(place: Path) -> None:
    words = ("adapt", "--run", place / "run", "--target", place / "target", "--strategy", "threshold", "--out")
    assert "/proc/out: " in refused("path-not-writable", *words, "/proc/out")


@pytest.mark.usefixtures("forked_processes")
def test_a_full_disk_leaves_no_adapted_run(place: Path) -> None:
    """A limit on the size of a file plays the full disk: the model has nearly a megabyte."""
    before = everything(place)
    words = ("adapt", "--run", place / "run", "--target", place / "target", "--out", place / "out")
    said = refused(None, *words, "--strategy", "threshold", "--draws", 1, "--shots", 1, file_limit=300_000)
    assert said.endswith("/out/model.keras: the file would be larger than the system allows")
    assert everything(place) == before
    assert not (place / "out").exists() and not list(place.glob(".*"))


@pytest.mark.usefixtures("forked_processes")
def test_a_full_disk_leaves_no_training(place: Path, quick: dict[str, Any]) -> None:
    before = everything(place)
    settings = [f"--{name}={value}" for name, value in {**quick, "detector": "meso4"}.items()]
    words = TRAIN.format(source=place / "source", out=place / "out").split()[:5]
    said = refused(None, *words, *settings, file_limit=50_000)
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
