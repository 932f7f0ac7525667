"""What a wheel carries, and that pins, ranges and recipes agree."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from email import message_from_string
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

import forensictransfer as ft
from tests.traced import TracedTests

ROOT = Path(__file__).resolve().parents[2]
CHECKOUT = (ROOT / "setup.py").is_file()
pytestmark = pytest.mark.skipif(not CHECKOUT, reason="needs the checkout")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that a wheel is zipped from."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "setup.py", "-q", "build_py", "--build-lib", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


def test_the_wheel_holds_one_package_with_builders_and_configs(wheel: Path) -> None:
    assert {path.name for path in wheel.iterdir()} == {"forensictransfer"}
    held = {path.relative_to(wheel / "forensictransfer").as_posix() for path in wheel.rglob("*") if path.is_file()}
    modules = {path.relative_to(ROOT / "forensictransfer").as_posix() for path in ROOT.glob("forensictransfer/**/*.py")}
    assert modules | {"py.typed"} <= held
    assert {f"configs/{path.name}" for path in ROOT.glob("configs/*.yaml")} <= held
    files = [path for path in ROOT.glob("datasets/*/*") if path.is_file() and not path.name.startswith(".")]
    assert {path.relative_to(ROOT).as_posix() for path in files if not path.name.endswith("_test.py")} <= held
    assert not [name for name in held if name.endswith("_test.py") or "dummy_data" in name or "__pycache__" in name]


def test_the_wheel_runs_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    code = (
        "import forensictransfer as ft, forensictransfer.datasets.forged_photos as builder\n"
        f"assert builder.__file__.startswith({str(wheel)!r}), builder.__file__\n"
        "assert 'forged_photos/splice' in ft.data.list()\n"
        "from forensictransfer.cli.demo import _config\n"
        f"assert str(_config()).startswith({str(wheel)!r})\n"
        "from forensictransfer.core.presets import find_config\n"
        f"assert str(find_config('quick')).startswith({str(wheel)!r})\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(wheel)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("script", ["train.py", "adapt.py"])
def test_scripts_answer_in_a_bare_clone(script: str, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, ROOT / script, "--help"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"forensictransfer {script.removesuffix('.py')} " in done.stdout


def test_the_metadata_are_complete(tmp_path: Path) -> None:
    code = f"import setuptools.build_meta as build; print(build.prepare_metadata_for_build_wheel({str(tmp_path)!r}))"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)
    (folder,) = tmp_path.glob("*.dist-info")
    (licence,) = folder.rglob("LICENSE")
    assert "Apache License" in licence.read_text(encoding="utf-8") and "Version 2.0" in licence.read_text(
        encoding="utf-8"
    )
    found = message_from_string((folder / "METADATA").read_text(encoding="utf-8"))
    assert found["Version"] == ft.__version__
    assert found["License-Expression"] == "Apache-2.0" and found["Author"] == "the forensictransfer developers"
    assert all(found[name] for name in ("Summary", "Keywords", "Project-URL", "Requires-Python", "License-File"))
    assert {"Typing :: Typed", "Programming Language :: Python :: 3.11"} <= set(found.get_all("Classifier"))
    assert found.get_payload().startswith("# forensictransfer")


def test_the_version_is_one_everywhere() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.findall(r"^## (\S+)", changelog, re.MULTILINE)[0]
    assert citation["version"] == newest == ft.__version__
    assert citation["license"] == "Apache-2.0" and citation["cff-version"] == "1.2.0"


def setup_list(keyword: str) -> list[str]:
    """The strings in a list of setup.py's call, without running it."""
    tree = ast.parse((ROOT / "setup.py").read_text(encoding="utf-8"))
    (value,) = (node.value for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == keyword)
    return [node.value for node in ast.walk(value) if isinstance(node, ast.Constant)]


def pins(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    found = re.findall(r"^([\w.-]+)(?:\[[\w-]+\])?==(\S+)$", text, re.MULTILINE)
    return {plain(package): version for package, version in found}


def plain(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


@pytest.mark.parametrize("variant", ["cpu", "gpu"])
def test_pins_lie_in_the_ranges_of_setup(variant: str) -> None:
    pinned = {**pins("common"), **pins(variant)}
    pinned["tensorflow"] = pinned.get("tensorflow") or pinned["tensorflow-cpu"]
    for line in setup_list("install_requires"):
        wanted = Requirement(line)
        assert wanted.specifier.contains(pinned[plain(wanted.name)]), f"{line}: {pinned[plain(wanted.name)]} is pinned"


def test_the_test_extra_is_pinned() -> None:
    tree = ast.parse((ROOT / "setup.py").read_text(encoding="utf-8"))
    (extras,) = (
        node.value for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "extras_require"
    )
    assert isinstance(extras, ast.Dict)
    (test,) = (
        v for k, v in zip(extras.keys, extras.values, strict=True) if isinstance(k, ast.Constant) and k.value == "test"
    )
    names = {plain(Requirement(node.value).name) for node in ast.walk(test) if isinstance(node, ast.Constant)}
    assert len(names) > 5 and names <= {*pins("test"), *pins("common"), *pins("backbones")}


def test_metadata_stands_in_setup_alone() -> None:
    assert "[project]" not in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_ci_runs_make_test() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text().rstrip().endswith("exec make test")
    recipe = subprocess.run(["make", "-n", "test"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert all(tool in recipe for tool in ("ruff check", "ruff format --check", "mypy", "pytest"))
    # One call for all of `testpaths`, with the floor of pyproject.toml; what is traced there: tests/traced.py.
    (call,) = (line for line in recipe.splitlines() if "-m pytest" in line)
    assert "--cov " in call and not {"-m", "-k"} & set(call.partition("-m pytest")[2].split())
    assert not any(word in call for word in ("--ignore", "--deselect", "tests/", "--no-cov", "--cov-fail-under"))


@pytest.mark.parametrize(
    ("place", "slow", "traced"),
    [
        ("unit/core/test_names.py", False, True),
        ("unit/core/test_names.py", True, False),
        ("integration/test_train.py", False, False),
        ("../datasets/genimage/layout_test.py", False, False),
    ],
)
def test_quick_unit_tests_alone_are_traced(
    place: str, slow: bool, traced: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    measuring = SimpleNamespace(stop=lambda: said.append("stop"), start=lambda: said.append("start"))
    monkeypatch.setattr("coverage.Coverage.current", lambda: measuring)
    item: Any = SimpleNamespace(path=ROOT / "tests" / place, get_closest_marker=lambda name: slow or None)
    around = TracedTests().pytest_runtest_protocol(item)
    next(around)
    assert said == ([] if traced else ["stop"])
    with pytest.raises(StopIteration):
        around.send(True)
    assert said == ([] if traced else ["stop", "start"])
