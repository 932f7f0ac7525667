"""What commands answer: plain text in a pipe, drawn tables on a terminal, JSON alone where it is asked for."""

from __future__ import annotations

import io
import json
import re
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensictransfer.cli.main import main
from forensictransfer.cli.output import plain, print_table
from forensictransfer.core.tables import TextTable
from forensictransfer.detectors.registry import detectors

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "v0_1"
TABLE = TextTable(
    ("name", "number"), (("one", "1"), ("thirteen [x]", "13")), "lr", ruled=True, notes=("number: a number",)
)


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def domain(tmp_path: Path) -> Path:
    """Three reals as PNG, two fakes as JPEG."""
    noise = np.random.default_rng(0).integers(0, 256, (5, 40, 48, 3), np.uint8)
    for i, (name, suffix) in enumerate([("real", "png")] * 3 + [("fake", "jpg")] * 2):
        (tmp_path / "photos" / name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise[i]).save(tmp_path / "photos" / name / f"{name}{i}.{suffix}")
    return tmp_path / "photos"


def test_a_table_in_a_pipe_is_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(TABLE)
    assert capsys.readouterr().out == (
        "name          number\n--------------------\none                1\nthirteen [x]      13\n\nnumber: a number\n"
    )


def test_a_table_on_a_terminal_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)
    with redirect_stdout(Terminal()) as drawn:
        print_table(TABLE)
    assert (
        "\x1b[1m" in drawn.getvalue() and "thirteen [x]" in drawn.getvalue() and "number: a number" in drawn.getvalue()
    )
    monkeypatch.setenv("COLUMNS", "24")
    long = TextTable(("name", "text"), (("a_name_to_be_typed", "some words on it"),), "ll")
    with redirect_stdout(Terminal()) as narrow:
        print_table(long)
    assert "a_name_to_be_typed" in narrow.getvalue()
    monkeypatch.setenv("TERM", "dumb")
    with redirect_stdout(Terminal()) as plain_terminal:
        print_table(TABLE)
    assert "\x1b" not in plain_terminal.getvalue()


def test_findings_become_what_json_knows() -> None:
    @dataclass(frozen=True)
    class Found:
        path: Path
        numbers: tuple[float, ...]

    assert plain({"a": [Found(Path("b"), (1.0, 2.0))], 3: None}) == {
        "a": [{"path": "b", "numbers": [1.0, 2.0]}],
        "3": None,
    }


def test_detectors_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["detectors", "list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in found] == list(detectors())
    assert {"about", "trains", "crop", "parameters", "multiply_adds"} <= set(found[0])


def test_a_domain_as_json(domain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--json"], ["--json", "-"]):
        assert main(["data", "show", str(domain), *words]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["splits"]["all"] == {"real": 3, "fake": 2, "groups": 5}
        assert found["classes"]["fake"]["formats"] == {"JPEG RGB": 2}
        assert found["classes"]["real"]["sizes"] == {"48 x 40": 3}
        assert any("differ in format" in note for note in found["notes"])
    assert main(["data", "show", str(domain), "--json", str(tmp_path / "a.json")]) == 0
    assert "differ in format" in capsys.readouterr().out
    assert json.loads((tmp_path / "a.json").read_text()) == found


def test_an_audit_as_json(domain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", str(domain), "--json", "--workers", "1"]) == 0
    assert "domains" in json.loads(capsys.readouterr().out)


def test_a_run_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = FIXTURES / "runs" / "cooccurrence-head"
    assert main(["show", str(folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    written = json.loads((folder / "run.json").read_text())
    assert found["finished"] is True and found["path"] == str(folder)
    assert {name: found["run"][name] for name in written} == written
    assert found["settings"]["adapt"]["strategy"] == "head"
    measured = [json.loads(path.read_text()) for path in sorted(folder.glob("evaluations/*/metrics.json"))]
    assert [one["metrics"] for one in found["evaluations"]] == [one["metrics"] for one in measured]
    assert main(["show", str(folder), "--json", str(tmp_path / "run.json")]) == 0
    assert "cooccurrence trained on first, adapted to second" in capsys.readouterr().out
    assert json.loads((tmp_path / "run.json").read_text()) == found


def test_a_cross_domain_table_as_json_and_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [str(path) for path in sorted((FIXTURES / "runs").iterdir())]
    assert main(["table", *runs, "--json"]) == 0
    cells = json.loads(capsys.readouterr().out)["cells"]
    assert {cell["run"] for cell in cells} == set(runs)
    assert set(cells[0]["metrics"]["balanced_accuracy"]) >= {"value", "low", "high"}
    assert main(["table", *runs]) == 0
    plain_text = capsys.readouterr().out
    assert plain_text.startswith("Cross-domain table\n\n") and "\x1b" not in plain_text
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)
    with redirect_stdout(Terminal()) as drawn:
        assert main(["table", *runs]) == 0
    assert "\x1b[1m" in drawn.getvalue() and "cooccurrence: balanced accuracy, %" in drawn.getvalue()
    assert plain_text.count("[") == re.sub(r"\x1b\[", "", drawn.getvalue()).count("["), "no number is lost"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["data", "show", "--json", "photos"], "--json takes the word after it as its file: give it last to print"),
        (["data", "show", "photos", "--json", "."], "expected a file to write JSON to, got a folder"),
        (["detectors", "list", "--json", "no/such/a.json"], "there is no such folder to write JSON to"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_place_for_json_that_cannot_be_one(capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == "" and said in err
