"""From videos to face crops on disk: `data faces` as a Python call, `extract_faces`."""

from forensictransfer.data.video.extract import extract_faces
from forensictransfer.data.video.settings import FaceSettings

__all__ = ["FaceSettings", "extract_faces"]
