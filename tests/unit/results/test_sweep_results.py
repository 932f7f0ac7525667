"""What reports read of a sweep's folder: records that are checked, scores, series, averages, threshold rules, cost."""

from __future__ import annotations

import importlib.util
import itertools
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.data.records import SPLITS
from forensictransfer.report.analysis import series
from forensictransfer.report.analysis.cost import Search, costs, total_seconds
from forensictransfer.report.analysis.detectors import detector_differences, two_sided
from forensictransfer.report.analysis.significance import over_pairs, within_cells
from forensictransfer.report.analysis.threshold_rules import (
    ORACLE,
    RULES,
    balanced_accuracy,
    compare_rules,
    oracle_accuracy,
    rule_accuracies,
)
from forensictransfer.results import jobs as records
from forensictransfer.results.audits import audit_path, read_audit, without_pixels, write_audit
from forensictransfer.results.formats.document import write_document
from forensictransfer.results.predictions import ScoreFiles
from forensictransfer.results.scores import Scored, read_scores
from forensictransfer.results.sweep import SweepResults, open_sweep
from forensictransfer.sweep.folder import SweepFolder, checksum
from tests.documents import audit_of, search_outcome


def made() -> ModuleType:
    """tests/sweep_folder.py, which is no part of the package."""
    spec = importlib.util.spec_from_file_location(
        "sweep_folder", Path(__file__).resolve().parents[2] / "sweep_folder.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MADE = made()
write_sweep: Callable[..., Path] = MADE.write_sweep
update_hashes: Callable[[Path], None] = MADE.update_hashes
PLAIN: dict[str, Any] = {"pictures": False, "images": 10}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three domains, shots 0, 1, 10, three draws, finetune, head, tuned. Not to be changed."""
    return write_sweep(tmp_path_factory.mktemp("report") / "sweep")


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sources, and one target that is none of them. Not to be changed."""
    names = ("alpha", "beta", "gamma")
    folder = tmp_path_factory.mktemp("four") / "sweep"
    return write_sweep(folder, sources=names, targets=(*names, "delta"), shots=(0,), strategies=("head",), **PLAIN)


@pytest.fixture
def copied(whole: Path, tmp_path: Path) -> Path:
    """A copy of it to change."""
    return Path(shutil.copytree(whole, tmp_path / "copy"))


def only(folder: Path, pattern: str) -> Path:
    """The only path in the sweep that fits."""
    (found,) = folder.glob(pattern)
    return found


# ---- the folder and its records


def test_a_sweep_is_read_in_the_order_of_its_jobs(whole: Path) -> None:
    found = open_sweep(whole)
    assert [record.job for record in found.records] == json.loads((whole / "sweep.json").read_text())["jobs"]
    assert (
        found.counts == {"jobs": 45, "done": 45, "failed": 0, "not_applied": 0, "missing": 0, "impossible": 0}
        and found.finished
    )
    # 3 own tests, 6 zero-shot, 6 pairs x 2 shots x 3 strategies on target and source
    assert len(found.cells) == 3 + 6 + 2 * 36
    first = found.cells[0]
    assert (first.source, first.on, first.own, first.run) == ("alpha", "alpha", True, found.records[0].run)
    adapted = [cell for cell in found.cells if cell.adapted_to == "beta" and cell.source == "alpha"]
    assert {cell.on for cell in adapted} == {"alpha", "beta"} and {cell.model for cell in adapted} == {first.run}
    assert [draw.draw for draw in found.draws[adapted[0].run, "beta"]] == [0, 1, 2]
    assert found.environment["packages"]["keras"] == "3.15.1" and found.settings["keep_weights"] is False


def test_the_records_of_a_test_sweep_are_those_that_sweeps_read(whole: Path) -> None:
    folder = SweepFolder.open(whole)
    for record in open_sweep(whole).records:
        assert folder.record(record.job) == record and record.done
        content = json.loads((whole / "jobs" / f"{record.job}.json").read_text())
        assert records.checksum(content) == checksum(content) == content["checksum"] == record.checksum


def test_nothing_of_the_place_comes_into_the_results(whole: Path, copied: Path) -> None:
    here, there = (replace(open_sweep(folder), path=Path()) for folder in (whole, copied))
    assert here == there
    assert str(whole) not in repr(here)
    assert all(cell.run.startswith("runs/") and cell.model.startswith("runs/") for cell in here.cells)


def test_what_else_was_evaluated_is_left_out(copied: Path) -> None:
    before = open_sweep(copied)
    run = copied / before.records[0].run
    other = shutil.copytree(run / "evaluations" / "beta", run / "evaluations" / "delta")
    content = json.loads((other / "metrics.json").read_text())
    (other / "metrics.json").write_text(json.dumps({**content, "target": "delta"}))
    assert open_sweep(copied).cells == before.cells


def test_a_test_without_a_record_is_not_there_yet(copied: Path) -> None:
    only(copied, "jobs/alpha-*-on-beta-*.json").unlink()
    found = open_sweep(copied)
    assert (
        found.counts["missing"] == 1 and found.missing[0].startswith("alpha-ft-res-s0-on-beta") and not found.finished
    )
    assert not [cell for cell in found.cells if cell.source == "alpha" and cell.on == "beta" and cell.shots == 0]
    assert [point.shots for point in series.series(found, "ft-res", "alpha", "beta", "head", "auc")] == [1, 10]


def test_an_unfinished_sweep_with_failures_is_counted(tmp_path: Path) -> None:
    options = {"missing": ["gamma-ft-res-s0-to"], "failed": ["alpha-ft-res-s0-to-beta-head-k1-"]}
    found = open_sweep(write_sweep(tmp_path / "s", impossible=[("gamma", 10)], **options, **PLAIN))
    # 45 less the impossible: 2 sources x 3 strategies; of these, gamma's 2 x 2 x 3 adaptations are missing
    assert found.counts == {"jobs": 39, "done": 26, "failed": 1, "not_applied": 0, "missing": 12, "impossible": 6}
    assert [record.error for record in found.failed] == ["no luck"]
    assert found.impossible[0].reason.startswith("gamma has 8 real images")


def test_shots_at_which_tuned_is_not_tried_are_not_called_impossible(tmp_path: Path) -> None:
    folder = write_sweep(tmp_path / "s", impossible=[("gamma", 10)], **PLAIN)
    text = (folder / "sweep.yaml").read_text()
    (folder / "sweep.yaml").write_text(text.replace("tuned_shots: null", "tuned_shots: [1]"))
    MADE.sign(folder)
    assert open_sweep(folder).counts["impossible"] == 4


def test_a_folder_that_is_no_sweep_is_refused(tmp_path: Path, copied: Path) -> None:
    with pytest.raises(UserError, match="nowhere", check=lambda error: error.code == "not-a-sweep"):
        open_sweep(tmp_path / "nowhere")
    info = json.loads((copied / "sweep.json").read_text())
    (copied / "sweep.json").write_text(json.dumps({**info, "format": 2}))
    with pytest.raises(UserError, match=r"sweep\.json: .*format 1", check=lambda error: error.code == "format-unknown"):
        open_sweep(copied)
    (copied / "sweep.json").write_text(json.dumps({**info, "draws": 500}))
    with pytest.raises(UserError, match=r"sweep\.json: ", check=lambda error: error.code == "file-damaged"):
        open_sweep(copied)
    (copied / "sweep.json").write_text(json.dumps(info))
    open_sweep(copied)
    (copied / "sweep.yaml").write_text((copied / "sweep.yaml").read_text().replace("draws: 3", "draws: 5"))
    with pytest.raises(UserError, match=r"sweep\.yaml: ", check=lambda error: error.code == "file-damaged"):
        open_sweep(copied)


@pytest.mark.parametrize(
    ("removed", "said"),
    [
        *((("domains", name), rf"field 'domains': .*'{name}'.*'sources'") for name in ("alpha", "beta", "gamma")),
        (("domains", "delta"), "field 'domains': .*'delta'.*'targets'"),
        *(
            (("domains", name, "splits", split), rf"field 'domains\.{name}\.splits': .*'{split}'")
            for name, split in itertools.product(("alpha", "delta"), SPLITS)
        ),
        (("domains", "beta", "splits", "test", "real"), r"field 'domains\.beta\.splits\.test\.real'"),
        (("domains", "beta", "splits"), r"field 'domains\.beta\.splits'"),
        (("domains", "beta", "fingerprint"), r"field 'domains\.beta\.fingerprint'"),
        (("domains",), "field 'domains'"),
    ],
    ids=str,
)
def test_a_domain_or_a_split_that_was_edited_out_is_named(
    four: Path, tmp_path: Path, removed: tuple[str, ...], said: str
) -> None:
    """Where the checksum fits again: otherwise the file is said to be edited, and no more."""
    folder = Path(shutil.copytree(four, tmp_path / "copy"))
    path = folder / "sweep.json"
    info = json.loads(path.read_text())
    place = info
    for name in removed[:-1]:
        place = place[name]
    del place[removed[-1]]
    path.write_text(json.dumps({**info, "checksum": checksum(info)}))
    for read in (open_sweep, SweepFolder.open):
        with pytest.raises(
            UserError, match=rf"sweep\.json: {said}", check=lambda error: error.code == "file-invalid"
        ) as caught:
            read(folder)
        assert "\n" not in str(caught.value)


def test_a_sweep_without_results_says_what_to_do(tmp_path: Path) -> None:
    folder = write_sweep(tmp_path / "s", missing=["alpha", "beta", "gamma"], **PLAIN)
    with pytest.raises(
        UserError, match="`forensictransfer sweep .*`", check=lambda error: error.code == "sweep-without-results"
    ):
        open_sweep(folder)
    failed = write_sweep(tmp_path / "f", failed=["alpha", "beta", "gamma"], **PLAIN)
    with pytest.raises(
        UserError, match="45 .*no luck.*--retry`", check=lambda error: error.code == "sweep-without-results"
    ) as caught:
        open_sweep(failed)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("pattern", ["evaluations/beta/predictions.csv", "evaluations/alpha/metrics.json"])
def test_edited_and_missing_results_are_found(copied: Path, pattern: str) -> None:
    file = only(copied, f"runs/alpha-*-to-beta-head-k10-*/{pattern}")
    told = rf"{re.escape(str(file))}: .* jobs/alpha-.*-head-k10-.*\.json"
    file.write_text(file.read_text().replace("0", "1", 1))
    with pytest.raises(UserError, match=told, check=lambda error: error.code == "file-damaged"):
        open_sweep(copied)
    file.unlink()
    with pytest.raises(UserError, match=told, check=lambda error: error.code == "path-missing"):
        open_sweep(copied)


def test_edited_shots_are_found(copied: Path) -> None:
    file = only(copied, "runs/alpha-*-to-beta-head-k10-*/draws/0/shots.csv")
    file.write_text(file.read_text().replace("0", "1", 1))
    with pytest.raises(
        UserError,
        match=r"draws/0/shots\.csv: .* runs/alpha-.* and jobs/alpha-.*\.json",
        check=lambda error: error.code == "file-damaged",
    ):
        open_sweep(copied)


def test_edited_damaged_and_foreign_records_are_found(copied: Path) -> None:
    file = only(copied, "jobs/alpha-*-on-beta-*.json")
    whole, record = file.read_text(), json.loads(file.read_text())
    told = r"jobs/alpha-.*\.json: .* jobs/alpha"
    of_another = only(copied, "jobs/alpha-*-on-gamma-*.json").read_text()
    for text in (json.dumps({**record, "balanced_accuracy": 1.0}), whole[:100], of_another, "[]", "1"):
        file.write_text(text)
        with pytest.raises(UserError, match=told, check=lambda error: error.code == "file-damaged"):
            open_sweep(copied)
    without_seconds = {name: value for name, value in record.items() if name != "seconds"}
    for other, named, code in (
        ({**record, "format": 2}, "format 2", "format-unknown"),
        ({**record, "state": "running"}, "'state': .*'done', 'failed' or 'not applied', got 'running'", "file-invalid"),
        (without_seconds, "'seconds': ", "file-invalid"),
    ):
        file.write_text(json.dumps({**other, "checksum": checksum(other)}))
        with pytest.raises(UserError, match=rf"jobs/alpha-.*\.json: .*{named}") as caught:
            open_sweep(copied)
        assert caught.value.code == code


def test_targets_that_are_sources_come_first(tmp_path: Path) -> None:
    folder = write_sweep(tmp_path / "s", sources=["a", "b"], targets=["z", "b", "a"], strategies=["head"], **PLAIN)
    found = open_sweep(folder)
    assert found.targets == ("a", "b", "z")


def test_names_with_slashes_and_two_detectors_stay_apart(tmp_path: Path) -> None:
    names = ["set/one", "set/two"]
    options = {"sources": names, "detectors": ["ft", "ft-res"], "strategies": ["head"], **PLAIN}
    found = open_sweep(write_sweep(tmp_path / "s", **options))
    assert {cell.on for cell in found.cells} == set(names)
    files = ScoreFiles(found)
    assert all(files.test(cell) for cell in found.cells)
    points = [series.series(found, detector, *names, "head", "balanced_accuracy") for detector in ("ft", "ft-res")]
    assert [point.shots for point in points[0]] == [0, 1, 10] and points[0] != points[1]


# ---- scores


def test_scores_are_read_as_written(whole: Path) -> None:
    found = open_sweep(whole)
    cell = next(c for c in found.cells if (c.strategy, c.shots, c.on, c.source) == ("head", 10, "beta", "alpha"))
    files = ScoreFiles(found)
    test = files.test(cell)
    assert list(test) == [0, 1, 2] and files.test(cell) is test
    for draw in found.draws[cell.run, cell.on]:
        measured = balanced_accuracy(test[draw.draw], draw.threshold)
        assert measured == pytest.approx(draw.metrics["balanced_accuracy"], abs=1e-12)
    one = test[1]
    assert one.scores.shape == one.labels.shape == (40,) and one.energies.shape == (40, 2)
    assert one.energies[:, 1] - one.energies[:, 0] == pytest.approx(one.scores, abs=1e-8)
    assert one.names[0] == "real/bt000.png" and one.groups[0] == "bt000" and one.labels[0] == 0
    shots = files.shots(cell)
    assert list(shots) == [0, 1, 2] and shots[0].labels.tolist() == [0] * 10 + [1] * 10
    validation = files.validation(cell)
    assert validation is not None and validation.names[0] == "real/av000.png"
    zero_shot = next(c for c in found.cells if (c.shots, c.on, c.source) == (0, "beta", "alpha"))
    assert list(files.test(zero_shot)) == [0] and files.shots(zero_shot) == {}


def test_names_with_commas_and_draws_in_any_order(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    lines = [
        '4,"fake/a, b.png",1,a,0.5,0.6,0,0.5',
        '2,"fake/a, b.png",1,a,-1.5,0.1,2,0.5',
        "4,real/c.png,0,c,-1,0.2,1,0",
    ]
    path.write_text("\n".join(["draw,path,label,group,score,probability,energy_real,energy_fake", *lines]) + "\n")
    found = read_scores(path)
    assert list(found) == [4, 2] and found[4].names == ("fake/a, b.png", "real/c.png")
    assert found[4].scores.tolist() == [0.5, -1.0] and found[2].energies.tolist() == [[2.0, 0.5]]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "path,label,group,score,probability,energy_real,energy_fake\n",
        "path,label,score\na.png,0,1\n",
        "path,label,group,score,probability,energy_real,energy_fake\na.png,2,a,1,0.5,0,1\n",
        "path,label,group,score,probability,energy_real,energy_fake\na.png,0,a,nan,0.5,0,1\n",
        "path,label,group,score,probability,energy_real,energy_fake\na.png,0,a,1,0.5,0,1\nb.png,0,a,1,0.\n",
        'path,label,group,score,probability,energy_real,energy_fake\n"a.png,0,a,1,0.5,0,1\n',
    ],
    ids=["empty", "no images", "columns missing", "label 2", "nan", "cut line", "cut quote"],
)
def test_damaged_scores_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "shots.csv"
    path.write_text(text)
    with pytest.raises(
        UserError, match=r"shots\.csv: .* path, label", check=lambda error: error.code == "file-invalid"
    ):
        read_scores(path)
    with pytest.raises(UserError, match=r"none\.csv: ", check=lambda error: error.code == "path-missing"):
        read_scores(tmp_path / "none.csv")


