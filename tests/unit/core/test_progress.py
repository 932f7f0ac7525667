"""Progress: a bar on a terminal, plain lines now and then elsewhere, nothing where the package is silent."""

from __future__ import annotations

import io
import logging
import sys
import time
from contextlib import redirect_stderr

import pytest

from forensictransfer.core import progress
from forensictransfer.core.log import messages_on_stderr
from forensictransfer.core.progress import ProgressBar, is_lively, progress_bar


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal that shows colours, to be put in the place of stderr."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    return Terminal()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that pass at each look at the clock, to be changed by a test."""
    pace, now = [0.0], [100.0]

    def tick() -> float:
        now[0] += pace[0]
        return now[0]

    monkeypatch.setattr(time, "monotonic", tick)
    return pace


def test_items_come_through_in_their_order() -> None:
    assert list(progress_bar("abc", desc="reading", unit="letter")) == ["a", "b", "c"]


def test_a_terminal_gets_a_bar_with_colours_and_messages_above_it(terminal: Terminal) -> None:
    with redirect_stderr(terminal), messages_on_stderr():
        for number in progress_bar(range(3), desc="reading photos", unit="image", leave=True):
            logging.getLogger("forensictransfer.data").info("message %d", number)
        assert sys.stderr is terminal, "the stream is given back"
    shown = terminal.getvalue()
    assert "reading photos" in shown and "3/3" in shown and "images" in shown and "\x1b[" in shown
    assert all(f"message {number}\n" in shown for number in range(3))


def test_no_color_is_respected(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def colours(text: str) -> list[str]:
        return [part for part in text.split("\x1b[")[1:] if part.partition("m")[0].replace(";", "").isdigit()]

    with redirect_stderr(terminal), messages_on_stderr():
        list(progress_bar(range(3), desc="reading"))
        coloured = colours(terminal.getvalue())
        monkeypatch.setenv("NO_COLOR", "1")
        terminal.truncate(0)
        list(progress_bar(range(3), desc="reading"))
    assert any(part.startswith("3") or ";3" in part for part in coloured)
    plain = colours(terminal.getvalue())
    assert not [part for part in plain if part.partition("m")[0] not in ("0", "1", "2", "3")], plain


def test_bars_inside_one_another_share_the_display(terminal: Terminal) -> None:
    with redirect_stderr(terminal), messages_on_stderr(), progress_bar(range(2), desc="outer", leave=True) as outer:
        for _ in outer:
            list(progress_bar(range(3), desc="inner"))
    assert "outer" in terminal.getvalue() and "inner" in terminal.getvalue()
    with redirect_stderr(terminal), messages_on_stderr():
        list(progress_bar(range(1), desc="another"))
    assert "another" in terminal.getvalue()


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_dumb_terminal_gets_plain_lines(term: str, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", term)
    assert not is_lively(terminal)
    monkeypatch.setattr(progress, "SECONDS", 0.0)
    with redirect_stderr(terminal), messages_on_stderr():
        list(progress_bar(range(2), desc="reading", unit="image"))
    assert terminal.getvalue().startswith("reading: 1 of 2 images (50 %)") and "\x1b" not in terminal.getvalue()


def test_elsewhere_a_line_comes_every_thirty_seconds(capsys: pytest.CaptureFixture[str], clock: list[float]) -> None:
    with messages_on_stderr():
        bar = ProgressBar(desc="scoring", unit="image", total=1000)
        clock[0] = 10.0
        for _ in range(10):
            bar.update(100)
        clock[0] = 0.0
        bar.close()
        bar.close()
    lines = capsys.readouterr().err.splitlines()
    assert 3 <= len(lines) <= 8
    assert lines[0].startswith("scoring: ") and lines[0].endswith(" s left")
    assert lines[-1].startswith("scoring: 1000 of 1000 images (100 %), ") and lines.count(lines[-1]) == 1


def test_brief_work_says_nothing(capsys: pytest.CaptureFixture[str], clock: list[float]) -> None:
    with messages_on_stderr():
        list(progress_bar(range(100), desc="reading"))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("level", [logging.WARNING, None])
def test_a_silent_program_shows_no_progress(level: int | None, terminal: Terminal) -> None:
    if level is None:
        with redirect_stderr(terminal):
            list(progress_bar(range(3), desc="reading"))
    else:
        with redirect_stderr(terminal), messages_on_stderr(level):
            list(progress_bar(range(3), desc="reading"))
    assert terminal.getvalue() == ""


def test_disabled_progress_shows_nothing(terminal: Terminal) -> None:
    with redirect_stderr(terminal), messages_on_stderr():
        list(progress_bar(range(3), desc="reading", disable=True))
    assert terminal.getvalue() == ""


def test_a_count_without_an_end(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SECONDS", 0.0)
    with messages_on_stderr():
        list(progress_bar(iter("ab"), desc="reading", unit="line"))
    assert capsys.readouterr().err.startswith("reading: 1 lines, 0 s\nreading: 2 lines, 0 s\n")


def test_the_end_is_said_once(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    clock[0] = progress.SECONDS
    with messages_on_stderr():
        assert list(progress_bar("ab", desc="reading", unit="letter")) == ["a", "b"]
    assert capsys.readouterr().err.count("2 of 2 letters (100 %)") == 1


def test_handlers_that_libraries_set_up_do_not_repeat_a_message(capsys: pytest.CaptureFixture[str]) -> None:
    other = logging.StreamHandler(sys.stderr)
    logging.getLogger().addHandler(other)
    try:
        with messages_on_stderr():
            logging.getLogger("forensictransfer.data").info("one message")
    finally:
        logging.getLogger().removeHandler(other)
    assert capsys.readouterr().err == "one message\n"
    assert logging.getLogger("forensictransfer").propagate
