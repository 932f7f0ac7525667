"""Which tests are traced for coverage: unit tests, but for the slow ones.

Tracing makes what TensorFlow does half as long again, and the other tests, which reach the same lines by whole networks
and commands, are not what coverage is to say something about.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from coverage import Coverage

UNIT = Path(__file__).resolve().parent / "unit"


@contextlib.contextmanager
def untraced() -> Iterator[None]:
    """Pause the measurement of coverage, where there is one."""
    measuring = Coverage.current()
    if measuring is None:
        yield
        return
    measuring.stop()
    try:
        yield
    finally:
        measuring.start()


class TracedTests:
    """A plugin of pytest, since the hooks of tests/conftest.py are not called for the tests in datasets/."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        traced = UNIT in item.path.parents and item.get_closest_marker("slow") is None
        with contextlib.nullcontext() if traced else untraced():
            return (yield)
