"""A run on corrupted pictures: by hand, by the files that they would be, and what cannot be asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import forensictransfer as ft
from forensictransfer.core.errors import UserError
from forensictransfer.evaluation.corruptions import corrupted
from forensictransfer.results.formats.document import read_document
from forensictransfer.results.formats.robustness import Robustness

ROOT = Path(__file__).resolve().parents[2]


def test_numbers_are_those_of_a_domain_of_corrupted_files(
    copied_run: Path, source: Path, tmp_path: Path, rows: Callable[[Path], list[dict[str, str]]]
) -> None:
    """The same files corrupted and evaluated as a domain of their own; paired with the clean ones by hand."""
    from forensictransfer.data.decode import decode

    found = ft.robustness(copied_run, source, corruptions={"resize": [0.9], "gamma": [0.8]})
    before = json.loads((copied_run / "evaluations/source/metrics.json").read_text())["metrics"]
    assert found.clean.balanced_accuracy.value == before["balanced_accuracy"]["value"]
    assert found.clean.auc.low == before["auc"]["low"] and found.clean.accuracy_change is None
    was = {row["path"]: row for row in rows(copied_run / "evaluations/source/predictions.csv")}
    for one in found.tests[1:]:
        folder = tmp_path / one.name
        for path in was:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            content = corrupted(decode(source / path, max_pixels=10**6), one.name, one.level)
            (folder / path).write_bytes(content)
        said = {
            Path(v.name).relative_to(folder).as_posix(): v for v in ft.predict(copied_run, folder, error=None).images
        }
        fake = {path: said[path].decision == "fake" for path in was}
        right = [np.mean([fake[p] == bool(int(r["label"])) for p, r in was.items() if r["label"] == c]) for c in "01"]
        assert one.balanced_accuracy.value == pytest.approx(np.mean(right))
        assert one.accuracy_change is not None and one.accuracy_change.value is not None
        clean = found.clean.balanced_accuracy.value
        assert clean is not None and one.accuracy_change.value == pytest.approx(np.mean(right) - clean)
        reals = [fake[p] for p, r in was.items() if (r["label"], r["decision"]) == ("0", "real")]
        assert one.turned_fake == pytest.approx(np.mean(reals))
    stored = copied_run / "robustness" / "source.json"
    assert read_document(stored, Robustness) == found
    ft.show(copied_run)  # the run is whole
    assert "robustness/" in ft.show(copied_run)


def test_the_command(
    trained: Path, target: Path, quick: dict[str, Any], tmp_path: Path, forked_processes: None
) -> None:
    """An adapted run with draws whose weights differ: each level by each draw."""
    run = ft.adapt(trained, target, tmp_path / "run", shots=3, strategy="finetune", settings=quick)
    words = ["robustness", str(run), "--on", str(target), "--corruptions", "jpeg=95", "blur"]
    command = [sys.executable, "-m", "forensictransfer", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[:2] for line in lines[2:6]] == [["jpeg", "95"], ["blur", "0.5"], ["blur", "1"], ["blur", "2"]]
    assert "2 draws of shots" in done.stdout and "Gaussian blur of this sigma" in done.stdout
    found = read_document(run / "robustness" / "target.json", Robustness)
    assert found.draws == 2 and found.run_target == "target" and found.strategy == "finetune"
    evaluated = json.loads((run / "evaluations/target/metrics.json").read_text())["metrics"]
    assert found.clean.auc.value == pytest.approx(evaluated["auc"]["value"])
    again = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert again.returncode == 2 and "exists already; --overwrite replaces it" in again.stderr


def test_refused_in_a_line(trained: Path, source: Path) -> None:
    for asked, code, words in (
        (["jpg"], "name-unknown", "unknown corruption 'jpg'"),
        ({"jpeg": [101]}, "command-line", "expected levels from 1 to 100 .*, got 101"),
        ({"resize": [0]}, "command-line", "expected levels from 0.05 to 4"),
    ):
        with pytest.raises(UserError, match=words, check=lambda error, code=code: error.code == code):
            ft.robustness(trained, source, corruptions=asked)
