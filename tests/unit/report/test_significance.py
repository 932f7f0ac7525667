"""Comparisons of strategies: the tests by hand, and what is compared in a sweep."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.report.analysis.series import bootstrap_mean
from forensictransfer.report.analysis.significance import (
    FLIPS,
    Comparison,
    _bounded,
    gains,
    holm,
    over_pairs,
    paired_t,
    sign_flip,
    within_cells,
)
from forensictransfer.results.sweep import SweepResults, open_sweep


def made() -> ModuleType:
    """tests/sweep_folder.py, which is no part of the package."""
    spec = importlib.util.spec_from_file_location(
        "sweep_folder", Path(__file__).resolve().parents[2] / "sweep_folder.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


write_sweep: Callable[..., Path] = made().write_sweep


# ---- Holm


def test_holm_by_hand() -> None:
    # 4 x 0.005, 3 x 0.01, 2 x 0.03, and 1 x 0.04, which may not be less than what comes before it.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []


def test_holm_passes_over_what_was_not_tested() -> None:
    assert holm([None, 0.01, None, 0.5]) == [None, 0.02, None, 0.5]
    assert holm([None]) == [None]
    assert holm([0.0, 0.5]) == [0.0, 0.5]


@given(some.lists(some.floats(0, 1), max_size=30))
def test_holm_lies_between_the_value_and_bonferroni(values: list[float]) -> None:
    corrected = holm(values)
    for p, c in zip(values, corrected, strict=True):
        assert c is not None and p <= c <= min(1.0, len(values) * p) + 1e-15
    in_order = [c for _, c in sorted(zip(values, corrected, strict=True), key=lambda pair: pair[0])]
    assert in_order == sorted(in_order, key=lambda c: c or 0.0)


# ---- paired t


def test_paired_t_by_hand() -> None:
    # Mean 2, standard deviation 1: t = 2 sqrt(3). With 2 degrees of freedom p = 1 - t / sqrt(2 + t^2).
    measured, p = paired_t([0.01, 0.02, 0.03])
    t = 2 * math.sqrt(3)
    assert p == pytest.approx(1 - t / math.sqrt(2 + t * t))
    half = 0.01 / math.sqrt(3) * 4.302652729911275  # 97.5 % point of t with 2 degrees of freedom
    assert (measured.value, measured.low, measured.high) == pytest.approx((0.02, 0.02 - half, 0.02 + half))
    turned, same = paired_t([-0.01, -0.02, -0.03])
    assert same == pytest.approx(p) and turned.low == pytest.approx(-0.02 - half)


def test_paired_t_without_variance() -> None:
    assert paired_t([0.0, 0.0, 0.0]) == (Estimate(0.0, 0.0, 0.0), 1.0)
    # Never 0 for a handful of draws: what flipping signs gives, 2 of the 2^n flips.
    measured, p = paired_t([0.05, 0.05, 0.05])
    assert p == 0.25 == sign_flip([0.05, 0.05, 0.05])
    assert (measured.value, measured.low, measured.high) == pytest.approx((0.05, 0.05, 0.05))
    rounded = [0.85 - 0.8, 0.95 - 0.9, 0.65 - 0.6]  # equal, but for the last digit
    assert len(set(rounded)) > 1 and paired_t(rounded)[1] == 0.25
    assert paired_t([1e-17, -1e-17, 0.0])[1] == 1.0


def test_one_draw_says_nothing_of_chance() -> None:
    assert paired_t([0.1]) == (Estimate(0.1, None, None), None)


# ---- sign flips


def test_sign_flips_by_hand() -> None:
    # Of the 8 sums of +-1 +-2 +-3 one is 6 and none above: 2 x 1 / 8.
    assert sign_flip([0.01, 0.02, 0.03]) == pytest.approx(2 / 8)
    # Sums of +-3 +-2 +-1: 6 and 4 (twice: 3 + 2 - 1, and none else) are at least 4.
    assert sign_flip([0.03, 0.02, -0.01]) == pytest.approx(2 * 2 / 8)
    assert sign_flip([0.0, 0.0]) == 1.0
    assert sign_flip([0.1, -0.1]) == 1.0
    assert sign_flip([0.1]) is None
    assert sign_flip([0.01] * 16) == pytest.approx(2 / 2**16)  # still exact


def test_zeros_do_not_make_sign_flips_more_sure() -> None:
    assert sign_flip([0.01, 0.02, 0.03, 0.0]) == pytest.approx(2 / 8)


def test_many_sign_flips_are_drawn_and_repeat() -> None:
    x = np.random.default_rng(1).normal(0.01, 0.05, 17)
    assert sign_flip(x.tolist()) == sign_flip(x.tolist())
    assert sign_flip([0.01] * 30) == pytest.approx(2 / (FLIPS + 1))  # 2^-30: none is drawn, and p is not 0
    exact = sign_flip(x[:16].tolist())
    assert exact is not None and exact * 2**16 == pytest.approx(round(exact * 2**16))


@given(some.lists(some.integers(-20, 20), min_size=2, max_size=10), some.randoms())
def test_sign_flips_do_not_depend_on_order_sign_or_rounding(values: list[int], random: Any) -> None:
    x = [value / 60 for value in values]
    p = sign_flip(x)
    shuffled = random.sample(x, len(x))
    noisy = [(value + 1 / 3) - 1 / 3 for value in x]
    assert p == sign_flip(shuffled) == sign_flip([-value for value in x]) == sign_flip(noisy)
    assert p is not None and 2 / 2 ** len(x) <= p <= 1


# ---- the comparisons of a sweep

GAIN = {"finetune": 0.1, "head": 0.0, "tuned": 0.2}


def by_hand(case: Any) -> float:
    """finetune 0.1 above head, but at (b, a), where it is 0.2; draws differ by 0.1, for finetune by 0.2 at (a, b)."""
    if case.on == case.source or case.target is None:
        return 0.5
    more = 0.1 if case.strategy == "finetune" and (case.source, case.on) == ("b", "a") else 0.0
    step = 0.2 if case.strategy == "finetune" and (case.source, case.on) == ("a", "b") else 0.1
    return 0.5 + GAIN[case.strategy] + more + (step if case.draw == 1 else 0.0)


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> SweepResults:
    """Two pairs, shots 1 and 10, two draws."""
    folder = tmp_path_factory.mktemp("significance") / "s"
    options: dict[str, Any] = {"sources": ["a", "b"], "draws": 2, "accuracy": by_hand, "images": 10, "pictures": False}
    return open_sweep(write_sweep(folder, **options))


def test_within_cells_draws_are_paired(counted: SweepResults) -> None:
    rows = within_cells(counted)
    assert len(rows) == 2 * 2 * 3 and {(row.first, row.second) for row in rows} == {
        ("finetune", "head"),
        ("finetune", "tuned"),
        ("head", "tuned"),
    }
    at = {(row.source, row.target, row.first, row.second): row for row in rows if row.shots == 10}
    first = at["a", "b", "finetune", "head"]  # 0.1 and 0.2
    assert first.differences == pytest.approx((0.1, 0.2)) and first.n == 2 and first.seed == 0
    assert first.difference.value == pytest.approx(0.15)
    assert first.p == pytest.approx(1 - 2 / math.pi * math.atan(3))  # t = 0.15 / 0.05, one degree of freedom
    assert at["b", "a", "finetune", "head"].differences == pytest.approx((0.2, 0.2))
    assert at["b", "a", "finetune", "head"].p == 0.5
    assert at["b", "a", "finetune", "tuned"].p == 1.0
    assert [row.corrected for row in rows] == holm([row.p for row in rows])
    assert not any(row.significant for row in rows)


def test_over_pairs_draws_are_averaged_first(counted: SweepResults) -> None:
    rows = over_pairs(counted)
    assert [(row.shots, row.first, row.second) for row in rows[:3]] == [
        (1, "finetune", "head"),
        (1, "finetune", "tuned"),
        (1, "head", "tuned"),
    ]
    row = next(r for r in rows if (r.shots, r.first, r.second) == (10, "finetune", "head"))
    assert row.pairs == (("a", "b"), ("b", "a")) and row.differences == pytest.approx((0.15, 0.2))
    assert row.difference.value == pytest.approx(0.175) and row.p == 0.5 and row.n == 2
    assert row.difference == bootstrap_mean(row.differences)
    assert row.source is None and row.seed is None
    assert [row.corrected for row in rows] == holm([row.p for row in rows])


def test_gains_are_turned(counted: SweepResults) -> None:
    rows = over_pairs(counted)
    turned = gains(rows, "tuned")
    assert [(row.shots, row.first, row.second) for row in turned] == [
        (1, "tuned", "finetune"),
        (1, "tuned", "head"),
        (10, "tuned", "finetune"),
        (10, "tuned", "head"),
    ]
    before, after = rows[2], turned[1]  # head - tuned and tuned - head
    assert before.difference.value == pytest.approx(-0.2) and after.difference.value == pytest.approx(0.2)
    assert (after.p, after.corrected) == (before.p, before.corrected)
    assert after.differences == tuple(-x for x in before.differences)
    low, high = before.difference.low, before.difference.high
    assert low is not None and high is not None and (after.difference.low, after.difference.high) == (-high, -low)
    assert gains(rows, "finetune")[0] is rows[0] and gains(rows, "prototype") == ()
    assert [row.first for row in gains(within_cells(counted), "tuned")] == ["tuned"] * 8


def test_only_what_both_have_is_compared(tmp_path: Path) -> None:
    options: dict[str, Any] = {"sources": ["a", "b"], "draws": 2, "accuracy": by_hand, "images": 10, "pictures": False}
    folder = write_sweep(tmp_path / "s", missing=["b-ft-res-s0-to-a-head-k10", "-tuned-k1-"], **options)
    found = open_sweep(folder)
    rows = {(row.shots, row.first, row.second): row for row in over_pairs(found)}
    assert set(rows) == {
        (1, "finetune", "head"),
        (10, "finetune", "head"),
        (10, "finetune", "tuned"),
        (10, "head", "tuned"),
    }
    one = rows[10, "finetune", "head"]
    assert one.pairs == (("a", "b"),) and one.p is None and one.corrected is None and one.difference.low is None
    assert not one.significant
    # None is no comparison: two p values are corrected, 0.5 and 1.
    assert rows[10, "finetune", "tuned"].n == 2
    assert len(within_cells(found)) == 2 + 1 + 2 + 1


def test_seeds_are_averaged_over_pairs_and_apart_within_cells(tmp_path: Path) -> None:
    def accuracy(case: Any) -> float:
        return 0.5 if case.strategy != "head" else 0.6 + 0.2 * case.seed

    options: dict[str, Any] = {"sources": ["a", "b"], "draws": 2, "strategies": ["finetune", "head"], "shots": [1]}
    folder = write_sweep(tmp_path / "s", seeds=[0, 1], accuracy=accuracy, images=10, pictures=False, **options)
    found = open_sweep(folder)
    (row,) = over_pairs(found)
    assert row.differences == pytest.approx((-0.2, -0.2)) and row.n == 2
    assert [(r.seed, round(r.difference.value or 0, 6)) for r in within_cells(found) if r.source == "a"] == [
        (0, -0.1),
        (1, -0.3),
    ]


def test_detectors_are_not_mixed(tmp_path: Path) -> None:
    options: dict[str, Any] = {"sources": ["a", "b"], "detectors": ["ft", "ft-res"], "strategies": ["finetune", "head"]}
    found = open_sweep(write_sweep(tmp_path / "s", draws=2, shots=[1], images=10, pictures=False, **options))
    assert [(row.detector, row.n) for row in over_pairs(found)] == [("ft", 2), ("ft-res", 2)]
    assert {row.detector for row in within_cells(found)} == {"ft", "ft-res"}


def test_enough_pairs_can_be_significant(tmp_path: Path) -> None:
    names = ["a", "b", "c", "d"]
    options: dict[str, Any] = {"sources": names, "strategies": ["finetune", "head"], "draws": 2, "shots": [1]}
    found = open_sweep(write_sweep(tmp_path / "s", accuracy=by_hand, images=10, pictures=False, **options))
    (row,) = over_pairs(found)
    assert row.n == 12 and row.p == pytest.approx(2 / 2**12) and row.corrected == row.p and row.significant
    (other,) = over_pairs(found, metric="accuracy_real")
    assert other.difference.value == pytest.approx(row.difference.value)


def test_a_comparison_that_says_nothing_promises_no_small_p() -> None:
    """Without a p the bound is 1: the lead gives the least of all, and 0 would say that anything can be told."""
    nothing = Comparison("ft-res", 10, "head", "threshold", Estimate(0.1, None, None), None, None, (0.1,))
    three = replace(nothing, p=0.25, differences=(0.1, 0.2, 0.3))
    assert nothing.least == 1 and not nothing.tellable
    assert min(one.least for one in _bounded([nothing, three])) == 0.25
