"""One way to print an accuracy."""

from __future__ import annotations

import pytest

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.report.names import percent
from forensictransfer.report.tables.sheets import shown
from forensictransfer.results.numbers import accuracy, fraction


@pytest.mark.parametrize(
    ("measured", "text"),
    [
        (Estimate(0.844, 0.763, 0.917), "84.4 % [76.3, 91.7]"),
        (Estimate(1.0, 1.0, 1.0), "100.0 % [100.0, 100.0]"),
        (Estimate(0.5, None, None), "50.0 % [n/a]"),
        (Estimate(None, None, None), "n/a"),
        (None, "-"),
    ],
)
def test_an_accuracy_is_a_percentage_with_its_interval(measured: Estimate | None, text: str) -> None:
    assert accuracy(measured) == text
    assert accuracy(measured, unit=False) == text.replace(" %", "") == shown(measured, "balanced_accuracy")


def test_an_area_is_a_fraction() -> None:
    assert fraction(Estimate(0.9124, 0.88, 0.9412)) == "0.912 [0.880, 0.941]"
    assert shown(Estimate(0.9124, 0.88, 0.9412), "auc", interval=False) == "0.912"


def test_the_page_prints_the_same() -> None:
    assert percent(Estimate(0.844, 0.763, 0.917)) == accuracy(Estimate(0.844, 0.763, 0.917))
