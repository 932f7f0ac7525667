"""Read and write the fingerprint of a camera: an NPZ of the pattern and what is known of the camera."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.files import check_folder, writing
from forensictransfer.data.image_file import MOST_PIXELS
from forensictransfer.detectors.signals.prnu.expectation import TERMS, Expectation
from forensictransfer.detectors.signals.prnu.fingerprint import Fingerprint
from forensictransfer.detectors.signals.prnu.windows import FEATURES
from forensictransfer.results.formats.camera import CameraInfo
from forensictransfer.results.formats.document import document_content, parse_document
from forensictransfer.results.places import check_output

SUFFIX = ".npz"
_REMEDY = "enroll the camera again"
_MOST_TEXT = 64 << 20  # bytes of what is said of a camera
_TROUBLE = (ValueError, TypeError, KeyError, EOFError, OSError, MemoryError, zipfile.BadZipFile, zlib.error)


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
    if path.suffix.lower() != SUFFIX:
        raise UserError(f"{path}: expected a file that ends in {SUFFIX}", code=ErrorCode.PATH_WRONG_KIND)
    if path.is_dir():
        raise UserError(f"{path}: expected a file to write to, got a folder", code=ErrorCode.PATH_WRONG_KIND)
    check_output(path)
    check_folder(path.absolute().parent)
    if not path.exists():
        return
    if not overwrite:
        raise UserError(f"{path}: exists already; --overwrite replaces it", code=ErrorCode.PATH_EXISTS)
    read_camera_info(path)  # nothing else is ever replaced


def write_camera(path: Path, camera: Camera) -> None:
    """Write a camera, whole or not at all.

    The pattern is kept in half precision, in units of its own deviation: its error is a thousandth of what is in it.
    """
    pattern = camera.fingerprint.pattern
    unit = float(pattern.std(dtype=np.float64)) or 1.0
    about = json.dumps(document_content(camera.info), ensure_ascii=False)
    path.absolute().parent.mkdir(parents=True, exist_ok=True)
    with writing(path) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            allow_pickle=False,
            about=np.frombuffer(about.encode("utf-8", "backslashreplace"), np.uint8),
            pattern=(pattern / unit).astype(np.float16),
            unit=np.float64(unit),
        )


def read_camera_info(path: Path) -> CameraInfo:
    """Read what is known of a camera. Raises UserError for a file that is missing, no camera, or damaged."""
    return _read(path, pattern=False)[0]


def read_camera(path: Path) -> Camera:
    """Read a camera. Raises UserError for a file that is missing, no camera, of another format, or damaged."""
    info, pattern = _read(path, pattern=True)
    assert pattern is not None
    return Camera(info, Fingerprint(pattern))


def _read(path: Path, *, pattern: bool) -> tuple[CameraInfo, np.ndarray | None]:
    if not path.exists():
        raise UserError(f"{path}: there is no such camera file", code=ErrorCode.PATH_MISSING)
    if path.is_dir():
        raise UserError(f"{path}: expected a camera file, got a folder", code=ErrorCode.PATH_WRONG_KIND)
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {one.filename: one.file_size for one in archive.infolist()}
            if sizes["about.npy"] > _MOST_TEXT or sizes["pattern.npy"] > 2 * MOST_PIXELS + 1024:
                raise ValueError("larger than a camera can be")
            content = json.loads(_array(archive, "about").tobytes().decode("utf-8"))
            values = _array(archive, "pattern") if pattern else None
            unit = float(_array(archive, "unit")) if pattern else 1.0
    except _TROUBLE as error:
        if isinstance(error, OSError) and error.strerror:
            raise UserError(f"{path}: cannot be read: {error.strerror}", code=ErrorCode.PATH_NOT_READABLE) from error
        raise _no_camera(path) from error
    info = parse_document(path, content, CameraInfo, _REMEDY)
    lengths = {(len(one.coefficients), len(one.low), len(one.high)) for one in info.expected}
    if lengths - {(TERMS, FEATURES, FEATURES)}:
        raise _no_camera(path)
    if values is None:
        return info, None
    if values.dtype != np.float16 or values.shape != (info.height, info.width) or not np.isfinite(values).all():
        raise _no_camera(path)
    if not np.isfinite(unit) or unit <= 0:
        raise _no_camera(path)
    return info, values.astype(np.float32) * np.float32(unit)


def _array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    found: np.ndarray = np.lib.format.read_array(io.BytesIO(archive.read(f"{name}.npy")), allow_pickle=False)
    return found


def _no_camera(path: Path) -> UserError:
    return UserError(
        f"{path}: is no camera file, or damaged; `camera enroll` makes one from photographs",
        code=ErrorCode.FILE_INVALID,
    )