# ---- detectors


def detectors_by_hand(case: Any) -> float:
    """The first detector is right on 60 %, the second on 90 % or, with shots, 60 %, too; the third on 65 or 60 %."""
    if case.detector == "ft":
        return 0.6 if case.shots else 0.9
    return 0.6 + 0.05 * (case.detector == "meso4" and case.shots == 0 and case.on == "b")


def test_detectors_against_the_first(tmp_path: Path) -> None:
    options = {"sources": ["a", "b"], "strategies": ["finetune", "head"], "accuracy": detectors_by_hand}
    folder = write_sweep(
        tmp_path / "s",
        detectors=["ft-res", "ft", "meso4"],
        missing=["ft-s0-to-b-finetune"],
        **{**PLAIN, **options, "images": 20},
    )
    found = open_sweep(folder)
    by_key = {(c.detector, c.shots): c for c in detector_differences(found, ScoreFiles(found))}
    assert list(by_key) == [("ft", 0), ("meso4", 0), ("ft", 1), ("meso4", 1), ("ft", 10), ("meso4", 10)]
    better = by_key["ft", 0]
    assert (better.strategy, better.reference, better.pairs) == ("zero-shot", "ft-res", (("a", "b"), ("b", "a")))
    assert (better.value, better.reference_value) == pytest.approx((0.9, 0.6))
    assert better.difference.value == pytest.approx(0.3) and better.significant
    low, high = better.difference.low, better.difference.high
    assert low is not None and high is not None and 0.15 < low < 0.3 < high < 0.45
    # One of 20 fakes and one of 20 reals of one of two targets: nothing that other images could not turn round.
    slight = by_key["meso4", 0]
    assert slight.difference.value == pytest.approx(0.025) and not slight.significant and slight.p > 0.1
    same = by_key["meso4", 10]
    assert (same.strategy, same.difference.value, same.p, same.corrected) == ("finetune", 0, 1, 1)
    # Where a pair lacks a detector, it is left out for both.
    assert by_key["ft", 10].pairs == (("b", "a"),) and by_key["ft", 10].strategy == "finetune"


