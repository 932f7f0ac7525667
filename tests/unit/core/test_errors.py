"""Errors carry a code that is documented and used; a message prints with it behind its first line."""

from __future__ import annotations

import ast
import pickle
import re
from collections import Counter
from pathlib import Path

import pytest

from forensictransfer.core.errors import ErrorCode, UserError, first_line, nearest, some
from forensictransfer.core.problems import Problem, SettingsError

ROOT = Path(__file__).resolve().parents[3]
SOURCES = [path for folder in ("forensictransfer", "benchmarks") for path in (ROOT / folder).rglob("*.py")]


def test_every_code_is_documented_once() -> None:
    documented = re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "docs" / "errors.md").read_text(), re.MULTILINE)
    assert Counter(documented) == Counter(ErrorCode)


def test_every_code_is_used() -> None:
    defined = ROOT / "forensictransfer" / "core" / "errors.py"
    text = "\n".join(path.read_text() for path in SOURCES if path != defined)
    used = {ErrorCode[name] for name in re.findall(r"\bErrorCode\.([A-Z_]+)\b", text)}
    assert set(ErrorCode) - used == {ErrorCode.INVALID_INPUT}


def test_every_code_is_kebab_case_and_named_alike() -> None:
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in ErrorCode)
    assert all(code.name == code.upper().replace("-", "_") for code in ErrorCode)


def test_an_error_of_a_plug_in_needs_no_code() -> None:
    assert UserError("no such thing").code == "invalid-input"


def test_the_code_stands_behind_the_first_line() -> None:
    error = SettingsError("settings", [Problem("a", "is required"), Problem("b", "is required")])
    assert error.line == "settings: 2 problems [setting-invalid]\n  a: is required\n  b: is required"
    assert UserError("no such thing").line == "no such thing [invalid-input]"


def test_an_error_crosses_processes_with_its_code() -> None:
    error = pickle.loads(pickle.dumps(UserError("gone", code=ErrorCode.PATH_MISSING)))
    assert (str(error), error.code) == ("gone", ErrorCode.PATH_MISSING)


@pytest.mark.parametrize(("names", "said"), [("abc", "a, b, c"), ("abcdefgh", "a, b, c, d, e, f and 2 more")])
def test_long_lists_are_cut(names: str, said: str) -> None:
    assert some(names) == said


def test_the_nearest_spelling_is_suggested() -> None:
    assert nearest("colour", ["color", "size"]) == "; perhaps you meant 'color'"
    assert nearest("weight", ["color", "size"]) == ""


def test_every_error_of_the_package_has_a_code() -> None:
    names = {"UserError", "ImageError", "VideoError"}
    without = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in SOURCES
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and (getattr(call.func, "id", None) or getattr(call.func, "attr", None)) in names
        and not any(keyword.arg == "code" for keyword in call.keywords)
    ]
    assert without == []


def test_a_message_is_no_longer_than_anyone_reads() -> None:
    error = UserError(f"{'x' * 100_000}: expected less; do this")
    assert len(str(error)) < 1600
    assert str(error).startswith("xxx")
    assert str(error).endswith("expected less; do this")
    settings = SettingsError("file", [Problem("y" * 100_000, "is required"), Problem("b", "is unknown")])
    first, second, third = str(settings).splitlines()
    assert first == "file: 2 problems" and third == "  b: is unknown"
    assert len(second) < 1600 and second.startswith("  yyy") and second.endswith("is required")


def test_an_error_of_a_library_is_cut_to_one_line() -> None:
    assert first_line(ValueError("\n no such layer\nlong story")) == "no such layer"
    assert first_line(KeyError()) == "KeyError"
