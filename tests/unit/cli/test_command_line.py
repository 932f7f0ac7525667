"""The command line and the Python calls, as far as they go without TensorFlow: help, arguments, bad input."""

from __future__ import annotations

import errno
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import forensictransfer as ft
from forensictransfer import api as commands
from forensictransfer import experiments
from forensictransfer.api import runs
from forensictransfer.cli.main import main
from forensictransfer.cli.parser import build_parser
from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import DataSettings, DomainSettings, Settings, leaves
from forensictransfer.data.catalogue.data_sets import data_sets
from forensictransfer.data.domains import open_domain
from forensictransfer.detectors.registry import detectors
from forensictransfer.results.formats.run import RunInfo
from forensictransfer.results.runs import RunFolder, domain_reference
from tests.documents import domain_of, metrics_of

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative paths of a test lie in a folder of its own, and its built-in data sets too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORENSICTRANSFER_DATA", str(tmp_path / "built"))


def fail(capsys: pytest.CaptureFixture[str], *words: object, code: int = 2) -> str:
    """Run a command that must fail with one clear line, and return the line."""
    before = set(Path().rglob("*"))
    assert main([str(word) for word in words]) == code
    out, err = capsys.readouterr()
    assert out == ""
    *notes, line = err.rstrip("\n").split("\n")
    assert all(": " in note for note in notes)
    assert line.startswith("forensictransfer: error: ")
    assert set(Path().rglob("*")) == before, "something was written"
    return re.sub(r" \[[a-z-]+\]$", "", line.removeprefix("forensictransfer: error: "))


def photos(folder: str, *, real: int = 12, fake: int = 12, seed: int = 0) -> Path:
    """A folder domain of small noise images."""
    rng = np.random.default_rng(seed)
    for name, count in (("real", real), ("fake", fake)):
        (Path(folder) / name).mkdir(parents=True)
        for i in range(count):
            Image.fromarray(rng.integers(0, 256, (40, 40, 3), np.uint8)).save(Path(folder) / name / f"{name}{i}.png")
    return Path(folder)


def trained(out: str, source: Path, settings: Settings | None = None, **info: Any) -> RunFolder:
    """A finished run without a model: enough for all that is checked before a model is loaded."""
    domain = open_domain(source, data=DataSettings())
    about = {"kind": "train", "detector": "ft-res", "source": domain_reference(domain), "seed": 0}
    run = RunFolder.create(out, RunInfo.new(**{**about, "threshold_rule": "zero", **info}), settings or Settings())
    run.finish()
    return run


