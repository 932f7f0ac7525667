"""Names of files and domains are shown, not obeyed: one line stays one line, a table stays a table."""

from __future__ import annotations

import csv
import io
import json
import logging

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from forensictransfer.cli.output import say
from forensictransfer.core.errors import UserError
from forensictransfer.core.files import csv_text
from forensictransfer.core.log import messages_on_stderr
from forensictransfer.core.problems import Problem, SettingsError
from forensictransfer.core.tables import TextTable
from forensictransfer.core.visible import visible, visible_json, visible_lines
from forensictransfer.report.model_card import evaluation_table
from forensictransfer.report.page.elements import code, paragraph, put
from forensictransfer.report.tables.markup import latex_escape, markdown_escape, markdown_sheet
from forensictransfer.report.tables.sheets import Sheet
from forensictransfer.report.tables.text import sheet_lines
from tests.documents import metrics_of

EVIL = "a|b <b>\n\x1b[31m`c`\r\t\u202e\udcff &lt; $x$ =1+1"
TEXTS = st.text(max_size=12) | st.text(alphabet=EVIL, max_size=12)


@given(TEXTS)
@example(EVIL)
def test_what_is_shown_is_one_printable_line(text: str) -> None:
    shown = visible(text)
    assert len(shown.splitlines()) <= 1 and "\x1b" not in shown
    shown.encode("utf-8")
    assert visible(shown) == shown
    assert visible_lines(text).count("\n") == text.count("\n")


@pytest.mark.parametrize("text", ["", "überlagert 偽造", "a|b <c>", "e\u0301", "👩\u200d🔬", "C:\\x"])
def test_what_can_be_seen_stays(text: str) -> None:
    assert visible(text) == visible_lines(text) == visible_json(text) == text


@given(st.dictionaries(TEXTS, TEXTS))
def test_json_reads_back(content: dict[str, str]) -> None:
    shown = visible_json(json.dumps(content, ensure_ascii=False))
    shown.encode("utf-8")
    assert json.loads(shown) == content


def test_a_message_is_one_line_and_settings_have_a_line_for_each_problem() -> None:
    assert str(UserError(f"{EVIL}: is missing")).count("\n") == 0
    assert str(SettingsError(EVIL, [Problem(EVIL, "a"), Problem("b", EVIL)])).count("\n") == 2
    assert "\n" not in str(SettingsError(EVIL, [Problem(EVIL, "a")]))


def test_a_log_line_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with messages_on_stderr():
        logging.getLogger("forensictransfer.test").info("%s: read", EVIL)
    assert capsys.readouterr().err == f"{visible(EVIL)}: read\n"


def test_what_is_printed_moves_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    say(EVIL)
    assert capsys.readouterr().out == visible_lines(EVIL) + "\n"


@given(st.lists(st.tuples(TEXTS.map("x".__add__), TEXTS), min_size=1, max_size=4))
@example([(EVIL, EVIL)])
def test_tables_stay_tables(rows: list[tuple[str, str]]) -> None:
    head = ("name", EVIL)
    assert len(TextTable(head, tuple(rows), "lr").text().split("\n")) == len(rows) + 1
    sheet = Sheet(EVIL, head, "ll", tuple(rows), labels=1)
    markdown = markdown_sheet(sheet)
    lines = [line for line in "\n".join(markdown).splitlines() if line.startswith("|")]
    assert len(lines) == len(rows) + 2
    for line in lines:
        assert len(_cells(line)) == 2, line
    assert len("\n".join(sheet_lines(sheet, 1000)).splitlines()) == 2 + 2 + len(rows)
    read = list(csv.reader(io.StringIO(csv_text(head, rows), newline="")))
    assert read == [list(row) for row in (head, *rows)]


def _cells(line: str) -> list[str]:
    """The cells of a row as GitHub's Markdown divides it."""
    cells, escaped = [""], False
    for sign in line.strip("|").strip():
        if sign == "|" and not escaped:
            cells.append("")
        else:
            cells[-1] += sign
        escaped = sign == "\\" and not escaped
    return cells


@given(TEXTS)
@example(EVIL)
def test_markup_is_escaped(text: str) -> None:
    shown = markdown_escape(text)
    plain = shown
    for sign in ("\\\\", "\\<", "\\>", "\\|", "\\`", "\\&", "\\$", "\\*", "\\~"):
        plain = plain.replace(sign, "")
    assert not set("<>|`&$") & set(plain)
    assert "\n" not in latex_escape(text)


def test_the_table_of_evaluations_keeps_a_row_for_each_domain() -> None:
    lines = evaluation_table([metrics_of(EVIL), metrics_of("plain")]).text().splitlines()
    assert len(lines) == 3 + 2 and lines[1].startswith(visible(EVIL))


def test_html_holds_no_character_that_html_forbids() -> None:
    for html in (put(EVIL), paragraph(EVIL), code(EVIL)):
        assert not set("\x1b\u202e\udcff") & set(html) and "<b>" not in html
        html.encode("utf-8")
