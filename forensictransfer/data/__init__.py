"""Domains, decoding, splits and batches; and the `data` command as Python calls.

`list`, `table`, `details` and `build` are about the built-in data sets, `show` and `sheet` about any domain. Each is
imported when it is asked for: whoever imports a module of this package, `--help` among them, needs none of them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forensictransfer.data.contact_sheet import sheet
    from forensictransfer.data.describe import list_names as list
    from forensictransfer.data.describe import show
    from forensictransfer.data.listing import build, details, table

__all__ = ["build", "details", "list", "sheet", "show", "table"]

_PLACES = {
    "build": ("listing", "build"),
    "details": ("listing", "details"),
    "list": ("describe", "list_names"),
    "sheet": ("contact_sheet", "sheet"),
    "show": ("describe", "show"),
    "table": ("listing", "table"),
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'forensictransfer.data' has no attribute '{name}'")
    module, function = _PLACES[name]
    return getattr(importlib.import_module(f"forensictransfer.data.{module}"), function)


def __dir__() -> Any:
    return sorted([*globals(), *__all__])
