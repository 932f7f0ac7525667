"""The reported numbers against hand-computed ones and scikit-learn, and the intervals against theory."""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict, astuple
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, balanced_accuracy_score, roc_auc_score

from forensictransfer.data.counts import Counts
from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.evaluation.metrics import (
    METRICS,
    DrawSummary,
    ScoredImages,
    metric_values,
    summarise,
    summarise_draws,
)

# reals 0.1 0.4 0.6, fakes 0.4 0.7 0.9 0.3
LABELS = [0, 0, 0, 1, 1, 1, 1]
SCORES = [0.1, 0.4, 0.6, 0.4, 0.7, 0.9, 0.3]


def values(labels: Any, scores: Any, threshold: float = 0.5, probabilities: Any = None) -> dict[str, float]:
    found = metric_values(labels, scores, scores if probabilities is None else probabilities, threshold)
    return {name: float(value[0]) for name, value in found.items()}


def example(n: int = 60, seed: int = 0, ties: bool = True) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    scores = labels + 1.2 * rng.normal(size=n)
    scores = np.round(scores, 1) if ties else scores
    groups = [f"g{i}" for i in rng.integers(0, n // 2, n)]
    probabilities = 1 / (1 + np.exp(-scores))
    return {
        "labels": labels,
        "scores": scores,
        "probabilities": probabilities,
        "groups": groups,
        "names": list(range(n)),
        "threshold": 0.5,
    }


def test_by_hand() -> None:
    found = values(LABELS, SCORES)
    assert list(found) == list(METRICS)
    assert found["accuracy_real"] == pytest.approx(2 / 3)
    assert found["accuracy_fake"] == pytest.approx(2 / 4)
    assert found["balanced_accuracy"] == pytest.approx((2 / 3 + 2 / 4) / 2)
    # pairs won by the fake: 0.4 wins 1 and ties 1, 0.7 and 0.9 win 3 each, 0.3 wins 1
    assert found["auc"] == pytest.approx((1.5 + 3 + 3 + 1) / 12)
    # 0.9: 1/1, 0.7: 2/2, 0.6 real, 0.4 both: 3/5, 0.3: 4/6; a recall step of 1/4 each
    assert found["average_precision"] == pytest.approx((1 + 1 + 3 / 5 + 4 / 6) / 4)
    # ROC (1/3, 1/2) -> (2/3, 3/4): FPR = 1 - TPR at t with 1/3 + t/3 = 1/2 - t/4
    t = (1 / 2 - 1 / 3) / (1 / 3 + 1 / 4)
    assert found["equal_error_rate"] == pytest.approx(1 / 3 + t / 3)
    assert found["tpr_at_5_fpr"] == pytest.approx(2 / 4)  # FPR 0 is the only one below 0.05
    # bins: 0.1 | 0.3 | 0.4 0.4 | 0.6 | 0.7 | 0.9
    assert found["ece"] == pytest.approx((0.1 + 0.7 + abs(0.8 - 1) + 0.6 + 0.3 + 0.1) / 7)


def test_a_score_at_the_threshold_is_called_real() -> None:
    found = values([0, 1], [0.0, 0.0], threshold=0.0, probabilities=[0.5, 0.5])
    assert (found["accuracy_real"], found["accuracy_fake"]) == (1, 0)
    assert (found["auc"], found["equal_error_rate"], found["tpr_at_5_fpr"], found["ece"]) == (0.5, 0.5, 0, 0)


def test_perfect_and_reversed_rankings() -> None:
    best, worst = values([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]), values([1, 1, 0, 0], [0.1, 0.2, 0.8, 0.9])
    assert [best[m] for m in ("auc", "average_precision", "equal_error_rate", "tpr_at_5_fpr")] == [1, 1, 0, 1]
    assert [worst[m] for m in ("auc", "equal_error_rate", "tpr_at_5_fpr")] == [0, 1, 0]


def test_tpr_at_5_fpr_includes_exactly_5_percent() -> None:
    labels = [0] * 20 + [1] * 4
    scores = [0.5] + [0.0] * 19 + [0.1, 0.4, 0.6, 0.7]
    assert values(labels, scores)["tpr_at_5_fpr"] == 1  # one real of 20 above 0: FPR 0.05
    assert values([0, *labels], [0.8, *scores])["tpr_at_5_fpr"] == 0.5  # 1 of 21 above 0.5, 2 of 21 at 0.5 and below


def test_ece_bins_hold_their_lower_edge_and_the_last_one_1() -> None:
    # 0.3 falls into [0.3, 0.4) with 0.35, 1.0 into [0.9, 1.0]
    found = values([0, 1, 1, 0], [0.3, 0.35, 1.0, 0.95], probabilities=[0.3, 0.35, 1.0, 0.95])
    assert found["ece"] == pytest.approx((abs(0.65 - 1) + abs(1.95 - 1)) / 4)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 30), st.sampled_from([0, 1, 6]))
