"""The packages of the extra `video`, loaded when they are needed and asked for in one line when they are missing."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from forensictransfer.core.errors import ErrorCode, UserError

EXTRA = "pip install 'forensictransfer[video]'"


class VideoError(UserError):
    """A video that cannot be used; `reason` is the message without the file's name."""

    def __init__(self, path: Path, reason: str, *, code: ErrorCode = ErrorCode.VIDEO_UNREADABLE) -> None:
        super().__init__(f"{path}: {reason}", code=code)
        self.path = path
        self.reason = reason


def load_av() -> Any:
    """Import PyAV, the decoder. Raises UserError if it is not installed."""
    return _load("av", "av")


def load_cv2() -> Any:
    """Import OpenCV, which runs the face detector.

    Raises UserError if it is missing or of a version without that detector.
    """
    cv2 = _load("cv2", "opencv-python-headless")
    if not hasattr(cv2, "FaceDetectorYN"):
        version = getattr(cv2, "__version__", "an unknown version")
        raise UserError(
            f"faces are found with OpenCV 4.8 or newer, this is {version}: {EXTRA}", code=ErrorCode.PACKAGE_MISSING
        )
    return cv2


def _load(module: str, package: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise UserError(
            f"videos need the package {package}, which cannot be imported ({error}): {EXTRA}",
            code=ErrorCode.PACKAGE_MISSING,
        ) from error
