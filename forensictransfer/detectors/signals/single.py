"""What detectors of signals share: each image is judged by itself, if it is large enough, and a JPEG where need be."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from forensictransfer.detectors.base import Detector, Evidence, ImageFile


class SignalDetector(Detector):
    """Judges images one by one.

    Attributes:
        smallest: the shorter side of an image, pixels, below which it does not apply.
    """

    smallest: ClassVar[int]

    def examine(self, images: Sequence[ImageFile]) -> list[Evidence]:
        """Say of each image what `judge` does, or why that does not apply."""
        return [self._examined(image) for image in images]

    def _examined(self, image: ImageFile) -> Evidence:
        if "jpeg" in self.needs and not image.container.is_jpeg:
            return Evidence.does_not_apply("not a JPEG")
        if min(image.size) < self.smallest:
            return Evidence.does_not_apply(f"smaller than {self.smallest} pixels")
        return self.judge(image)

    @abstractmethod
    def judge(self, image: ImageFile) -> Evidence:
        """Say of one image how likely it is fake."""
