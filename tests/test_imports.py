"""Who may import whom, and what must not load TensorFlow."""

from __future__ import annotations

import ast
import importlib.util
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "forensictransfer"
MODULES = sorted(PACKAGE.rglob("*.py"))

# From the top to the bottom of the house: a module imports its own layer and those below, never one above.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("demo", "__main__"),
    ("cli",),
    ("commands",),
    ("sweep",),
    ("board", "pictures", "training", "adaptation", "evaluation", "report", "search", "strategies", "callbacks"),
    ("workbench",),
    ("auditing",),
    ("data", "datasets", "detectors", "video"),
    ("layers",),
)
TABLES = (
    "forensictransfer.detectors.names",
    "forensictransfer.strategies.STRATEGIES",
    "forensictransfer.strategies.WITH_GRADIENT",
)
# These read arrays, files and settings: the heavy libraries stay out of them, at the top of the file and inside.
LIGHT = (
    "__init__",
    "arguments",
    "auditing",
    "board",
    "calibration",
    "card",
    "cli",
    "commands",
    "config",
    "data_arguments",
    "environment",
    "errors",
    "files",
    "flags",
    "metrics",
    "progress",
    "quiet",
    "report",
    "runs",
    "shortcuts",
    "yaml_text",
)
HEAVY = ("tensorflow", "keras", "tensorflow_datasets")


def imports(path: Path, *, top_level_only: bool = False) -> Iterator[str]:
    """Full names of what a file imports; what stands under `if TYPE_CHECKING` is passed over."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    hidden = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    for node in tree.body if top_level_only else ast.walk(tree):
        if id(node) in hidden:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            yield from (f"{module}.{alias.name}" for alias in node.names)


def module_of(path: Path) -> tuple[str, ...]:
    """The parts of a file's module name below the package: ("data", "splits")."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts


def layer_of(part: str) -> int | None:
    return next((number for number, parts in enumerate(LAYERS) if part in parts), None)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: ".".join(module_of(path)))
def test_imports_go_down(path: Path) -> None:
    here = module_of(path)
    mine = layer_of(here[0])
    for name in imports(path):
        parts = name.split(".")
        if parts[0] != "forensictransfer" or len(parts) < 2 or mine is None:
            continue
        other = layer_of(parts[1])
        # Tables of names are read from anywhere.
        if other is None or name.startswith(TABLES):
            continue
        assert other >= mine, f"{'.'.join(here)} imports {name}, which stands above it"
        assert {here[0], parts[1]} != {"data", "detectors"}, f"{'.'.join(here)} imports {name}"
        assert here[0] != "report" or parts[1] == "report", f"{'.'.join(here)} imports {name}: reports read files only"


@pytest.mark.parametrize("path", [path for path in MODULES if module_of(path)[0] in LIGHT], ids=lambda path: path.stem)
def test_light_modules_do_not_import_tensorflow(path: Path) -> None:
    assert not [name for name in imports(path) if name.split(".")[0] in HEAVY]


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if module_of(path)[0] == "data"],
    ids=lambda path: ".".join(module_of(path)),
)
def test_data_loads_the_heavy_libraries_only_inside_functions(path: Path) -> None:
    assert not [name for name in imports(path, top_level_only=True) if name.split(".")[0] in HEAVY]


def test_the_data_folder_is_not_the_library_of_that_name() -> None:
    assert not (ROOT / "datasets" / "__init__.py").exists()
    assert importlib.util.find_spec("forensictransfer.datasets") is not None


def run(code: str) -> tuple[int, str, float]:
    """Exit code, stderr and processor seconds of a fresh Python."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.returncode, done.stderr, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


LEAN = """
import sys
from forensictransfer.cli import main
code = main({words})
heavy = {{name.partition(".")[0] for name in sys.modules}} & {heavy}
assert not heavy, heavy
sys.exit(code)
"""


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--help"], 0),
        (["train", "--help"], 0),
        (["adapt", "--help"], 0),
        (["--version"], 0),
        (["audit", "--help"], 0),
        (["audit", "no/such/folder"], 2),
        (["data", "list"], 0),
        (["tarin"], 2),
        (["train", "--source", "forged_photos/splice", "--out", "x", "--train.epochs", "0"], 2),
        (["train", "--source", "forged_photos/splice", "--out", "x", "--train.threshold", "best"], 2),
        (["train", "--source", "no/such/folder", "--out", "x"], 2),
        (["show", "no/such/run"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_help_and_mistakes_do_not_load_tensorflow(words: list[str], code: int) -> None:
    found, stderr, _ = run(LEAN.format(words=words, heavy=set(HEAVY)))
    assert found == code, stderr
    assert (stderr == "") == (code == 0)


def test_help_answers_within_a_second() -> None:
    # Processor time, the best of three: the machine may be busy with other things.
    assert min(run(LEAN.format(words=["train", "--help"], heavy=set(HEAVY)))[2] for _ in range(3)) < 1


def test_the_package_is_light_and_lists_its_calls() -> None:
    code, stderr, _ = run(
        "import sys, forensictransfer as ft\n"
        "assert {'train', 'adapt', 'audit', 'evaluate', 'table', 'show', 'data'} <= set(dir(ft))\n"
        "ft.train, ft.data.list()\n"
        f"assert not {set(HEAVY)} & set(sys.modules)\n"
    )
    assert code == 0, stderr


def test_every_public_call_is_one_whatever_was_imported_before() -> None:
    """A room of the package of the same name would hide it."""
    code = (
        "import types, forensictransfer as ft, forensictransfer.cli, forensictransfer.commands\n"
        "import forensictransfer.sweep.manager, forensictransfer.report.write\n"
        "import forensictransfer.auditing.audit\n"
        "calls = [name for name in ft.__all__ if name != 'data']\n"
        "assert 'run_sweep' in calls and all(callable(getattr(ft, name)) for name in calls)\n"
    )
    status, err, _ = run(code)
    assert status == 0, err
