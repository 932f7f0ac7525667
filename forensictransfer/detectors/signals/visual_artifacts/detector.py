"""The detector `visual_artifacts`: what in a face does not look as faces do.

Source: F. Matern, C. Riess, M. Stamminger, "Exploiting visual artifacts to expose deepfakes and face manipulations",
2019. README.md of this folder has what is ours, where it fails and what was measured.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from skimage import color

from forensictransfer.data.video.faces import FaceDetector
from forensictransfer.detectors.base import Evidence, ImageFile
from forensictransfer.detectors.signals.single import SignalDetector
from forensictransfer.detectors.signals.visual_artifacts.regions import FaceParts, face_parts
from forensictransfer.detectors.signals.visual_artifacts.texture import texture_energies

SMALLEST = 96  # pixels of the shorter side
LEAST_UNIT = 24.0  # pixels between the eyes: of less, an iris has a radius below 2.3 pixels
_LEAST_CONTRAST = 6.0  # grey levels: below that a closed eye, or glasses
_FEWEST = 8  # pixels of an iris


class VisualArtifacts(SignalDetector):
    """Irises, their reflections, and the texture of eyes, mouth and nose, of the largest face.

    Score: how far apart the mean colours of both irises are (CIE 1976, L*a*b*). Features: that by channel, what
    differs between their reflections, and energies of texture.
    """

    name: ClassVar[str] = "visual_artifacts"
    smallest: ClassVar[int] = SMALLEST

    def __init__(self) -> None:
        self._faces = FaceDetector(smallest=SMALLEST // 2)

    def judge(self, image: ImageFile) -> Evidence:
        """Say of the largest face of an image how little alike its irises are."""
        faces = self._faces.find_landmarks(image.pixels)
        if not faces:
            return Evidence.does_not_apply("no face from the front")
        _, landmarks = max(faces, key=lambda found: found[0].size)
        if landmarks.eye_distance < LEAST_UNIT:
            return Evidence.does_not_apply(
                f"eyes {landmarks.eye_distance:.0f} pixels apart, fewer than {LEAST_UNIT:.0f}"
            )
        parts = face_parts(image.pixels, landmarks)
        if parts is None:
            return Evidence.does_not_apply("a face that is not all inside the picture")
        if min(iris.contrast for iris in parts.irises) < _LEAST_CONTRAST or min(map(len, parts.iris_pixels)) < _FEWEST:
            return Evidence.does_not_apply("no two open eyes")
        return _evidence(parts)


def _evidence(parts: FaceParts) -> Evidence:
    colours = [_lab(pixels).mean(axis=0) for pixels in parts.iris_pixels]
    apart = colours[1] - colours[0]
    score = float(np.linalg.norm(apart))
    shares = [share for share, *_ in parts.highlights]
    if min(shares) > 0:
        moved = float(np.hypot(*(np.array(parts.highlights[1][1:]) - np.array(parts.highlights[0][1:]))))
    else:
        moved = 0.0
    eyes = [texture_energies(box) for box in parts.eyes]
    features = [
        *np.abs(apart),
        score,
        np.mean([colour[0] for colour in colours]),
        np.abs(np.diff(shares))[0],
        max(shares),
        float(min(shares) == 0 < max(shares)),
        moved,
        abs(parts.irises[0].contrast - parts.irises[1].contrast),
        *np.abs(eyes[0] - eyes[1]),
        *((eyes[0] + eyes[1]) / 2),
        *texture_energies(parts.mouth),
        *texture_energies(parts.nose),
        _teeth(parts.mouth),
    ]
    seen = (
        "both eyes"
        if min(shares) > 0
        else "one eye alone, which glasses or the light from one side explain, too"
        if max(shares) > 0
        else "neither eye"
    )
    return Evidence(
        score=score,
        reasons=(
            f"mean colours of the irises {score:.1f} apart (2 is just seen), eyes {parts.unit:.0f} pixels apart",
            f"reflections in {seen}",
        ),
        features=np.array(features, np.float32),
    )


def _lab(pixels: np.ndarray) -> np.ndarray:
    """Convert pixels uint8 (n, 3) to L*a*b*, float64 (n, 3)."""
    found: np.ndarray = color.rgb2lab(pixels[None].astype(np.float64) / 255)[0]
    return found


def _teeth(mouth: np.ndarray) -> float:
    """Measure the share of a mouth's box that is bright and hardly coloured, as teeth are."""
    lightness, *chroma = np.moveaxis(_lab(mouth.reshape(-1, 3)), -1, 0)
    return float(((lightness > 60) & (np.hypot(*chroma) < 22)).mean())
