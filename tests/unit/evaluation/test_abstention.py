"""Which scores are called real, fake or neither: by hand, and the promise on draws of exchangeable scores."""

from __future__ import annotations

import math

import numpy as np
import pytest

from forensictransfer.evaluation.abstained import measure_abstention
from forensictransfer.evaluation.abstention import UNSURE, Abstention
from forensictransfer.evaluation.metrics import ScoredImages


def fitted(error: float, reals: list[float], fakes: list[float], threshold: float = 0.0) -> Abstention:
    labels = [0] * len(reals) + [1] * len(fakes)
    return Abstention.fitted(error, reals + fakes, labels, [str(i) for i in range(len(labels))], threshold)


def test_limits_by_hand() -> None:
    """Four of each, a quarter of errors: only a score above every real but none has (1 + 0) / 5 <= 1/4."""
    found = fitted(0.25, [0, 1, 2, 6], [3, 4, 7, 8])
    # From just above 6 on: p of reals 1/5, of fakes 2/4, and 0.2 / (0.2 + 0.5) > 1/4: called nothing.
    assert found.fake_from == math.inf
    # Up to just below 3: p of fakes 1/5, of reals 3/4, and 0.2 / 0.95 <= 1/4.
    assert found.real_to == np.nextafter(3, -np.inf)
    assert found.calls([2.9, 3, 9]).tolist() == [0, UNSURE, UNSURE]
    assert (found.reals, found.fakes, found.needed, found.too_few) == (4, 4, 3, False)


def test_where_the_classes_lie_apart_the_threshold_decides() -> None:
    found = fitted(0.5, [0, 1, 2], [10, 11, 12], threshold=6)
    assert found.fake_from < 6 < found.real_to
    assert found.calls([0, 5.9, 6, 6.1, 12]).tolist() == [0, 0, 0, 1, 1]


def test_too_few_images_call_nothing() -> None:
    """Ten of a class are not enough for one error in twenty, nineteen are."""
    few = fitted(0.05, list(range(10)), list(range(100, 110)))
    assert few.too_few and few.needed == 19 and set(few.calls(np.arange(-50, 200))) == {UNSURE}
    enough = fitted(0.05, list(range(19)), list(range(100, 119)), threshold=50)
    assert not enough.too_few and enough.calls([0, 118]).tolist() == [0, 1]
    none = Abstention.fitted(0.1, [1.0, 2.0], [0, 0], ["a", "b"], 0.0)
    assert none.calls([-9, 9]).tolist() == [UNSURE, UNSURE]


def test_images_of_a_group_stand_for_one() -> None:
    """The real with the highest score and the fake with the lowest stand for their photograph."""
    labels, groups = [0] * 6 + [1] * 6, list("aabbcc" * 2)
    found = Abstention.fitted(0.3, [0, 5, 1, 1, 2, 2, 9, 4, 8, 8, 9, 9], labels, groups, 3)
    assert (found.reals, found.fakes) == (3, 3)
    alone = fitted(0.3, [5, 1, 2], [4, 8, 9], 3)
    assert (found.fake_from, found.real_to) == (alone.fake_from, alone.real_to)


def test_mirrored_scores_are_called_the_other_way() -> None:
    rng = np.random.default_rng(0)
    reals, fakes = rng.normal(0, 1, 40).tolist(), rng.normal(2, 1, 40).tolist()
    one = fitted(0.1, reals, fakes, 1.0)
    other = fitted(0.1, [-s for s in fakes], [-s for s in reals], -1.0)
    assert one.fake_from == -other.real_to and one.real_to == -other.fake_from


@pytest.mark.parametrize("apart", [0.0, 1.0, 3.0])
@pytest.mark.parametrize("n", [12, 60])
def test_the_promise_holds_on_average_for_exchangeable_images(apart: float, n: int) -> None:
    """Of reals at most a tenth are called fake, and of fakes real; who knows nothing calls nearly nothing."""
    rng = np.random.default_rng(1)
    wrong, decided = [], []
    for _ in range(300):
        found = fitted(0.1, rng.normal(0, 1, n).tolist(), rng.normal(apart, 1, n).tolist(), apart / 2)
        calls = [found.calls(rng.normal(mean, 1, 200)) for mean in (0, apart)]
        wrong.append([(calls[0] == 1).mean(), (calls[1] == 0).mean()])
        decided.append((np.concatenate(calls) != UNSURE).mean())
    means, errors = np.mean(wrong, axis=0), 2.6 * np.std(wrong, axis=0) / np.sqrt(300)
    assert (means <= 0.1 + errors).all(), means
    assert np.mean(decided) < 0.02 if apart == 0 else np.mean(decided) > {1: 0.02 * (n > 12), 3: 0.8}[int(apart)]


def test_what_is_decided_on_a_test_by_hand() -> None:
    """Two draws; of four reals and two fakes, each class counting alike."""
    names = list("abcdef")
    labels = np.array([0, 0, 0, 0, 1, 1])

    def draw(number: int, scores: list[float]) -> ScoredImages:
        return ScoredImages(names, labels, names, np.array(scores), np.full(6, 0.5), 0.5, number)

    limits = Abstention(0.1, real_to=0.2, fake_from=0.8, threshold=0.5, reals=30, fakes=20)
    draws = [draw(0, [0, 0, 0.5, 0.9, 0.9, 0.1]), draw(1, [0, 0, 0, 0, 1, 1])]
    found = measure_abstention(draws, [limits, limits], resamples=200, seed=0)
    values = {name: one.value for name, one in found.metrics.items()}
    # Draw 0 decides 3 of 4 reals, one wrongly, and both fakes, one wrongly; draw 1 all, rightly.
    assert values["decided"] == pytest.approx((0.75 / 2 + 0.5 + 1) / 2)
    assert values["wrong_real"] == pytest.approx(0.125) and values["wrong_fake"] == pytest.approx(0.25)
    assert values["wrong_decided"] == pytest.approx((0.125 + 0.25) / 2 / 0.9375)
    assert (found.reals, found.fakes, found.error) == (30, 20, 0.1)
    low, high = found.metrics["decided"].low, found.metrics["decided"].high
    assert low is not None and high is not None and low < 0.9375 <= high
    nothing = Abstention(0.1, -math.inf, math.inf, 0.5, 3, 3)
    open_ = measure_abstention(draws, [nothing, nothing], resamples=50, seed=0).metrics
    assert open_["decided"].value == 0 and open_["wrong_decided"].value is None
