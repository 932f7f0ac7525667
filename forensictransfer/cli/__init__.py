"""The command line.

A script `forensictransfer` that an installation of version 0.1 wrote imports `main` from here; it keeps working.
"""

from __future__ import annotations

import importlib
from typing import Any


def __getattr__(name: str) -> Any:
    if name != "main":
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    # Bound here, since the import of the module of that name has just bound the module.
    globals()["main"] = importlib.import_module(f"{__name__}.main").main
    return globals()["main"]
