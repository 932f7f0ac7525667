"""From videos to face crops on disk: `data faces` as a Python call, `extract_faces`, and its settings."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from forensictransfer.data.video.settings import FaceSettings

if TYPE_CHECKING:
    from forensictransfer.data.video.extract import extract_faces

__all__ = ["FaceSettings", "extract_faces"]


def __getattr__(name: str) -> Any:
    if name != "extract_faces":  # which --help, that shows the settings, does without
        raise AttributeError(f"module 'forensictransfer.data.video' has no attribute '{name}'")
    return importlib.import_module("forensictransfer.data.video.extract").extract_faces
