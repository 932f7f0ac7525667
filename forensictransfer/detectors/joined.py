"""Several detectors as one, whose features stand side by side: what scores images for runs adapted together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forensictransfer.data.image_file import ImageFile
from forensictransfer.detectors.base import Detector
from forensictransfer.detectors.evidence import Analysis, Evidence


class JoinedDetector(Detector):
    """Detectors that each look at the whole image in their own crops. It learns nothing itself.

    Attributes:
        members: the detectors, in the order of their features.

    The energies are the first member's; a decision on the features of all takes their place.
    """

    def __init__(self, members: Sequence[Detector]) -> None:
        self.members = tuple(members)
        self.name = joined_detector_name([member.name for member in members])  # type: ignore[misc]
        self.needs = frozenset().union(*(member.needs for member in members))  # type: ignore[misc]

    def examine(self, images: Sequence[ImageFile]) -> list[Evidence]:
        """Say of each image what the first member does, with the features of all; see `Detector.examine`."""
        found = []
        for evidence in zip(*(member.examine(images) for member in self.members), strict=True):
            silent = [one for one in evidence if not one.applies]
            features = [one.features for one in evidence if one.features is not None]
            found.append(silent[0] if silent else Evidence(evidence[0].score, features=np.concatenate(features)))
        return found

    def get_weights(self) -> list[np.ndarray]:
        """Return the weights of all members."""
        return [weight for member in self.members for weight in member.get_weights()]


def joined_detector_name(names: Sequence[str]) -> str:
    """Name several detectors as one, as tables do: `rich_model + ft-res`."""
    return " + ".join(names)


def side_by_side(analyses: Sequence[Analysis]) -> Analysis:
    """Put the features of several detectors side by side, with the energies of the first."""
    return Analysis(analyses[0].energies, np.concatenate([one.features for one in analyses], axis=1))
