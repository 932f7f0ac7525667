"""The first screen says what the images went through."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from forensictransfer.report.analysis.view import View
from forensictransfer.report.page.sections.lead import title
from forensictransfer.results.sweep import open_sweep
from tests.sweep_folder import write_sweep


def test_the_title_names_one_more_compression(tmp_path: Path) -> None:
    folder = write_sweep(tmp_path / "sweep", shots=(0,), strategies=("head",), draws=1, pictures=False)
    results = open_sweep(folder)
    assert title(View(results)).endswith("3 sources, 3 targets")
    again = replace(results, cells=tuple(replace(cell, compression="JPEG 90") for cell in results.cells))
    assert title(View(again)).endswith("3 targets, images after one more JPEG 90")
