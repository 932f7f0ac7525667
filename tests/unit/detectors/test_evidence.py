"""Evidence refuses what no detector may say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from forensictransfer.detectors.evidence import Analysis, Evidence

MAP = np.full((4, 6), 0.5, np.float32)


def test_evidence_holds_what_a_detector_says() -> None:
    features = np.zeros(3, np.float32)
    said = Evidence(1.5, 0.8, MAP, MAP > 0.4, reasons=("edges do not match",), features=features)
    assert said.applies and said.heat_map is MAP and said.mask is not None and said.mask.all()
    assert said.features is features and said.reasons == ("edges do not match",)


def test_a_detector_may_not_apply() -> None:
    said = Evidence.does_not_apply("not a JPEG")
    assert not said.applies and said.reason == "not a JPEG" and np.isnan(said.score)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"score": float("nan")}, "a finite score"),
        ({"score": float("inf")}, "a finite score"),
        ({"score": float("nan"), "applies": False}, "a reason why"),
        ({"score": 0.0, "probability": 1.2}, r"a probability in \[0, 1\]"),
        ({"score": 0.0, "heat_map": MAP + 1}, r"values in \[0, 1\]"),
        ({"score": 0.0, "heat_map": MAP * np.nan}, r"values in \[0, 1\]"),
        ({"score": 0.0, "heat_map": MAP.astype(np.float64)}, r"heat_map as float32 \(h, w\), got float64"),
        ({"score": 0.0, "heat_map": MAP[None]}, r"heat_map as float32 \(h, w\), got float32 \(1, 4, 6\)"),
        ({"score": 0.0, "mask": MAP}, r"mask as bool \(h, w\)"),
        ({"score": 0.0, "features": MAP}, r"float32 features \(d,\)"),
        ({"score": 0.0, "features": np.array([np.nan], np.float32)}, "finite features"),
    ],
)
def test_what_cannot_be_said_is_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Evidence(**values)


def test_the_score_of_an_analysis_is_the_difference_of_its_energies() -> None:
    found = Analysis(np.array([[1.0, 3.0], [2.0, 0.5]], np.float32), np.zeros((2, 1), np.float32))
    assert found.scores.tolist() == [2.0, -1.5]
