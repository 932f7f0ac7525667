"""What detectors cost: the numbers that are listed without building anything are those of the networks."""

from __future__ import annotations

import pytest

from forensictransfer.detectors import cost
from forensictransfer.detectors.cost import DEFAULT_CROP, KNOWN, cost_of, measured_cost
from forensictransfer.detectors.listing import listing
from forensictransfer.detectors.registry import _BUILT_IN


def test_every_built_in_detector_is_known() -> None:
    assert set(KNOWN) == {
        name for name, entry in _BUILT_IN.items() if not entry.needs_preset and entry.trains in ("gradient", "fit")
    }
    assert {known.crop for known in KNOWN.values()} == {DEFAULT_CROP}


@pytest.mark.parametrize("name", KNOWN)
def test_known_costs_are_those_of_the_networks(name: str) -> None:
    assert measured_cost(name, DEFAULT_CROP) == KNOWN[name]


def test_another_crop_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    found = cost_of("meso4", 64)
    assert found is not None and found.crop == 64 and found.multiply_adds < KNOWN["meso4"].multiply_adds / 3
    monkeypatch.setattr(cost, "measured_cost", lambda name, crop: pytest.fail("built"))
    assert cost_of("meso4", DEFAULT_CROP) == KNOWN["meso4"]


def test_what_is_no_network_has_no_numbers() -> None:
    from forensictransfer.detectors.listing import DetectorFacts

    table = listing([DetectorFacts("signal", "looks at tables", "none", None, None, None)], 128)
    assert table.rows == (("signal", "-", "-", "nothing", "looks at tables"),)
