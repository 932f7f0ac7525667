"""How words on the command line are read: the place of the run, choices, defaults, presets, hidden flags."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from forensictransfer import api
from forensictransfer.cli.flags import Parser, settings_of
from forensictransfer.cli.main import main
from forensictransfer.cli.parser import build_parser
from forensictransfer.core.errors import UserError
from forensictransfer.core.presets import find_config, presets
from forensictransfer.core.settings import load_settings
from forensictransfer.data.video.settings import FaceSettings
from forensictransfer.detectors.registry import detectors
from forensictransfer.experiments.strategies import STRATEGIES


def help_of(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What `--help` of a command prints."""
    assert main([*words, "--help"]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["evaluate", "runs/a", "--on", "b", "c"],
        ["evaluate", "--run", "runs/a", "--on", "b", "c"],
        ["evaluate", "--on", "b", "c", "--run", "runs/a"],
        ["evaluate", "--on", "b", "c", "--run=runs/a"],
        ["evaluate", "--overwrite", "runs/a", "--on", "b", "c"],
    ],
    ids=" ".join,
)
def test_the_run_is_positional_and_its_flag_still_means_the_same(words: list[str]) -> None:
    arguments = build_parser()[0].parse_args(words)
    assert (arguments.run, arguments.on) == ("runs/a", ["b", "c"])
    adapted = build_parser()[0].parse_args(["adapt", "--target", "t", "--run", "runs/a", "--out", "o"])
    assert (adapted.run, adapted.target, adapted.out) == ("runs/a", "t", "o")


@pytest.mark.parametrize(
    "words",
    [
        ["a", "--run", "b", "--run", "c", "--target", "t", "--out", "o"],
        ["--target", "t", "a", "--run=b", "--out", "o", "--run", "c"],
        ["--out=o", "--overwrite", "--run", "b", "a", "--run", "c", "--target", "t"],
        ["--run", "a", "--run", "b", "--target", "t", "--run", "c", "--out", "o"],
    ],
    ids=" ".join,
)
def test_further_runs_are_flags_beside_the_positional_one(words: list[str]) -> None:
    arguments = build_parser()[0].parse_args(["adapt", *words])
    assert (arguments.run, arguments.other_runs, arguments.target) == ("a", ["b", "c"], "t")


def test_a_run_is_given_once() -> None:
    with pytest.raises(UserError, match="runs/b", check=lambda error: error.code == "command-line"):
        build_parser()[0].parse_args(["evaluate", "runs/b", "--run", "runs/a", "--on", "c"])


@pytest.mark.parametrize("command", ["train", "adapt"])
def test_names_stand_apart_from_their_text(capsys: pytest.CaptureFixture[str], command: str) -> None:
    lines = help_of(capsys, command).splitlines()
    for name in detectors() if command == "train" else STRATEGIES:
        assert any(line.startswith(f"  {name}  ") for line in lines), name


def test_few_choices_stand_at_their_flag_and_many_below(capsys: pytest.CaptureFixture[str]) -> None:
    train, adapt, faces = (help_of(capsys, *words) for words in (["train"], ["adapt"], ["data", "faces"]))
    assert "--train.threshold {zero,balanced,midpoint}" in train and "--detector NAME" in train
    assert train.count("zero,balanced,midpoint") == 1 and "zero, balanced" not in train
    assert "--adapt.stop {steps,plateau}" in adapt and "--strategy NAME" in adapt
    assert "--shape {square,box}" in faces and "--group-by {track,video}" in faces


@pytest.mark.parametrize("command", ["train", "adapt", "evaluate", "sweep"])
def test_a_choice_is_written_in_one_way(capsys: pytest.CaptureFixture[str], command: str) -> None:
    text = help_of(capsys, command)
    assert not [words for words in ("yes|no", "default: yes", "default: no)", "weights: no") if words in text]
    assert command in ("evaluate", "sweep") or "{true,false}" in text


def test_yes_and_no_are_still_understood() -> None:
    for word, value in (("no", False), ("false", False), ("yes", True), ("true", True)):
        words = ["train", "--source", "a", "--out", "b", "--data.augment.flip", word]
        assert settings_of(build_parser()[0].parse_args(words)) == {"data.augment.flip": value}


