"""Images that a detector does not apply to: how many of either class, why, and whether that alone tells the classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.values import FieldsByKey, Integer
from forensictransfer.data.exclusion import LeftOut
from forensictransfer.data.records import CLASSES

if TYPE_CHECKING:
    from forensictransfer.data.images import Images


@dataclass(frozen=True)
class NotApplied(FieldsByKey):
    """Images of a split that a detector says nothing of.

    by_class: how many, and of how many; reasons: (reason, number of images), the most frequent first.
    """

    by_class: LeftOut
    reasons: tuple[tuple[str, Integer], ...]

    @classmethod
    def of(cls, images: Images, silences: Mapping[int, str]) -> NotApplied | None:
        """Count images by class and reason; silences: by the index of an image, why. None where there are none."""
        if not silences:
            return None
        names = {images.records[index].name for index in silences}
        return cls(LeftOut.of(images.records, names), tuple(Counter(silences.values()).most_common()))

    @classmethod
    def total(cls, parts: Iterable[NotApplied]) -> NotApplied:
        """Add up what is left out of several domains."""
        every = list(parts)
        reasons: Counter[str] = Counter()
        for one in every:
            reasons.update(dict(one.reasons))
        return cls(LeftOut.total(one.by_class for one in every), tuple(reasons.most_common()))

    @property
    def images(self) -> int:
        """All that the detector says nothing of."""
        return self.by_class.images

    @property
    def why(self) -> str:
        """The reasons, with numbers where there are several."""
        if len(self.reasons) == 1:
            return self.reasons[0][0]
        listed = "; ".join(f"{reason}: {number}" for reason, number in self.reasons[:3])
        return listed + "; ..." * (len(self.reasons) > 3)

    def line(self, detector: str) -> str:
        """Write how many images a detector does not apply to, and why."""
        return f"'{detector}' does not apply to {self.by_class} ({self.why}): the numbers are of the others"

    def warning(self, detector: str) -> str | None:
        """Write a line if whether the detector applies depends on the class, None otherwise."""
        if not self.by_class.lopsided():
            return None
        return (
            f"'{detector}' does not apply to {self.by_class}: whether it applies tells the classes apart by itself, "
            "which its numbers do not count"
        )


def applied_to(images: Images, silences: Mapping[int, str]) -> Images:
    """Keep the images that a detector applies to, in their order."""
    return images.subset([i for i in range(len(images)) if i not in silences]) if silences else images


def unapplied(images: Images, lost: NotApplied | None, detector: str, where: str) -> UserError | None:
    """Write the error that a detector applies to no image of a class; None where it applies to some of both.

    images: those that it applies to; lost: the others; where: what they are, in the message ("shots of draw 0").
    """
    if lost is None:
        return None
    for label, kind in enumerate(CLASSES):
        if not (images.labels == label).any():
            return UserError(
                f"{where}: '{detector}' applies to no {kind} image ({lost.why}); "
                "take a domain that it applies to, or another detector",
                code=ErrorCode.DETECTOR_NOT_APPLICABLE,
            )
    return None