def test_a_sweep_of_one_detector_compares_none(whole: Path) -> None:
    found = open_sweep(whole)
    assert detector_differences(found, ScoreFiles(found)) == ()


def test_two_sided_by_hand() -> None:
    assert two_sided(np.array([1.0] * 95 + [-1.0] * 4)) == pytest.approx(2 * 5 / 100)
    assert two_sided(np.zeros(99)) == 1.0
    assert two_sided(np.full(99, -0.5)) == pytest.approx(0.02)


# ---- series, matrices, averages, forgetting


def by_hand(case: Any) -> float:
    """Balanced accuracy by source, target and shots; draws 0.1 apart, tests of the source 0.9, after adaptation 0.8."""
    if case.on == case.source:
        return 0.8 if case.target else 0.9
    base = {("a", "b"): 0.5, ("b", "a"): 0.6, ("a", "c"): 0.5, ("b", "c"): 0.7}.get((case.source, case.on), 0.5)
    return base + {0: 0.0, 1: 0.1, 10: 0.2}[case.shots] + 0.1 * (case.draw == 1) * (case.shots == 10) + 0.1 * case.seed


GRID: dict[str, Any] = {
    "sources": ["a", "b"],
    "targets": ["b", "c", "a"],
    "draws": 2,
    "strategies": ["head"],
    "accuracy": by_hand,
    **PLAIN,
}


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> SweepResults:
    return open_sweep(write_sweep(tmp_path_factory.mktemp("counted") / "s", **GRID))


