"""The quantised DCT coefficients of a JPEG file, as they are stored. Source: ITU-T T.81 (JPEG)."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from forensictransfer.data.codecs.errors import CodecError


@dataclass(frozen=True, eq=False)
class Coefficients:
    """The coefficients of one component.

    values: int16 (rows, columns, 8, 8) by block and by vertical and horizontal frequency, the blocks that pad the
    picture at its right and lower border among them. steps: uint16 (8, 8), the quantisation table: a coefficient is
    their product.
    """

    values: np.ndarray
    steps: np.ndarray


def read_coefficients(content: bytes) -> tuple[Coefficients, ...]:
    """Read the coefficients of luma and, if there are, of the two chroma components.

    The file has to be whole: of one that is cut short the rest would be zeros, so its pixels are decoded before. Raises
    CodecError for a file that libjpeg does not read as components of luma and chroma (CMYK, lossless).
    """
    import jpeglib

    # The library reads files by name, and only those.
    with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
        file.write(content)
        file.flush()
        try:
            found = jpeglib.read_dct(str(Path(file.name)))
            planes = [found.Y, found.Cb, found.Cr][: found.num_components]
            numbers = found.quant_tbl_no
            tables = found.qt
        except (OSError, ValueError, RuntimeError, IndexError) as error:
            raise CodecError(f"its coefficients cannot be read: {' '.join(str(error).split())}") from error
    if len(planes) != len(numbers) or any(plane is None for plane in planes):
        raise CodecError("expected luma and chroma, found other components")
    return tuple(
        Coefficients(np.ascontiguousarray(plane), np.asarray(tables[numbers[place]], np.uint16))
        for place, plane in enumerate(planes)
    )
