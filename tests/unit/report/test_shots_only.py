"""A sweep's page beside what the shots alone reach: rows, a curve, marks, and what counts as a transfer."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from forensictransfer.report.analysis.findings import verdict
from forensictransfer.report.analysis.summary import answers
from forensictransfer.report.analysis.transfer import BEHIND, TRANSFERS
from forensictransfer.report.analysis.view import View
from forensictransfer.report.tables.gains import gains_sheet
from forensictransfer.report.tables.sweep import averages_sheet, glance_sheet
from forensictransfer.report.write import write_report
from forensictransfer.results.sweep import open_sweep
from tests.sweep_folder import Case, write_sweep

# Adaptation reaches 90 %, the shots alone 60 % on beta and 95 % on alpha and gamma.
ALONE = {"alpha": 0.95, "beta": 0.6, "gamma": 0.95}


def accuracy(case: Case) -> float:
    return 0.9 if case.shots or case.on == case.source else 0.5


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not to be changed."""
    folder = tmp_path_factory.mktemp("beside") / "sweep"
    grid = {"shots": (0, 10), "strategies": ("head",), "draws": 2}
    return write_sweep(folder, accuracy=accuracy, alone=lambda target, shots: ALONE[target], pictures=False, **grid)


@pytest.fixture(scope="module")
def view(sweep: Path) -> View:
    return View(open_sweep(sweep))


def test_each_target_and_number_of_shots_is_measured_once(view: View) -> None:
    assert [(one.target, one.shots) for one in view.results.shots_only.values()] == [(name, 10) for name in ALONE]
    beside = {(c.source, c.on): c.shots_only for c in view.results.cells if c.adapted_to and not c.own}
    assert len(beside) == 6
    for (_, target), alone in beside.items():
        assert alone is not None
        assert alone.metrics["balanced_accuracy"].value == pytest.approx(ALONE[target])
        assert alone.gain.value == pytest.approx(0.9 - ALONE[target])
        assert alone.beaten == (target == "beta")
    assert not [c for c in view.results.cells if c.shots_only is not None and (c.own or not c.adapted_to)]


def test_a_transfer_counts_where_it_beats_the_shots_alone(view: View) -> None:
    standings = {
        pair: view.standing("ft-res", "head", *pair, 10, view.at("ft-res", "head", *pair, 10)) for pair in view.pairs
    }
    assert {pair for pair, found in standings.items() if found == TRANSFERS} == {("alpha", "beta"), ("gamma", "beta")}
    assert set(standings.values()) == {TRANSFERS, BEHIND}
    said = " ".join(verdict(view, "ft-res"))
    assert "2 of 6 pairs transfer at k = 10" in said
    assert "At k = 10, 4 pairs are at 75 % or more, but not shown to beat shots only" in said
    assert "no source transfers to alpha and gamma" in said
    assert "The shots alone, without a source, reach a mean of 83.3 % at k = 10" in said
    assert "head, ft-res is shown to beat its shots alone on 2 of 6 pairs at k = 10" in said
    found = answers(view, {}).shots
    assert "(2 of 6 transfer)" in found and "The shots alone, without a source: 83.3 % [" in found


def test_the_shots_alone_have_a_row_in_each_table(view: View) -> None:
    averages = averages_sheet(view)
    assert averages is not None
    (row,) = (row for row in averages.rows if row[1] == "shots only")
    assert row[2] == "10" and row[3].startswith("83.3 [") and row[4] == "6"
    glance = glance_sheet(view, "ft-res", "head")
    texts = {(glance.rows[i][0], name): glance.rows[i][j] for i in range(3) for j, name in enumerate(glance.head)}
    assert texts["alpha", "beta"].startswith("k ≥ 10\n") and texts["beta", "alpha"].startswith("no gain, k = 10\n")


def test_the_gain_of_each_strategy_is_a_table(view: View) -> None:
    sheet = gains_sheet(view)
    assert sheet is not None
    ((_, strategy, shots, gain, beaten, draws),) = sheet.rows
    assert (strategy, shots, beaten, draws) == ("head", "10", "2 of 6", "2")
    assert gain.startswith("+6.7 ["), "twice 30 and four times -5, over 6"


def test_the_page_and_its_files_show_them(sweep: Path, tmp_path: Path) -> None:
    page = write_report(sweep, tmp_path / "out")
    text = page.read_text()
    assert ">90.0 †<" in text and ">90.0<" in text and "not shown to beat its shots alone" in text
    assert text.count('<th scope="row">shots only</th>') == 2, "a row of the heat maps at k = 10, none at k = 0"
    assert ">shots only</text>" in text or "shots only: 83.3 at k = 10" in text
    with (tmp_path / "out" / "tables.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    gains = {
        row["adapted_to"]: float(row["gain"])
        for row in rows
        if row["table"] == "cells" and row["metric"] == "balanced_accuracy" and row["gain"]
    }
    assert gains == {name: pytest.approx(0.9 - value) for name, value in ALONE.items()}
    assert [row["shots"] for row in rows if row["table"] == "averages" and row["strategy"] == "shots only"] == ["10"]
    (gained,) = (row for row in rows if row["table"] == "gains")
    assert float(gained["value"]) == pytest.approx(0.4 / 6) and gained["against"] == "shots only"
    assert (tmp_path / "out" / "tables" / "gains.csv").is_file()
    assert (tmp_path / "out" / "tables.tex").read_text().isascii()


def test_a_sweep_of_an_earlier_version_has_no_such_row(tmp_path: Path) -> None:
    grid = {"sources": ("alpha", "beta"), "shots": (0, 10), "strategies": ("head",), "draws": 1, "images": 6}
    folder = write_sweep(tmp_path / "sweep", pictures=False, **grid)
    old = View(open_sweep(folder))
    assert old.mean_alone("ft-res") == ("head", ()) and not old.gains("ft-res", "head", "alpha", "beta")
    assert "shots only" not in " ".join(verdict(old, "ft-res"))
    assert gains_sheet(old) is None
    assert "†" not in (write_report(folder, tmp_path / "out").parent / "tables.md").read_text().partition("###")[2]


def test_a_job_that_failed_leaves_its_cells_without(tmp_path: Path) -> None:
    grid = {"sources": ("alpha", "beta"), "shots": (0, 10), "strategies": ("head",), "draws": 1, "images": 6}
    folder = write_sweep(tmp_path / "sweep", pictures=False, alone=lambda *_: 0.6, failed=("shots_only-alpha",), **grid)
    view = View(open_sweep(folder))
    assert {c.on for c in view.results.cells if c.shots_only is not None} == {"beta"}
    assert [r.job for r in view.results.failed] and view.mean_alone("ft-res")[1] == ()
