"""The names that version 0.1.0 promised: they stay where they are, or answer from where they were.

What stands here is what others import: `forensictransfer` itself, the contract for detectors of one's own, the base
class, the old place of the table of detectors, and the entry-point group by which an installed package adds its own.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import forensictransfer as ft
from forensictransfer import testing
from forensictransfer.detectors.base import Detector

ROOT = Path(__file__).resolve().parents[2]

CALLS = ("adapt", "audit", "evaluate", "register_detector", "run_sweep", "show", "table", "train", "write_report")
DATA = ("build", "details", "list", "sheet", "show", "table")
TESTING = ("few_shots", "fresh", "in_memory", "made_up", "settings", "step", "trained", "close")
CONTRACT = ("name", "side", "batch", "crop", "detector", "learner")
MEMBERS = (
    *("name", "gradient", "smallest", "reconstructs", "features", "create", "build", "compile", "fit_batch", "image"),
    *("crop", "scorer", "analyse", "refresh_statistics", "begin_epoch", "fit_features", "load_pretrained", "stages"),
    *("loss_outputs", "batch_loss", "once", "pictures", "save"),
)


@pytest.mark.parametrize("name", CALLS)
def test_every_call_of_the_package_is_there(name: str) -> None:
    assert name in ft.__all__ and callable(getattr(ft, name))


@pytest.mark.parametrize("name", DATA)
def test_every_call_about_data_is_there(name: str) -> None:
    assert name in ft.data.__all__ and callable(getattr(ft.data, name))


def test_the_error_of_the_package_is_an_exception() -> None:
    assert "UserError" in ft.__all__ and issubclass(ft.UserError, Exception)
    assert "data" in ft.__all__ and ft.__version__


def test_every_name_that_is_promised_can_be_had() -> None:
    assert set(ft.__all__) <= set(dir(ft))
    assert all(getattr(ft, name) is not None for name in ft.__all__)


@pytest.mark.parametrize("name", TESTING)
def test_every_helper_of_the_contract_is_there(name: str) -> None:
    assert callable(getattr(testing, name))


def test_the_contract_has_what_a_test_class_may_override() -> None:
    assert isinstance(testing.SHOTS, int)
    assert all(hasattr(testing.DetectorContract, name) for name in CONTRACT)
    assert [name for name in dir(testing.DetectorContract) if name.startswith("test_")]


def test_a_detector_of_the_old_contract_has_every_member_of_it() -> None:
    """`Detector` was a Keras model on crops; what derives from it still is one, and is told what to derive from."""
    with pytest.warns(DeprecationWarning, match="TrainableDetector"):

        class Mine(Detector):
            """It brings what a detector of 0.1 had to bring."""

            name = "mine"

            @classmethod
            def build(cls, crop: int) -> Mine:
                raise NotImplementedError

    assert [name for name in MEMBERS if not hasattr(Mine, name)] == []
    assert Mine.gradient and not Mine.reconstructs


def test_the_table_of_detectors_answers_from_its_old_place(monkeypatch: pytest.MonkeyPatch) -> None:
    from forensictransfer.detectors import registry

    monkeypatch.setattr(registry, "_ADDED", {})
    sys.modules.pop("forensictransfer.detectors.names", None)
    with pytest.warns(DeprecationWarning, match=r"forensictransfer\.detectors\.names is now"):
        old = importlib.import_module("forensictransfer.detectors.names")
    assert old.register_detector is ft.register_detector
    old.register_detector("mine", "my_module:Mine", "what it looks at")
    assert registry.detectors()["mine"].about == "what it looks at"


# Two detectors as docs/adding_a_detector.md of version 0.1.0 taught them, imported from where things lay then.
PLUG_IN = '''
    import keras
    from forensictransfer.detectors.base import Detector
    from forensictransfer.detectors.logit import LogitDetector
    from forensictransfer.layers.logit_energies import LogitEnergies
    from forensictransfer.layers.pixels import ScaledPixels


    def network(image):
        x = keras.layers.Conv2D(2, 3, strides=8)(ScaledPixels(name="scaled")(image))
        features = keras.layers.GlobalAveragePooling2D(name="features")(x)
        return features, keras.layers.Dense(1, name="logit")(features)


    class Short(LogitDetector):
        """A plain classifier."""

        name = "short"

        @classmethod
        def network(cls, image):
            return network(image)


    class Long(Detector):
        """The same around a model of one's own."""

        name = "long"

        @classmethod
        def build(cls, crop):
            image = keras.Input((crop, crop, 3), dtype="uint8", name="image")
            features, logit = network(image)
            return cls(keras.Model(image, {"energies": LogitEnergies(name="energies")(logit), "features": features}))

        def compile(self, learning_rate):
            self.trainer.compile("adam", loss={"energies": "mse"})

        def fit_batch(self, images, labels):
            return images, {"energies": labels[:, None]}
'''
USE = """
    import numpy as np
    from forensictransfer.detectors.loading import detector_class
    from forensictransfer.detectors.registry import detectors

    for name in ("short", "long"):
        assert f"my_module:{name.title()} (my-package 1.0)" in detectors()[name].about, detectors()[name]
        detector = detector_class(name).create(32)
        energies = detector.analyse(np.zeros((2, 32, 32, 3), np.uint8)).energies
        assert energies.shape == (2, 2) and np.isfinite(energies).all()
        assert detector.trainer and detector_class(name).gradient
"""


@pytest.mark.slow
def test_detectors_of_an_installed_package_are_found_and_work(tmp_path: Path) -> None:
    """The entry-point group keeps its name, and a package written for 0.1.0 needs no change."""
    (tmp_path / "my_module.py").write_text(textwrap.dedent(PLUG_IN))
    info = tmp_path / "my_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[forensictransfer.detectors]\nshort = my_module:Short\nlong = my_module:Long\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    command = [sys.executable, "-c", textwrap.dedent(USE)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_script_of_an_old_installation_goes_on_working() -> None:
    """An editable install keeps the script that it was made with until it is installed again."""
    code = "import sys\nfrom forensictransfer.cli import main\nsys.argv = ['x', '--version']\nsys.exit(main())\n"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout == f"forensictransfer {ft.__version__}\n", done.stderr