def test_equal_to_scikit_learn_with_ties_and_weights(seed: int, n: int, decimals: int) -> None:
    rng = np.random.default_rng(seed)
    labels = np.r_[0, 1, rng.integers(0, 2, n)]
    scores = np.round(rng.normal(size=n + 2), decimals)
    weights = np.c_[np.ones((3, 2)), rng.integers(0, 4, (3, n))]
    found = metric_values(labels, scores, np.full(n + 2, 0.5), 0.1, weights)
    for row, w in enumerate(weights):
        assert found["auc"][row] == pytest.approx(roc_auc_score(labels, scores, sample_weight=w))
        expected = average_precision_score(labels, scores, sample_weight=w)
        assert found["average_precision"][row] == pytest.approx(expected)
        expected = balanced_accuracy_score(labels, scores > 0.1, sample_weight=w)
        assert found["balanced_accuracy"][row] == pytest.approx(expected)


def test_weights_count_images() -> None:
    d = example(30)
    weights = np.random.default_rng(1).integers(0, 3, 30)
    weights[:2] = 1
    fields = [np.asarray(d[key]) for key in ("labels", "scores", "probabilities")]
    weighted = metric_values(*fields, 0.5, weights[None])
    repeated = metric_values(*(np.repeat(field, weights) for field in fields), 0.5)
    for name in METRICS:
        assert weighted[name] == pytest.approx(repeated[name])


def test_summary_is_plain_and_reproducible_in_any_order() -> None:
    d = example()
    names = ("labels", "scores", "probabilities", "groups", "threshold")
    found = summarise(*(d[name] for name in names))
    assert found.n == Counts(30, 30, len(set(d["groups"])))
    assert json.loads(json.dumps(asdict(found)))["n"] == asdict(found.n), "plain numbers"
    order = np.random.default_rng(3).permutation(60)
    shuffled = [np.asarray(d[name])[order] for name in names[:4]]
    again = summarise(*shuffled, 0.5)
    for name in METRICS:
        m = found.metrics[name]
        assert astuple(again.metrics[name]) == pytest.approx(astuple(m))
        assert m.low is not None and m.value is not None and m.high is not None
        assert m.low <= m.value <= m.high or name == "ece"
    assert summarise(*(d[name] for name in names), seed=1) != found


def test_interval_of_an_accuracy_is_as_wide_as_theory_says() -> None:
    n, right = 400, 0.8
    scores = np.r_[np.arange(n) >= right * n, np.ones(n)].astype(float)
    labels, groups = np.repeat([0, 1], n), np.arange(2 * n).astype(str)
    m = summarise(labels, scores, scores, list(groups), 0.5)["metrics"]["accuracy_real"]
    assert m["value"] == 0.8
    assert m["high"] - m["low"] == pytest.approx(2 * 1.96 * math.sqrt(0.8 * 0.2 / n), rel=0.15)
    # every photograph four times: no more evidence, no narrower interval
    four = summarise(np.tile(labels, 4), np.tile(scores, 4), np.tile(scores, 4), list(np.tile(groups, 4)), 0.5)
    assert asdict(four["metrics"]["accuracy_real"]) == pytest.approx(asdict(m))


def test_interval_covers_the_truth_about_95_times_in_100() -> None:
    """60 photographs per class, three images of each that share half of their variance."""
    rng, hits = np.random.default_rng(0), 0
    labels, groups = np.repeat([0, 1], 180), np.repeat(np.arange(120), 3).astype(str)
    truth = 0.5 * (1 + math.erf(0.5))  # a score N(+-1/sqrt(2), 1) on the right side of 0
    for _ in range(150):
        scores = (labels - 0.5) * math.sqrt(2) + math.sqrt(0.5) * (
            np.repeat(rng.normal(size=120), 3) + rng.normal(size=360)
        )
        m = summarise(labels, scores, np.full(360, 0.5), list(groups), 0.0, resamples=200)["metrics"]
        hits += m["balanced_accuracy"]["low"] <= truth <= m["balanced_accuracy"]["high"]
    assert 0.88 <= hits / 150 <= 0.99


