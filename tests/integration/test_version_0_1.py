"""What version 0.1.0 wrote is opened, shown, scored, adapted and reported by today's code, to the same numbers.

tests/fixtures/v0_1/ holds it; make.py beside it tells how it was made. Only calls of `forensictransfer` whose names are
promised are used. Each test works on copies.

Scores are compared to 1e-5 of their size and not byte by byte, since another processor or another build of TensorFlow
adds the same 32-bit numbers up in another order. What is counted (accuracies, AUC) is the same to 1e-6.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import forensictransfer as ft

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "v0_1"
RUNS = ("cooccurrence", "cooccurrence-head", "ft-res", "ft-res-finetune")
DOMAINS = ("first", "second")
MEASURED = ("n", "metrics", "per_draw", "dropped_shared", "skipped", "fingerprint", "draws", "split")
NUMBERS = ("score", "probability", "energy_real", "energy_fake")

Rows = Callable[[Path], list[dict[str, str]]]


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def copied(tmp_path: Path, *names: str) -> list[Path]:
    """Copies of parts of the fixtures, in a folder of the test's own."""
    return [Path(shutil.copytree(FIXTURES / name, tmp_path / name)) for name in names]


def settled(run: Path, source: Path) -> Path:
    """The run as if it had been trained on the source where that lies now: adapting it reads the source again."""
    content, marker = read(run / "run.json"), read(run / "FINISHED")
    content["source"]["origin"] = str(source)
    (run / "run.json").write_text(json.dumps(content))
    marker["sha256"]["run.json"] = hashlib.sha256((run / "run.json").read_bytes()).hexdigest()
    (run / "FINISHED").write_text(json.dumps(marker))
    return run


def differences(old: Any, new: Any, place: str = "") -> Iterator[str]:
    """Where `new` says something else than `old`; what it says besides is its own affair."""
    if isinstance(old, Mapping):
        for key, value in old.items():
            if key not in new:
                yield f"{place}/{key} is missing"
            else:
                yield from differences(value, new[key], f"{place}/{key}")
    elif isinstance(old, list):
        if len(old) != len(new):
            yield f"{place} has {len(new)} entries, not {len(old)}"
        for i, (one, other) in enumerate(zip(old, new, strict=False)):
            yield from differences(one, other, f"{place}/{i}")
    elif isinstance(old, float) and isinstance(new, float):
        if not math.isclose(old, new, rel_tol=1e-6, abs_tol=1e-6):
            yield f"{place} was {old}, is {new}"
    elif old != new:
        yield f"{place} was {old}, is {new}"


def check_table(old: list[dict[str, str]], new: list[dict[str, str]]) -> None:
    """Every row of an old CSV file stands in the new one, in the same order, with the same values in its columns."""
    assert len(old) == len(new)
    for before, now in zip(old, new, strict=True):
        for column, value in before.items():
            found = now[column]
            if column == "run":  # an absolute place, where a run was not named relative to its sweep
                value, found = Path(value).name, Path(found).name
            try:
                assert math.isclose(float(found), float(value), rel_tol=1e-6, abs_tol=1e-6), (column, before, now)
            except ValueError:
                assert found == value, (column, before, now)


@pytest.mark.parametrize("name", RUNS)
def test_an_old_run_is_shown_with_its_numbers(name: str, tmp_path: Path) -> None:
    (run,) = copied(tmp_path, f"runs/{name}")
    text = ft.show(run)
    detector, _, strategy = name.partition("-") if name.startswith("co") else (name[:6], "", name[7:])
    assert detector in text and strategy in text
    for domain in DOMAINS:
        metrics = read(run / "evaluations" / domain / "metrics.json")["metrics"]
        (line,) = (line for line in text.splitlines() if line.split()[:1] == [domain] and "[" in line)
        for metric in ("balanced_accuracy", "auc"):
            for part in ("value", "low", "high"):
                value = metrics[metric][part]
                assert f"{value:.3f}" in line or f"{100 * value:.1f}" in line, (metric, part, line)


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_an_old_run_scores_its_domains_to_the_same_digits(name: str, tmp_path: Path, rows: Rows) -> None:
    run, domains = copied(tmp_path, f"runs/{name}", "domains")
    ft.evaluate(run, [domains / domain for domain in DOMAINS], overwrite=True)
    for domain in DOMAINS:
        old, new = (base / "evaluations" / domain for base in (FIXTURES / "runs" / name, run))
        was, now = rows(old / "predictions.csv"), rows(new / "predictions.csv")
        for column in was[0]:
            one, other = ([row[column] for row in table] for table in (was, now))
            if column in NUMBERS:
                np.testing.assert_allclose(np.array(other, float), np.array(one, float), rtol=1e-5, atol=1e-7)
            else:
                assert one == other, column
        before, after = read(old / "metrics.json"), read(new / "metrics.json")
        assert not list(differences({key: before[key] for key in MEASURED}, after))


