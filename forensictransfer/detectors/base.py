"""The contract of a detector: images in, evidence out. No TensorFlow: a detector of signals needs none."""

from __future__ import annotations

import importlib
import warnings
from abc import ABCMeta, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from forensictransfer.data.image_file import ImageFile
from forensictransfer.detectors.evidence import Analysis, Evidence
from forensictransfer.detectors.registry import Trains

__all__ = ["NEEDS", "Analysis", "Detector", "Evidence", "ImageFile", "Trains"]

# What a detector may read of an image file, and what that is.
NEEDS = {
    "pixels": "the decoded image",
    "bytes": "the encoded file as it is",
    "container": "format, quantisation tables, EXIF",
    "jpeg": "a file that is a JPEG",
}


class _DetectorType(ABCMeta):
    """Makes classes of detectors; one that was written for version 0.1 becomes a TrainableDetector.

    There `Detector` was what `TrainableDetector` is now: a class derived from it brought `build`, `compile` or
    `fit_batch`, and no `examine`.
    """

    def __new__(mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> _DetectorType:
        own = {"build", "compile", "fit_batch"} & set(namespace)
        if own and "examine" not in namespace and any(vars(base).get("_is_root") for base in bases):
            warnings.warn(
                f"{namespace.get('__module__')}.{name}: derive a detector that is trained from "
                "forensictransfer.detectors.trainable.TrainableDetector; Detector alone will not do from version 0.3",
                DeprecationWarning,
                stacklevel=2,
            )
            # By name, since that module needs TensorFlow and this one.
            trainable = importlib.import_module("forensictransfer.detectors.trainable").TrainableDetector
            bases = tuple(trainable if vars(base).get("_is_root") else base for base in bases)
        return super().__new__(mcls, name, bases, namespace, **options)


class Detector(metaclass=_DetectorType):
    """Something that says of an image how likely it is fake.

    The class attributes tell what it can do; registry, training, tables and the contract's tests go by them alone.

    Attributes:
        name: as it is registered.
        needs: what it reads of an image, keys of NEEDS.
        trains: `gradient` (by gradient steps), `fit` (fitted to features at once), `photographs` (by gradient steps
            from photographs alone, by camera) or `none` (nothing is learned). Of the last two the score is what it is,
            and shots choose a threshold or a linear score on its features.
        maps: whether its evidence holds a heat map.
        gradient: whether `trains` is `gradient`; set by either.
        needs_preset: whether it is built from a preset, whose folder `train.weights` names, and not without one.
        equal_units: whether all features are in one unit, so that those that vary more also tell more (frequencies of
            words: rare ones are noise); else each is divided by its own deviation before they are compared.
        half_features: whether a run keeps the features of its source in half precision, a thousandth of each: for those
            that are as many as pixels.
    """

    name: ClassVar[str]
    needs: ClassVar[frozenset[str]] = frozenset({"pixels"})
    trains: ClassVar[Trains] = "none"
    maps: ClassVar[bool] = False
    gradient: ClassVar[bool] = False
    needs_preset: ClassVar[bool] = False
    equal_units: ClassVar[bool] = False
    half_features: ClassVar[bool] = False
    _is_root: ClassVar[bool] = True

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = vars(cls)
        if "gradient" in own and "trains" not in own:  # as version 0.1 has it
            cls.trains = "gradient" if cls.gradient else "fit"
        cls.gradient = cls.trains == "gradient"
        unknown = set(cls.needs) - set(NEEDS)
        if unknown:
            raise TypeError(f"{cls.__name__}.needs: expected some of {', '.join(NEEDS)}, got {sorted(unknown)}")
        cls._is_root = False

    @classmethod
    def create(cls, crop: int) -> Detector:
        """Make the detector for the settings of a run; `crop`: side of the crops of a training, pixels."""
        return cls()

    @abstractmethod
    def examine(self, images: Sequence[ImageFile]) -> list[Evidence]:
        """Say of each image how likely it is fake, in the order given.

        Each image is judged by itself: its evidence does not depend on the others. An image that the detector cannot
        judge gets `Evidence.does_not_apply`. Raises ImageError for one that cannot be read.
        """

    @property
    def feature_blocks(self) -> Mapping[str, slice]:
        """Name parts of its features that tell different things, each by its columns; by default none."""
        return {}

    def get_weights(self) -> list[np.ndarray]:
        """Return everything learned that its evidence depends on; nothing for a detector that learns nothing."""
        return []
