"""Sweeps of paired shots, and of a background of the user's own: which jobs there are and what they are called."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forensictransfer.core.problems import SettingsError
from forensictransfer.core.settings import DataSettings
from forensictransfer.data.domains import open_domain
from forensictransfer.data.splits import count_pairs
from forensictransfer.sweep.domains import open_domains
from forensictransfer.sweep.grid import ADAPT, SHOTS_ONLY, Grid, make_grid
from forensictransfer.sweep.settings import load_sweep

SWEEP = "sources: [{source}]\ntargets: [{target}]\ndetectors: [cooccurrence]\nstrategies: [head]\nshots: [{shots}]\n"


@pytest.fixture
def grid_of(source: Path, target: Path, tmp_path: Path) -> Callable[..., Grid]:
    """The grid of a sweep of one pair of domains with some settings."""

    def lay_out(settings: str = "{}", shots: object = 3, to: Path = target) -> Grid:
        file = tmp_path / "sweep.yaml"
        file.write_text(SWEEP.format(source=source, target=to, shots=shots) + f"settings: {settings}\n")
        sweep = load_sweep(file)
        return make_grid(sweep, *open_domains(sweep))

    return lay_out


def names(grid: Grid, kind: str) -> list[str]:
    return [job.name for job in grid.jobs if job.kind == kind]


def test_paired_shots_make_other_jobs_and_what_was_done_before_keeps_its_name(grid_of: Any) -> None:
    plain, said, paired = (grid_of(text) for text in ("{}", "{adapt.pairs: false}", "{adapt.pairs: true}"))
    for kind in (ADAPT, SHOTS_ONLY):
        assert names(plain, kind) == names(said, kind) != names(paired, kind)


def test_more_pairs_than_there_are_cannot_be_measured(grid_of: Any, target: Path, tmp_path: Path) -> None:
    lone = tmp_path / "lone"
    shutil.copytree(target, lone)
    for path in sorted((lone / "fake").iterdir())[8:]:
        path.rename(path.with_stem(f"other{path.stem}"))
    there = count_pairs(open_domain(lone, data=DataSettings()).records)
    found = grid_of("{adapt.pairs: true}", shots=f"{there}, {there + 1}", to=lone)
    assert [(one.shots, f"has {there} photographs" in one.reason) for one in found.impossible] == [(there + 1, True)]


def test_a_sweep_is_of_one_protocol(source: Path, target: Path, tmp_path: Path) -> None:
    file = tmp_path / "sweep.yaml"
    text = SWEEP.format(source=source, target=target, shots=3)
    file.write_text(text + "detector_settings: {cooccurrence: {adapt.pairs: true}}\n")
    with pytest.raises(SettingsError, match="holds for all jobs of a sweep; give it in 'settings'"):
        load_sweep(file)


def test_the_background_lies_beside_the_file_and_is_part_of_a_jobs_name(
    grid_of: Any, target: Path, tmp_path: Path
) -> None:
    shutil.copytree(target / "real", tmp_path / "photographs")
    found = grid_of("{adapt.background: [photographs]}")
    job = next(job for job in found.jobs if job.kind == ADAPT)
    assert job.settings.adapt.background == (str(tmp_path / "photographs"),)
    next((tmp_path / "photographs").iterdir()).unlink()
    assert names(grid_of(), ADAPT) != names(found, ADAPT) != names(grid_of("{adapt.background: [photographs]}"), ADAPT)