def test_an_old_run_is_adapted_as_it_was_then(tmp_path: Path, rows: Rows) -> None:
    """The same shots, threshold and verdicts as the old version's own adaptation, by the strategy that is as it was."""
    run, domains = copied(tmp_path, "runs/cooccurrence", "domains")
    wanted = {"adapt.shots": 2, "adapt.draws": 2, "adapt.shots_only": False}
    out = ft.adapt(
        settled(run, domains / "first"), domains / "second", tmp_path / "adapted", strategy="threshold", settings=wanted
    )
    (old,) = (FIXTURES / "sweep" / "runs").glob("first-cooccurrence-s0-to-second-threshold-k2-*")
    for draw in range(2):
        was, now = (rows(base / "draws" / str(draw) / "shots.csv") for base in (old, out))
        assert [row["path"] for row in was] == [row["path"] for row in now]
    for domain in DOMAINS:
        was, now = (rows(base / "evaluations" / domain / "predictions.csv") for base in (old, out))
        scores = [np.array([float(row["score"]) for row in table]) for table in (was, now)]
        np.testing.assert_allclose(scores[1], scores[0], rtol=1e-3, atol=1e-3)
        before, after = (read(base / "evaluations" / domain / "metrics.json")["metrics"] for base in (old, out))
        for metric in ("balanced_accuracy", "auc", "equal_error_rate"):
            assert not list(differences(before[metric], after[metric], metric))


def test_an_old_run_gets_the_head_of_today_on_the_shots_of_then(tmp_path: Path, rows: Rows) -> None:
    """Its covariance is the source's whole one since 0.2, so that the scores are others."""
    run, domains = copied(tmp_path, "runs/cooccurrence", "domains")
    wanted = {"adapt.shots_only": False}
    out = ft.adapt(
        settled(run, domains / "first"), domains / "second", tmp_path / "adapted", strategy="head", settings=wanted
    )
    for draw in range(2):
        was, now = (
            rows(base / "draws" / str(draw) / "shots.csv") for base in (FIXTURES / "runs" / "cooccurrence-head", out)
        )
        assert [row["path"] for row in was] == [row["path"] for row in now]


def test_an_old_network_is_adapted_by_a_head(tmp_path: Path) -> None:
    run, domains = copied(tmp_path, "runs/ft-res", "domains")
    settings = {"adapt.shots": 2, "adapt.draws": 1, "adapt.shots_only": False}
    out = ft.adapt(
        settled(run, domains / "first"), domains / "second", tmp_path / "adapted", strategy="head", settings=settings
    )
    metrics = read(out / "evaluations" / "second" / "metrics.json")
    assert metrics["n"] == {"real": 8, "fake": 8, "groups": 8} and len(metrics["per_draw"]) == 1
    assert 0 <= metrics["metrics"]["auc"]["value"] <= 1


def test_the_table_of_old_runs_has_the_same_numbers(tmp_path: Path, rows: Rows) -> None:
    (runs,) = copied(tmp_path, "runs")
    text = ft.table(*sorted(runs.iterdir()), csv=tmp_path / "table.csv")
    check_table(rows(FIXTURES / "table.csv"), rows(tmp_path / "table.csv"))
    assert "87.5 [68.8, 100.0]" in text and "43.8 [24.9, 68.8]" in text


def test_the_report_of_an_old_sweep_has_the_same_numbers(tmp_path: Path, rows: Rows) -> None:
    (sweep,) = copied(tmp_path, "sweep")
    shutil.rmtree(sweep / "report")
    ft.write_report(sweep)
    old, new = rows(FIXTURES / "sweep" / "report" / "tables.csv"), rows(sweep / "report" / "tables.csv")
    kinds = list(dict.fromkeys(row["table"] for row in old))
    assert "cells" in kinds and len(kinds) > 1
    for kind in kinds:
        check_table(*([row for row in table if row["table"] == kind] for table in (old, new)))
    page = (sweep / "report" / "index.html").read_text(encoding="utf-8")
    assert all(domain in page for domain in DOMAINS)


@pytest.mark.slow
def test_every_old_network_loads_and_predicts(tmp_path: Path) -> None:
    """Each .keras file, in a fresh Python that has imported the package alone, gives two energies for each crop."""
    (runs, sweep) = copied(tmp_path, "runs", "sweep")
    found = sorted([*runs.rglob("*.keras"), *sweep.rglob("*.keras")])
    assert len(found) == 8
    done = subprocess.run(
        [sys.executable, "-c", PREDICT, *map(str, found)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(tmp_path), "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 0, done.stderr
    shapes = [line for line in done.stdout.splitlines() if line.startswith("energies")]
    assert shapes == ["energies (3, 2) True"] * len(found)


PREDICT = """
import sys
import numpy as np
from pathlib import Path
from forensictransfer.detectors.loading import load_detector
crops = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
for path in map(Path, sys.argv[1:]):
    found = load_detector("ft-res" if "ft-res" in str(path) else "cooccurrence", path).analyse(crops)
    print("energies", found.energies.shape, np.isfinite(found.energies).all())
"""
