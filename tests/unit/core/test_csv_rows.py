"""Rows of CSV tables that people wrote."""

from __future__ import annotations

import csv

import pytest

from forensictransfer.core.csv_rows import MissingColumns, csv_rows


def test_blanks_around_names_and_cells_are_lost() -> None:
    lines = ["a\t; b", " 1 ;\u00a02", ";", "", '"3\n";']
    assert list(csv_rows(lines, ("b", "a"), delimiter=";")) == [(2, {"a": "1", "b": "2"}), (5, {"a": "3", "b": ""})]


def test_short_and_long_rows() -> None:
    assert list(csv_rows(["a,b", "1", "1,2,3"], ("a",))) == [(2, {"a": "1", "b": ""}), (3, {"a": "1", "b": "2"})]


@pytest.mark.parametrize(("lines", "found"), [([], "nothing"), (["a,c"], "a, c")])
def test_a_table_without_a_column(lines: list[str], found: str) -> None:
    with pytest.raises(MissingColumns) as caught:
        list(csv_rows(lines, ("a", "b")))
    assert caught.value.found == found


def test_what_is_no_csv() -> None:
    with pytest.raises(csv.Error):
        list(csv_rows(["a,b", "x" * 200_000], ("a", "b")))
    with pytest.raises(csv.Error):
        list(csv_rows(["a,b", "1,2", '"never ends,3', "4,5"], ("a", "b")))
