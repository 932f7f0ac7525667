"""Camera files: what is written is read again, and what is no camera is said in one line."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.detectors.signals.prnu.fingerprint import Fingerprint
from forensictransfer.results.cameras import Camera, check_camera_file, read_camera, write_camera
from forensictransfer.results.formats.camera import CameraInfo, EnrolledPhotograph


def _camera(height: int = 70, width: int = 90) -> Camera:
    pattern = np.random.default_rng(0).normal(scale=0.004, size=(height, width)).astype(np.float32)
    photographs = (EnrolledPhotograph(name="a.jpg", sha256="0" * 64, flat=True, pce=61.5),)
    info = CameraInfo(
        name="mine", width=width, height=height, created="2026-01-01T00:00:00Z", version="0.2", photographs=photographs
    )
    return Camera(info, Fingerprint(pattern))


def test_a_camera_is_read_as_it_was_written(tmp_path: Path) -> None:
    camera = _camera()
    write_camera(tmp_path / "cam.npz", camera)
    found = read_camera(tmp_path / "cam.npz")
    assert found.info == camera.info
    error = np.abs(found.fingerprint.pattern - camera.fingerprint.pattern)
    assert error.max() < 1e-3 * np.abs(camera.fingerprint.pattern).max()
    assert found.fingerprint.pattern.dtype == np.float32
    assert [path.name for path in tmp_path.iterdir()] == ["cam.npz"]


def _changed(path: Path, **arrays: np.ndarray) -> None:
    with np.load(path) as content:
        np.savez(path, **{**{name: content[name] for name in content.files}, **arrays})


def _text(**fields: object) -> np.ndarray:
    return np.frombuffer(json.dumps(fields).encode(), np.uint8)


@pytest.mark.parametrize(
    ("arrays", "code"),
    [
        ({"about": _text(format=2)}, ErrorCode.FORMAT_UNKNOWN),
        ({"about": _text(format=1, name="x")}, ErrorCode.FILE_INVALID),
        ({"about": np.frombuffer(b"{", np.uint8)}, ErrorCode.FILE_INVALID),
        ({"pattern": np.zeros((3, 3), np.float16)}, ErrorCode.FILE_INVALID),
        ({"pattern": np.full((70, 90), np.nan, np.float16)}, ErrorCode.FILE_INVALID),
        ({"pattern": np.zeros((70, 90), np.float64)}, ErrorCode.FILE_INVALID),
        ({"pattern": np.array([[{}]], object)}, ErrorCode.FILE_INVALID),
        ({"unit": np.float64(-1)}, ErrorCode.FILE_INVALID),
        ({"unit": np.zeros(3)}, ErrorCode.FILE_INVALID),
    ],
)
def test_changed_files_are_refused(tmp_path: Path, arrays: dict[str, np.ndarray], code: ErrorCode) -> None:
    path = tmp_path / "cam.npz"
    write_camera(path, _camera())
    _changed(path, **arrays)
    with pytest.raises(UserError) as caught:
        read_camera(path)
    assert caught.value.code == code and str(path) in str(caught.value)


def test_what_is_no_camera_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cam.npz"
    write_camera(path, _camera())
    whole = path.read_bytes()
    for content in (b"", b"text", whole[: len(whole) // 2], whole[:900] + bytes(200) + whole[1100:]):
        path.write_bytes(content)
        with pytest.raises(UserError, match="no camera file") as caught:
            read_camera(path)
        assert caught.value.code == ErrorCode.FILE_INVALID
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other.npy", b"")
    with pytest.raises(UserError, match="no camera file"):
        read_camera(path)
    with pytest.raises(UserError, match="no such camera") as caught:
        read_camera(tmp_path / "missing.npz")
    assert caught.value.code == ErrorCode.PATH_MISSING
    with pytest.raises(UserError, match="got a folder"):
        read_camera(tmp_path)


def test_only_a_camera_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "cam.npz"
    check_camera_file(path)
    write_camera(path, _camera())
    with pytest.raises(UserError, match="--overwrite") as caught:
        check_camera_file(path)
    assert caught.value.code == ErrorCode.PATH_EXISTS
    check_camera_file(path, overwrite=True)
    path.write_bytes(b"something else")
    with pytest.raises(UserError, match="no camera file"):
        check_camera_file(path, overwrite=True)
    with pytest.raises(UserError, match="ends in .npz"):
        check_camera_file(tmp_path / "cam.jpg")
