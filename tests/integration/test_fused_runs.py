"""Several runs adapted together: `adapt RUN --run RUN --strategy fused`, and every place that opens what comes out."""

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
FLAGS = ("--evaluate.max_tiles", 2, "--evaluate.batch", 16, "--evaluate.resamples", 50, "--train.epochs", 1)
ADAPT = ("--strategy", "fused", "--shots", 3, "--draws", 2, "--adapt.shots_only", "false")


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def place(make_domain: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of cooccurrence and one of meso4, of other sources and crops, adapted together. Not to be changed."""
    folder = tmp_path_factory.mktemp("fused")
    for seed, name in enumerate(("alpha", "beta", "gamma")):
        make_domain(folder / name, name[0], blur=0.6 + seed / 2, contrast=0.3, seed=seed)
    # A photograph that the second run learns from stands in the first one's test split, under another name.
    copy_from_train_to_test(folder / "beta", folder / "alpha")
    for detector, source, crop in (("cooccurrence", "alpha", 96), ("meso4", "beta", 64)):
        run("train", "--source", folder / source, "--detector", detector, "--data.crop", crop, *FLAGS,
            "--out", folder / detector)  # fmt: skip
    run("adapt", folder / "cooccurrence", "--target", folder / "gamma", "--run", folder / "meso4", *ADAPT,
        "--out", folder / "both")  # fmt: skip
    return folder


def test_the_run_says_what_it_was_made_from(place: Path) -> None:
    info, data = read(place / "both/run.json"), read(place / "both/data.json")
    assert info["format"] == 3 and info["detector"] == "cooccurrence + meso4" and info["parent"] is None
    assert [(one["detector"], one["crop"], one["path"]) for one in info["members"]] == [
        ("cooccurrence", 96, str((place / "cooccurrence").resolve())),
        ("meso4", 64, str((place / "meso4").resolve())),
    ]
    assert [one["name"] for one in info["sources"]] == ["alpha", "beta"]
    seen = [set(read(place / name / "data.json")["seen"]["digests"]) for name in ("cooccurrence", "meso4")]
    assert set(data["seen"]["digests"]) > seen[0] | seen[1]
    assert data["source"]["name"] == "alpha + beta" and [one["name"] for one in data["source"]["sources"]] == [
        "alpha",
        "beta",
    ]


def test_what_any_of_the_runs_has_seen_is_left_out_of_the_test(place: Path) -> None:
    tests = {name: read(place / f"both/evaluations/{name}/metrics.json") for name in ("alpha", "beta", "gamma")}
    assert {name: one["dropped_shared"]["pixels"] for name, one in tests.items()} == {"alpha": 1, "beta": 0, "gamma": 0}


def test_it_is_shown_tabled_and_evaluated_again(place: Path, rows: Rows, tmp_path: Path) -> None:
    shown = run("show", place / "both")
    assert "cooccurrence + meso4 trained on alpha + beta" in shown
    assert "meso4 trained on beta, " in shown and str(place / "meso4") in shown
    assert "cooccurrence trained on alpha, cooccurrence; meso4 trained on beta, meso4" in (
        place / "both/CARD.md"
    ).read_text(encoding="utf-8")
    run("table", place / "cooccurrence", place / "meso4", place / "both", "--csv", tmp_path / "t.csv")
    found = {row["detector"] for row in rows(tmp_path / "t.csv")}
    assert found == {"cooccurrence", "meso4", "cooccurrence + meso4"}
    shutil.copytree(place / "both", tmp_path / "moved")
    shutil.copytree(place / "both/evaluations/gamma", tmp_path / "before")
    run("evaluate", tmp_path / "moved", "--on", place / "gamma", "--overwrite")
    again, before = (rows(at / "predictions.csv") for at in (tmp_path / "moved/evaluations/gamma", tmp_path / "before"))
    assert [row["path"] for row in again] == [row["path"] for row in before]
    scores = [[float(row["score"]) for row in table] for table in (again, before)]
    np.testing.assert_allclose(scores[0], scores[1], rtol=1e-5, atol=1e-6)


def test_one_detector_of_two_sources_keeps_the_weights_of_both(place: Path, tmp_path: Path) -> None:
    """The same network twice in one process: neither may get the other's weights."""
    from forensictransfer.experiments.session import Session
    from forensictransfer.results.runs import RunFolder

    runs = [RunFolder.open(place / name) for name in ("meso4", "both")]
    joined: Any = Session().joined([runs[0], runs[0]])
    assert joined.members[0] is not joined.members[1]
    found: Any = Session().detector(runs[1])
    alone: Any = Session().detector(runs[0])
    assert all(map(np.array_equal, found.members[1].get_weights(), alone.get_weights()))


def test_runs_that_do_not_go_together_are_refused_in_one_line(place: Path, tmp_path: Path) -> None:
    def refused(*runs: Path, strategy: str = "fused") -> str:
        further = [word for one in runs[1:] for word in ("--run", one)]
        words = ("adapt", runs[0], *further, "--target", place / "gamma", "--strategy", strategy)
        return run(*words, "--out", tmp_path / "out", code=2)

    one, two = place / "cooccurrence", place / "meso4"
    assert "named twice" in refused(one, one)
    assert "is itself an adapted run" in refused(one, place / "both") and str(two) in refused(place / "both")
    assert "'fused' alone, not by 'head'" in refused(one, two, strategy="head")
    run("train", "--source", place / "beta", "--detector", "cooccurrence", "--data.crop", 64, *FLAGS,
        "--data.recompress", 90, "--out", tmp_path / "jpeg")  # fmt: skip
    assert "data.recompress 90" in refused(one, tmp_path / "jpeg")
    from forensictransfer import api
    from forensictransfer.core.errors import UserError

    with pytest.raises(UserError, match="has no model of its own"):
        api.load_model(place / "both")
