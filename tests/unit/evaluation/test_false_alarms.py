"""The threshold of what never saw a fake: photographs alone choose it."""

from __future__ import annotations

import numpy as np
import pytest

from forensictransfer.evaluation.thresholds import by_false_alarms, probability


def test_at_most_the_share_of_photographs_is_above() -> None:
    scores = np.random.default_rng(0).permutation(np.arange(100.0))
    threshold, slope = by_false_alarms(scores)
    assert threshold == 94.0 and (scores > threshold).sum() == 5
    assert probability(np.median(scores), threshold, slope) == pytest.approx(0.1)
    assert by_false_alarms(scores[:19])[0] == scores[:19].max()  # of fewer than twenty none is


def test_scores_that_are_all_alike_have_a_threshold() -> None:
    assert by_false_alarms([2.0, 2.0, 2.0]) == (2.0, 1.0)
    for nothing in ([], [np.nan]):
        with pytest.raises(ValueError, match="finite scores"):
            by_false_alarms(nothing)