# Words


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tarin"], "unknown command 'tarin'; perhaps you meant 'train'"),
        (["data", "biuld"], "unknown command 'biuld'; perhaps you meant 'build'"),
        (["data"], "data: expected one of list, build, show"),
        (["--verson"], "unknown flag --verson; perhaps you meant '--version'"),
        (["train", "--sorce", "a"], "unknown flag --sorce; perhaps you meant '--source'"),
        (["train", "--train.epoch=3"], "unknown flag --train.epoch; perhaps you meant '--train.epochs'"),
        (["train", "--epochs", "3"], "unknown flag --epochs; perhaps you meant '--train.epochs'"),
        (["adapt", "--detector", "ft"], "--detector: belongs to the run"),
        (["adapt", "runs/a", "--data.crop", "64"], "--data.crop: belongs to the run"),
        (["adapt", "--target", "a", "--out", "b"], "the following arguments are required: RUN"),
        (["data", "faces", "a", "b", "--shape", "squar"], "argument --shape: invalid choice: 'squar'"),
        (["adapt", "--train.epochs", "3"], "unknown flag --train.epochs"),
        (["evaluate", "--data.augment.flip", "no"], "unknown flag --data.augment.flip"),
        (["evaluate", "--train.epochs", "3"], "unknown flag --train.epochs"),
        (
            ["train", "--source", "a"],
            "the following arguments are required: --out (see `forensictransfer train --help`)",
        ),
        (["show", "a", "b"], "unrecognized arguments: b"),
        (["train", "--source"], "argument --source: expected at least one argument"),
    ],
    ids=" ".join,
)
def test_unknown_words_get_a_suggestion(capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    assert fail(capsys, *words).startswith(said)


@pytest.mark.parametrize("command", ["train", "adapt"])
def test_help_has_every_setting_with_its_default(capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert main([command, "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for name, info in leaves():
        other = "adapt." if command == "train" else "train."
        if name.startswith(other) or (command == "adapt" and name in commands.FIXED):
            assert f"--{name}" not in text.replace("(--adapt.shots 5)", "")
        else:
            assert f"--{name} " in text
            assert " ".join(str(info.description).split()) in text
    assert "tiles scored at once (default: 64)" in text
    assert "A DOMAIN is one of" in text and "examples:" in text and "settings: data.augment:" in text


def test_no_words_show_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    out, err = capsys.readouterr()
    assert out == "" and "examples:" in err


@pytest.mark.parametrize("name", ["train", "adapt", "evaluate", "table", "show"])
def test_calls_take_what_commands_take(name: str) -> None:
    parser = build_parser()[1][name]
    arguments = {action.dest.rpartition(".")[2].rpartition(":")[2] for action in parser._actions} - {"help"}
    parameters = set(inspect.signature(getattr(ft, name)).parameters) - {"settings"}
    assert parameters <= arguments


def test_words_become_arguments(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    seen: dict[str, Any] = {}

    def record(*positional: Any, **named: Any) -> Path:
        seen.update(named, positional=positional)
        return Path("out")

    monkeypatch.setattr(commands, "train", record)
    monkeypatch.setattr(commands, "results", lambda run: f"the results of {run}")
    flags = "--train.learning_rate 1e-4 --data.split 0.6 0.2 0.2 --data.augment.flip no --data.data_dir 2024 --seed 3"
    assert main(["train", "--source", "a", "--out", "b", "--group", r"b\d+", "--resume", *flags.split()]) == 0
    assert seen["positional"] == (["a"], "b")
    assert (seen["group"], seen["resume"], seen["overwrite"], seen["config"]) == (r"b\d+", True, False, None)
    assert seen["settings"] == {
        "train.learning_rate": 1e-4,
        "data.split": [0.6, 0.2, 0.2],
        "data.augment.flip": False,
        "data.data_dir": "2024",
        "seed": 3,
    }
    out = capsys.readouterr().out
    assert "the results of out\n" in out and "next: forensictransfer evaluate out --on" in out
    monkeypatch.setattr(commands, "adapt", record)
    for flag in ("--shots", "--adapt.shots"):
        assert main(["adapt", "a", "--target", "b", "--out", "c", flag, "7"]) == 0
        assert (seen["positional"], seen["settings"]) == (("a", "b", "c"), {"adapt.shots": 7})


# Bad input


def test_settings_are_judged_first_and_together(capsys: pytest.CaptureFixture[str]) -> None:
    words = "train --source nowhere --out run --train.epochs -1 --detector ft-rez --data.crop big".split()
    assert main(words) == 2
    assert capsys.readouterr().err.splitlines() == [
        "forensictransfer: error: settings: 3 problems [setting-invalid]",
        "  --data.crop: expected an integer, got big",
        "  --train.epochs: expected greater than or equal to 0, got -1",
        "  --detector: unknown detector 'ft-rez'; perhaps you meant 'ft-res' (known: ft-res, ft, "
        f"ft-statistics, cooccurrence, rich_model, residual_cnn and {len(detectors()) - 6} more)",
    ]


def test_train_refuses_what_cannot_work(capsys: pytest.CaptureFixture[str]) -> None:
    source = photos("photos")
    (source / "none").mkdir()
    train = ("train", "--out", "run", "--source")
    assert "there is no such folder" in fail(capsys, *train, "nowhere")
    assert "forged_photos/splice" in fail(capsys, *train, "forged_photos/splise")
    assert "run `forensictransfer data build forged_photos/splice`" in fail(capsys, *train, "forged_photos/splice")
    assert "real" in fail(capsys, *train, source / "none")
    assert "no such settings file" in fail(capsys, *train, source, "--config", "no.yaml")
    assert "is no run" in fail(capsys, "train", "--source", source, "--out", source, "--overwrite")
    trained("run", source)
    assert fail(capsys, *train, source) == "run: exists already; --overwrite replaces it"
    assert "cannot resume" in fail(capsys, *train, source, "--resume", "--train.epochs", "3")


def test_a_finished_run_is_resumed_to_itself(capsys: pytest.CaptureFixture[str]) -> None:
    source = photos("photos")
    run = trained("run", source)
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    assert main(["train", "--source", str(source), "--out", "run", "--resume"]) == 0
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == before
    assert "tensorflow" not in capsys.readouterr().err


def test_adapt_refuses_what_cannot_work(capsys: pytest.CaptureFixture[str]) -> None:
    source, target = photos("photos"), photos("others", real=4, seed=1)
    trained("run", source)
    Path("link").symlink_to(source)
    adapt = ("adapt", "--run", "run", "--out", "new", "--target")
    for same in (source, "link", Path("others", "..", "photos")):
        assert "is the source that run was trained on" in fail(capsys, *adapt, same, "--shots", "1")
    assert "10 shots" in fail(capsys, *adapt, target)
    assert "unknown strategy 'finetuen'; perhaps you meant 'finetune'" in fail(
        capsys, *adapt, target, "--strategy", "finetuen"
    )
    assert "expected greater than or equal to 1, got 0" in fail(capsys, *adapt, target, "--shots", "0")
    assert "there is no such run folder; perhaps you meant 'run'" in fail(
        capsys, "adapt", "--run", "runn", "--out", "new", "--target", target
    )
    assert "choose another folder" in fail(
        capsys, "adapt", "--run", "run", "--out", "run", "--target", target, "--overwrite"
    )
    other = Path("other.yaml")
    other.write_text("detector: ft\ndata.crop: 64\n")
    said = fail(capsys, *adapt, target, "--config", other)
    assert "detector is ft-res there, ft was asked for; data.crop is 128 there, 64 was asked for" in said
    trained("adapted", source, kind="adapt", parent="run", target=domain_of("new"), shots=1, draws=1)
    assert "adapt what it came from: run" in fail(
        capsys, "adapt", "--run", "adapted", "--out", "new", "--target", target
    )


def test_evaluate_refuses_what_cannot_work(capsys: pytest.CaptureFixture[str]) -> None:
    source = photos("photos")
    run = trained("run", source)
    twin = photos("elsewhere/photos", seed=1)
    assert "is named twice" in fail(capsys, "evaluate", "--run", "run", "--on", source, source)
    assert "would both be called photos" in fail(capsys, "evaluate", "--run", "run", "--on", source, twin)
    run.write_evaluation("photos", [], metrics_of("photos"))
    assert "exists already; --overwrite replaces it" in fail(capsys, "evaluate", "--run", "run", "--on", source)


def test_runs_that_cannot_be_used(capsys: pytest.CaptureFixture[str]) -> None:
    source = photos("photos")
    run = trained("run", source)
    assert main(["show", "run"]) == 0
    assert "ft-res trained on photos" in capsys.readouterr().out
    assert "not evaluated yet" in fail(capsys, "table", "run")
    assert "got a folder" in fail(capsys, "table", "run", "--csv", "photos")
    (run.path / "settings.yaml").write_text("seed: 1\n")
    for words in (["show", "run"], ["table", "run"], ["evaluate", "--run", "run", "--on", source]):
        assert "run/settings.yaml: was changed or damaged" in fail(capsys, *words)
    run.write_json("run.json", {**run.info.model_dump(), "format": 99})
    assert "expected a run of format 1, 2 or 3, got format 99" in fail(capsys, "show", "run")


def test_a_read_only_place_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    source = photos("photos")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert "cannot be written" in fail(capsys, "train", "--source", source, "--out", "run")


@pytest.mark.parametrize(
    ("error", "said", "code"),
    [
        (OSError(errno.ENOSPC, "No space", "runs/a/model.keras"), "error: runs/a/model.keras: the disk is full", 2),
        (OSError(errno.EROFS, "Read-only", "a"), "error: a: the file system is read-only", 2),
        (PermissionError(errno.EACCES, "no", "a", None, "b"), "error: b: no permission", 2),
        (UserError("no such thing"), "error: no such thing [invalid-input]", 2),
        (
            KeyboardInterrupt(),
            "interrupted; a training continues with --resume, a sweep, `predict` into files and `data faces` when "
            "called again",
            130,
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_trouble_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, said: str, code: int
) -> None:
    def raise_it(run: str) -> str:
        raise error

    monkeypatch.setattr(commands, "show", raise_it)
    assert main(["show", "a"]) == code
    assert capsys.readouterr().err == f"forensictransfer: {said}\n"


def test_a_mistake_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "show", lambda run: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["show", "a"])


# The Python calls


def test_calls_say_the_same(tmp_path: Path) -> None:
    source = photos("photos")
    with pytest.raises(ft.UserError, check=lambda error: error.code == "path-missing"):
        ft.train("nowhere", tmp_path / "run")
    with pytest.raises(ft.UserError, check=lambda error: error.code == "arguments-conflict"):
        ft.train(source, "run", settings=Settings(), config="a.yaml")
    with pytest.raises(ft.UserError, match="detector", check=lambda error: error.code == "arguments-conflict"):
        ft.train(source, "run", "ft", settings={"detector": "ft-res"})
    with pytest.raises(ft.UserError, check=lambda error: error.code == "command-line"):
        ft.table()
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        _ = ft.trian


def test_calls_hand_over_what_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of the run, the file and the arguments over one another; the domain opened by the group rule."""
    source, target = photos("photos"), photos("others", seed=1)
    trained("run", source, Settings(seed=4))
    seen: list[Any] = []
    stub = type("stub", (), {"adapt_run": staticmethod(lambda *args, **named: seen.extend([*args, named]))})
    monkeypatch.setitem(sys.modules, "forensictransfer.experiments.adapt", stub)
    monkeypatch.setattr(experiments, "adapt", stub, raising=False)  # where another test has imported it already
    monkeypatch.setattr(runs, "import_tensorflow", lambda: None)
    out = ft.adapt("run", DomainSettings(path=str(target), name="Others"), "new", shots=3, settings={"adapt.steps": 5})
    assert out == Path("new")
    parent, domain, settings, path, named = seen
    assert (parent.path, domain.name, path, named) == (
        Path("run"),
        "Others",
        Path("new"),
        {"overwrite": False, "others": ()},
    )
    assert (settings.seed, settings.adapt.shots, settings.adapt.steps) == (4, 3, 5)


# Real processes


def command(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "forensictransfer", *words],
        text=True,
        env=environment,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
    )


def test_data_show_in_a_process() -> None:
    photos("photos")
    done = command("data", "show", "photos")
    assert done.returncode == 0, done.stderr
    assert "12" in done.stdout and "real" in done.stdout


def test_a_data_set_that_is_got_by_hand(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "list", "ciplab_faces"]) == 0
    said = capsys.readouterr().out
    assert "real_and_fake_face/training_real" in said and "kaggle.com/datasets/ciplab" in said
    assert "expected what archive.zip from" in fail(capsys, "data", "build", "ciplab_faces")
    files = Path(str(data_sets()["ciplab_faces"].module("catalogue").__file__)).parent / "dummy_data"
    assert main(["data", "build", "ciplab_faces", "--from", str(files)]) == 0
    assert capsys.readouterr().out == "built ciplab_faces/photoshop\n"
    assert main(["data", "show", "ciplab_faces/photoshop", "--sheet", "sheet.png"]) == 0
    assert "6 real and 6 fake images" in capsys.readouterr().out and Path("sheet.png").stat().st_size > 1000


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_stdout() -> None:
    with open("/dev/full", "w") as full:
        done = command("data", "list", stdout=full)
    assert done.returncode == 2
    assert done.stderr == "forensictransfer: error: the output: the disk is full\n"


def test_a_reader_that_goes_away_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = command("data", "list", stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")