def test_a_series_starts_at_zero_shot(counted: SweepResults) -> None:
    points = series.series(counted, "ft-res", "a", "b", "head", "balanced_accuracy")
    assert [point.shots for point in points] == [0, 1, 10] and [point.draws for point in points] == [1, 2, 2]
    assert [point.measured.value for point in points] == pytest.approx([0.5, 0.6, 0.75])  # the last: 0.7 and 0.8
    cell = next(c for c in counted.cells if (c.source, c.on, c.shots, c.adapted_to) == ("a", "b", 10, "b"))
    assert points[2].measured == cell.metrics["balanced_accuracy"] and points[2].seeds == (0,)
    assert series.series(counted, "ft-res", "a", "b", "finetune", "auc")[0].shots == 0  # nothing but zero-shot
    assert series.series(counted, "ft", "a", "b", "head", "auc") == ()


def test_averages_over_pairs(counted: SweepResults) -> None:
    rows = series.average(counted, "ft-res", "head", "balanced_accuracy")
    assert [row.shots for row in rows] == [0, 1, 10]
    assert rows[0].pairs == (("a", "b"), ("a", "c"), ("b", "a"), ("b", "c"))
    assert rows[0].per_pair == pytest.approx((0.5, 0.5, 0.6, 0.7))
    assert rows[0].measured.value == pytest.approx(0.575)
    # Of the 4^4 resamples 16 have the mean 0.5, 5 one above 0.65, and 14 have 0.65: 2.5 % of 256 are 6.4.
    assert rows[0].measured.low == pytest.approx(0.5) and rows[0].measured.high == pytest.approx(0.65)
    assert rows[2].measured.value == pytest.approx(0.825)


