"""The help of every command is what tests/golden/help/ records: a change of it shows as a diff of a text file.

The first record was made by version 0.1.0. Whoever changes help on purpose writes it again and commits the diff:

    FORENSICTRANSFER_RECORD=1 pytest -n 0 tests/integration/test_golden_help.py
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from forensictransfer.cli.main import main

RECORD = Path(__file__).resolve().parents[1] / "golden" / "help"
COMMANDS = (
    *("", "train", "adapt", "evaluate", "sweep", "report", "table", "show", "audit"),
    *("predict", "robustness", "inspect", "light"),
    *("camera", "camera enroll", "camera check"),
    *("generator", "generator enroll", "generator check", "generator table"),
    *("data", "data list", "data build", "data show", "data faces", "detectors", "detectors list", "completion"),
)


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Width and colour of a terminal, which argparse may ask for, are the same everywhere."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("FORCE_COLOR", raising=False)


def helped(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main([*command.split(), "--help"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def record_of(command: str) -> Path:
    return RECORD / f"{'-'.join(['forensictransfer', *command.split()])}.txt"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command or "forensictransfer")
def test_help_is_what_was_recorded(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    found, record = helped(command, capsys), record_of(command)
    if os.environ.get("FORENSICTRANSFER_RECORD"):
        record.write_text(found, encoding="utf-8")
    assert found == record.read_text(encoding="utf-8"), "changed on purpose? See how to record it, above"


def test_every_command_is_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    """A command that is new is in the list above, and no record is left of one that is gone."""
    for command in ("", "camera", "generator", "data", "detectors"):
        listed = re.search(r"^commands:\n(.*?)\n\n", helped(command, capsys), re.MULTILINE | re.DOTALL)
        assert listed is not None
        names = re.findall(r"^ {4}([a-z]\S*)", listed[1], re.MULTILINE)
        assert names, listed[1]
        assert {f"{command} {name}".strip() for name in names} <= set(COMMANDS)
    assert {path.name for path in RECORD.iterdir()} == {record_of(command).name for command in COMMANDS}
