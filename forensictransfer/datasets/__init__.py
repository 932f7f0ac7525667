"""The data set builders, one folder each, wherever they stand.

In a checkout they stand in the top-level folder `datasets/`, which must not become importable as `datasets` (another
library owns that name) and therefore has no `__init__.py`. This package takes the folder into its search path, so that
`forensictransfer.datasets.forged_photos` is the same module in a bare clone, in an editable install and in a wheel,
which carries the builders inside this package.
"""

from __future__ import annotations

from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[2] / "datasets"

# Beside an installed package, `datasets` is the other library if it is there at all; that one has an __init__.py.
if _CHECKOUT.is_dir() and not (_CHECKOUT / "__init__.py").exists():
    __path__.append(str(_CHECKOUT))