def test_averages_stand_side_by_side_for_the_same_pairs_only(tmp_path: Path) -> None:
    """A pair that one strategy lacks at one number of shots is left out of all means."""
    found = open_sweep(write_sweep(tmp_path / "s", **GRID, missing=["b-ft-res-s0-to-c-head-k10"]))
    rows = series.average(found, "ft-res", "head", "balanced_accuracy")
    assert [len(row.pairs) for row in rows] == [3, 3, 3] and rows[0].measured.value == pytest.approx(1.6 / 3)
    assert series.common_pairs(found, "ft-res", "balanced_accuracy") == (("a", "b"), ("a", "c"), ("b", "a"))


def test_bootstrap_of_one_value_and_of_equal_values() -> None:
    assert series.bootstrap_mean([0.7]) == series.Estimate(0.7, None, None)
    assert series.bootstrap_mean([0.7, 0.7, 0.7]).low == pytest.approx(0.7)
    assert series.bootstrap_mean([0.5, 0.9, 0.7]) == series.bootstrap_mean([0.5, 0.9, 0.7])


def test_seeds_are_averaged_and_told_apart(tmp_path: Path) -> None:
    found = open_sweep(write_sweep(tmp_path / "s", **GRID, seeds=[0, 1]))
    point = series.series(found, "ft-res", "a", "b", "head", "balanced_accuracy")[2]
    assert point.seeds == (0, 1) and point.per_seed == pytest.approx((0.75, 0.85))
    cells = [c for c in found.cells if (c.source, c.on, c.shots, c.adapted_to) == ("a", "b", 10, "b")]
    lows = [cell.metrics["balanced_accuracy"].low for cell in cells]
    assert point.measured.value == pytest.approx(0.8) and point.measured.low == pytest.approx(sum(lows) / 2)
    (row,) = (row for row in series.forgetting(found, "ft-res", "head") if row.shots == 10)
    assert row.change.value == pytest.approx(-0.1) and len(row.pairs) == 4


