"""Which classes are detectors, and what becomes of those that were written for version 0.1."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from forensictransfer.detectors.base import Detector, Evidence, ImageFile

ROOT = Path(__file__).resolve().parents[3]


class Brightness(Detector):
    """The mean of the pixels."""

    name: ClassVar[str] = "brightness"

    def examine(self, images: Sequence[ImageFile]) -> list[Evidence]:
        return [Evidence(float(image.pixels.mean())) for image in images]


def test_a_detector_of_signals_is_one_method() -> None:
    detector = Brightness.create(64)
    assert (detector.trains, detector.gradient, detector.maps, detector.needs) == (
        *("none", False, False),
        frozenset({"pixels"}),
    )
    assert detector.get_weights() == []
    assert detector.examine([ImageFile(b"", pixels=np.full((2, 2, 3), 7, np.uint8))])[0].score == 7.0


def test_without_examine_it_is_none() -> None:
    class Mute(Detector):
        """Says nothing."""

    with pytest.raises(TypeError, match="examine"):
        Mute()  # type: ignore[abstract]


def test_what_it_needs_has_a_name() -> None:
    with pytest.raises(TypeError, match=r"needs: expected some of pixels, bytes, .*got \['smell'\]"):

        class Nose(Brightness):
            """Reads what no file has."""

            needs = frozenset({"smell"})


def test_trains_and_gradient_say_the_same() -> None:
    class Fitted(Brightness):
        """By the attribute of version 0.1."""

        gradient = False

    class Trained(Brightness):
        """By that of today."""

        trains = "gradient"

    assert Fitted.trains == "fit" and Trained.gradient and not Brightness.gradient


def test_the_contract_of_signals_does_not_load_tensorflow() -> None:
    code = "import sys; from forensictransfer.detectors.base import Detector; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_a_detector_written_for_version_0_1_still_works(tmp_path: Path) -> None:
    """As docs/adding_a_detector.md of that version told: derived from `Detector`, with build, compile, fit_batch."""
    keras = pytest.importorskip("keras")
    from forensictransfer.detectors.layers import LogitEnergies, ScaledPixels
    from forensictransfer.detectors.trainable import TrainableDetector

    with pytest.warns(DeprecationWarning, match="TrainableDetector"):

        class Old(Detector):
            """One dense layer."""

            name = "old"
            gradient = True

            @classmethod
            def build(cls, crop: int) -> Any:
                image = keras.Input((crop, crop, 3), dtype="uint8", name="image")
                x = keras.layers.GlobalAveragePooling2D(name="features")(ScaledPixels(name="scaled")(image))
                logit = keras.layers.Dense(1, name="logit")(x)
                outputs = {"energies": LogitEnergies(name="energies")(logit), "features": x, "logit": logit}
                return cls(keras.Model(image, outputs, name="old"))

            def __init__(self, model: Any) -> None:
                super().__init__(model)
                self.trainer = keras.Model(model.input, model.output["logit"])

            def compile(self, learning_rate: float) -> None:
                self.trainer.compile(optimizer=keras.optimizers.Adam(learning_rate), loss="mse")

            def fit_batch(self, images: np.ndarray, labels: np.ndarray) -> tuple[Any, Any]:
                return images, labels.astype(np.float32)[:, None]

    class Derived(Old):  # of itself: no second warning
        """Another."""

        name = "derived"
        gradient = False

    assert issubclass(Old, TrainableDetector) and Old.trains == "gradient" and Derived.trains == "fit"
    detector = Old.create(32)
    crops = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)
    assert detector.analyse(crops).energies.shape == (4, 2)
    detector.compile(1e-3)
    detector.trainer.fit(*detector.fit_batch(crops, np.array([0, 1, 0, 1])), verbose=0)
    (evidence,) = detector.examine([ImageFile(b"", pixels=crops[0])])
    assert np.isfinite(evidence.score) and evidence.heat_map.shape == (32, 32)
