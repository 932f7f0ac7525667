"""The contract picks its tests by what a detector's class says: one that learns nothing has those of evidence alone."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from forensictransfer.detectors import registry
from forensictransfer.testing import DetectorContract
from forensictransfer.testing.evidence import EvidenceTests

TOYS = {"laplacian": "Laplacian", "jpeg_only": "JpegOnly"}


def _toys() -> ModuleType:
    """The detectors of tests/toy_detector.py, under a name that the registry can import."""
    path = Path(__file__).resolve().parents[1] / "toy_detector.py"
    specification = importlib.util.spec_from_file_location("toy_detector", path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["toy_detector"] = module
    specification.loader.exec_module(module)
    return module


@contextlib.contextmanager
def registered() -> Iterator[None]:
    """The toys as rows of the table, for a while: other tests in this process look at the table too."""
    for name, kind in TOYS.items():
        registry.register_detector(name, f"toy_detector:{kind}", "how little detail there is")
    try:
        yield
    finally:
        for name in TOYS:
            del registry._ADDED[name]


@pytest.fixture(autouse=True, scope="module")
def _registered() -> Iterator[None]:
    with registered():
        yield


_toys()
with registered():

    class TestLaplacian(DetectorContract):
        name = "laplacian"

    class TestJpegOnly(DetectorContract):
        name = "jpeg_only"

    class TestOverridden(TestJpegOnly):
        """Another name has other tests; what somebody overrides is theirs."""

        name = "laplacian"

        def test_it_examines_images_of_any_size(self) -> None:  # type: ignore[override]
            """Mine."""


def chosen(contract: type[DetectorContract]) -> set[str]:
    return {name for name in dir(contract) if name.startswith("test_") and callable(getattr(contract, name))}


def test_the_tests_are_chosen_by_tags() -> None:
    every = {name for name in vars(EvidenceTests) if name.startswith("test_")}
    other = {"test_it_does_not_apply_to_other_files_than_jpeg"}
    assert chosen(TestJpegOnly) == every
    assert chosen(TestLaplacian) == chosen(TestOverridden) == every - other
    assert TestOverridden.test_it_examines_images_of_any_size.__doc__ == "Mine."

    class OfNetworks(DetectorContract):
        name = "meso4"

    class OfOneFit(DetectorContract):
        name = "cooccurrence"

    gradient, fit = chosen(OfNetworks), chosen(OfOneFit)
    assert every - other < gradient and "test_a_stop_loses_nothing" in gradient - fit
    assert fit - gradient == {"test_a_fit_tells_the_classes_apart"}
