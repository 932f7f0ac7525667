"""Several sources through the commands: train on two, adapt to a third, and every place that names a run's source."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.commands import answered as run
from tests.folders import copy_from_train_to_test

pytestmark = pytest.mark.slow

Rows = Callable[[Path], list[dict[str, str]]]
SETTINGS = {"data.crop": 64, "evaluate.max_tiles": 2, "evaluate.batch": 16, "evaluate.resamples": 50}
FLAGS = [word for name, value in SETTINGS.items() for word in (f"--{name}", value)]


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def place(make_domain: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three domains; a run on two of them, and that run adapted to the third. Not to be changed."""
    folder = tmp_path_factory.mktemp("several")
    for seed, name in enumerate(("alpha", "beta", "gamma")):
        make_domain(folder / name, name[0], blur=0.6 + seed / 2, contrast=0.3, seed=seed)
    # A photograph that alpha learns from stands in beta's test split, under another name.
    copy_from_train_to_test(folder / "alpha", folder / "beta")
    train = ("train", "--source", folder / "alpha", folder / "beta", "--detector", "cooccurrence")
    run(*train, "--out", folder / "run", *FLAGS)
    run("adapt", folder / "run", "--target", folder / "gamma", "--strategy", "head", "--shots", 3, "--draws", 2,
        "--adapt.shots_only", "false", "--out", folder / "adapted")  # fmt: skip
    return folder


def test_a_training_tests_every_source_and_no_photograph_that_it_has_seen(place: Path) -> None:
    info, data = read(place / "run/run.json"), read(place / "run/data.json")
    assert info["format"] == 2 and [one["name"] for one in info["sources"]] == ["alpha", "beta"]
    assert data["name"] == "alpha + beta" and data["splits"]["train"] == {"real": 32, "fake": 32, "groups": 32}
    tests = {name: read(place / f"run/evaluations/{name}/metrics.json") for name in ("alpha", "beta")}
    assert all(one["source"] == "alpha + beta" for one in tests.values())
    assert tests["alpha"]["dropped_shared"] == {"group": 0, "pixels": 0}
    assert tests["beta"]["dropped_shared"] == {"group": 0, "pixels": 1} and tests["beta"]["n"]["real"] == 6


def test_the_rows_that_are_kept_say_which_source_they_are_of(place: Path, rows: Rows) -> None:
    with np.load(place / "run/source_features.npz") as stored:
        found = np.bincount(2 * stored["sources"] + stored["labels"])
        assert len(stored["features"]) == 64 and found.tolist() == [16] * 4
    names = [row["path"] for row in rows(place / "run/validation.csv")]
    assert len(names) == len(set(names)) == 16 and {name.partition("/")[0] for name in names} == {"alpha", "beta"}


def test_an_adaptation_tells_what_is_forgotten_of_each_source(place: Path) -> None:
    tested = {path.name for path in (place / "adapted/evaluations").iterdir()}
    assert tested == {"alpha", "beta", "gamma"}
    shown = run("show", place / "adapted")
    for name in ("alpha", "beta"):
        assert f"on its source {name}: balanced accuracy" in shown
    assert "mean over its 2 sources: balanced accuracy" in shown and "trained on alpha + beta" in shown
    card = (place / "adapted/CARD.md").read_text()
    assert "alpha (grouped by stem" in card and "; beta (grouped by stem" in card


def test_a_table_has_one_row_for_the_sources_together(place: Path, rows: Rows, tmp_path: Path) -> None:
    text = run("table", place / "run", place / "adapted", "--csv", tmp_path / "t.csv")
    assert "mean over sources" in text
    found = [row for row in rows(tmp_path / "t.csv") if row["metric"] == "balanced_accuracy"]
    assert {row["source"] for row in found} == {"alpha + beta"} and len({row["source_data"] for row in found}) == 1
    own = {(row["adapted_to"], row["tested_on"]): row["own_test"] for row in found}
    assert own == {
        ("", "alpha"): "yes", ("", "beta"): "yes",
        ("gamma", "alpha"): "yes", ("gamma", "beta"): "yes", ("gamma", "gamma"): "no",
    }  # fmt: skip


def test_a_source_can_be_evaluated_again_by_itself(place: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(place / "run", tmp_path / "run")
    before = read(copied / "evaluations/beta/metrics.json")
    run("evaluate", copied, "--on", place / "beta", "--overwrite")
    assert read(copied / "evaluations/beta/metrics.json") == before


def test_what_cannot_be_is_one_line(place: Path, tmp_path: Path) -> None:
    words = ("train", "--detector", "cooccurrence", "--out", tmp_path / "no", "--source", place / "alpha")
    assert "alpha: is named twice [domain-repeated]" in run(*words, place / "beta", place / "alpha/", code=2)
    (tmp_path / "other.yaml").write_text(f"path: {place / 'beta'}\nname: alpha\n")
    assert "would both be called alpha" in run(*words, tmp_path / "other.yaml", code=2)
    (tmp_path / "same.yaml").write_text(f"path: {place / 'alpha'}\nname: second\n")
    assert "alpha: is named twice [domain-repeated]" in run(*words, tmp_path / "same.yaml", code=2)
    adapt = ("adapt", place / "run", "--strategy", "head", "--out", tmp_path / "no", "--target")
    assert "beta: is one of the sources" in run(*adapt, place / "beta", code=2)
    (tmp_path / "named.yaml").write_text(f"path: {place / 'gamma'}\nname: beta\n")
    assert "would both be called beta" in run(*adapt, tmp_path / "named.yaml", code=2)
    assert not (tmp_path / "no").exists()


def test_other_sources_cannot_resume_it(place: Path) -> None:
    words = ("train", "--detector", "cooccurrence", "--out", place / "run", "--resume", *FLAGS, "--source")
    assert "source was alpha (" in run(*words, place / "beta", place / "alpha", code=2)
    assert "source was alpha (" in run(*words, place / "alpha", code=2)
    run(*words, place / "alpha", place / "beta")


def test_a_network_is_trained_on_two_and_resumed(place: Path, tmp_path: Path) -> None:
    """Its validation and its checkpoint are those of both; the resumed run is finished and stays as it is."""
    steps = ("--train.epochs", 1, "--train.batch", 8, "--train.statistics_batches", 1)
    words = ("train", "--source", place / "beta", place / "gamma", "--detector", "meso4", "--out", tmp_path / "run")
    run(*words, *FLAGS, *steps)
    before = (tmp_path / "run/FINISHED").read_bytes()
    run(*words, *FLAGS, *steps, "--resume")
    assert (tmp_path / "run/FINISHED").read_bytes() == before
    assert {path.name for path in (tmp_path / "run/evaluations").iterdir()} == {"beta", "gamma"}