def test_help_of_a_training_leaves_out_what_adapts_and_takes_it_all_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = help_of(capsys, "train")
    assert "--adapt.steps" not in text and "settings: evaluate:" in text and "source and run:" in text
    words = ["train", "--source", "a", "--out", "b", "--adapt.steps", "7"]
    assert settings_of(build_parser()[0].parse_args(words)) == {"adapt.steps": 7}


def test_faces_show_every_default(capsys: pytest.CaptureFixture[str]) -> None:
    text = " ".join(help_of(capsys, "data", "faces").split())
    usual = FaceSettings()
    for name in ("per_video", "margin", "shape", "smallest", "confidence"):
        assert f"(default: {getattr(usual, name)})" in text
    assert "(default: track)" in text
    arguments = build_parser()[0].parse_args(["data", "faces", "in", "out"])
    assert (arguments.margin, arguments.shape, arguments.smallest, arguments.group_by) == (0.3, "square", 64, "track")


@pytest.mark.parametrize("words", [["train"], ["data"], ["data", "list"], ["detectors", "list"], []], ids=" ".join)
def test_every_command_takes_verbosity(words: list[str]) -> None:
    parser: Any = build_parser()
    for word in words:
        parser = parser[1][word]
    parser = parser if isinstance(parser, Parser) else parser[0]
    assert {"--verbose", "--quiet"} <= set(parser.flags)


def test_verbosity_stands_before_or_after_the_command() -> None:
    for words in (["-q", "show", "a"], ["show", "a", "-q"], ["show", "-q", "a"]):
        assert build_parser()[0].parse_args(words).quiet
    assert not hasattr(build_parser()[0].parse_args(["show", "a"]), "quiet")


# Presets


def test_a_preset_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings("quick").train.epochs == 15
    assert {"quick", "demo", "meso4", "sweep"} <= set(presets())
    (tmp_path / "quick").write_text("train: {epochs: 3}\n")
    assert find_config("quick") == Path("quick")
    assert load_settings("quick").train.epochs == 3


def test_an_unknown_preset_is_answered_with_those_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="quikc.*'quick'", check=lambda error: error.code == "name-unknown"):
        find_config("quikc")
    with pytest.raises(
        UserError, match=r"\(presets: .*demo, .*quick.*\)", check=lambda error: error.code == "name-unknown"
    ):
        load_settings("nothing")


def test_a_misspelt_section_gets_a_suggestion(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("trian:\n  epochs: 3\n")
    said = "trian: unknown section of settings; perhaps you meant 'train'"
    with pytest.raises(UserError, match=said, check=lambda error: error.code == "setting-unknown"):
        load_settings(tmp_path / "a.yaml")
    with pytest.raises(UserError, match=said, check=lambda error: error.code == "setting-unknown"):
        load_settings(None, {"trian.epochs": 3})
    with pytest.raises(
        UserError,
        match="train.epoch: .*'train.epochs'",
        check=lambda error: error.code == "setting-unknown",
    ):
        load_settings(None, {"train.epoch": 3})


# Completion


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_shell_completes_commands_flags_and_names(capsys: pytest.CaptureFixture[str], shell: str) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    for word in ("evaluate", "--train.epochs", "cooccurrence", "finetune"):
        assert word in script
    # --source, --out and --config of train are completed with paths.
    assert script.count("_shtab_compgen_files" if shell == "bash" else ":_files") > 10


def test_messages_of_the_package_reach_stderr_as_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import logging

    def show(run: str) -> str:
        for level in (logging.DEBUG, logging.INFO, logging.WARNING):
            logging.getLogger("forensictransfer.api").log(level, "level %d", level)
        return "shown"

    monkeypatch.setattr(api, "show", show)
    said = {}
    for flag in ("-q", "-v", None):
        assert main(["show", "a", *([flag] if flag else [])]) == 0
        out, said[flag] = capsys.readouterr()
        assert out == "shown\n"
    assert said["-q"] == "level 30\n" and said[None] == "level 20\nlevel 30\n"
    assert [line.partition(" ")[2] for line in said["-v"].splitlines()] == [
        f"forensictransfer.api: level {level}" for level in (10, 20, 30)
    ]
    assert not logging.getLogger("forensictransfer").handlers
