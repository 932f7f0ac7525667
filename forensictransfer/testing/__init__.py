"""What every detector must do, as a class of tests. A detector of one's own, in a test file of one's own:

    from forensictransfer import register_detector
    from forensictransfer.testing import DetectorContract

    register_detector("mine", "my_package.my_module:MyDetector", "what it looks at")


    class TestMine(DetectorContract):
        name = "mine"

and `pytest` runs those that the class's tags call for (`pip install pytest`).
"""

from __future__ import annotations

import pytest

# Before they are imported: failed asserts then show the values.
pytest.register_assert_rewrite(
    *(f"forensictransfer.testing.{module}" for module in ("contract", "evidence", "learning", "networks"))
)

from forensictransfer.testing.contract import DetectorContract  # noqa: E402
from forensictransfer.testing.toys import (  # noqa: E402
    SHOTS,
    close,
    few_shots,
    fresh,
    in_memory,
    made_up,
    settings,
    step,
    trained,
)

__all__ = [
    "SHOTS",
    "DetectorContract",
    "close",
    "few_shots",
    "fresh",
    "in_memory",
    "made_up",
    "settings",
    "step",
    "trained",
]