def test_one_draw_is_the_summary() -> None:
    d = example()
    found = summarise_draws([ScoredImages(**d)], resamples=200, seed=5)
    fields = ("labels", "scores", "probabilities", "groups", "threshold")
    assert found == summarise(*(d[name] for name in fields), resamples=200, seed=5)
    assert found.per_draw == (DrawSummary(0, 0.5, {k: m.value for k, m in found.metrics.items()}),)


def test_draws_are_averaged_and_widen_the_interval() -> None:
    d = example(200)
    draws = [{**d, "threshold": t, "draw": 7 + i} for i, t in enumerate((-1.0, 0.5, 0.6, 2.0))]
    found = summarise_draws([ScoredImages(**one) for one in draws])
    each = [values(d["labels"], d["scores"], one["threshold"], d["probabilities"]) for one in draws]
    for name in METRICS:
        assert found["metrics"][name]["value"] == pytest.approx(np.mean([one[name] for one in each]))
    assert [one["draw"] for one in found["per_draw"]] == [7, 8, 9, 10]
    assert found.per_draw[3].metrics["accuracy_fake"] == pytest.approx(each[3]["accuracy_fake"])
    width = {m: found["metrics"][m]["high"] - found["metrics"][m]["low"] for m in METRICS}
    alone = summarise_draws([ScoredImages(**d)])["metrics"]
    assert width["accuracy_real"] > 1.5 * (alone["accuracy_real"]["high"] - alone["accuracy_real"]["low"])
    # the ranking is the same in every draw, and so is its interval: groups are resampled for all draws at once
    assert asdict(found["metrics"]["auc"]) == pytest.approx(asdict(alone["auc"]))


def test_images_of_the_draws_must_be_the_same() -> None:
    d = example()
    for field, value in (("names", [*d["names"][1:], 99]), ("labels", 1 - d["labels"]), ("groups", d["groups"][::-1])):
        with pytest.raises(ValueError, match="same images"):
            summarise_draws([ScoredImages(**d), ScoredImages(**{**d, field: value})])
    with pytest.raises(ValueError, match="at least one"):
        summarise_draws([])


def test_what_cannot_be_measured_is_none() -> None:
    one_group = summarise([0, 1], [0.1, 0.9], [0.1, 0.9], ["a", "a"], 0.5)
    assert one_group["metrics"]["auc"] == Estimate(1.0, None, None, 1)
    assert one_group["n"]["groups"] == 1
    one_fake = summarise([0, 0, 1], [0.1, 0.2, 0.9], [0.1, 0.2, 0.9], ["a", "b", "c"], 0.5)["metrics"]
    assert one_fake["balanced_accuracy"]["low"] is one_fake["accuracy_fake"]["high"] is None
    assert one_fake["accuracy_real"] == Estimate(1.0, 1.0, 1.0, 3)
    no_fake = summarise([0, 0], [0.1, 0.9], [0.1, 0.9], ["a", "b"], 0.5)["metrics"]
    assert no_fake["auc"] == no_fake["balanced_accuracy"] == Estimate(None, None, None, 2)
    assert no_fake["accuracy_real"] == Estimate(0.5, 0.0, 1.0, 2)
    # many resamples lack a class and are left out
    few = summarise([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9], [0.5] * 4, ["a", "b", "c", "d"], 0.5)["metrics"]
    assert all(not math.isnan(m[key]) for m in few.values() for key in ("value", "low", "high"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": [0, 2]}, "labels 0"),
        ({"scores": [0.0]}, "one shape"),
        ({"scores": [0.0, math.nan]}, "finite"),
        ({"probabilities": [0.5, 1.5]}, r"\[0, 1\]"),
        ({"threshold": math.inf}, "finite"),
        ({"groups": ["a"]}, "groups"),
    ],
)
def test_wrong_arrays_are_refused(change: dict[str, Any], message: str) -> None:
    right = {
        "labels": [0, 1],
        "scores": [0.0, 1.0],
        "probabilities": [0.1, 0.9],
        "groups": ["a", "b"],
        "threshold": 0.5,
    }
    with pytest.raises(ValueError, match=message):
        summarise(**{**right, **change})


def test_ten_draws_of_400_images_take_less_than_a_second() -> None:
    d = example(400, ties=False)
    start = time.process_time()
    summarise_draws([ScoredImages(**d)] * 10)
    assert time.process_time() - start < 3  # 0.3 s on one quiet core
