"""Write a page for each module from its docstrings: `make docs`, which needs pdoc. A warning is an error."""

from __future__ import annotations

import importlib
import pkgutil
import sys
import warnings
from pathlib import Path
from types import ModuleType

import pdoc

ROOT = Path(__file__).resolve().parents[1]


def place_named_tuples(module: ModuleType) -> None:
    """Say of each named tuple's constructor which module made it: there pdoc looks up the names in its signature."""
    for value in vars(module).values():
        if isinstance(value, type) and value.__module__ == module.__name__ and hasattr(value, "_fields"):
            value.__new__.__module__ = module.__name__


def main() -> int:
    """Write build/docs/index.html and what it links to, and say how many modules it holds."""
    sys.path.insert(0, str(ROOT))
    package = importlib.import_module("forensictransfer")
    for name in package.__all__:  # they are imported when they are asked for, and pdoc does not ask
        setattr(package, name, getattr(package, name))
    names = [module.name for module in pkgutil.walk_packages(package.__path__, "forensictransfer.")]
    modules = [name for name in names if name.split(".")[1] not in ("__main__", "datasets")]
    for name in modules:
        importlib.import_module(name)  # what a library warns of while it is loaded is not about the pages
        parent = sys.modules[name.rpartition(".")[0]]
        if hasattr(parent, "__all__") and name.rpartition(".")[2] not in parent.__all__:
            parent.__all__ = [*parent.__all__, name.rpartition(".")[2]]  # else pdoc would leave the module out
        place_named_tuples(sys.modules[name])
    pdoc.render.configure(docformat="markdown", show_source=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pdoc.pdoc("forensictransfer", "!forensictransfer.(__main__|datasets)", output_directory=ROOT / "build" / "docs")
    print(f"{len(modules) + 1} modules: build/docs/index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
