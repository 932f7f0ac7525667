"""The table of detectors: one row for each, and how others add theirs."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import forensictransfer as ft
from forensictransfer.core.errors import UserError
from forensictransfer.detectors import registry as names
from forensictransfer.detectors.loading import detector_class
from forensictransfer.experiments.choices import held_choices, load_settings

ROOT = Path(__file__).resolve().parents[3]
FIELD = (
    *("ft-res", "ft", "ft-statistics", "cooccurrence", "rich_model", "residual_cnn", "constrained_conv", "meso4"),
    *("mesoinception4", "xception", "mobilenet", "pairwise", "ddt", "prototypes", "backbone", "gan_fingerprint"),
    *(
        "cfa",
        "chromatic_aberration",
        "copy_move",
        "jpeg_double",
        "jpeg_ghosts",
        "jpeg_grid",
        "jpeg_nonaligned",
        "noise_level",
        "splicebuster",
    ),
    *("noiseprint", "visual_artifacts", "exif_consistency"),
)


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_ADDED", {})


def test_the_systems_of_the_field_are_there() -> None:
    assert tuple(names.detectors())[: len(FIELD)] == FIELD


@pytest.mark.parametrize("name", FIELD)
def test_each_has_a_settings_file_and_says_where_it_comes_from(name: str) -> None:
    path = ROOT / "configs" / f"{name}.yaml"
    if not path.is_file():
        pytest.skip("needs the checkout")
    assert load_settings(path).detector == name
    module = sys.modules[detector_class(name).__module__]
    text = str(module.__doc__)
    assert "Source" in text and any(str(year) in text for year in range(2005, 2026))


def test_a_detector_from_outside_is_a_row_like_any_other() -> None:
    target = "forensictransfer.detectors.networks.meso:Meso4"
    ft.register_detector("mine", target, "what it looks at")
    assert names.detectors()["mine"].about == "what it looks at"
    assert load_settings(None, {"detector": "mine"}).detector == "mine"
    with pytest.raises(
        UserError, match="detector 'mine': .*Meso4 .*'meso4'", check=lambda error: error.code == "detector-invalid"
    ):
        detector_class("mine")


@pytest.mark.parametrize(
    ("name", "target", "said"),
    [
        (
            "ft-res",
            "a.b:C",
            "'ft-res': is registered already, as forensictransfer",
        ),
        ("my detector", "a.b:C", "expected a name of letters, digits, - and _"),
        ("mine", "a.b.C", "expected module:Class, got 'a.b.C'"),
    ],
)
def test_rows_that_cannot_be(name: str, target: str, said: str) -> None:
    with pytest.raises(UserError, match=said, check=lambda error: error.code == "detector-invalid"):
        ft.register_detector(name, target)
    assert "mine" not in names.detectors()


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("no.such.module:Class", "no.such.module:Class cannot be loaded"),
        ("forensictransfer.detectors.networks.meso:Meso5", "cannot be loaded"),
        ("forensictransfer.detectors.networks.meso:squared_error", "to be a class derived from Detector"),
    ],
)
def test_a_row_without_its_class_is_one_line(target: str, said: str) -> None:
    ft.register_detector("mine", target)
    with pytest.raises(UserError, match=said, check=lambda error: error.code == "detector-invalid"):
        detector_class("mine")


OUTSIDE = """
    from forensictransfer.detectors.networks.meso import Meso4


    class Mine(Meso4):
        \"\"\"A detector of somebody else's.\"\"\"

        name = "mine"
"""
CONTRACT = """
    from forensictransfer import register_detector
    from forensictransfer.testing import DetectorContract

    register_detector("mine", "my_module:Mine", "what it looks at")


    class TestMine(DetectorContract):
        name = "mine"
"""


def outside(folder: Path) -> dict[str, str]:
    (folder / "my_module.py").write_text(textwrap.dedent(OUTSIDE))
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}


@pytest.mark.slow
def test_the_contract_is_imported_and_run_from_outside(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(textwrap.dedent(CONTRACT))
    tests = ["registered", "crop_and_refuses", "energies_and_features", "two_steps"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mine.py", "-k", " or ".join(tests)]
    done = subprocess.run(command, cwd=tmp_path, env=outside(tmp_path), capture_output=True, text=True)
    assert done.returncode == 0 and f"{len(tests)} passed" in done.stdout, done.stdout + done.stderr


def test_what_is_installed_is_looked_up_once_by_whoever_holds_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """And anew by the next: a package that was installed in between is found. Nothing is kept in the module."""
    asked = []
    entry = names.Entry("my_module:Mine", "what it looks at", "gradient")
    monkeypatch.setattr(names, "_installed", lambda: asked.append(None) or {"mine": entry})
    table = names.detectors()
    assert table["ft-res"].gradient and "ft-res" in table and not asked
    assert (
        table["mine"] is entry and "yours" not in table and list(table)[-1] == "mine" and len(table) == len(FIELD) + 1
    )
    assert len(asked) == 1
    assert "mine" in names.detectors() and len(asked) == 2
    choices = held_choices()
    for _ in range(3):
        assert load_settings(None, {"detector": "mine"}, None, choices).detector == "mine"
    assert len(asked) == 3


def test_an_installed_package_adds_a_detector_to_all_commands(tmp_path: Path) -> None:
    environment = outside(tmp_path)
    info = tmp_path / "my_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[forensictransfer.detectors]\nmine = my_module:Mine\n")
    command = [sys.executable, "-m", "forensictransfer", "train", "--help"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert "my_module:Mine (my-package 1.0)" in " ".join(done.stdout.split()), done.stdout + done.stderr