def test_forgetting_is_after_minus_before(counted: SweepResults, tmp_path: Path) -> None:
    rows = series.forgetting(counted, "ft-res", "head")
    assert [row.shots for row in rows] == [1, 10] and len(rows[0].pairs) == 4
    assert (rows[0].before, rows[0].after) == pytest.approx((0.9, 0.8))
    assert rows[0].change.value == pytest.approx(-0.1) and rows[0].per_pair == pytest.approx((-0.1,) * 4)
    without = open_sweep(write_sweep(tmp_path / "s", **GRID, failed=["a-ft-res-s0-"]))
    assert {pair[0] for row in series.forgetting(without, "ft-res", "head") for pair in row.pairs} == {"b"}


# ---- threshold rules


def scored(reals: list[float], fakes: list[float]) -> Scored:
    n = len(reals) + len(fakes)
    labels = np.array([0] * len(reals) + [1] * len(fakes))
    return Scored(("x",) * n, labels, ("g",) * n, np.array([*reals, *fakes]), np.full(n, 0.5), np.zeros((n, 2)))


def test_balanced_accuracy_and_oracle_by_hand() -> None:
    test = scored([-1.0, 0.5, 0.9, 3.0], [0.95, 1.1, 2.0, 2.5])
    assert balanced_accuracy(test, 0.0) == (1 / 4 + 4 / 4) / 2
    assert balanced_accuracy(test, 1.0) == (3 / 4 + 3 / 4) / 2
    assert oracle_accuracy(test) == (3 / 4 + 4 / 4) / 2  # at 0.9
    assert oracle_accuracy(scored([2.0, 3.0], [0.0, 1.0])) == 0.5  # the wrong way round: a constant answer
    assert oracle_accuracy(scored([1.0, 1.0], [1.0, 1.0])) == 0.5


