"""Read and write the fingerprint of a camera: an NPZ of the pattern and what is known of the camera."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from forensictransfer.detectors.signals.prnu.expectation import TERMS, Expectation
from forensictransfer.detectors.signals.prnu.fingerprint import Fingerprint
from forensictransfer.detectors.signals.prnu.windows import FEATURES
from forensictransfer.results.formats.camera import CameraInfo
from forensictransfer.results.formats.document import document_content
from forensictransfer.results.patterns import PatternFile

_FILE = PatternFile(CameraInfo, "camera", "camera enroll", "photographs")


@dataclass(frozen=True, eq=False)
class Camera:
    """A camera: what is known of it, and its fingerprint."""

    info: CameraInfo
    fingerprint: Fingerprint

    @property
    def expectations(self) -> tuple[Expectation, ...]:
        """How strong the correlation of windows should be, for each side that is known."""
        return tuple(Expectation(**document_content(one)) for one in self.info.expected)


def check_camera_file(path: Path, *, overwrite: bool = False) -> None:
    """Raise UserError unless a camera may be written to `path`: an .npz, in a folder, that is new or a camera."""
    _FILE.check(path, overwrite=overwrite)


def write_camera(path: Path, camera: Camera) -> None:
    """Write a camera, whole or not at all."""
    _FILE.write(path, camera.info, camera.fingerprint.pattern)


def read_camera(path: Path) -> Camera:
    """Read a camera. Raises UserError for a file that is missing, no camera, of another format, or damaged."""
    info, pattern = _FILE.read(path)
    lengths = {(len(one.coefficients), len(one.low), len(one.high)) for one in info.expected}
    if lengths - {(TERMS, FEATURES, FEATURES)}:
        raise _FILE.invalid(path)
    return Camera(info, Fingerprint(pattern))
