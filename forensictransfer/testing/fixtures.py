"""One detector for all tests of a class: building a network and tracing its graphs takes longer than most tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from forensictransfer.detectors.base import Detector, Evidence, ImageFile
from forensictransfer.detectors.loading import detector_class, trainable_class
from forensictransfer.detectors.trainable import TrainableDetector, as_trainable
from forensictransfer.experiments.strategies.base import FewShotTask
from forensictransfer.testing.fused_adam import use_fused_adam
from forensictransfer.testing.toys import BATCH, few_shots, fresh, half_forged, settings, trained


class Shared:
    """A detector that is put back into its first state for each test, and once trained for those that want that."""

    def __init__(self, name: str, crop: int, batch: int, preset: Path | None = None) -> None:
        # Both before anything is traced: with a new seed TensorFlow forgets what it has compiled.
        self.twin: Detector = fresh(name, crop, preset=preset)
        self.detector: Detector = fresh(name, crop, preset=preset)
        self.batch = batch
        self._first = self.detector.get_weights()
        self._optimizer: list[np.ndarray] | None = None
        self._learned: list[np.ndarray] | None = None
        self._task: FewShotTask | None = None

    def new(self) -> Detector:
        """Return the detector with the weights that it was made with, as after the epochs in which its loss changes."""
        if isinstance(self.detector, TrainableDetector):
            self.detector.model.set_weights(self._first)
            self.detector.begin_epoch(10)
        return self.detector

    def ready(self) -> TrainableDetector:
        """Return the same, compiled, before the first step of a training."""
        detector = as_trainable(self.new())
        if detector.gradient:
            if self._optimizer is None:
                detector.compile(1e-3)
                detector.prepare_steps()
                self._optimizer = [np.array(variable) for variable in detector.trainer.optimizer.variables]
            for variable, value in zip(detector.trainer.optimizer.variables, self._optimizer, strict=True):
                variable.assign(value)
            detector.begin_epoch(0)
        return detector

    def task(self) -> FewShotTask:
        """Return one draw of made-up shots for the detector as it was made."""
        detector = as_trainable(self.new())
        if self._task is None:
            self._task = few_shots(detector, detector.crop)
        return self._task

    def learned(self) -> Detector:
        """Return the detector after some steps of training on made-up crops; as it is where it learns nothing."""
        if not isinstance(self.detector, TrainableDetector):
            return self.detector
        if self._learned is None:
            trained(self.ready(), self.batch)
            self._learned = self.detector.get_weights()
        self.new()
        self.detector.model.set_weights(self._learned)
        return self.detector


class ContractFixtures:
    """What the tests of a detector share; `DetectorContract` says what may be overridden."""

    name: ClassVar[str] = ""
    side: ClassVar[int] = 64
    batch: ClassVar[int] = 16
    abstains: ClassVar[bool] = False

    @pytest.fixture(scope="class")
    @classmethod
    def preset(cls, tmp_path_factory: pytest.TempPathFactory) -> Path | None:
        """Write a preset for a detector that is built from one; None for any other."""
        if not detector_class(cls.name).needs_preset:
            return None
        folder: Path = tmp_path_factory.mktemp("preset")
        cls.write_preset(folder)
        return folder

    @classmethod
    def write_preset(cls, folder: Path) -> None:
        """Write a small preset for crops of any size; a subclass does it for a detector that needs one."""
        raise NotImplementedError(f"'{cls.name}' needs a preset: override write_preset(folder)")

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _fused_adam(cls) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as monkeypatch:
            use_fused_adam(monkeypatch)
            yield

    @pytest.fixture(scope="class")
    @classmethod
    def shared(cls, preset: Path | None) -> Shared:
        """Make the one detector of the class."""
        return Shared(cls.name, cls.crop(), cls.batch, preset)

    @pytest.fixture
    def detector(self, shared: Shared) -> Any:
        """Return a fresh detector."""
        return shared.new()

    @pytest.fixture
    def learner(self, shared: Shared) -> TrainableDetector:
        """Return a fresh detector that is ready to be trained."""
        return shared.ready()

    @pytest.fixture
    def learned(self, shared: Shared) -> Any:
        """Return a detector that has learned the made-up trace."""
        return shared.learned()

    @classmethod
    def crop(cls) -> int:
        """Choose the side of the crops: `side`, or the smallest that the detector takes if that is more."""
        kind = detector_class(cls.name)
        return max(cls.side, -(-kind.smallest // 8) * 8) if issubclass(kind, TrainableDetector) else cls.side

    @classmethod
    def kind(cls) -> type[TrainableDetector]:
        """Load the class of a detector that is a network."""
        return trainable_class(cls.name)

    @classmethod
    def half_forged(cls, height: int, width: int) -> np.ndarray:
        """Draw an image, uint8 (h, w, 3), whose left half alone has the trace that a detector has to find."""
        return half_forged(height, width)

    def examine(self, detector: Detector, images: list[ImageFile], **options: Any) -> list[Evidence]:
        """Give evidence of images; a network scores as many tiles at once as in the other tests."""
        if isinstance(detector, TrainableDetector):
            options["options"] = settings(self.crop()).evaluate.model_copy(update={"batch": BATCH})
        return detector.examine(images, **options)


def only(wanted: Callable[[type[Detector]], bool]) -> Callable[[Any], Any]:
    """Mark a test that is meant for some detectors alone: `DetectorContract` leaves it out for others."""

    def mark(test: Any) -> Any:
        test.wanted = wanted
        return test

    return mark
