"""What must not load TensorFlow, and where old modules are found. import-linter holds the order of the rooms."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from forensictransfer.core.moved import MOVED

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "forensictransfer"
MODULES = sorted(PACKAGE.rglob("*.py"))

HEAVY = ("tensorflow", "keras", "tensorflow_datasets")


def imports(path: Path, *, top_level_only: bool = False) -> Iterator[str]:
    """Full names of what a file imports; what stands under `if TYPE_CHECKING` is skipped."""
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


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if module_of(path)[0] == "data"],
    ids=lambda path: ".".join(module_of(path)),
)
def test_data_loads_the_heavy_libraries_only_inside_functions(path: Path) -> None:
    assert not [name for name in imports(path, top_level_only=True) if name.split(".")[0] in HEAVY]


def test_only_the_command_line_prints() -> None:
    """The library logs: a call of print, or a write to a standard stream, stands in cli/ alone."""
    found = []
    for path in MODULES:
        if module_of(path)[0] != "cli":
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
                if called == "print" or called in ("sys.stdout.write", "sys.stderr.write"):
                    found.append(f"{path.name}:{called}")
    assert not found


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
from forensictransfer.cli.main import main
code = main({words})
heavy = {{name.partition(".")[0] for name in sys.modules}} & {heavy}
assert not heavy, heavy
sys.exit(code)
"""


COMMANDS: list[tuple[list[str], int]] = [
    (["--help"], 0),
    (["train", "--help"], 0),
    (["adapt", "--help"], 0),
    (["--version"], 0),
    (["audit", "--help"], 0),
    (["audit", "no/such/folder"], 2),
    (["inspect", "no/such/image"], 2),
    (["data", "list"], 0),
    (["detectors", "list"], 0),
    (["completion", "bash"], 0),
    (["tarin"], 2),
    (["train", "--source", "forged_photos/splice", "--out", "x", "--train.epochs", "0"], 2),
    (["train", "--source", "forged_photos/splice", "--out", "x", "--train.threshold", "best"], 2),
    (["train", "--source", "no/such/folder", "--out", "x"], 2),
    (["show", "no/such/run"], 2),
]


def test_help_and_mistakes_do_not_load_tensorflow() -> None:
    """One process for all of them, which names the first that does."""
    code, stderr, _ = run(
        "import contextlib, io, sys\n"
        "from forensictransfer.cli.main import main\n"
        f"for words, expected in {COMMANDS}:\n"
        "    said = io.StringIO()\n"
        "    with contextlib.redirect_stderr(said):\n"
        "        code = main(words)\n"
        f"    heavy = {{name.partition('.')[0] for name in sys.modules}} & {set(HEAVY)}\n"
        "    assert not heavy, (words, heavy)\n"
        "    assert code == expected and (said.getvalue() == '') == (code == 0), (words, code, said.getvalue())\n"
    )
    assert code == 0, stderr


def test_help_costs_little_more_than_its_libraries() -> None:
    # Processor time against that of the libraries that check settings, the best of three: machines differ and are busy.
    # 1.7 times when this was written; 2.8 times with scipy loaded.
    def best(code: str) -> float:
        return min(run(code)[2] for _ in range(3))

    help_of_train = best(LEAN.format(words=["train", "--help"], heavy={*HEAVY, "scipy", "sklearn"}))
    assert help_of_train < 2.5 * best("import numpy, pydantic, rich.console")


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
        "import types, forensictransfer as ft, forensictransfer.cli.main, forensictransfer.api\n"
        "import forensictransfer.sweep.manager, forensictransfer.report.write\n"
        "import forensictransfer.auditing.audit\n"
        "calls = [name for name in ft.__all__ if name != 'data']\n"
        "assert 'run_sweep' in calls and all(callable(getattr(ft, name)) for name in calls)\n"
    )
    status, err, _ = run(code)
    assert status == 0, err


@pytest.mark.parametrize("old", sorted(MOVED))
def test_moved_modules_are_found_under_their_old_paths(old: str) -> None:
    """The old path answers with the names of the new module, and says where it went."""
    with pytest.warns(DeprecationWarning, match=re.escape(f"forensictransfer.{MOVED[old]}")):
        sys.modules.pop(f"forensictransfer.{old}", None)
        module = importlib.import_module(f"forensictransfer.{old}")
    found = importlib.import_module(f"forensictransfer.{MOVED[old]}")
    names = [name for name in dir(found) if not name.startswith("_")]
    assert names and all(getattr(module, name) is getattr(found, name) for name in names)


def test_modules_of_a_moved_package_move_along() -> None:
    """A layer is found by its old path too, and it is the same class."""
    from forensictransfer.detectors.layers import HighPassResidual

    with pytest.warns(DeprecationWarning):
        found = importlib.import_module("forensictransfer.layers.high_pass").HighPassResidual
    assert found is HighPassResidual


def test_names_that_left_a_module_which_stays_are_found_in_it() -> None:
    """Builders of data sets import them from where version 0.1 had them."""
    from forensictransfer.data import catalogue
    from forensictransfer.data.catalogue import data_sets

    for name in ("DataSet", "Facts", "MADE_HERE", "manual_folder"):
        with pytest.warns(DeprecationWarning, match=f"{name} is now in forensictransfer.data.catalogue.data_sets"):
            assert getattr(catalogue, name) is getattr(data_sets, name)
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        assert catalogue.Nothing


def test_the_columns_of_files_of_scores_are_found_in_their_old_place() -> None:
    from forensictransfer.results import scores

    with pytest.warns(DeprecationWarning, match=r"forensictransfer\.results\.scores"):
        sys.modules.pop("forensictransfer.report.predictions", None)
        from forensictransfer.report.predictions import COLUMNS, Floats, read_scores
    assert (COLUMNS, Floats, read_scores) == (scores.COLUMNS, scores.Floats, scores.read_scores)


def test_what_was_never_there_is_not_found() -> None:
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("forensictransfer.nothing_of_the_kind")


def test_another_backend_of_keras_is_refused_with_the_reason() -> None:
    """What the user has set is respected: said, not overwritten."""
    code, stderr, _ = run(
        "import os; os.environ['KERAS_BACKEND'] = 'jax'\n"
        "from forensictransfer.cli.main import main\n"
        "code = main(['evaluate', '--run', 'x', '--on', 'forged_photos/splice'])\n"
        "assert os.environ['KERAS_BACKEND'] == 'jax'\n"
        "from forensictransfer.core.backend import prepare_tensorflow\n"
        "from forensictransfer.core.errors import UserError\n"
        "try:\n"
        "    prepare_tensorflow()\n"
        "except UserError as error:\n"
        "    assert 'KERAS_BACKEND' in str(error) and 'jax' in str(error), error\n"
        "else:\n"
        "    raise SystemExit(1)\n"
    )
    assert code == 0, stderr
