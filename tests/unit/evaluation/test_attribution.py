"""Attribution to generators: the strongest above its threshold, or none; shares with intervals over groups."""

from __future__ import annotations

import numpy as np
import pytest

from forensictransfer.evaluation.attribution import NONE, attribute, share


def test_the_strongest_above_its_threshold_is_named() -> None:
    strengths = np.array([[3.0, 2.0], [3.0, 4.0], [2.5, 5.0], [1.0, 1.0], [np.nan, 4.0], [np.nan, np.nan]])
    assert attribute(strengths, np.array([2.0, 3.0])).tolist() == [0, 1, 1, NONE, 1, NONE]
    assert attribute(strengths, np.array([np.inf, 3.0])).tolist() == [NONE, 1, 1, NONE, 1, NONE]


def test_a_share_has_an_interval_over_groups() -> None:
    hits = [True, False] * 50
    single, double = (
        share(hits, [str(one) for one in range(100)]),
        share(hits * 2, [str(one) for one in range(100)] * 2),
    )
    assert single.value == double.value == 0.5 and (single.n, double.n) == (100, 100)
    assert (single.low, single.high) == pytest.approx((0.4, 0.6), abs=0.02)
    assert (double.low, double.high) == pytest.approx((0.4, 0.6), abs=0.02), "a second image of each tells nothing new"


def test_where_all_agree_the_interval_is_exact() -> None:
    groups = [str(one) for one in range(30)]
    never, always = share([False] * 30, groups), share([True] * 30, groups)
    assert (never.low, never.high) == pytest.approx((0, 0.1157), abs=1e-4)  # Clopper-Pearson
    assert (always.low, always.high) == pytest.approx((0.8843, 1), abs=1e-4)


def test_few_images_have_no_interval() -> None:
    assert share([], []).value is None
    one = share([True, False], ["a", "a"])
    assert (one.value, one.low, one.high, one.n) == (0.5, None, None, 1)
