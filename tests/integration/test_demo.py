"""The demo tells the newcomer commands that work, and calls just what it tells."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

import forensictransfer as ft
from forensictransfer.cli import demo
from forensictransfer.cli.flags import settings_of
from forensictransfer.cli.parser import build_parser, check_words


def test_every_printed_command_is_valid_and_is_what_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    called: list[str] = []

    def stand_in(name: str, result: Any) -> None:
        monkeypatch.setattr(ft, name, lambda *args, **named: called.append(name) or result)

    for name, result in (("train", None), ("adapt", None), ("evaluate", []), ("table", "THE TABLE")):
        stand_in(name, result)
    monkeypatch.setattr(ft.data, "build", lambda name: called.append("data build"))
    assert demo.main(["--out", str(tmp_path / "demo")]) == 0
    out = capsys.readouterr().out
    typed = [shlex.split(line)[2:] for line in out.splitlines() if line.startswith("$ ")]
    assert called == ["data build" if words[0] == "data" else words[0] for words in typed]
    assert called == ["data build", "train", "evaluate", *["adapt"] * 6, "train", *["adapt"] * 6, "table"]
    parser, known = build_parser()
    for words in typed:
        check_words(parser, known, words)
        arguments = parser.parse_args(words)
        if words[0] == "adapt":
            draws = {} if arguments.run.endswith("demo/resynth_nearest") else {"adapt.draws": demo.DRAWS}
            assert settings_of(arguments) == {"adapt.shots": demo.SHOTS, **draws}
    assert "THE TABLE" in out
    assert out.index("Written:") < out.index("Next, on images of your own")
