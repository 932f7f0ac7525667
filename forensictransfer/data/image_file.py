"""One image as a detector gets it: the file's bytes, its container and its pixels, each read when it is asked for.

A trace may lie in any of them: quantisation tables and EXIF in the container, noise and edges in the pixels. Nothing is
decoded twice, and nothing that no one asks for.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags
from PIL.JpegImagePlugin import JpegImageFile

from forensictransfer.core.settings import DataSettings
from forensictransfer.data.codecs.containers import Facts, container_facts
from forensictransfer.data.codecs.errors import CodecError
from forensictransfer.data.codecs.jpeg_coefficients import Coefficients, read_coefficients
from forensictransfer.data.codecs.jpeg_history import JpegHistory, jpeg_history
from forensictransfer.data.decode import Source, as_stored, decode, upright
from forensictransfer.data.encoded import ImageError, opened, orientation_of, read_content, source_name, stored_size
from forensictransfer.data.records import Record

MOST_PIXELS = int(DataSettings().max_megapixels * 1e6)


@dataclass(frozen=True)
class Container:
    """What an image file says about itself, without decoding it.

    Attributes:
        format: JPEG, PNG, WEBP, BMP or TIFF, by content.
        width, height: stored size in pixels, before the EXIF orientation is applied.
        quantisation: of a JPEG, its tables in the order of their numbers, uint16 (8, 8), rows top to bottom.
        exif: EXIF entries by their standard names; empty where there are none or they are damaged.
        facts: segments or chunks, coding, kinds of metadata (`containers.container_facts`).
    """

    format: str
    width: int
    height: int
    quantisation: tuple[np.ndarray, ...] = ()
    exif: Mapping[str, Any] = field(default_factory=dict)
    facts: Facts = field(default_factory=dict)

    @property
    def is_jpeg(self) -> bool:
        """Whether the file is a JPEG, also one that holds several pictures (MPO)."""
        return self.format == "JPEG"


class ImageFile:
    """An encoded image: `name`, and lazily its bytes, SHA-256, container and pixels.

    Every attribute raises ImageError where the file cannot be read as what is asked for. Objects are cheap: make one
    for each image, and drop it when the image is done with.
    """

    def __init__(
        self,
        source: Source | str,
        *,
        name: str | None = None,
        max_pixels: int = MOST_PIXELS,
        pixels: np.ndarray | None = None,
    ) -> None:
        """Name an image without reading it.

        Args:
            source: a path, the encoded bytes, or a stored image.
            name: what messages and tables call it (default: the path).
            max_pixels: larger images are refused before they are decoded.
            pixels: what `decode` gives for this source, uint8 (h, w, 3), where that is known already.
        """
        self.source: Source = Path(source) if isinstance(source, str) else source
        self.name = source_name(self.source) if name is None else name
        self._max_pixels = max_pixels
        self._pixels = pixels

    @classmethod
    def of_record(cls, record: Record, *, max_pixels: int = MOST_PIXELS, pixels: np.ndarray | None = None) -> ImageFile:
        """Make the image file of a domain's record, under the record's name; nothing is read."""
        return cls(record.source, name=record.name, max_pixels=max_pixels, pixels=pixels)

    def __repr__(self) -> str:
        return f"ImageFile({self.name!r})"

    @cached_property
    def content(self) -> bytes:
        """The encoded bytes, as they are in the file."""
        return read_content(self.source, self.name)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the encoded bytes, in hex."""
        return hashlib.sha256(self.content).hexdigest()

    @cached_property
    def container(self) -> Container:
        """What the file says about itself; its pixels are not decoded."""
        with opened(self.content, self.name) as image:
            kind = str(image.format)
            width, height = stored_size(image)
            return Container(
                format="JPEG" if kind == "MPO" else kind,
                width=width,
                height=height,
                quantisation=_quantisation(image) if isinstance(image, JpegImageFile) else (),
                exif=_exif(image),
                facts=container_facts(self.content, kind),
            )

    @property
    def jpeg_history(self) -> JpegHistory | None:
        """What a JPEG file tells of its last compression; None for other files, and for one without tables."""
        container = self.container
        return jpeg_history(self.content, container.quantisation, container.facts) if container.is_jpeg else None

    @cached_property
    def coefficients(self) -> tuple[Coefficients, ...]:
        """The quantised DCT coefficients of a JPEG, luma first, not turned upright; none for other files.

        The pixels are decoded before: a file that is cut short is an error here too.
        """
        if not self.container.is_jpeg or not self.pixels.size:
            return ()
        try:
            return read_coefficients(self.content)
        except CodecError as error:
            raise ImageError(self.name, error.reason, code=error.code) from error

    def upright(self, plane: np.ndarray) -> np.ndarray:
        """Turn an array (h, w, ...) of the picture as it is stored as the pixels are turned."""
        with opened(self.content, self.name) as image:
            return np.ascontiguousarray(upright(plane, orientation_of(image)))

    def as_stored(self, plane: np.ndarray) -> np.ndarray:
        """Turn an array (h, w, ...) of the upright picture back to how it is stored, which is how a sensor lies."""
        with opened(self.source, self.name) as image:
            return np.ascontiguousarray(as_stored(plane, orientation_of(image)))

    @cached_property
    def pixels(self) -> np.ndarray:
        """The decoded image, uint8 (h, w, 3), upright and read-only, by the rules of `data.decode`."""
        if self._pixels is not None:
            return self._pixels
        # Read from the source where no one has asked for the bytes, so that they need not stay in memory.
        source = self.content if "content" in vars(self) else self.source
        return decode(source, max_pixels=self._max_pixels, name=self.name)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the pixels."""
        return self.pixels.shape[0], self.pixels.shape[1]


def _quantisation(image: JpegImageFile) -> tuple[np.ndarray, ...]:
    return tuple(np.array(table, np.uint16).reshape(8, 8) for _, table in sorted(image.quantization.items()))


def _exif(image: Any) -> dict[str, Any]:
    """Read the EXIF entries by name.

    Asked for those of a PNG without any, PIL would decode the pixels to look behind them.
    """
    if "exif" not in image.info and image.format != "TIFF":
        return {}
    found: dict[str, Any] = {}
    with contextlib.suppress(Exception):  # damaged metadata beside a sound picture count as none
        exif = image.getexif()
        for entries in (exif, exif.get_ifd(ExifTags.IFD.Exif)):
            found |= {ExifTags.TAGS.get(tag, f"tag {tag}"): value for tag, value in entries.items()}
    return found
