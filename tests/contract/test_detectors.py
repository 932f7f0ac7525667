"""What every registered detector must do; a new one is tested by being registered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forensictransfer.core.errors import UserError
from forensictransfer.detectors.loading import detector_class
from forensictransfer.detectors.registry import detectors
from forensictransfer.evaluation.decision import Decision
from forensictransfer.testing import DetectorContract
from tests import traces
from tests.presets import vgg, write_preset


def _class_name(name: str) -> str:
    return "Test" + name.replace("-", "_").title().replace("_", "")


# Crops of a step of training: the plain trace is learned from as few, and a step of twice as many takes twice as long.
BATCH = 8
BATCHES = {"xception": 4}


# What is seen in larger images alone.
SIDES = {"chromatic_aberration": 256}


# What the left of an image has to have for a detector of signals: the trace that it looks for.
HALF_FORGED: dict[str, Callable[[int, int], np.ndarray]] = {
    "cfa": traces.without_mosaic_on_the_left,
    "chromatic_aberration": traces.pulled_apart_the_other_way_on_the_left,
    "copy_move": traces.twice_on_the_left,
    "jpeg_double": traces.partly_compressed,
    "jpeg_ghosts": traces.compressed_on_the_left,
    "jpeg_grid": traces.partly_of_another_grid,
    "jpeg_nonaligned": traces.partly_compressed_on_another_grid,
    "exif_consistency": traces.smooth_on_the_left,
    "noise_level": traces.grainy_on_the_left,
    "noiseprint": traces.smooth_on_the_left,
    "splicebuster": traces.smooth_on_the_left,
}

# Those that find in the pixels whether they apply: noise shows no camera and no face, small images few blocks.
ABSTAIN = {
    "cfa",
    "chromatic_aberration",
    "noise_level",
    "splicebuster",
    "visual_artifacts",
    "noiseprint",
    "exif_consistency",
}


class OnAPreset(DetectorContract):
    """The contract of a detector that is built from a preset."""

    @classmethod
    def write_preset(cls, folder: Path) -> None:
        """Write a tiny VGG with weights by chance, or skip the tests where Keras Hub is not installed."""
        write_preset(folder, vgg())


class OnAPattern(DetectorContract):
    """The contract of a detector of fingerprints: not how noise is smoothed tells, but where in the grid it lies."""

    @classmethod
    def half_forged(cls, height: int, width: int) -> np.ndarray:
        """Draw noise whose left half has the pattern."""
        pixels = np.random.default_rng(4).integers(90, 110, (height, width, 3)).astype(np.float64)
        whole = np.tile(_PATTERN, (-(-height // 8), -(-width // 8)))[:height, :width]
        pixels[:, : width // 2] += whole[:, : width // 2, None]
        return pixels.astype(np.uint8)

    @classmethod
    def crops(cls, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw crops of noise, those of odd numbers with the pattern, and their labels."""
        side = cls.crop()
        pixels = np.random.default_rng(seed).integers(90, 110, (32, side, side, 3)).astype(np.float64)
        pixels[1::2] += np.tile(_PATTERN, (side // 8, side // 8))[..., None]
        return pixels.astype(np.uint8), np.arange(32) % 2

    @pytest.fixture
    def learned(self, shared: Any) -> Any:
        """Fit a detector to crops with the pattern."""
        detector, (crops, labels) = shared.new(), self.crops(1)
        detector.fit_features(detector.analyse(crops).features, labels)
        return detector

    def test_it_learns_a_plain_trace(self, learned: Any) -> None:
        """Fakes score above reals, on crops not seen."""
        crops, labels = self.crops(2)
        scores = learned.analyse(crops).scores
        assert scores[labels == 1].min() > scores[labels == 0].max()

    def _decided(self, detector: Any, files: list[Any]) -> list[Any]:
        crops, labels = self.crops(3)
        decision = Decision().fitted("midpoint", detector.analyse(crops).scores, labels, "made-up crops")
        return self.examine(detector, files, decision=decision)


_PATTERN = np.random.default_rng(8).uniform(-8, 8, (8, 8))


class OfPhotographs(DetectorContract):
    """The contract of a noiseprint: what photographs would teach it is put into its weights, a Laplacian."""

    @pytest.fixture
    def learned(self) -> Any:
        """Make a network of three layers whose noiseprint is the Laplacian of the luma."""
        from forensictransfer.detectors.networks.noiseprint.detector import Noiseprint
        from forensictransfer.detectors.networks.noiseprint.network import residual_network

        model = residual_network(3, 2)
        first, middle, last = (model.get_layer(f"conv_{number}") for number in (1, 2, 3))
        laplacian = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
        kernels = [np.zeros(layer.kernel.shape) for layer in (first, middle, last)]
        kernels[0][:, :, 0] = np.stack([laplacian, -laplacian], axis=-1)  # its positive and its negative part
        kernels[1][1, 1] = np.eye(2)
        kernels[2][1, 1, :, 0] = 1, -1
        for layer, kernel in zip((first, middle, last), kernels, strict=True):
            layer.kernel.assign(kernel)
        return Noiseprint(model)


class OfPairs(DetectorContract):
    """The contract of a consistency of patches: what photographs would teach it is put in, how much detail there is."""

    @pytest.fixture
    def learned(self) -> Any:
        """Make a network for which two patches agree where the means of their detail are alike."""
        import keras

        from forensictransfer.detectors.layers import HighPassColours, PairLogits
        from forensictransfer.detectors.networks.exif_consistency.detector import ExifConsistency

        image = keras.Input((self.crop(), self.crop(), 3), dtype="uint8")
        detail = keras.layers.Activation(keras.ops.absolute)(HighPassColours()(image))
        same = PairLogits(["detail"], hidden=1, name="same")
        model = keras.Model(image, same(keras.layers.GlobalAveragePooling2D(name="features")(detail)))
        for weights, value in ((same.of_sum, 0), (same.of_difference, 1), (same.kernel, -50), (same.bias, 4)):
            weights.assign(np.full(weights.shape, value))
        return ExifConsistency(model)


class WithOneMiddleBlock(DetectorContract):
    """The contract of Xception with one of its eight middle blocks: what is traced and saved here is of each kind.

    The published network: tests/unit/detectors/test_backbones.py.
    """

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _shallow(cls) -> Iterator[None]:
        from keras.src.applications import xception

        with pytest.MonkeyPatch.context() as monkeypatch:
            # The one loop of that module is over the middle blocks.
            monkeypatch.setattr(xception, "range", lambda count: range(min(count, 1)), raising=False)
            yield


class WithFewerRepeats(DetectorContract):
    """The contract of MobileNetV3-Small without two of its bottlenecks that are as the one after them.

    The published network: tests/unit/detectors/test_backbones.py.
    """

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _shallow(cls) -> Iterator[None]:
        from keras.src.applications import mobilenet_v3

        block = mobilenet_v3._inverted_res_block

        def kept(x: Any, *given: Any) -> Any:
            number = given[-1]
            return x if number in (4, 9) else block(x, *given)

        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setattr(mobilenet_v3, "_inverted_res_block", kept)
            yield


BASES = {
    "exif_consistency": OfPairs,
    "gan_fingerprint": OnAPattern,
    "mobilenet": WithFewerRepeats,
    "noiseprint": OfPhotographs,
    "xception": WithOneMiddleBlock,
}


def _tests_of(name: str) -> type[DetectorContract]:
    base = OnAPreset if detectors()[name].needs_preset else BASES.get(name, DetectorContract)
    members: dict[str, Any] = {"name": name, "batch": BATCHES.get(name, BATCH), "abstains": name in ABSTAIN}
    if name in SIDES:
        members["side"] = SIDES[name]
    if name in HALF_FORGED:
        members["half_forged"] = staticmethod(HALF_FORGED[name])
    tests = type(_class_name(name), (base,), members)
    return tests if detectors()[name].trains == "none" else pytest.mark.slow(tests)


# One class of tests for each row of the table, under a name that pytest collects.
globals().update({_class_name(name): _tests_of(name) for name in detectors()})


def test_unknown_names_are_refused_with_the_nearest() -> None:
    with pytest.raises(UserError, match="'ft-rse'.*'ft-res'", check=lambda error: error.code == "name-unknown"):
        detector_class("ft-rse")