def score_file(path: Path, reals: list[float], fakes: list[float], draws: int = 0) -> None:
    """Replace a file of scores; draws: so many draws of the same images, 0 for a file without draws."""
    rows = [f"x{i}.png,{int(i >= len(reals))},g{i},{score},0.5,0,0" for i, score in enumerate([*reals, *fakes])]
    head = "path,label,group,score,probability,energy_real,energy_fake"
    lines = [f"{draw},{row}" for draw in range(draws) for row in rows] if draws else rows
    path.write_text("\n".join([f"draw,{head}" if draws else head, *lines]) + "\n")


@pytest.fixture(scope="module")
def ruled(tmp_path_factory: pytest.TempPathFactory) -> SweepResults:
    """One source, one target, one strategy at two shots, two draws, with scores by hand."""
    folder = tmp_path_factory.mktemp("rules") / "s"
    options = {"sources": ["a"], "targets": ["b"], "shots": [2], "draws": 2, "strategies": ["finetune"]}
    write_sweep(folder, **options, **PLAIN)
    train, adapt = only(folder, "runs/a-ft-res-s0-??????????"), only(folder, "runs/a-*-to-b-*")
    test = ([-1.0, 0.5, 0.9, 3.0], [0.95, 1.1, 2.0, 2.5])
    score_file(adapt / "evaluations" / "b" / "predictions.csv", *test, draws=2)
    score_file(train / "evaluations" / "b" / "predictions.csv", *test, draws=1)
    score_file(adapt / "draws" / "0" / "shots.csv", [-1.0, 0.0], [2.0, 3.0])  # balanced: 1; midpoint: 1
    score_file(adapt / "draws" / "1" / "shots.csv", [0.6, 0.6], [0.8, 0.8])  # both 0.7
    score_file(train / "validation.csv", [-3.0, 0.95, 0.95], [0.97, 9.0, 9.0])  # balanced: 0.96; midpoint: far above
    update_hashes(folder)
    return open_sweep(folder)


def test_rules_are_compared_by_the_scores_that_they_may_see(ruled: SweepResults) -> None:
    rows = {(row.strategy, row.shots, row.rule): row for row in compare_rules(ruled)}
    assert len(rows) == 2 * len(RULES)
    values = {key: row.measured.value for key, row in rows.items()}
    assert values["finetune", 2, "zero"] == pytest.approx(0.625)
    # At 1 three of four are right in both classes; at 0.7 two reals and all fakes.
    assert values["finetune", 2, "balanced"] == pytest.approx((0.75 + 0.75) / 2)
    assert values["finetune", 2, "midpoint"] == pytest.approx((0.75 + 0.75) / 2)
    assert values["finetune", 2, ORACLE] == pytest.approx(0.875)
    assert values["zero-shot", 0, "zero"] == pytest.approx(0.625)
    assert values["zero-shot", 0, "balanced"] == pytest.approx((3 / 4 + 3 / 4) / 2)
    assert values["zero-shot", 0, "midpoint"] < 0.75
    assert {(row.strategy, row.rule) for row in rows.values() if row.used} == {
        ("finetune", "midpoint"),
        ("zero-shot", "balanced"),
    }
    one = rows["finetune", 2, ORACLE]
    assert one.pairs == (("a", "b"),) and one.cells == 1 and one.measured.low is None


def test_cells_without_scores_for_the_rules_are_left_out(ruled: SweepResults) -> None:
    zero_shot = next(cell for cell in ruled.cells if cell.shots == 0 and not cell.own)
    files = ScoreFiles(ruled)
    assert rule_accuracies(zero_shot, files) is not None
    # A run of a version that did not write validation.csv: its marker does not name it.
    elsewhere = replace(ruled, cells=tuple(replace(cell, model="runs/older") for cell in ruled.cells))
    rows = compare_rules(elsewhere)
    assert {row.strategy for row in rows} == {"finetune"} and len(rows) == len(RULES)


