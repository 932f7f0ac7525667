"""The traces of an image that are no forensics: what its file says of itself, and how its picture looks as a whole.

`TRACES` is the table of all that is looked at. Those of the part `file` come from the header and the size of the file
and would tell reals from fakes without a look at a single pixel; those of the part `tone` come from the pixels, but
say nothing of how these were made (`tone`). Names and suffixes of files are no traces, since no detector sees them.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import ExifTags, JpegImagePlugin, TiffImagePlugin
from PIL.ImageFile import ImageFile

from forensictransfer.data.codecs.containers import Facts, container_facts
from forensictransfer.data.codecs.jpeg_history import nearest_quality, scaled_table
from forensictransfer.data.encoded import opened, stored_size

NUMBER, CATEGORY = "number", "category"
FILE, TONE = "file", "tone"


@dataclass(frozen=True)
class Trace:
    """One thing that is looked at. kind: NUMBER or CATEGORY; part: FILE or TONE; unit: for people, "" for none.

    topic: traces of one topic say much the same (width and height), so that one of them stands for all in a verdict.
    """

    name: str
    kind: str
    part: str
    topic: str
    unit: str = ""


TRACES: tuple[Trace, ...] = (
    Trace("file format", CATEGORY, FILE, "format"),
    Trace("colour mode", CATEGORY, FILE, "colour mode"),
    Trace("bit depth", NUMBER, FILE, "colour mode", "bits"),
    Trace("image size", CATEGORY, FILE, "size"),
    Trace("width", NUMBER, FILE, "size", "pixels"),
    Trace("height", NUMBER, FILE, "size", "pixels"),
    Trace("aspect ratio", NUMBER, FILE, "size"),
    Trace("megapixels", NUMBER, FILE, "size"),
    Trace("file size", NUMBER, FILE, "bytes", "bytes"),
    Trace("bytes per pixel", NUMBER, FILE, "bytes"),
    Trace("quantisation tables", CATEGORY, FILE, "compression"),
    Trace("JPEG quality", NUMBER, FILE, "compression"),
    Trace("chroma subsampling", CATEGORY, FILE, "subsampling"),
    Trace("JPEG coding", CATEGORY, FILE, "coding"),
    Trace("restart interval", NUMBER, FILE, "coding"),
    Trace("PNG coding", CATEGORY, FILE, "coding"),
    Trace("WebP coding", CATEGORY, FILE, "coding"),
    Trace("TIFF compression", CATEGORY, FILE, "coding"),
    Trace("metadata", CATEGORY, FILE, "metadata"),
    Trace("EXIF entries", NUMBER, FILE, "metadata"),
    Trace("embedded thumbnail", CATEGORY, FILE, "metadata"),
    Trace("orientation tag", CATEGORY, FILE, "metadata"),
    Trace("camera", CATEGORY, FILE, "metadata"),
    Trace("software", CATEGORY, FILE, "metadata"),
    Trace("colour profile", CATEGORY, FILE, "metadata"),
    Trace("resolution tag", CATEGORY, FILE, "metadata"),
    Trace("text keys", CATEGORY, FILE, "metadata"),
    Trace("bytes after the end", NUMBER, FILE, "metadata", "bytes"),
    Trace("structure", CATEGORY, FILE, "structure"),
    Trace("brightness", NUMBER, TONE, "brightness", "grey levels"),
    Trace("contrast", NUMBER, TONE, "contrast", "grey levels"),
    Trace("saturation", NUMBER, TONE, "colour"),
    Trace("warmth (red - blue)", NUMBER, TONE, "colour", "grey levels"),
    Trace("tint (green)", NUMBER, TONE, "colour", "grey levels"),
    Trace("clipped pixels", NUMBER, TONE, "clipping"),
    Trace("grey picture", CATEGORY, TONE, "colour"),
    Trace("flat border", NUMBER, TONE, "border", "pixels"),
    Trace("sharpness", NUMBER, TONE, "sharpness"),
    Trace("8x8 grid phase", CATEGORY, TONE, "grid"),
    Trace("8x8 grid in its place", NUMBER, TONE, "grid"),
    Trace("8x8 grid elsewhere", NUMBER, TONE, "grid"),
)
NONE = "none"

_TABLES = np.stack([scaled_table(quality).ravel() for quality in range(1, 101)])


def file_traces(content: bytes) -> Facts:
    """Read the traces of the part `file` of one encoded image; what does not apply to its format is left out.

    Raises ImageError where the header cannot be read.
    """
    with opened(content) as image:
        width, height = stored_size(image)
        facts = container_facts(content, str(image.format))
        facts |= {
            "file format": "JPEG" if image.format == "MPO" else str(image.format),
            "colour mode": image.mode,
            "image size": f"{width} x {height}",
            "width": float(width),
            "height": float(height),
            "aspect ratio": width / height,
            "megapixels": width * height / 1e6,
            "file size": float(len(content)),
            "bytes per pixel": len(content) / (width * height),
            "colour profile": _digest(image.info.get("icc_profile")),
            "resolution tag": _resolution(image.info),
        }
        facts.setdefault("bit depth", _bits(image))
        if isinstance(image, JpegImagePlugin.JpegImageFile):
            facts |= _jpeg(image)
        if isinstance(image, TiffImagePlugin.TiffImageFile):
            facts["TIFF compression"] = str(image.info.get("compression", "?"))
            facts["structure"] = f"TIFF {' '.join(str(tag) for tag in sorted(image.tag_v2))}"[:120]
        return facts | _exif(image)


def jpeg_quality(table: Any) -> int:
    """Find the quality, 1 to 100, of the scaled standard table that is nearest to a luminance table of 64 steps."""
    return nearest_quality(np.asarray(table))


def _jpeg(image: JpegImagePlugin.JpegImageFile) -> Facts:
    tables = {number: list(table) for number, table in sorted(image.quantization.items())}
    facts: Facts = {"chroma subsampling": _sampling(image)}
    if tables:
        quality = jpeg_quality(next(iter(tables.values())))
        facts["JPEG quality"] = float(quality)
        exact = "" if (_TABLES[quality - 1] == next(iter(tables.values()))).all() else "about "
        facts["quantisation tables"] = f"{_digest(repr(tables).encode())} ({exact}quality {quality})"
    return facts


def _sampling(image: JpegImagePlugin.JpegImageFile) -> str:
    usual = {0: "4:4:4", 1: "4:2:2", 2: "4:2:0"}
    if image.layers == 1:
        return "grey"
    number = JpegImagePlugin.get_sampling(image)
    return usual.get(number) or " ".join(f"{across}x{down}" for _, across, down, _ in image.layer)


def _exif(image: ImageFile) -> Facts:
    """Read what EXIF says; damaged metadata in a whole picture counts as none."""
    facts: Facts = {"EXIF entries": 0.0, "camera": NONE, "software": NONE, "orientation tag": NONE}
    facts["embedded thumbnail"] = NONE
    own = isinstance(image, TiffImagePlugin.TiffImageFile)  # its directory describes the picture itself
    if not own and "exif" not in image.info:
        return facts  # asked for it, a PNG would decode its pixels to look behind them
    with contextlib.suppress(Exception):
        exif = image.getexif()
        facts["EXIF entries"] = 0.0 if own else float(len(exif) + len(exif.get_ifd(ExifTags.IFD.Exif)))
        facts["camera"] = _text(exif.get(ExifTags.Base.Make), exif.get(ExifTags.Base.Model))
        facts["software"] = _text(exif.get(ExifTags.Base.Software))
        facts["orientation tag"] = _text(exif.get(ExifTags.Base.Orientation))
        facts["embedded thumbnail"] = "yes" if not own and exif.get_ifd(ExifTags.IFD.IFD1) else NONE
    return facts


def _text(*values: Any) -> str:
    text = " ".join(str(value).strip("\0 ") for value in values if value not in (None, ""))
    return " ".join(text.split())[:60] or NONE


def _resolution(info: dict[Any, Any]) -> str:
    for key in ("dpi", "jfif_density"):
        if key in info:
            with contextlib.suppress(TypeError, ValueError):
                return f"{key} {' x '.join(f'{float(value):.4g}' for value in info[key])}"
    return NONE


def _bits(image: ImageFile) -> float:
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        with contextlib.suppress(Exception):
            return float(image.tag_v2[258][0])
    return {"1": 1.0, "I;16": 16.0, "I;16B": 16.0, "I": 32.0, "F": 32.0}.get(image.mode, 8.0)


def _digest(content: bytes | None) -> str:
    return hashlib.sha256(content).hexdigest()[:8] if content else NONE