def test_rules_over_pairs(whole: Path) -> None:
    rows = compare_rules(open_sweep(whole))
    assert len(rows) == (1 + 2 * 3) * len(RULES)
    assert [row.strategy for row in rows[:: len(RULES)]] == ["zero-shot", *["finetune", "head", "tuned"] * 2]
    for row in rows:
        assert len(row.pairs) == len(row.per_pair) == row.cells == 6
        assert row.measured.value == pytest.approx(np.mean(row.per_pair))
        best = next(r for r in rows if (r.strategy, r.shots, r.rule) == (row.strategy, row.shots, ORACLE))
        assert all(value <= most + 1e-12 for value, most in zip(row.per_pair, best.per_pair, strict=True))


# ---- cost


def test_costs_by_kind_strategy_and_shots(whole: Path) -> None:
    found = open_sweep(whole)
    rows = {(row.kind, row.strategy, row.shots): row for row in costs(found)}
    assert list(rows)[:3] == [("train", "zero-shot", 0), ("zero-shot", "zero-shot", 0), ("adapt", "finetune", 1)]
    assert (rows["train", "zero-shot", 0].seconds, rows["train", "zero-shot", 0].mean) == (1800.0, 600.0)
    tuned = rows["adapt", "tuned", 10]
    assert (tuned.jobs, tuned.seconds, tuned.mean) == (6, 420.0, 70.0)
    assert tuned.search is not None and tuned.search.seconds == pytest.approx(18 * 10.6)
    assert (tuned.search.searches, tuned.search.trials, tuned.search.pruned) == (18, 72, 18)
    assert rows["adapt", "tuned", 1].search == Search(18, 0, 0, 0.0) and rows["adapt", "head", 10].search is None
    assert total_seconds(found) == 1800 + 6 * 2.5 + 18 * 34 + 18 * 70


def test_failed_jobs_count_in_the_whole_and_damaged_searches_are_refused(tmp_path: Path) -> None:
    folder = write_sweep(tmp_path / "s", failed=["-head-"], strategies=["head", "tuned"], **PLAIN)
    found = open_sweep(folder)
    assert ("adapt", "head", 10) not in {(row.kind, row.strategy, row.shots) for row in costs(found)}
    assert total_seconds(found) == 1800 + 6 * 2.5 + 12 * 34 + 12 * 70
    chosen = only(folder, "runs/alpha-*-to-beta-tuned-k10-*/draws/0/chosen.json")
    chosen.write_text('{"trials": 4}')
    with pytest.raises(UserError, match=r"draws/0/chosen\.json: ", check=lambda error: error.code == "file-invalid"):
        costs(found)


def test_the_search_of_a_training_counts(tmp_path: Path) -> None:
    folder = write_sweep(tmp_path / "s", strategies=["head"], shots=[0], **PLAIN)
    run = only(folder, "runs/beta-*")
    write_document(run / "chosen.json", search_outcome(trials=5, pruned=2, seconds=99.5))
    first = costs(open_sweep(folder))[0]
    assert first.kind == "train" and first.search == Search(1, 5, 2, 99.5)


def test_the_same_folder_gives_the_same_numbers(whole: Path, copied: Path) -> None:
    def everything(folder: Path) -> str:
        found = open_sweep(folder)
        parts = [compare_rules(found), costs(found), over_pairs(found), within_cells(found)]
        for strategy in found.strategies:
            parts.append(series.average(found, "ft-res", strategy, "auc"))
            parts.append(series.forgetting(found, "ft-res", strategy))
        return repr(parts)

    assert everything(whole) == everything(copied)


def test_an_audit_that_lacks_a_field_is_one_line(tmp_path: Path) -> None:
    path = audit_path(tmp_path, "a")
    path.parent.mkdir()
    write_audit(path, audit_of("a", "ab", accuracy=0.98))
    found = read_audit(tmp_path, "a", "ab")
    assert found is not None and without_pixels(found).balanced_accuracy == 0.98
    assert read_audit(tmp_path, "a", "other images") is None
    content = json.loads(path.read_text())
    del content["duplicates"]["across_splits"], content["checksum"]
    path.write_text(json.dumps({**content, "checksum": checksum(content)}))
    with pytest.raises(UserError, match=r"a\.json: .*'duplicates\.across_splits'") as caught:
        read_audit(tmp_path, "a")
    assert caught.value.code == ErrorCode.FILE_INVALID
    assert read_audit(tmp_path, "a", damaged_is_missing=True) is None
